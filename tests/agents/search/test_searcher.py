"""One search: what it may ask for, what its requests do, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Finish, Policy, Proposal, Sampling, Unit
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget, SearchStop
from reasonrl.agents.search.core import Expand, Score, Search, SearchError, SearchResult, SearchTask
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.guides.core import Scores
from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import END, Problem
from reasonrl.envs.mdp import State, wrong_attempt
from reasonrl.envs.sources import Generated


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


class Heard:
    """Says one text after every state, a character a token, and notes what it was asked."""

    name = "heard"

    def __init__(self, text: str) -> None:
        self.text = text
        self.states: list[State] = []

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        self.states += states
        tokens, most = len(self.text) + 1, sampling.max_tokens
        said = Proposal(self.text, -1.0, tokens, 1, Finish.END if self.text.endswith(END) else Finish.STEP)
        cut = Proposal(self.text[:most], -1.0, most, 1, Finish.LENGTH)
        return [[said if tokens <= most else cut] for _ in states]


def one(
    toy: Any, policy: Policy, algorithm: Callable[[Tree], Search], *, tokens: int = 1000, **task: Any
) -> SearchResult:
    source = toy()
    views = [source.problem("train", 0).view]
    [result] = search_many(views, SearchTask(source, policy, **task), algorithm=algorithm, budget=Budget(tokens))
    return result


def test_lines_put_after_a_state_are_said_first_and_cost_nothing(toy: Any) -> None:
    def wait(tree: Tree) -> Search:
        children = yield Expand([tree.root], 1)
        yield Expand(children, 1, after="Wait: is that right?\nCheck:")

    policy = Heard("x")
    result = one(toy, policy, wait)
    assert policy.states[1].steps == ("x", "Wait: is that right?", "Check:")
    last = result.tree.nodes[-1]
    assert last.state.steps == ("x", "Wait: is that right?", "Check:", "x")
    assert last.action == "Wait: is that right?\nCheck:\nx"
    assert (last.state.count, last.state.moves, result.tokens) == (4, 2, 4)


def test_lines_put_after_a_state_must_leave_the_answer_open(toy: Any) -> None:
    def tell(tree: Tree) -> Search:
        yield Expand([tree.root], 1, after="Answer: 1")

    with pytest.raises(SearchError, match="leave it open"):
        one(toy, Heard("x"), tell)


def test_a_finished_answer_is_revised_as_long_as_there_are_attempts(toy: Any) -> None:
    def revise(tree: Tree) -> Search:
        answers = yield Expand([tree.root], 1, Unit.SOLUTION)
        while tree.revisable(answers[0]):
            answers = yield Expand(answers, 1, Unit.SOLUTION, after="Wait: ")

    policy = Heard("a\nAnswer: 1")
    result = one(toy, policy, revise, attempts=3)
    assert [node.state.attempt - 1 for node in result.tree.nodes if node.finished] == [0, 1, 2]
    assert policy.states[1].turns == wrong_attempt("a\nAnswer: 1")
    assert policy.states[1].steps == ("Wait: ",)
    last = result.tree.nodes[-1].state
    assert last.turns == (*wrong_attempt("a\nAnswer: 1"), *wrong_attempt("Wait: \na\nAnswer: 1"))
    assert (last.answer, last.count) == ("Wait: \na\nAnswer: 1", 36)
    assert len(result.candidates) == 3
    assert result.tree.votes.most_common()[0][1] == 3
    with pytest.raises(SearchError, match="attempts left"):
        one(toy, policy, lambda tree: greedy_for_more(tree), attempts=1)


def greedy_for_more(tree: Tree) -> Search:
    ends = yield Expand([tree.root], 1, Unit.SOLUTION)
    yield Expand(ends, 1)


def test_the_feedback_judges_another_attempt_by_itself(toy: Any) -> None:
    def twice(tree: Tree) -> Search:
        answers = yield Expand([tree.root], 1)
        again = yield Expand(answers, 1, after="x")
        yield Score(again)

    class Ends(Heard):
        def propose(self, states: Sequence[State], *rest: Any) -> list[list[Proposal]]:
            self.text = "y" if states[0].turns else "Answer: 1"
            return super().propose(states, *rest)

    source = toy()
    task = SearchTask(source, Ends(""), attempts=2)
    views, budget = [source.problem("train", 0).view], Budget(100)
    [result] = search_many(views, task, algorithm=twice, guide=EnvironmentFeedback(), budget=budget)
    assert result.verifier_calls == 2  # the lines of the second attempt
    assert result.tree.nodes[-1].score == pytest.approx(0.5 + 0.15 * 0.4 + 0.15 * (0.9 - 0.56))


def test_a_sample_with_a_limit_of_its_own_keeps_its_finished_lines_and_may_be_gone_on_with(toy: Any) -> None:
    def look_ahead(tree: Tree) -> Search:
        [part] = yield Expand([tree.root], 1, Unit.SOLUTION, max_tokens=6)
        assert (part.done, part.state.steps, part.action, part.state.count) == (False, ("ab", "c"), "ab\nc", 6)
        yield Expand([part], 1, Unit.SOLUTION)

    result = one(toy, Heard("ab\nc\ndef\nAnswer: 1"), look_ahead)
    assert result.answer == "ab\nc\nab\nc\ndef\nAnswer: 1"
    assert result.tokens == 6 + 19


@pytest.mark.parametrize(("tokens", "nodes"), [(5, 1), (6, 2), (7, 2)])
def test_a_limit_of_its_own_changes_nothing_about_the_budget(tokens: int, nodes: int, toy: Any) -> None:
    def look_ahead(tree: Tree) -> Search:
        yield Expand([tree.root], 2, Unit.SOLUTION, max_tokens=6)

    result = one(toy, Heard("ab\nc\ndef\nAnswer: 1"), look_ahead, tokens=tokens)
    assert (len(result.tree.nodes), result.tokens) == (nodes, tokens)


def test_at_the_path_s_own_limit_an_answer_is_cut_off_as_ever(toy: Any) -> None:
    def look_ahead(tree: Tree) -> Search:
        [part] = yield Expand([tree.root], 1, Unit.SOLUTION, max_tokens=8)
        assert part.state.stop.value == "tokens"

    assert one(toy, Heard("ab\nc\ndef\nAnswer: 1"), look_ahead, max_tokens=8).answer is None
    with pytest.raises(SearchError, match="at least 1 token"):
        one(toy, Heard("x"), lambda tree: iter([Expand([tree.root], max_tokens=0)]))  # type: ignore[arg-type,return-value]


class Dear(EnvironmentFeedback):
    """A score by the last character, for ten tokens."""

    def score(self, nodes: Any) -> Scores:  # type: ignore[override]
        values = np.array([float(node.state.answer[-1]) / 10 for node in nodes])
        return Scores(values, np.full(len(nodes), 10))


@pytest.mark.parametrize(
    ("tokens", "answer", "scores", "guide_tokens"),
    [
        (2, None, [None, None], 0),  # nothing is left to pay the guide with: votes and the seeded key decide
        (12, None, [None, None, None], 0),
        (13, "Answer: 1", [0.1, None, None], 10),
        (23, "Answer: 3", [0.1, 0.3, None], 20),
        (99, "Answer: 3", [0.1, 0.3, 0.2], 30),
    ],
)
def test_a_guide_that_costs_tokens_is_paid_before_its_score_counts(
    tokens: int, answer: str | None, scores: list[float | None], guide_tokens: int, toy: Any, script: Any
) -> None:
    def score_all(tree: Tree) -> Search:
        answers = yield Expand([tree.root], 3)
        yield Score(answers)

    source = toy()
    policy = script({"": ["Answer: 1", "Answer: 3", "Answer: 2"]})
    views, task = [source.problem("train", 0).view], SearchTask(source, policy)
    [result] = search_many(views, task, algorithm=score_all, guide=Dear(), budget=Budget(tokens))
    assert [candidate.score for candidate in result.candidates] == scores
    assert result.guide_tokens == guide_tokens
    assert result.tokens <= tokens
    [whole] = search_many(
        views, SearchTask(source, script(policy.lines)), algorithm=score_all, guide=Dear(), budget=Budget(1000)
    )
    assert result.answer == whole.answer_at(tokens)
    assert answer is None or result.answer == answer


def test_a_guide_that_hides_its_price_is_refused(toy: Any, script: Any) -> None:
    class Odd(EnvironmentFeedback):
        def score(self, nodes: Any) -> Scores:  # type: ignore[override]
            return Scores(super().score(nodes), np.full(len(nodes), -1))

    def score_one(tree: Tree) -> Search:
        yield Score((yield Expand([tree.root], 1)))

    source = toy()
    views, task = [source.problem("train", 0).view], SearchTask(source, script({"": ["a"]}))
    with pytest.raises(SearchError, match="how many tokens"):
        search_many(views, task, algorithm=score_one, guide=Odd(), budget=Budget(10))


def test_a_node_s_data_belong_to_whoever_put_them_there(toy: Any) -> None:
    result = one(toy, ScriptedPolicy({"": [("Answer: 1", 1.0)]}), lambda tree: greedy_for_one(tree))
    assert [sorted(node.data) for node in result.tree.nodes] == [[], ["ballot"]]


def greedy_for_one(tree: Tree) -> Search:
    yield Expand([tree.root], 1)


@pytest.mark.parametrize("name", ["batch_size", "max_steps", "max_tokens", "attempts"])
def test_a_task_s_limits_are_at_least_1(name: str, toy: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        SearchTask(toy(), Heard("x"), **{name: 0})
