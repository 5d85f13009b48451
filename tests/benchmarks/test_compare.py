"""Comparisons on results by hand: differences from rivals, the pick of the validation split, gains of a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reasonrl.agents.search.registry import AgentKind, Role
from reasonrl.benchmarks.compare import lifts, picked, select, summarise
from reasonrl.benchmarks.roles import base_name, usual_rivals
from reasonrl.benchmarks.rows import Row, by_place, rivals_in
from reasonrl.benchmarks.statistics import Interval

Make = Callable[..., Any]


def difference(row: Row, rival: str) -> Interval:
    versus = row.versus[rival]
    assert versus is not None
    return versus.difference


def test_differences_are_paired_with_greedy_at_its_largest_budget_and_majority_at_the_same(answered: Make) -> None:
    results = [
        *answered("greedy", 1, budget=50),
        *answered("greedy", 2, budget=100),
        *answered("majority", 3, budget=50),
        *answered("majority", 6, budget=100),
        *answered("mcts(branch=2)", 5, budget=50),
        *answered("mcts(branch=2)", 7, budget=100),
    ]
    rows = {(base_name(row.series.agent), row.budget): row for row in summarise(results)}
    small, large = rows["mcts", 50], rows["mcts", 100]
    assert difference(small, "greedy").value == pytest.approx(0.3)
    assert difference(small, "majority").value == pytest.approx(0.2)
    assert difference(large, "majority").value == pytest.approx(0.1)
    assert rows["greedy", 100].versus == {"greedy": None, "majority": None}
    assert rows["majority", 100].versus["majority"] is None
    # the seven that mcts solves hold the two that greedy solves: five problems differ, none the other way
    assert 0.2 <= difference(large, "greedy").low < 0.5 < difference(large, "greedy").high <= 0.8


def test_agents_are_compared_only_within_policy_and_split(answered: Make) -> None:
    rows = summarise(
        [*answered("greedy", 1, policy="other"), *answered("greedy", 1, split="validation"), *answered("beam", 5)]
    )
    assert next(row for row in rows if row.series.agent == "beam").versus == {"greedy": None}


def test_an_answer_that_was_not_judged_counts_for_nobody(answered: Make) -> None:
    rows = summarise([*answered("greedy", 0), *answered("beam", 4, unjudged=2)])
    beam = rows[1]
    versus = beam.versus["greedy"]
    assert versus is not None
    assert (beam.unjudged, beam.accuracy.value) == (2, 0.5)
    assert (versus.problems, versus.difference.value) == (8, 0.5)


def test_the_selection_looks_at_validation_alone_and_passes_over_oracles_and_baselines(answered: Make) -> None:
    validation = [
        *answered("majority", 9, split="validation"),
        *answered("mcts:hidden_verifier", 10, split="validation", oracle=True),
        *answered("mcts", 6, split="validation"),
        *answered("beam", 5, split="validation"),
        *answered("best_of_n", 6, split="validation", tokens=80),
    ]
    test = [
        *answered("greedy", 2),
        *answered("majority", 5),
        *answered("mcts", 9),
        *answered("beam", 8),
        *answered("best_of_n", 6),
    ]
    (found,) = select(summarise([*validation, *test]))
    assert found.test.series.agent == "best_of_n"  # equal to mcts on validation with fewer tokens, though worse on test
    assert found.validation.accuracy.value == 0.6
    assert found.rivals["greedy"].accuracy.value == 0.2
    assert found.rivals["majority"].accuracy.value == 0.5


def test_without_a_validation_run_nothing_is_selected(answered: Make) -> None:
    assert select(summarise([*answered("greedy", 2), *answered("mcts", 9)])) == []


def compared(rows: list[Row]) -> dict[str, list[str]]:
    """Agent to those that it is compared with."""
    return {row.series.agent: [name for name, versus in row.versus.items() if versus] for row in rows}


def test_without_a_word_the_rivals_are_those_of_one_answer_and_those_that_vote_each_pair_once(answered: Make) -> None:
    rows = summarise([*answered("mcts", 5), *answered("majority", 3), *answered("greedy", 1), *answered("beam", 4)])
    assert compared(rows) == {
        "greedy": [],
        "majority": ["greedy"],
        "mcts": ["greedy", "majority"],
        "beam": ["greedy", "majority"],
    }
    assert rivals_in(rows) == ("greedy", "majority")


def test_any_agents_can_be_the_rivals_and_the_first_of_them_is_compared_with_nobody(answered: Make) -> None:
    results = [
        *answered("greedy", 1),
        *answered("beam(width=8)", 6, budget=50),
        *answered("beam(width=8)", 4),
        *answered("mcts", 5),
        *answered("mcts:logprob", 7),
    ]
    rows = summarise(results, rivals=("mcts", "beam"))
    assert compared(rows[-3:]) == {"beam(width=8)": ["mcts"], "mcts": [], "mcts:logprob": ["mcts", "beam"]}
    assert difference(rows[-1], "beam").value == pytest.approx(0.3)  # at the same budget, for beam is no single answer
    assert compared(rows)["greedy"] == ["mcts", "beam"]
    with pytest.raises(ValueError, match="no results of the rival 'best_of_n', only of greedy, beam"):
        summarise(results, rivals=("mcts", "best_of_n"))


def test_an_agent_registered_with_another_role_is_a_rival_and_is_never_picked(answered: Make, register: Make) -> None:
    register("sampled_once", AgentKind("nowhere:search", role=Role.SINGLE))  # what is only looked up is not loaded
    register("weighted", AgentKind("nowhere:search", role=Role.VOTE))
    assert usual_rivals() == ("greedy", "sampled_once", "majority", "weighted")
    validation = [
        *answered("weighted", 9, split="validation"),
        *answered("sampled_once", 9, split="validation"),
        *answered("mcts", 3, split="validation"),
    ]
    test = [*answered("sampled_once", 1, budget=50), *answered("sampled_once", 2), *answered("weighted", 5)]
    rows = summarise([*validation, *test, *answered("mcts", 6)])
    (found,) = select(rows)
    assert found.test.series.agent == "mcts"
    assert set(found.rivals) == {"sampled_once", "weighted"}
    assert difference(found.test, "sampled_once").value == pytest.approx(0.4)
    (group,) = by_place(row for row in rows if row.series.split == "test")
    assert [(row.series.agent, row.budget) for row in group] == [
        ("sampled_once", 100),
        ("weighted", 100),
        ("mcts", 100),
    ]


def test_a_search_that_was_made_a_rival_is_not_picked(answered: Make) -> None:
    results = [*answered("beam", 9, split="validation"), *answered("mcts", 3, split="validation")]
    best, beaten = (picked(summarise(results, rivals=rivals)) for rivals in ((), ("beam",)))
    assert best is not None
    assert beaten is not None
    assert (best.series.agent, beaten.series.agent) == ("beam", "mcts")


def test_a_search_from_a_file_that_is_gone_is_compared_like_any_other(answered: Make) -> None:
    rows = summarise([*answered("greedy", 2), *answered("gone.py:search:logprob(width=2)", 5)])
    assert difference(rows[1], "greedy").value == pytest.approx(0.3)


def test_gains_are_of_one_answer_without_search_from_the_first_policy_to_each_other(answered: Make) -> None:
    results = [
        *answered("greedy", 2, policy="before"),
        *answered("mcts", 4, policy="before"),
        *answered("greedy", 5, policy="after"),
        *answered("mcts", 9, policy="after"),
        *answered("greedy", 6, policy="later"),
    ]
    gains = lifts(results, summarise(results))
    assert [(each.before.series.policy, each.after.series.policy) for each in gains] == [
        ("before", "after"),
        ("before", "later"),
    ]
    assert [each.gain.difference.value for each in gains] == pytest.approx([0.3, 0.4])
