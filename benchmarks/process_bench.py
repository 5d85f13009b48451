"""ProcessBench's figures (Zheng et al., arXiv 2412.06559) for the judge of written arithmetic.

    python -m reasonrl.benchmarks.process_bench gsm8k.json math.json

A file holds a JSON array, or a JSON object a line, each with `steps` and `label`: the first wrong step, or -1 where all
are right. Accuracy on wrong solutions is the share in which exactly that step was found; on right ones, in which none
was flagged; F1 is their harmonic mean. ProcessBench itself is not shipped: its own page says where it is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reasonrl.verifiers.logic.calculation import first_wrong_step


class Figures(NamedTuple):
    """Counts over one file."""

    right: int
    flagged: int
    """Right solutions with a flag: false flags."""
    wrong: int
    found: int
    """Wrong solutions whose first wrong step was flagged first."""
    early: int
    """Wrong solutions in which an earlier step was flagged."""
    late: int

    @property
    def f1(self) -> float:
        """0 where there are no right or no wrong solutions."""
        on_wrong = self.found / self.wrong if self.wrong else 0.0
        on_right = 1 - self.flagged / self.right if self.right else 0.0
        return 2 * on_wrong * on_right / (on_wrong + on_right) if on_wrong + on_right else 0.0


def figures(
    rows: Iterable[Mapping[str, Any]], find: Callable[[Sequence[str]], int | None] = first_wrong_step
) -> Figures:
    """Counts over rows with `steps` and `label`, for a judge that gives the number of the first wrong step."""
    right = flagged = wrong = found = early = late = 0
    for row in rows:
        at, label = find(row["steps"]), int(row["label"])
        if label < 0:
            right, flagged = right + 1, flagged + (at is not None)
            continue
        wrong += 1
        found += at == label
        early += at is not None and at < label
        late += at is not None and at > label
    return Figures(right, flagged, wrong, found, early, late)


def read_rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="utf-8-sig")
    rows: list[dict[str, Any]] = (
        json.loads(text)
        if text.lstrip().startswith("[")
        else [json.loads(line) for line in text.split("\n") if line.strip()]
    )
    if not all(isinstance(row, dict) and "steps" in row and "label" in row for row in rows):
        raise ValueError(f"{path}: every row needs 'steps' and 'label', as ProcessBench has them")
    return rows


def main(paths: Sequence[str]) -> None:
    if not paths:
        raise SystemExit("pass ProcessBench's files, such as gsm8k.json math.json")
    for path in paths:
        found = figures(read_rows(Path(path)))
        print(
            f"{Path(path).name}: flagged {found.flagged} of {found.right} right solutions; found {found.found} first "
            f"errors of {found.wrong}, {found.early} too early, {found.late} too late; F1 {100 * found.f1:.1f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
