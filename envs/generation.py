"""Problems from a family, a pure function of (family, version, split, index, difficulty), and mixtures of families."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reasonrl.envs.core import SPLITS, Family, Frozen, Problem, Reference, View, freeze
from reasonrl.envs.families import get_family
from reasonrl.envs.seeding import digest, generator

INDEX_BITS = 31
"""Whoever draws a problem at random draws an index below 2**31."""

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
            if len(prompt) > family.max_prompt_chars:
                raise ValueError(
                    f"a prompt of {family.name} has {len(prompt)} characters, more than the {family.max_prompt_chars} "
                    f"that it may have: shorten it, or give the family a larger max_prompt_chars"
                )
            view = View(family.name, family.version, index, split, level, prompt, Frozen(public))
            return Problem(view, Reference(freeze(reference)))
    raise RuntimeError(
        f"{family.name} at difficulty {level} has no problem in the {split} split: choose a higher difficulty"
    )


def pick_difficulty(difficulty: int | Sequence[int] | None, index: int) -> int | None:
    """One level for this index: a single level is itself, of several the index's hash picks one."""
    if difficulty is None or isinstance(difficulty, int):
        return difficulty
    if not difficulty:
        raise ValueError("difficulty is an empty list: give one level or several, or leave it out")
    return int(difficulty[digest("difficulty", index) % len(difficulty)])


@dataclass(frozen=True)
class Share:
    """How much of a mixture one family is, and at which levels."""

    family: str | Family
    """Its name, `file.py:Class`, or the family itself."""
    levels: tuple[int, ...] = ()
    """Difficulties, one as often as another; none: the family's default one."""
    weight: float = 1.0
    """Problems, relative to the other shares."""

    @property
    def name(self) -> str:
        """What the family goes by."""
        return self.family if isinstance(self.family, str) else self.family.name

    def get(self) -> Family:
        return get_family(self.family) if isinstance(self.family, str) else self.family


@dataclass(frozen=True)
class Mixture:
    """Problems of several families: by index, as an environment asks for them, or drawn at random, as a corpus does."""

    shares: tuple[Share, ...]

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        """The problem with this index; the index's hash names its family and, where none is given, its level."""
        share = self.at(index)
        level = pick_difficulty(share.levels or None, index) if difficulty is None else difficulty
        return generate(share.get(), split, index, level)

    def at(self, index: int) -> Share:
        """The share that this index falls into."""
        if len(self.shares) == 1:
            return self.shares[0]
        if len({share.weight for share in self.shares}) == 1:
            return self.shares[digest("mixture", index) % len(self.shares)]
        return self._draw(generator("mixture", index))

    def draw(self, rng: random.Random) -> tuple[Family, Problem]:
        """A family by its weight, and a problem of its train split: levels and indices as often as one another."""
        share = self._draw(rng)
        family = share.get()
        index = rng.getrandbits(INDEX_BITS)
        return family, generate(family, "train", index, rng.choice(share.levels) if share.levels else None)

    def _draw(self, rng: random.Random) -> Share:
        return rng.choices(self.shares, weights=[share.weight for share in self.shares])[0]


def make_mixture(weights: Mapping[str, float], hardest: Mapping[str, int]) -> Mixture:
    """Families by name with their weights, each from its easiest level to its hardest one.

    Args:
        weights: family to its weight; with 0 it is left out.
        hardest: family to its highest difficulty; one that is not named stops at its default one.
    """
    shares = []
    for name, weight in weights.items():
        family = get_family(name)
        top = hardest.get(name, family.default_difficulty)
        if top not in family.difficulties:
            span = f"{family.difficulties[0]} to {family.difficulties[-1]}"
            raise ValueError(f"{name} has difficulties {span}, got {top} as the hardest")
        if weight > 0:
            shares.append(Share(name, tuple(level for level in family.difficulties if level <= top), weight))
    if not shares:
        raise ValueError("no family has a positive weight: name at least one")
    return Mixture(tuple(shares))
