"""From stored results to the rows of a table, and to the one comparison that was fixed in advance.

A row is one agent on one environment at one budget, over all its problems and seeds. Which search agent is compared
with greedy on the test split is decided on the validation split alone, so that the test split is looked at once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from reasonrl.agents.search.registry import split_spec
from reasonrl.benchmarks.statistics import (
    NOTHING,
    Floats,
    Interval,
    accuracy,
    efficiency,
    paired_difference,
    pass_at_k,
)
from reasonrl.benchmarks.store import Cell, Result

BASELINES = ("greedy", "majority")
"""Agents that every other is compared with; the selection picks among the others."""
_INDEPENDENT = ("majority",)
"""Agents whose samples are drawn whatever the earlier ones were, so that any k of them are as good as the first k."""


class Series(NamedTuple):
    """One agent on one environment, all seeds: a line in a chart."""

    env: str
    options: str
    split: str
    policy: str
    agent: str
    config: str
    settings: str

    @property
    def base(self) -> str:
        """The agent's name without its options."""
        return base_name(self.agent)


class Versus(NamedTuple):
    """A paired difference of accuracies and the number of problems that both agents were judged on."""

    difference: Interval
    problems: int


@dataclass(frozen=True)
class Row:
    """One agent on one environment at one budget."""

    series: Series
    budget: int
    problems: int
    seeds: int
    unjudged: int
    """Answers that the judge could not judge; they count for nobody."""
    accuracy: Interval
    coverage: float
    efficiency: float
    """Of the problems for which a right answer was found (by the very samples drawn), the share where it was given."""
    tokens: float
    """Mean per problem, as are the next three."""
    guide_calls: float
    verifier_calls: float
    seconds: float
    """These three are NaN at budgets that were read off a larger run."""
    cut: float
    """Share of the answers that were not finished within the limits: they count as wrong."""
    oracle: bool
    graders: tuple[str, ...]
    codes: tuple[str, ...]
    """Keys of the code that made these results, and of the code that judged them: see `identity`."""
    judges: tuple[str, ...]
    over_greedy: Versus | None
    """Against greedy with all the tokens that it wants; None where it was not run."""
    over_majority: Versus | None
    """Against majority vote at the same budget."""


@dataclass(frozen=True)
class Selection:
    """The search agent that the validation split picks, and how it does on the test split at the largest budget."""

    validation: Row
    test: Row
    greedy: Row
    majority: Row | None


@dataclass(frozen=True)
class Lift:
    """Two policies with the same agent on the same problems: what the later one gains over the first."""

    before: Row
    after: Row
    gain: Versus


def base_name(agent: str) -> str:
    """
    >>> base_name("mcts:logprob(branch=8)")
    'mcts'
    """
    return split_spec(agent.partition("(")[0])[0]


def summarise(results: Iterable[tuple[Cell, Result]], *, seed: int = 0) -> list[Row]:
    """The rows of all results, in the order in which their series first came, budgets from small to large."""
    found = _gather(results)
    scores = {series: _scores(budgets) for series, budgets in found.items()}
    baselines: dict[tuple[Any, ...], dict[str, Series]] = defaultdict(dict)
    for series in found:
        if series.base in BASELINES:
            baselines[_setting(series)].setdefault(series.base, series)
    rows = []
    for series, budgets in found.items():
        rivals = baselines[_setting(series)]
        greedy, majority = rivals.get("greedy"), rivals.get("majority")
        for budget in sorted(budgets):
            ours = scores[series][budget]
            theirs = None if greedy is None else scores[greedy][max(scores[greedy])]
            equal = None if majority is None else scores[majority].get(budget)
            rows.append(
                _row(
                    series,
                    budget,
                    budgets,
                    ours,
                    over_greedy=_versus(ours, theirs, seed=seed) if series.base != "greedy" else None,
                    over_majority=_versus(ours, equal, seed=seed) if series.base not in BASELINES else None,
                    seed=seed,
                )
            )
    return rows


def select(rows: Sequence[Row]) -> list[Selection]:
    """For each environment with both splits: the best search agent on validation, then its rows on the test split.

    Oracles and baselines cannot be picked. Among equals the one that spends fewer tokens wins, then the first by name.
    """
    chosen = []
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        series = row.series
        groups[(series.env, series.options, series.policy, series.settings)].append(row)
    for group in groups.values():
        best = picked(group)
        test = {row.series.agent: row for row in _largest(group, "test")}
        greedy = next((row for row in test.values() if row.series.base == "greedy"), None)
        if best is not None and greedy is not None and best.series.agent in test:
            majority = next((row for row in test.values() if row.series.base == "majority"), None)
            chosen.append(Selection(best, test[best.series.agent], greedy, majority))
    return chosen


def picked(rows: Sequence[Row]) -> Row | None:
    """The search agent that is best on the validation split, among rows of one environment; see `select`."""
    found = [row for row in _largest(rows, "validation") if row.series.base not in BASELINES and not row.oracle]
    return min(found, key=lambda row: (-row.accuracy.value, row.tokens, row.series.agent), default=None)


def lifts(results: Iterable[tuple[Cell, Result]], rows: Sequence[Row], *, seed: int = 0) -> list[Lift]:
    """What greedy gains from one policy to another, at the largest budget; the store's first policy comes before."""
    firsts: dict[tuple[str, ...], Series] = {}
    found = _gather(results)
    by_key = {(row.series, row.budget): row for row in rows}
    gains = []
    for series, budgets in found.items():
        if series.base != "greedy":
            continue
        same = (series.env, series.options, series.split, series.config, series.settings)
        first = firsts.setdefault(same, series)
        if first != series:
            budget, earlier = max(budgets), max(found[first])
            gain = _versus(_scores(budgets)[budget], _scores(found[first])[earlier], seed=seed)
            if gain is not None:
                gains.append(Lift(by_key[first, earlier], by_key[series, budget], gain))
    return gains


def flatten(row: Row) -> dict[str, Any]:
    """A row as flat plain values, for CSV and JSON; what is not known is None."""
    flat: dict[str, Any] = {**row.series._asdict(), "budget": row.budget, "problems": row.problems, "seeds": row.seeds}
    flat |= {"accuracy": row.accuracy.value, "accuracy_low": row.accuracy.low, "accuracy_high": row.accuracy.high}
    spent = ("tokens", "guide_calls", "verifier_calls", "seconds")
    for name in ("coverage", "efficiency", *spent, "cut", "oracle", "unjudged"):
        flat[name] = getattr(row, name)
    flat["graders"] = " ".join(row.graders)
    for name, versus in (("over_greedy", row.over_greedy), ("over_majority", row.over_majority)):
        value, low, high = versus.difference if versus is not None else NOTHING
        flat |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in flat.items()}


_Found = dict[Series, dict[int, dict[str, dict[int, Result]]]]
"""Series, budget, problem, seed."""


def _gather(results: Iterable[tuple[Cell, Result]]) -> _Found:
    found: _Found = {}
    for cell, result in results:
        series = Series(*(getattr(cell, name) for name in Series._fields))
        budgets = found.setdefault(series, {})
        budgets.setdefault(result.budget, {}).setdefault(result.problem, {})[cell.seed] = result
    return found


def _scores(budgets: Mapping[int, Mapping[str, Mapping[int, Result]]]) -> dict[int, dict[str, float]]:
    """Budget and problem to the mean over seeds."""
    return {budget: {problem: _mean_score(runs) for problem, runs in at.items()} for budget, at in budgets.items()}


def _largest(group: Sequence[Row], split: str) -> list[Row]:
    rows = [row for row in group if row.series.split == split]
    return [row for row in rows if row.budget == max(each.budget for each in rows)]


def _setting(series: Series) -> tuple[str, ...]:
    """What must be equal for two agents to be compared."""
    return (series.env, series.options, series.split, series.policy, series.settings)


def _mean_score(runs: Mapping[int, Result]) -> float:
    """Over the seeds of one problem; NaN when none was judged."""
    judged = [float(run.correct) for run in runs.values() if run.correct is not None]
    return sum(judged) / len(judged) if judged else math.nan


def _versus(ours: Mapping[str, float], theirs: Mapping[str, float] | None, *, seed: int) -> Versus | None:
    if theirs is None:
        return None
    both = [problem for problem in ours if problem in theirs]
    ours_P = np.array([ours[problem] for problem in both], float)
    theirs_P = np.array([theirs[problem] for problem in both], float)
    return Versus(paired_difference(ours_P, theirs_P, seed=seed), int((~np.isnan(ours_P - theirs_P)).sum()))


def _row(
    series: Series,
    budget: int,
    budgets: Mapping[int, Mapping[str, Mapping[int, Result]]],
    scores: Mapping[str, float],
    *,
    over_greedy: Versus | None,
    over_majority: Versus | None,
    seed: int,
) -> Row:
    runs = [run for by_seed in budgets[budget].values() for run in by_seed.values()]
    largest = budgets[max(budgets)]
    covered = [
        _covered(run, largest.get(problem, {}).get(number, run), independent=series.base in _INDEPENDENT)
        for problem, by_seed in budgets[budget].items()
        for number, run in by_seed.items()
    ]
    found = [any(c.correct for c in run.candidates) for run in runs if run.correct is not None]
    share = accuracy(np.array(list(scores.values()), float), seed=seed)
    coverage = _mean([chance for chance in covered if chance is not None])
    return Row(
        series,
        budget,
        problems=len(scores),
        seeds=len({number for by_seed in budgets[budget].values() for number in by_seed}),
        unjudged=sum(run.correct is None for run in runs),
        accuracy=share,
        coverage=coverage,
        efficiency=efficiency(share.value, _mean([float(each) for each in found])),
        tokens=_mean([run.tokens for run in runs]),
        guide_calls=_mean([run.guide_calls for run in runs]),
        verifier_calls=_mean([run.verifier_calls for run in runs]),
        seconds=_mean([run.seconds for run in runs]),
        cut=_mean([float(run.answer is None) for run in runs]),
        oracle=any(run.oracle for run in runs),
        graders=tuple(sorted({run.grader for run in runs})),
        codes=tuple(sorted({run.code for run in runs})),
        judges=tuple(sorted({run.judge for run in runs})),
        over_greedy=over_greedy,
        over_majority=over_majority,
    )


def _covered(run: Result, largest: Result, *, independent: bool) -> float | None:
    """The chance that a right answer is among the candidates that fit the budget; None when they were not judged."""
    if any(candidate.correct is None for candidate in run.candidates):
        return None
    if not independent or any(candidate.correct is None for candidate in largest.candidates):
        return float(any(candidate.correct for candidate in run.candidates))
    right = sum(bool(candidate.correct) for candidate in largest.candidates)
    return pass_at_k(len(largest.candidates), right, len(run.candidates))


def _mean(values: Sequence[float | None]) -> float:
    """NaN when one value is unknown, or there is none."""
    known: Floats = np.array([math.nan if value is None else value for value in values], float)
    return float(known.mean()) if known.size else math.nan
