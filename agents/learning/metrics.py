"""What a run tells: numbers to `metrics.jsonl` and TensorBoard, and a line of progress to whoever watches.

`metrics.jsonl` has one JSON object per line, with `step` and plain numbers. A resumed run drops what the killed one
wrote after its last checkpoint, so each step stands there once.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

FILE = "metrics.jsonl"
_SECONDS_BETWEEN_LINES = 5.0


class Report(NamedTuple):
    """What a learner tells of one step; loss, gradient norm and times are added by the run."""

    numbers: Mapping[str, float]
    """By name, for `metrics.jsonl`."""
    shown: str
    """What the line of progress says."""
    tokens: int
    """That the step was about, for the speed."""
    taught: int
    """Answers or tokens that moved the policy; a run that ends without any says so."""
    sampling_seconds: float | None = None
    """Of the step, spent on sampling; None where nothing is sampled."""


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """All lines of a run so far; a last line that a kill cut short is left out."""
    path = folder / FILE
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


class Metrics:
    """Writes numbers by step. `Metrics(folder, after=n)` continues a run whose last checkpoint was at step n."""

    def __init__(self, folder: Path, *, after: int = 0, tensorboard: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = [line for line in read_metrics(folder) if line["step"] <= after] if after else []
        temporary = folder / f"{FILE}.tmp"
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
        os.replace(temporary, folder / FILE)
        self._file: IO[str] = open(folder / FILE, "a")  # noqa: SIM115 - closed by close()
        self._board = _open_board(folder, after) if tensorboard else None

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """One line; numbers that are not finite become null, which every JSON reader understands."""
        plain = {name: value if math.isfinite(value) else None for name, value in values.items()}
        self._file.write(json.dumps({"step": step, **plain}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()


def _open_board(folder: Path, after: int) -> Any:
    """A TensorBoard writer, or None where tensorboard is not installed: the JSONL file has the same numbers."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=after + 1 if after else None)


class _Shown(ProgressColumn):
    """The numbers of the last update."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("shown", "")))


class Display:
    """Progress of a run: a live bar in a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, title: str, *, total: int, done: int = 0, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.title = title
        self.total = total
        self._first = done
        self._start = self._last_line = time.monotonic()
        self._bar: Progress | None = None
        if self.console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=20),
                TextColumn("{task.completed}/{task.total}"),
                _Shown(),
                TextColumn("ETA"),
                TimeRemainingColumn(),
                console=self.console,
                transient=False,
            )
            self._task = self._bar.add_task(title, total=total, completed=done, shown="")
            self._bar.start()

    def update(self, done: int, shown: str) -> None:
        """`done` of `total` steps are behind us, and `shown` says how it goes."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, shown=shown)
            return
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES or done >= self.total or done == self._first + 1:
            self._last_line = now
            each = (now - self._start) / max(1, done - self._first)
            self.say(f"{self.title} {done}/{self.total}  {shown}  ETA {clock(each * (self.total - done))}")

    def say(self, line: str) -> None:
        """A line that stays."""
        self.console.print(line, markup=False, soft_wrap=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def watch(title: str, *, total: int, done: int = 0, console: Console | None = None) -> Iterator[Display]:
    """A `Display` that is taken down however the block ends."""
    display = Display(title, total=total, done=done, console=console)
    try:
        yield display
    finally:
        display.close()


def clock(seconds: float) -> str:
    """
    >>> clock(75)
    '1:15'
    """
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"
