"""Problems from a family: a pure function of (family, version, split, index, difficulty)."""

from __future__ import annotations

from reasonrl.envs.core import SPLITS, Family, Frozen, Problem, Reference, View, freeze
from reasonrl.envs.seeding import digest, generator

_SPLIT_OF_EIGHTH = ("train",) * 6 + ("validation", "test")
_MOST_DRAWS = 2000


def split_of(prompt: str) -> str:
    """The split that a prompt belongs to: 6/8 train, 1/8 validation, 1/8 test, by a hash of its text."""
    return _SPLIT_OF_EIGHTH[digest("split", prompt) % 8]


def check_split(split: str) -> None:
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")


def check_difficulty(family: Family, difficulty: int) -> None:
    if difficulty not in family.difficulties:
        raise ValueError(
            f"{family.name} has difficulties {family.difficulties[0]} to {family.difficulties[-1]}, got {difficulty!r}"
        )


def generate(family: Family, split: str, index: int, difficulty: int | None = None) -> Problem:
    """The problem with this index, the same on every machine; draws until the content lies in the split asked for."""
    check_split(split)
    level = family.default_difficulty if difficulty is None else difficulty
    check_difficulty(family, level)
    rng = generator("problem", family.name, family.version, split, index, level)
    for _ in range(_MOST_DRAWS):
        prompt, public, reference = family.sample(rng, level)
        if split_of(prompt) == split:
            view = View(family.name, family.version, index, split, level, prompt, Frozen(public))
            return Problem(view, Reference(freeze(reference)))
    raise RuntimeError(
        f"{family.name} at difficulty {level} has no problem in the {split} split: choose a higher difficulty"
    )
