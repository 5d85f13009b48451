"""Guides score in their range, and those that know too much say so."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.algorithms.beam import BeamConfig
from reasonrl.agents.search.budget import Budget, SearchStop
from reasonrl.agents.search.core import SearchError, SearchTask
from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
from reasonrl.agents.search.guides.registry import GUIDES, get_guide
from reasonrl.agents.search.guides.sum import Sum
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem
from reasonrl.envs.families import get_family
from reasonrl.envs.mdp import State, Stop
from reasonrl.envs.sources import Generated, only


def node_after(source: Generated, problem: Problem, *steps: str, stop: Stop = Stop.RUNNING) -> Any:
    tree = Tree(State(problem.view, steps, stop=stop), judge=source.rules_of(problem.view))
    tree.root.parent = Tree(State(problem.view), judge=tree.judge).root
    return tree.root


def menu_line(source: Generated, problem: Problem, steps: tuple[str, ...], right: bool) -> str:
    family = source.rules_of(problem.view)
    lines = family.legal_steps(problem.view, steps)
    return next(line for line in lines if (family.check_step(problem.view, steps, line) == "useful") is right)


def test_feedback_raises_useful_steps_and_lowers_wrong_ones(source: Generated, problems: list[Problem]) -> None:
    guide, problem = EnvironmentFeedback(), problems[2]
    good, bad = (menu_line(source, problem, (), right) for right in (True, False))
    scores = [
        float(guide.score([node_after(source, problem, *steps)])[0])
        for steps in ((good,), ("Plan: add",), (good, good), (bad,), (bad, good), (bad, bad))
    ]
    useful, talk, repeated, wrong, mended, hopeless = scores
    assert useful == pytest.approx(0.5 + 0.15 * 0.4)
    assert talk == pytest.approx(0.45)
    assert repeated == pytest.approx(useful * 0.9)
    assert wrong == pytest.approx(0.2)
    assert hopeless < wrong < mended < talk


def test_feedback_judges_finished_answers_by_what_can_be_checked(source: Generated, problems: list[Problem]) -> None:
    guide, problem = EnvironmentFeedback(), problems[0]
    steps: tuple[str, ...] = ()
    while not steps or not source.rules_of(problem.view).is_final(steps[-1]):
        steps = (*steps, menu_line(source, problem, steps, True))
    right = node_after(source, problem, *steps, stop=Stop.ANSWER)
    wrong = node_after(source, problem, "Answer: 1000", stop=Stop.ANSWER)
    assert guide.score([right, wrong]).tolist() == [1.0, 0.0]


def test_feedback_is_neutral_where_nothing_can_be_checked(toy: Any, script: Any) -> None:
    source = toy()
    [result] = get_agent("best_of_n").run(
        [source.problem("train", 0).view], SearchTask(source, script({"": ["Answer: 1"]})), budget=Budget(4)
    )
    assert result.candidates[0].score == 0.5
    assert result.stop is SearchStop.TOKENS


def test_each_step_is_checked_and_charged_once(
    source: Generated, problems: list[Problem], slips: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [0]
    family = type(source.rules_of(problems[0].view))
    for name in ("check_step", "check_answer"):
        method = getattr(family, name)

        def counted(*arguments: Any, method: Any = method) -> Any:
            checks[0] += 1
            return method(*arguments)

        monkeypatch.setattr(family, name, counted)

    class Mute:  # the scripted policy looks at the family itself
        name = "mute"

        def propose(self, *arguments: Any) -> Any:
            before = checks[0]
            drawn = slips.propose(*arguments)
            checks[0] = before
            return drawn

    for name in ("mcts", "beam", "best_of_n"):
        checks[0] = 0
        agent = get_agent(name, stop_at_certain=False)
        [result] = agent.run([problems[4].view], SearchTask(source, Mute(), max_tokens=90), budget=Budget(2000))
        assert result.verifier_calls == checks[0] == result.guide_calls > 10


@pytest.mark.parametrize("name", [*sorted(set(GUIDES) - {"reward", "process"}), "feedback+logprob"])
@given(seed=st.integers(0, 20))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_guide_scores_in_its_range(
    name: str, seed: int, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    if name == "exact_potential":
        source = only(get_family("countdown"))
        problems = [source.problem("train", index, 1) for index in range(2)]
    guide = get_guide(name, problems=problems)
    agent = get_agent(f"mcts:{name}", problems=problems, stop_at_certain=False)
    for result in agent.run([problems[1].view], SearchTask(source, slips, seed=seed), budget=Budget(400)):
        scores = [node.score for node in result.tree.nodes if node.score is not None]
        assert scores
        assert all(guide.range[0] <= score <= guide.range[1] for score in scores)


def test_logprob_is_the_mean_over_all_tokens_of_the_path(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    [result] = get_agent("beam:logprob").run([problems[1].view], SearchTask(source, slips), budget=Budget(300))
    scores = [node.score for node in result.tree.nodes if node.score is not None]
    assert scores == pytest.approx([math.exp(-0.1)] * len(scores))  # the script gives each token -0.1


def test_oracles_are_labelled_and_mark_results(source: Generated, problems: list[Problem], slips: Policy) -> None:
    views = [problem.view for problem in problems[:2]]
    for spec, oracle in (("mcts", False), ("mcts:hidden_verifier", True), ("best_of_n:logprob+hidden_verifier", True)):
        agent = get_agent(spec, problems=problems)
        assert agent.oracle is oracle
        results = agent.run(views, SearchTask(source, slips), budget=Budget(200))
        assert [result.oracle for result in results] == [oracle] * 2
    assert not get_agent("majority").oracle


def test_the_hidden_verifier_knows(source: Generated, problems: list[Problem], slips: Policy) -> None:
    agent = get_agent("best_of_n:hidden_verifier", problems=problems)
    for result, problem in zip(
        agent.run([p.view for p in problems], SearchTask(source, slips), budget=Budget(600)), problems, strict=True
    ):
        for candidate in result.candidates:
            assert candidate.score == source.rules_of(problem.view).verify(problem, candidate.answer).score


def test_the_exact_potential_leads_straight_to_the_answer(slips: Policy) -> None:
    source = only(get_family("countdown"))
    problems = [source.problem("train", index, 1) for index in range(4)]
    agent = get_agent("beam:exact_potential", width=1, branch=12)
    results = agent.run([p.view for p in problems], SearchTask(source, slips), budget=Budget(2000))
    for problem, result in zip(problems, results, strict=True):
        assert result.oracle
        assert result.answer is not None
        assert source.rules_of(problem.view).verify(problem, result.answer).correct
        assert 0.0 in {node.score for node in result.tree.nodes}  # a step that loses the solution is seen at once


def test_a_heuristic_potential_is_refused_as_an_oracle(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    with pytest.raises(SearchError, match="heuristic, not V"):
        get_agent("mcts:exact_potential").run([problems[0].view], SearchTask(source, slips), budget=Budget(99))


def test_a_sum_is_the_weighted_mean() -> None:
    class Fixed(EnvironmentFeedback):
        def __init__(self, value: float, top: float) -> None:
            self.value = value
            self.range = (0.0, top)

        def score(self, nodes: Any) -> Any:
            import numpy as np

            return np.full(len(nodes), self.value)

    total = Sum([Fixed(1.0, 1.0), Fixed(1.0, 4.0)], [1.0, 3.0])
    assert total.score([None] * 2).values.tolist() == [0.4375] * 2  # type: ignore[list-item]
    with pytest.raises(ValueError, match="weight above 0"):
        Sum([Fixed(1.0, 1.0)], [0.0])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mtcs", "did you mean 'mcts'.*greedy, majority, best_of_n, beam, mcts"),
        ("mcts:feedbak", "did you mean 'feedback'.*logprob.*hidden_verifier"),
        ("majority:logprob", "listens to no guide"),
        ("mcts:hidden_verifier", "needs the problems"),
    ],
)
def test_an_unknown_name_says_what_exists(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_agent(spec)


def test_settings_are_checked() -> None:
    assert get_agent("beam", width=2).config == BeamConfig(width=2)
    with pytest.raises(ValueError, match="no setting 'widht': there are width, branch"):
        get_agent("beam", widht=2)
    with pytest.raises(ValueError, match="branch must be at least 1"):
        get_agent("mcts", branch=0)
