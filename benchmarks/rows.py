"""From stored results to the rows of a table. A row is one agent on one environment at one budget, over all its
problems and seeds; how it does against others is `compare`'s to say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.records import Cell, Result
from reasonrl.benchmarks.roles import is_independent, role_of
from reasonrl.benchmarks.statistics import NOTHING, Floats, Interval, accuracy, efficiency, pass_at_k


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
    def role(self) -> Role:
        """What the agent is to a comparison."""
        return role_of(self.agent)


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
    versus: Mapping[str, Versus | None] = field(default_factory=dict)
    """Rival to the difference from it, of every rival that was run; None where there is nothing to compare."""


Found = dict[Series, dict[int, dict[str, dict[int, Result]]]]
"""Results by series, budget, problem, seed."""
Scores = dict[int, dict[str, float]]
"""Budget and problem to the mean over seeds."""


def gather(results: Iterable[tuple[Cell, Result]]) -> Found:
    """Series in the order in which they first came."""
    found: Found = {}
    for cell, result in results:
        series = Series(*(getattr(cell, name) for name in Series._fields))
        budgets = found.setdefault(series, {})
        budgets.setdefault(result.budget, {}).setdefault(result.problem, {})[cell.seed] = result
    return found


def scores_of(budgets: Mapping[int, Mapping[str, Mapping[int, Result]]]) -> Scores:
    """NaN where no answer to a problem was judged."""
    return {budget: {problem: _mean_score(runs) for problem, runs in at.items()} for budget, at in budgets.items()}


def make_row(
    series: Series, budget: int, budgets: Mapping[int, Mapping[str, Mapping[int, Result]]], *, seed: int
) -> Row:
    """The figures of one series at one of its budgets; the comparisons are added later.

    Args:
        seed: of the bootstrap.
    """
    runs = [run for by_seed in budgets[budget].values() for run in by_seed.values()]
    scores = {problem: _mean_score(by_seed) for problem, by_seed in budgets[budget].items()}
    largest = budgets[max(budgets)]
    independent = is_independent(series.agent)
    covered = [
        _covered(run, largest.get(problem, {}).get(number, run), independent=independent)
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
    )


def by_place(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one split, environment, policy and limits together; of an agent of one answer only that with most tokens.

    One answer is the same at every budget that it fits into.
    """
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        series = row.series
        groups[series.split, series.env, series.options, series.policy, series.settings].append(row)
    return [
        [row for row in group if row.series.role is not Role.SINGLE or row.budget == _most(row, group)]
        for group in groups.values()
    ]


def main_split(rows: Sequence[Row]) -> list[Row]:
    """The rows to look at: of the test split where there are any."""
    splits = {row.series.split for row in rows}
    split = next(each for each in ("test", "validation", "train") if each in splits)
    return [row for row in rows if row.series.split == split]


def rivals_in(rows: Iterable[Row]) -> tuple[str, ...]:
    """Those with whom some of these rows are compared, in their order."""
    names = dict.fromkeys(name for row in rows for name in row.versus)
    return tuple(name for name in names if any(row.versus.get(name) for row in rows))


def flatten(row: Row) -> dict[str, Any]:
    """A row as flat plain values, for CSV and JSON; what is not known is None."""
    flat: dict[str, Any] = {**row.series._asdict(), "budget": row.budget, "problems": row.problems, "seeds": row.seeds}
    flat |= {"accuracy": row.accuracy.value, "accuracy_low": row.accuracy.low, "accuracy_high": row.accuracy.high}
    spent = ("tokens", "guide_calls", "verifier_calls", "seconds")
    for name in ("coverage", "efficiency", *spent, "cut", "oracle", "unjudged"):
        flat[name] = getattr(row, name)
    flat["graders"] = " ".join(row.graders)
    for name, versus in row.versus.items():
        value, low, high = versus.difference if versus is not None else NOTHING
        flat |= {f"over_{name}": value, f"over_{name}_low": low, f"over_{name}_high": high}
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in flat.items()}


def _mean_score(runs: Mapping[int, Result]) -> float:
    """Over the seeds of one problem; NaN when none was judged."""
    judged = [float(run.correct) for run in runs.values() if run.correct is not None]
    return sum(judged) / len(judged) if judged else math.nan


def _most(row: Row, group: Sequence[Row]) -> int:
    return max(each.budget for each in group if each.series == row.series)


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
