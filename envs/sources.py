"""Families as the source of an environment's problems: one of them, or a mixture of a domain's."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reasonrl.envs.abilities import Ability, abilities
from reasonrl.envs.core import Family, Problem, Rules, Source, View
from reasonrl.envs.families import DOMAINS, FAMILIES, get_family
from reasonrl.envs.generation import Mixture, Share, check_difficulty
from reasonrl.envs.mdp import Level


@dataclass(frozen=True)
class Generated:
    """Problems drawn from one or more families; with several, the index's hash names the family."""

    name: str
    mixture: Mixture

    @functools.cached_property
    def families(self) -> tuple[Family, ...]:
        return tuple(share.get() for share in self.mixture.shares)

    @functools.cached_property
    def abilities(self) -> frozenset[Ability]:
        """What all of its families can do."""
        return frozenset.intersection(*map(abilities, self.families))

    @functools.cached_property
    def levels(self) -> tuple[str, ...]:
        """All of them, but no choice level without a menu."""
        return tuple(level for level in Level if level is not Level.CHOICE or Ability.MENU in self.abilities)

    @functools.cached_property
    def max_prompt_chars(self) -> int:
        return max(family.max_prompt_chars for family in self.families)

    @functools.cached_property
    def max_choices(self) -> int:
        return max(family.max_choices for family in self.families)

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        return self.mixture.problem(split, index, difficulty)

    def rules_of(self, view: View) -> Rules:
        return self._by_name.get(view.family) or get_family(view.family)

    @functools.cached_property
    def _by_name(self) -> dict[str, Family]:
        return {family.name: family for family in self.families}


def only(family: Family) -> Generated:
    """One family as a source, registered or not."""
    return Generated(family.name, Mixture((Share(family),)))


def of_domain(domain: str, family: str | None = None) -> Generated:
    """The mixture of a domain's families, or one of them."""
    if family is None:
        return Generated(domain, Mixture(tuple(map(Share, DOMAINS[domain]))))
    if family in FAMILIES.shipped and family not in DOMAINS[domain]:
        raise ValueError(f"{family} is not a {domain} family: choose one of {', '.join(DOMAINS[domain])}")
    return only(get_family(family))


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
