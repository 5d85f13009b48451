"""Where an environment's problems come from: one family, a mixture of a domain's families, or a data set."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reasonrl.envs.core import Family, Problem, Rules, Source, View
from reasonrl.envs.families import DOMAINS, FAMILIES, get_family
from reasonrl.envs.generation import check_difficulty, generate
from reasonrl.envs.mdp import Level
from reasonrl.envs.seeding import digest
from reasonrl.verifiers.named import is_place


@dataclass(frozen=True)
class Generated:
    """Problems drawn from one or more families; with several, the index's hash names the family."""

    name: str
    families: tuple[Family, ...]
    levels: tuple[str, ...] = tuple(Level)

    @property
    def max_prompt_chars(self) -> int:
        return max(family.max_prompt_chars for family in self.families)

    @property
    def max_choices(self) -> int:
        return max(family.max_choices for family in self.families)

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        many = len(self.families) > 1
        family = self.families[digest("mixture", index) % len(self.families) if many else 0]
        return generate(family, split, index, difficulty)

    def rules_of(self, view: View) -> Rules:
        return get_family(view.family)


def get_source(name: str, *, family: str | None = None, data: str | None = None) -> Source:
    """The source behind an environment id.

    Args:
        name: a domain ("math", "code", "logic"), a family, a data set, or `file.py:Family`.
        family: with a domain, the one family to draw from.
        data: with a data set, the path of its file or the name of a hub repository.
    """
    if name in DOMAINS:
        if family is None:
            return Generated(name, tuple(get_family(each) for each in DOMAINS[name]))
        if family in FAMILIES and family not in DOMAINS[name]:
            raise ValueError(f"{family} is not a {name} family: choose one of {', '.join(DOMAINS[name])}")
        return Generated(family, (get_family(family),))
    if is_place(name):
        own = get_family(name)
        return Generated(own.name, (own,))
    if family not in (None, name):
        raise ValueError(f"this environment draws from {name} only: drop family={family!r}")
    if name in FAMILIES:
        return Generated(name, (get_family(name),))
    from reasonrl.envs.datasets import get_dataset

    return get_dataset(name, data)


def check_difficulties(
    source: Source, difficulty: int | Sequence[int] | None, *, split: str
) -> int | tuple[int, ...] | None:
    """The level or levels as plain ints; one that the source does not have is an error that names its range."""
    if difficulty is None:
        return None
    several = isinstance(difficulty, Iterable) and not isinstance(difficulty, str)
    given = tuple(difficulty) if several else (difficulty,)  # type: ignore[arg-type]
    if not given:
        raise ValueError("difficulty is an empty list: give one level or several, or leave it out")
    levels = tuple(_check_level(source, level, split) for level in given)
    return levels if several else levels[0]


def _check_level(source: Source, level: object, split: str) -> int:
    try:
        number = operator.index(level)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(level, bool):
        raise ValueError(f"difficulty is a whole number{_span(source)}, or several of them, got {level!r}")
    if isinstance(source, Generated):
        for family in source.families:
            check_difficulty(family, number)
    else:
        source.problem(split, 0, number)  # a data set says itself what it has
    return number


def _span(source: Source) -> str:
    if not isinstance(source, Generated):
        return ""
    lowest = max(family.difficulties[0] for family in source.families)
    return f" from {lowest} to {min(family.difficulties[-1] for family in source.families)}"


def pick_difficulty(difficulty: int | Sequence[int] | None, index: int) -> int | None:
    """One level for this index: a single level is itself, of several the index's hash picks one."""
    if difficulty is None or isinstance(difficulty, int):
        return difficulty
    if not difficulty:
        raise ValueError("difficulty is an empty list: give one level or several, or leave it out")
    return int(difficulty[digest("difficulty", index) % len(difficulty)])
