"""What every search promises, whatever the algorithm: budgets, prefixes, batches, anytime answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Finish, Policy, Proposal, Unit
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget, Ledger, SearchStop
from reasonrl.agents.search.core import Expand, Score, Search, SearchError, SearchResult, SearchTask
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import END, Problem, Reference
from reasonrl.envs.sources import Generated

AGENTS = (
    "greedy",
    "majority",
    "best_of_n",
    "best_of_n:logprob",
    "best_of_n:self_consistency",
    "beam",
    "mcts",
    "mcts without rollouts",
)
once = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run(
    spec: str, problems: list[Problem], source: Generated, policy: Policy, *, budget: Budget, **options: Any
) -> list[SearchResult]:
    agent = get_agent("mcts", rollout=False) if spec == "mcts without rollouts" else get_agent(spec)
    return agent.run([p.view for p in problems], SearchTask(source, policy, max_tokens=90, **options), budget=budget)


def facts(result: SearchResult) -> tuple[Any, ...]:
    """Everything but the time and the objects."""
    return (*result[:5], result.history, result.candidates, result.stop, result.oracle, result.tree.to_json())


def seen(result: SearchResult) -> list[tuple[str, ...]]:
    return [node.path for node in result.tree.nodes]


@pytest.mark.parametrize("spec", AGENTS)
@given(
    tokens=st.integers(0, 700),
    guide_calls=st.none() | st.integers(0, 30),
    verifier_calls=st.none() | st.integers(0, 30),
    seed=st.integers(0, 5),
)
@once
def test_no_search_spends_or_sees_more_than_its_budget(
    spec: str,
    tokens: int,
    guide_calls: int | None,
    verifier_calls: int | None,
    seed: int,
    slips: Policy,
    source: Generated,
    problems: list[Problem],
) -> None:
    budget = Budget(tokens, guide_calls, verifier_calls)
    for result in run(spec, problems[:2], source, slips, budget=budget, seed=seed):
        assert result.tokens <= tokens
        assert guide_calls is None or result.guide_calls <= guide_calls
        assert verifier_calls is None or result.verifier_calls <= verifier_calls
        delivered = sum(node.tokens * node.count for node in result.tree.nodes)
        assert delivered <= result.tokens
        assert sum(
            node.score is not None and node.state.stop not in ("tokens", "steps") for node in result.tree.nodes
        ) <= (result.guide_calls)
        assert all(candidate.tokens <= tokens for candidate in result.candidates)


@pytest.mark.parametrize("spec", AGENTS)
@given(small=st.integers(1, 900), seed=st.integers(0, 3))
@once
def test_less_budget_sees_a_prefix_and_answers_as_the_anytime_curve_says(
    spec: str, small: int, seed: int, slips: Policy, source: Generated, problems: list[Problem]
) -> None:
    rich = run(spec, problems[:2], source, slips, budget=Budget(tokens=900), seed=seed)
    poor = run(spec, problems[:2], source, slips, budget=Budget(tokens=small), seed=seed)
    for less, more in zip(poor, rich, strict=True):
        assert seen(less) == seen(more)[: len(seen(less))]
        if spec != "best_of_n:self_consistency":  # scores that change are kept up by the round
            assert less.candidates == more.candidates[: len(less.candidates)]
            assert less.answer == more.answer_at(small)


@pytest.mark.parametrize("spec", AGENTS)
@pytest.mark.parametrize("tokens", [150, 1000])
def test_results_are_the_same_for_batches_of_1_and_64(
    spec: str, tokens: int, slips: Policy, source: Generated, problems: list[Problem]
) -> None:
    one = run(spec, problems, source, slips, budget=Budget(tokens=tokens), batch_size=1)
    many = run(spec, problems, source, slips, budget=Budget(tokens=tokens), batch_size=64)
    assert [facts(result) for result in one] == [facts(result) for result in many]
    assert [result.id for result in one] == [problem.id for problem in problems]


def test_batching_saves_calls_to_the_policy(source: Generated, problems: list[Problem], slips: Any) -> None:
    run("majority", problems, source, slips, budget=Budget(tokens=600), batch_size=1)
    alone, slips.calls = slips.calls, 0
    run("majority", problems, source, slips, budget=Budget(tokens=600), batch_size=64)
    assert slips.calls < alone / 3


def test_another_seed_gives_other_samples(source: Generated, problems: list[Problem], slips: Policy) -> None:
    first, second = (run("majority", problems[:1], source, slips, budget=Budget(600), seed=s)[0] for s in (0, 1))
    assert seen(first) != seen(second)


def test_algorithms_share_random_numbers(source: Generated, problems: list[Problem], slips: Policy) -> None:
    def answers(name: str, **config: Any) -> list[str]:
        agent = get_agent(name, **config)
        views = [problems[1].view]
        [result] = agent.run(views, SearchTask(source, slips, max_tokens=90), budget=Budget(2000))
        return [candidate.answer for candidate in result.candidates]

    votes, best = answers("majority", samples=3), answers("best_of_n", samples=8, stop_at_certain=False)
    assert len(votes) == len(best) > 10
    assert votes == best
    assert answers("greedy", temperature=1.0) == votes[:1]


@pytest.mark.parametrize("spec", AGENTS)
def test_the_answer_is_one_of_the_candidates_and_the_last_of_the_curve(
    spec: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    results = run(spec, problems, source, slips, budget=Budget(800))
    assert any(result.answer is not None for result in results)
    for result in results:
        if result.answer is None:
            assert result.candidates == () == result.history
        else:
            assert result.answer in {candidate.answer for candidate in result.candidates}
            assert result.history[-1][1] == result.answer
            assert [tokens for tokens, _ in result.history] == sorted(tokens for tokens, _ in result.history)


@pytest.mark.parametrize("spec", AGENTS)
def test_search_never_asks_for_the_reference(
    spec: str, source: Generated, problems: list[Problem], slips: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Trap:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError("the reference was touched")

    def refuse(*_: object) -> None:
        raise AssertionError("the verifier was asked")

    monkeypatch.setattr(type(source.rules_of(problems[0].view)), "verify", refuse)
    trapped = [Problem(problem.view, Reference(Trap())) for problem in problems[:3]]
    assert len(run(spec, trapped, source, slips, budget=Budget(500))) == 3


@pytest.mark.parametrize("spec", ["best_of_n", "beam", "mcts"])
def test_search_stops_at_an_answer_that_passes_every_check(
    spec: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    results = run(spec, problems, source, slips, budget=Budget(20_000))
    for result, problem in zip(results, problems, strict=True):
        assert result.stop is SearchStop.CERTAIN
        assert result.tokens < 20_000
        assert result.answer is not None
        assert source.rules_of(problem.view).verify(problem, result.answer).correct


def test_an_answer_cut_off_for_its_length_is_no_candidate(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    [result] = get_agent("majority").run(
        [problems[2].view], SearchTask(source, slips, max_tokens=12), budget=Budget(400)
    )
    assert {node.state.stop.value for node in result.tree.nodes[1:]} >= {"tokens"}
    assert all(node.state.count <= 12 for node in result.tree.nodes)
    assert result.candidates
    assert all(len(candidate.answer) < 12 for candidate in result.candidates)


class Failing:
    """Fails on one problem, as its guide or as its algorithm."""

    def __init__(self, bad: str) -> None:
        self.bad = bad

    def algorithm(self, tree: Tree) -> Search:
        yield Expand([tree.root], 4, Unit.SOLUTION)
        if tree.view.id == self.bad:
            raise ZeroDivisionError("by design")

    def scoring(self, tree: Tree) -> Search:
        answers = yield Expand([tree.root], 4, Unit.SOLUTION)
        yield Score(answers)


class BrokenGuide(EnvironmentFeedback):
    def __init__(self, bad: str, value: float) -> None:
        self.bad, self.value = bad, value

    def score(self, nodes: Any) -> NDArray[np.float64]:
        return np.array([self.value if node.tree.view.id == self.bad else 0.5 for node in nodes])


@pytest.mark.parametrize("kind", ["algorithm", "guide", "range"])
def test_a_failing_search_is_named_and_the_others_finish(
    kind: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    bad = problems[1].id
    done: list[SearchResult] = []
    failing = Failing(bad)
    guide = None if kind == "algorithm" else BrokenGuide(bad, math.nan if kind == "guide" else 1.5)
    with pytest.raises(SearchError, match=bad) as caught:
        search_many(
            [problem.view for problem in problems[:4]],
            SearchTask(source, slips),
            algorithm=failing.algorithm if kind == "algorithm" else failing.scoring,
            guide=guide,
            budget=Budget(500),
            on_done=done.append,
        )
    assert set(caught.value.errors) == {bad}
    good = {problem.id for problem in problems[:4]} - {bad}
    assert {result.id for result in done} == {result.id for result in caught.value.results} == good


def test_a_failing_policy_says_where(source: Generated, problems: list[Problem]) -> None:
    class Down:
        name = "down"

        def propose(self, *_: object) -> list[list[Proposal]]:
            raise ConnectionError("no answer")

    with pytest.raises(ConnectionError) as caught:
        run("greedy", problems[:1], source, Down(), budget=Budget(10))
    assert problems[0].id in caught.value.__notes__[0]


def test_an_algorithm_that_asks_for_nothing_for_ever_is_stopped(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    def idle(tree: Tree) -> Search:
        while True:
            yield Expand([], 1)

    with pytest.raises(SearchError, match="must return"):
        search_many([problems[0].view], SearchTask(source, slips), algorithm=idle, budget=Budget(10))


def test_a_finished_node_cannot_be_expanded(toy: Any, script: Any) -> None:
    def greedy_for_more(tree: Tree) -> Search:
        ends = yield Expand([tree.root], 1)
        yield Expand(ends, 1)

    source = toy()
    with pytest.raises(SearchError, match="finished and cannot be expanded"):
        search_many(
            [source.problem("train", 0).view],
            SearchTask(source, script({"": ["Answer: 1"]})),
            algorithm=greedy_for_more,
            budget=Budget(10),
        )


def test_an_answer_past_its_node_s_limit_does_not_count_whatever_the_batch_allows(toy: Any, script: Any) -> None:
    """Batches share one length limit, the longest; a node with less room must not profit from it."""

    class Long:
        name = "long"

        def propose(self, states: Any, counts: Any, keys: Any, sampling: Any) -> list[list[Proposal]]:
            return [
                [Proposal("Answer: 1" if state.steps else "x", -1.0, 8 if state.steps else 3, 1, Finish.STEP)]
                for state in states
            ]

    def alone(tree: Tree) -> Search:
        children = yield Expand([tree.root], 1)
        ends = yield Expand([tree.root, *children], 1)
        assert [end.state.stop.value for end in ends] == ["", "tokens"]

    source = toy()
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, Long(), max_tokens=10),
        algorithm=alone,
        budget=Budget(100),
    )
    assert result.answer is None
    assert result.tokens == 3 + 3 + 7


def test_a_line_that_fills_the_limit_without_an_answer_is_the_end(toy: Any, script: Any) -> None:
    def once_more(tree: Tree) -> Search:
        children = yield Expand([tree.root], 1)
        assert [child.done for child in children] == [True]

    source = toy()
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script({"": ["x"]}), max_tokens=1),
        algorithm=once_more,
        budget=Budget(9),
    )
    assert result.candidates == ()


@pytest.mark.parametrize(("calls", "scores"), [(0, [None, None]), (1, [0.5, None])])
def test_without_guide_calls_left_the_search_ends_and_still_answers(
    calls: int, scores: list[float | None], toy: Any, script: Any
) -> None:
    source = toy()
    [result] = get_agent("best_of_n", samples=2).run(
        [source.problem("train", 0).view],
        SearchTask(source, script({"": ["Answer: 1", "Answer: 2"]})),
        budget=Budget(tokens=100, guide_calls=calls),
    )
    assert result.stop is SearchStop.GUIDE_CALLS
    assert [candidate.score for candidate in result.candidates] == scores
    assert result.answer is not None
    assert result.tokens == 2


def test_answers_may_be_scored_late(toy: Any, script: Any) -> None:
    """An answer is not compared before it has its score."""

    def late(tree: Tree) -> Search:
        answers = yield Expand([tree.root], 3)
        yield Score([])
        yield Score(answers[:1])
        yield Score(answers)

    class Last(EnvironmentFeedback):
        def score(self, nodes: Any) -> NDArray[np.float64]:
            return np.array([float(node.state.answer[-1]) / 10 for node in nodes])

    source = toy()
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script({"": ["Answer: 1", "Answer: 3", "Answer: 2"]})),
        algorithm=late,
        guide=Last(),
        budget=Budget(10),
    )
    assert result.history == ((1, "Answer: 1"), (2, "Answer: 3"))


def test_time_is_shared_and_limits_the_search(source: Generated, problems: list[Problem], slips: Policy) -> None:
    def clock_of(step: float) -> Callable[[], float]:
        now = [0.0]

        def clock() -> float:
            now[0] += step
            return now[0]

        return clock

    def forever(tree: Tree) -> Search:
        while True:
            yield Expand([tree.root], 1, Unit.SOLUTION)

    views = [problem.view for problem in problems[:2]]
    results = search_many(
        views, SearchTask(source, slips), algorithm=forever, budget=Budget(seconds=3.0), clock=clock_of(1.0)
    )
    assert [result.stop for result in results] == [SearchStop.SECONDS] * 2
    assert [result.seconds for result in results] == [3.0, 3.0]  # six calls of one second, half of each
    assert all(len(result.candidates) <= 6 for result in results)


def test_a_merged_child_keeps_its_count_and_its_prior(toy: Any, script: Any) -> None:
    def five(tree: Tree) -> Search:
        children: list[Node] = yield Expand([tree.root], 5)
        assert [child.action for child in children] == ["a", "b"]

    source = toy()
    policy = script({"": ["a", "b", "a", "a", "b"]})
    [result] = search_many(
        [source.problem("train", 0).view], SearchTask(source, policy), algorithm=five, budget=Budget(10)
    )
    assert [(node.count, node.prior) for node in result.tree.nodes[1:]] == [(3, 0.6), (2, 0.4)]
    assert result.tokens == 5


def test_a_line_that_ends_with_and_without_the_end_mark_is_one_child(toy: Any, script: Any) -> None:
    source = toy()
    policy = script({"": ["Answer: 1", "Answer: 1" + END]})
    agent = get_agent("mcts", widen=False)
    [result] = agent.run([source.problem("train", 0).view], SearchTask(source, policy), budget=Budget(10))
    assert [node.count for node in result.tree.nodes] == [1, 2]
    assert result.stop is SearchStop.DONE


def test_the_ledger_drops_the_sample_that_crosses_and_takes_the_rest() -> None:
    ledger = Ledger(Budget(tokens=10))
    assert ledger.charge_sample(6, limit=100, cut=False)
    assert not ledger.charge_sample(6, limit=100, cut=False)
    assert ledger.tokens == 10
    assert ledger.out_of_tokens


@pytest.mark.parametrize(("limit", "delivered"), [(100, False), (4, True)])
def test_a_sample_cut_by_the_budget_is_dropped_but_one_cut_by_its_own_limit_is_not(limit: int, delivered: bool) -> None:
    ledger = Ledger(Budget(tokens=4))
    assert ledger.charge_sample(4, limit=limit, cut=True) is delivered


def test_samples_of_a_policy_that_does_not_count_cost_one_token() -> None:
    ledger = Ledger(Budget(tokens=2))
    assert [ledger.charge_sample(0, limit=9, cut=False) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("limits", [{}, {"guide_calls": 3}, {"tokens": -1}])
def test_a_budget_that_cannot_end_a_search_is_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(**limits)


def test_finish_is_read_from_the_policy_not_from_the_text(toy: Any) -> None:
    class Cut:
        name = "cut"

        def propose(self, states: Any, *_: object) -> list[list[Proposal]]:
            return [[Proposal("Answer: 1", -1.0, 3, 1, Finish.LENGTH)] for _ in states]

    source = toy()
    [result] = get_agent("greedy").run(
        [source.problem("train", 0).view], SearchTask(source, Cut(), max_tokens=3), budget=Budget(10)
    )
    assert result.answer is None
