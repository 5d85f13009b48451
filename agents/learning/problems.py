"""Which problems a run learns from and which it is measured on: never the same ones where that can be had.

generated     endless, and split by content already
one file      its rows are split by the hash of their questions: 6/8 train, 1/8 validation, 1/8 test
with splits   a repository's test rows are for the test; without validation rows, an eighth of its train rows is
too few       where a split would be empty, all rows are learned from and measured on, and the run says so
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from reasonrl.envs.core import SPLITS, Source, View
from reasonrl.envs.generation import split_of


class Part(NamedTuple):
    """One split's problems."""

    split: str
    """As the environment calls it."""
    rows: tuple[int, ...] | None
    """Their indices; None: every index is a problem of this split."""
    called: str
    """What they are, in words that are true of them."""

    def at(self, number: int) -> int:
        """The problem with this number; rows are counted round and round."""
        return number if self.rows is None else self.rows[number % len(self.rows)]

    def first(self, count: int) -> list[int]:
        """Indices of the first `count` problems, fewer where there are fewer."""
        return list(range(count)) if self.rows is None else list(self.rows[:count])


def find_parts(source: Source, *, fits: Callable[[View], bool] = lambda view: True) -> dict[str, Part]:
    """A part for each of train, validation and test.

    Args:
        source: of the environment.
        fits: whether the model has room for a row and its answer; a row without is left out.
    """
    sized: Any = source
    if not hasattr(source, "size"):
        return {split: Part(split, None, f"{split} problems") for split in SPLITS}
    sizes = {split: size for split in SPLITS if (size := _size(sized, split))}
    whole = len(set(sizes.values())) == 1 and len({source.problem(split, 0).view.prompt for split in sizes}) == 1
    kept: dict[str, tuple[str, list[int]]] = {}
    if whole and len(sizes) == len(SPLITS):  # one file, which goes by any name
        of = [split_of(source.problem("train", index).view.prompt) for index in range(sizes["train"])]
        kept = {split: ("train", [i for i, each in enumerate(of) if each == split]) for split in SPLITS}
    else:
        kept = {split: (split, list(range(size))) for split, size in sizes.items()}
        missing = [split for split in ("validation", "test") if split not in kept]
        of = [split_of(source.problem("train", index).view.prompt) for index in range(sizes.get("train", 0))]
        for split in missing:
            kept[split] = ("train", [i for i, each in enumerate(of) if each == split])
        kept["train"] = ("train", [i for i, each in enumerate(of) if each not in missing])
    every = sorted(
        {(name, index) for name, found in kept.values() for index in found if _fits(source, name, index, fits)}
    )
    roomy = set(every)
    if not every:
        raise ValueError(
            "no row leaves room for an answer in the model's context: lower max_tokens, or take another model"
        )
    kept = {split: (name, [i for i in found if (name, i) in roomy]) for split, (name, found) in kept.items()}
    if not all(kept[split][1] for split in SPLITS):
        named = every[0][0]
        rows = tuple(index for name, index in every if name == named)
        return {split: Part(named, rows, "rows that it also learns from") for split in SPLITS}
    words = {"train": "rows", "validation": "held-out validation rows", "test": "held-out test rows"}
    return {split: Part(name, tuple(found), words[split]) for split, (name, found) in kept.items()}


def describe_parts(source: Source, parts: Mapping[str, Part]) -> str:
    """How the rows of a data set are used; nothing for generated problems."""
    train, validation, test = (parts[split].rows for split in SPLITS)
    if train is None or validation is None or test is None:
        return ""
    used = {(part.split, index) for part in parts.values() for index in part.rows or ()}
    total = sum(_size(source, split) for split in {part.split for part in parts.values()})
    left_out = f"; {total - len(used)} are too long for the model and left out" if total > len(used) else ""
    if train == test:
        return f"{len(train)} rows are too few to hold any out: they are learned from and measured on{left_out}"
    held = f"{len(validation)} for validation, {len(test)} for the test"
    return f"{len(train)} rows to learn from; held out by their content: {held}{left_out}"


def _fits(source: Source, split: str, index: int, fits: Callable[[View], bool]) -> bool:
    return fits(source.problem(split, index).view)


def _size(sized: Any, split: str) -> int:
    try:
        return int(sized.size(split))
    except ValueError:
        return 0
