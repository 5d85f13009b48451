"""One agent against another on the same problems: differences from rivals, the pick of the validation split, gains.

Rivals are whom every other agent is compared with: named by the user, or else those that the registry of searches knows
to give one answer (what the policy does without search) and those that let samples vote (what more tokens give without
a guide). A rival of one answer gets all the tokens that it wants, any other the same budget. Which search agent counts
on the test split is decided on the validation split alone, so that the test split is looked at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.records import Cell, Result
from reasonrl.benchmarks.roles import match, role_of, usual_rivals
from reasonrl.benchmarks.rows import Found, Row, Scores, Series, Versus, gather, make_row, scores_of
from reasonrl.benchmarks.statistics import paired_difference


@dataclass(frozen=True)
class Selection:
    """The search agent that the validation split picks, and how it does on the test split at the largest budget."""

    validation: Row
    test: Row
    rivals: Mapping[str, Row]
    """Those that it is compared with on the test split."""


@dataclass(frozen=True)
class Lift:
    """Two policies with the same agent on the same problems: what the later one gains over the first."""

    before: Row
    after: Row
    gain: Versus


def summarise(results: Iterable[tuple[Cell, Result]], *, rivals: Sequence[str] = (), seed: int = 0) -> list[Row]:
    """The rows of all results, in the order in which their series first came, budgets from small to large.

    Args:
        rivals: whom every row is compared with, by label or name; none: see above.
        seed: of the bootstrap.

    Raises:
        ValueError: a rival was named of which there are no results.
    """
    found = gather(results)
    scores = {series: scores_of(budgets) for series, budgets in found.items()}
    names = _names(found, rivals)
    alike: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for series in found:
        alike[_setting(series)].append(series)
    rivals_of = {setting: _rivals(names, members) for setting, members in alike.items()}
    rows = []
    for series, budgets in found.items():
        against = _earlier(series, rivals_of[_setting(series)])
        for budget in sorted(budgets):
            versus = {
                name: _difference(scores[series][budget], _fair(against[name], scores, budget), seed=seed)
                if name in against
                else None
                for name in names
            }
            rows.append(replace(make_row(series, budget, budgets, seed=seed), versus=versus))
    return rows


def select(rows: Sequence[Row]) -> list[Selection]:
    """For each environment with both splits: the best search agent on validation, then its rows on the test split.

    Oracles and rivals cannot be picked. Among equals the one that spends fewer tokens wins, then the first by name.
    """
    chosen = []
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        series = row.series
        groups[(series.env, series.options, series.policy, series.settings)].append(row)
    for group in groups.values():
        best = picked(group)
        largest = _largest(group, "test")
        test = {row.series.agent: row for row in largest}
        if best is not None and best.series.agent in test:
            rivals = _rivals(best.versus, [row.series for row in largest])
            if rivals:
                by_series = {row.series: row for row in largest}
                against = {name: by_series[series] for name, series in rivals.items()}
                chosen.append(Selection(best, test[best.series.agent], against))
    return chosen


def picked(rows: Sequence[Row]) -> Row | None:
    """The search agent that is best on the validation split, among rows of one environment; see `select`."""
    agents = list(dict.fromkeys(row.series.agent for row in rows))
    candidates = searching(agents, rivals=dict.fromkeys(name for row in rows for name in row.versus))
    found = [row for row in _largest(rows, "validation") if row.series.agent in candidates and not row.oracle]
    return min(found, key=lambda row: (-row.accuracy.value, row.tokens, row.series.agent), default=None)


def searching(agents: Sequence[str], *, rivals: Iterable[str]) -> list[str]:
    """Those of these labels that search and are no rivals."""
    named = set(match(rivals, agents).values())
    return [agent for agent in agents if role_of(agent) is Role.SEARCH and agent not in named]


def lifts(results: Iterable[tuple[Cell, Result]], rows: Sequence[Row], *, seed: int = 0) -> list[Lift]:
    """What one answer without search gains from one policy to another, with all its tokens.

    The store's first policy comes before, each other one after.
    """
    firsts: dict[Series, Series] = {}
    found = gather(results)
    by_key = {(row.series, row.budget): row for row in rows}
    gains = []
    for series, budgets in found.items():
        if series.role is not Role.SINGLE:
            continue
        first = firsts.setdefault(series._replace(policy=""), series)
        if first != series:
            budget, earlier = max(budgets), max(found[first])
            gain = _difference(scores_of(budgets)[budget], scores_of(found[first])[earlier], seed=seed)
            if gain is not None:
                gains.append(Lift(by_key[first, earlier], by_key[series, budget], gain))
    return gains


def _names(found: Found, rivals: Sequence[str]) -> tuple[str, ...]:
    """The rivals of which there are results."""
    agents = [series.agent for series in found]
    there = match(rivals or usual_rivals(), agents)
    missing = next((name for name in rivals if name not in there), None)
    if missing is not None:
        agents = list(dict.fromkeys(agents))
        raise ValueError(f"there are no results of the rival {missing!r}, only of {', '.join(agents) or 'nobody'}")
    return tuple(there)


def _rivals(names: Iterable[str], members: Sequence[Series]) -> dict[str, Series]:
    """Name to the first series of these that it means."""
    first: dict[str, Series] = {}
    for series in members:
        first.setdefault(series.agent, series)
    return {name: first[agent] for name, agent in match(names, list(first)).items()}


def _earlier(series: Series, rivals: Mapping[str, Series]) -> dict[str, Series]:
    """The rivals of this series; a rival itself is compared only with those named before it, so each pair once."""
    against: dict[str, Series] = {}
    for name, rival in rivals.items():
        if rival == series:
            break
        against[name] = rival
    return against


def _fair(rival: Series, scores: Mapping[Series, Scores], budget: int) -> Mapping[str, float] | None:
    """The rival's scores to compare with at this budget."""
    its = scores[rival]
    return its[max(its)] if rival.role is Role.SINGLE else its.get(budget)


def _difference(ours: Mapping[str, float], theirs: Mapping[str, float] | None, *, seed: int) -> Versus | None:
    if theirs is None:
        return None
    both = [problem for problem in ours if problem in theirs]
    ours_P = np.array([ours[problem] for problem in both], float)
    theirs_P = np.array([theirs[problem] for problem in both], float)
    return Versus(paired_difference(ours_P, theirs_P, seed=seed), int((~np.isnan(ours_P - theirs_P)).sum()))


def _largest(group: Sequence[Row], split: str) -> list[Row]:
    rows = [row for row in group if row.series.split == split]
    return [row for row in rows if row.budget == max(each.budget for each in rows)]


def _setting(series: Series) -> tuple[str, ...]:
    """What must be equal for two agents to be compared."""
    return (series.env, series.options, series.split, series.policy, series.settings)
