"""Rows and the selection, from results small enough to check by hand."""

from __future__ import annotations

import math

import pytest
from reasonrl.benchmarks.store import Candidate, Cell, Result
from reasonrl.benchmarks.summary import base_name, flatten, select, summarise

PROBLEMS = 10


def make(
    agent: str,
    right: int,
    *,
    budget: int = 100,
    split: str = "test",
    seed: int = 0,
    tokens: int | None = None,
    candidates: tuple[Candidate, ...] = (),
    oracle: bool = False,
    unjudged: int = 0,
    policy: str = "p",
) -> list[tuple[Cell, Result]]:
    """An agent that solves the first `right` of ten problems; the judge fails on the last `unjudged`."""
    cell = Cell("E-v0", "{}", split, policy, agent, "{}", "{}", seed)
    found = []
    for index in range(PROBLEMS):
        score = None if index >= PROBLEMS - unjudged else float(index < right)
        found.append(
            (
                cell,
                Result(
                    problem=f"f-v0/{split}/1/{index}",
                    budget=budget,
                    answer="",
                    status="correct" if score else "wrong",
                    score=score,
                    method="",
                    reason="",
                    grader="f-v0",
                    tokens=budget if tokens is None else tokens,
                    guide_calls=3,
                    verifier_calls=2,
                    seconds=0.5,
                    oracle=oracle,
                    stop="done",
                    candidates=candidates,
                ),
            )
        )
    return found


def test_a_row_has_the_figures_of_its_results() -> None:
    candidates = (Candidate(40, True), Candidate(90, False))
    (row,) = summarise(make("beam", 4, candidates=candidates))
    assert row.accuracy.value == 0.4
    assert (row.coverage, row.efficiency) == (1.0, 0.4)
    assert (row.tokens, row.guide_calls, row.verifier_calls, row.seconds) == (100, 3, 2, 0.5)
    assert (row.problems, row.seeds, row.graders, row.over_greedy) == (10, 1, ("f-v0",), None)


def test_differences_are_paired_with_greedy_at_its_largest_budget_and_majority_at_the_same() -> None:
    results = [
        *make("greedy", 1, budget=50),
        *make("greedy", 2, budget=100),
        *make("majority", 3, budget=50),
        *make("majority", 6, budget=100),
        *make("mcts(branch=2)", 5, budget=50),
        *make("mcts(branch=2)", 7, budget=100),
    ]
    rows = {(row.series.base, row.budget): row for row in summarise(results)}
    small, large = rows["mcts", 50], rows["mcts", 100]
    assert small.over_greedy is not None
    assert small.over_majority is not None
    assert large.over_majority is not None
    assert small.over_greedy.difference.value == pytest.approx(0.3)
    assert small.over_majority.difference.value == pytest.approx(0.2)
    assert large.over_majority.difference.value == pytest.approx(0.1)
    assert rows["greedy", 100].over_greedy is None
    assert rows["majority", 100].over_majority is None
    # the seven that mcts solves hold the two that greedy solves: five problems differ, none the other way
    assert large.over_greedy is not None
    assert 0.2 <= large.over_greedy.difference.low < 0.5 < large.over_greedy.difference.high <= 0.8


def test_agents_are_compared_only_within_policy_and_split() -> None:
    rows = summarise([*make("greedy", 1, policy="other"), *make("greedy", 1, split="validation"), *make("beam", 5)])
    assert next(row for row in rows if row.series.base == "beam").over_greedy is None


def test_seeds_of_one_problem_are_averaged_before_problems_are_resampled() -> None:
    both = [*make("beam", 10, seed=0), *make("beam", 0, seed=1)]
    (row,) = summarise(both)
    assert (row.problems, row.seeds) == (10, 2)
    assert row.accuracy == pytest.approx(
        (0.5, 0.5, 0.5)
    )  # every problem's mean is one half: nothing varies between problems


def test_an_answer_that_was_not_judged_counts_for_nobody() -> None:
    rows = summarise([*make("greedy", 0), *make("beam", 4, unjudged=2)])
    beam = rows[1]
    assert (beam.unjudged, beam.accuracy.value) == (2, 0.5)
    assert beam.over_greedy is not None
    assert (beam.over_greedy.problems, beam.over_greedy.difference.value) == (8, 0.5)


def test_coverage_of_independent_samples_uses_all_of_them_at_every_budget() -> None:
    first, second = Candidate(40, False), Candidate(90, True)
    results = [
        *make("majority", 0, budget=50, candidates=(first,)),
        *make("majority", 0, budget=100, candidates=(first, second)),
        *make("beam", 0, budget=50, candidates=(first,)),
        *make("beam", 0, budget=100, candidates=(first, second)),
    ]
    found = {(row.series.base, row.budget): row.coverage for row in summarise(results)}
    assert found == {("majority", 50): 0.5, ("majority", 100): 1.0, ("beam", 50): 0.0, ("beam", 100): 1.0}


def test_the_selection_looks_at_validation_alone_and_passes_over_oracles_and_baselines() -> None:
    validation = [
        *make("majority", 9, split="validation"),
        *make("mcts:hidden_verifier", 10, split="validation", oracle=True),
        *make("mcts", 6, split="validation"),
        *make("beam", 5, split="validation"),
        *make("best_of_n", 6, split="validation", tokens=80),
    ]
    test = [*make("greedy", 2), *make("majority", 5), *make("mcts", 9), *make("beam", 8), *make("best_of_n", 6)]
    (found,) = select(summarise([*validation, *test]))
    assert found.test.series.agent == "best_of_n"  # equal to mcts on validation with fewer tokens, though worse on test
    assert found.validation.accuracy.value == 0.6
    assert found.greedy.accuracy.value == 0.2
    assert found.majority is not None
    assert found.majority.accuracy.value == 0.5


def test_without_a_validation_run_nothing_is_selected() -> None:
    assert select(summarise([*make("greedy", 2), *make("mcts", 9)])) == []


def test_a_flat_row_has_none_for_what_is_not_known() -> None:
    flat = flatten(summarise(make("greedy", 3))[0])
    assert (flat["accuracy"], flat["over_greedy"], flat["efficiency"]) == (0.3, None, None)
    assert not any(isinstance(value, float) and math.isnan(value) for value in flat.values())


def test_the_base_name_has_no_options() -> None:
    assert base_name("best_of_n:feedback+logprob(samples=4)") == "best_of_n"
    assert base_name("greedy") == "greedy"
