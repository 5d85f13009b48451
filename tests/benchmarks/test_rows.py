"""Rows from results by hand: accuracy, coverage, what was spent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from reasonrl.benchmarks.compare import summarise
from reasonrl.benchmarks.records import Candidate
from reasonrl.benchmarks.rows import flatten

Make = Callable[..., Any]


def test_a_row_has_the_figures_of_its_results(answered: Make) -> None:
    candidates = (Candidate(40, True), Candidate(90, False))
    (row,) = summarise(answered("beam", 4, candidates=candidates))
    assert row.accuracy.value == 0.4
    assert (row.coverage, row.efficiency) == (1.0, 0.4)
    assert (row.tokens, row.guide_calls, row.verifier_calls, row.seconds) == (100, 3, 2, 0.5)
    assert (row.problems, row.seeds, row.graders, row.versus) == (10, 1, ("f-v0",), {})


def test_seeds_of_one_problem_are_averaged_before_problems_are_resampled(answered: Make) -> None:
    both = [*answered("beam", 10, seed=0), *answered("beam", 0, seed=1)]
    (row,) = summarise(both)
    assert (row.problems, row.seeds) == (10, 2)
    assert row.accuracy == pytest.approx(
        (0.5, 0.5, 0.5)
    )  # every problem's mean is one half: nothing varies between problems


def test_coverage_of_independent_samples_uses_all_of_them_at_every_budget(answered: Make) -> None:
    first, second = Candidate(40, False), Candidate(90, True)
    results = [
        *answered("majority", 0, budget=50, candidates=(first,)),
        *answered("majority", 0, budget=100, candidates=(first, second)),
        *answered("beam", 0, budget=50, candidates=(first,)),
        *answered("beam", 0, budget=100, candidates=(first, second)),
    ]
    found = {(row.series.agent, row.budget): row.coverage for row in summarise(results)}
    assert found == {("majority", 50): 0.5, ("majority", 100): 1.0, ("beam", 50): 0.0, ("beam", 100): 1.0}


def test_a_flat_row_has_none_for_what_is_not_known(answered: Make) -> None:
    flat = flatten(summarise(answered("greedy", 3))[0])
    assert (flat["accuracy"], flat["over_greedy"], flat["efficiency"]) == (0.3, None, None)
    assert not any(isinstance(value, float) and math.isnan(value) for value in flat.values())
