"""What every search promises, whatever the algorithm: budgets, prefixes, batches, anytime answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Policy, Proposal, Unit
from reasonrl.agents.search.agents import SearchAgent, get_agent
from reasonrl.agents.search.budget import Budget, SearchStop
from reasonrl.agents.search.core import Expand, Score, Search, SearchError, SearchResult, SearchTask
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.guides.core import Scores
from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem, Reference
from reasonrl.envs.sources import Generated


class Costly(EnvironmentFeedback):
    """Takes tokens for each node: the more, the longer its answer."""

    name = "costly"

    def score(self, nodes: Any) -> Scores:  # type: ignore[override]
        return Scores(super().score(nodes), np.array([3 + len(node.state.answer) // 4 for node in nodes]))


MADE: dict[str, Callable[[], SearchAgent]] = {
    "mcts without rollouts": lambda: get_agent("mcts", rollout=False),
    "mcts in waves": lambda: get_agent("mcts", leaves=4, stop_at_certain=False),
    "mcts, costly": lambda: replace(get_agent("mcts"), guide=Costly()),
    "best_of_n, costly": lambda: replace(get_agent("best_of_n", stop_at_certain=False), guide=Costly()),
    "beam, weighted, costly": lambda: replace(get_agent("beam", select="weighted"), guide=Costly()),
}
AGENTS = (
    "greedy",
    "majority",
    "best_of_n",
    "best_of_n:logprob",
    "best_of_n:self_consistency",
    "beam",
    "mcts",
    *MADE,
)
once = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def run(
    spec: str, problems: list[Problem], source: Generated, policy: Policy, *, budget: Budget, **options: Any
) -> list[SearchResult]:
    agent = MADE[spec]() if spec in MADE else get_agent(spec)
    return agent.run([p.view for p in problems], SearchTask(source, policy, max_tokens=90, **options), budget=budget)


def facts(result: SearchResult) -> tuple[Any, ...]:
    """Everything but the time and the objects."""
    return (*result[:6], result.history, result.candidates, result.stop, result.oracle, result.tree.to_json())


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
        assert delivered + result.guide_tokens <= result.tokens
        assert (result.guide_tokens > 0) <= ("costly" in spec)
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
        for one, other in zip(less.tree.nodes, more.tree.nodes, strict=False):
            assert one.score is None or one.score == other.score or "consistency" in spec
        if spec != "best_of_n:self_consistency":  # scores that change are kept up by the round
            found, others = less.candidates, more.candidates[: len(less.candidates)]
            assert [each[:2] for each in found] == [each[:2] for each in others]
            assert "costly" in spec or found == others
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
