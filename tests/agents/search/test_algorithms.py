"""Each algorithm does what its paper says, on trees small enough to follow by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Policy, Sampling, Unit
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.algorithms.beam import BeamConfig, beam
from reasonrl.agents.search.algorithms.best_of_n import BestOfNConfig, best_of_n
from reasonrl.agents.search.algorithms.mcts import MCTSConfig, mcts, puct
from reasonrl.agents.search.budget import Budget, SearchStop
from reasonrl.agents.search.core import SearchResult, SearchTask
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import END, Problem
from reasonrl.envs.mdp import MDP
from reasonrl.envs.seeding import digest
from reasonrl.envs.sources import Generated
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.core import accept, reject


class Table:
    """A guide that reads scores from a table and notes what it was asked."""

    name = "table"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None
    changes = False

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self.asked: list[str] = []

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        self.asked += [node.state.answer for node in nodes]
        return np.array([self.scores[node.state.answer] for node in nodes])


LINES = {
    "": ["a", "b"],
    "a": ["x", "Answer: 0"],
    "a\nx": ["Answer: 3", "Answer: 4"],
    "b": ["Answer: 1", "Answer: 2"],
}
SCORES = {
    "a": 0.6,
    "b": 0.4,
    "a\nx": 0.1,
    "a\nAnswer: 0": 0.0,
    "b\nAnswer: 1": 1.0,
    "b\nAnswer: 2": 0.1,
    "a\nx\nAnswer: 3": 0.3,
    "a\nx\nAnswer: 4": 0.0,
}


def plan(toy: Any, script: Any, *, tokens: int, **config: Any) -> tuple[SearchResult, Table]:
    source, guide = toy(), Table(SCORES)
    settings = MCTSConfig(branch=2, rollout=False, **config)
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script(LINES)),
        algorithm=lambda tree: mcts(tree, settings),
        guide=guide,
        budget=Budget(tokens),
    )
    return result, guide


def visits(result: SearchResult) -> dict[str, int]:
    return {node.state.answer: node.visits for node in result.tree.nodes}


def test_mcts_follows_the_hand_computation(toy: Any, script: Any) -> None:
    """
    1. expand the root: a 0.6, b 0.4.                   root N 2
    2. a: 0.6 + .5 sqrt(2)/2 = .95 beats b: .75         expand a: x 0.1, wrong answer 0.   a N 3, mean .7/3
    3. a: .233 + .5 * 2/4 = .48, b: .4 + .5 * 2/2 = .9  expand b: answers 1.0 and 0.1.     b N 3, exhausted
    4. only a is open, and in it x                      expand x: answers 0.3 and 0.       all exhausted
    """
    result, guide = plan(toy, script, tokens=6, widen=False)
    assert guide.asked == ["a", "b", "a\nx", "a\nAnswer: 0", "b\nAnswer: 1", "b\nAnswer: 2"]
    assert result.stop is SearchStop.TOKENS
    assert {name: count for name, count in visits(result).items() if "\n" not in name} == {"": 6, "a": 3, "b": 3}
    root, a, b = result.tree.nodes[:3]
    assert a.value == pytest.approx(0.7 / 3)
    assert b.value == pytest.approx(1.5 / 3)
    assert root.value == pytest.approx(2.2 / 6)
    assert (a.exhausted, b.exhausted, root.exhausted) == (False, True, False)
    assert result.answer == "b\nAnswer: 1"


def test_mcts_stops_when_the_tree_is_exhausted(toy: Any, script: Any) -> None:
    result, _ = plan(toy, script, tokens=1000, widen=False)
    assert result.stop is SearchStop.DONE
    assert result.tokens == 8
    assert visits(result)[""] == 8
    assert all(node.exhausted for node in result.tree.nodes)
    assert all(node.visits == 1 for node in result.tree.nodes if node.finished)


def test_mcts_widens_an_exhausted_tree_until_the_budget(toy: Any, script: Any) -> None:
    result, guide = plan(toy, script, tokens=101)
    assert result.stop is SearchStop.TOKENS
    assert result.tokens == 101
    assert len(guide.asked) == len(set(guide.asked)) == 8  # nothing new is found, and nothing is scored twice
    assert all(node.visits == 1 for node in result.tree.nodes if node.finished)
    assert sum(node.drawn for node in result.tree.nodes) == 101


def test_puct_is_value_plus_prior_weighted_exploration(toy: Any, script: Any) -> None:
    result, _ = plan(toy, script, tokens=4, widen=False)
    root, a, b = result.tree.nodes[:3]
    assert (root.visits, a.visits, b.visits) == (4, 3, 1)
    assert puct(a, 2.0) == pytest.approx(0.7 / 3 + 2.0 * 0.5 * math.sqrt(4) / (1 + 3))
    assert puct(b, 2.0) == pytest.approx(0.4 + 2.0 * 0.5 * math.sqrt(4) / (1 + 1))


def test_exploration_decides_what_is_expanded(toy: Any, script: Any) -> None:
    """Without exploration the third expansion goes to b by its mean alone; with much of it the prior does."""
    _, timid = plan(toy, script, tokens=4, widen=False, c_puct=0.0)
    assert timid.asked[2:] == ["a\nx", "a\nAnswer: 0"]
    result, _ = plan(toy, script, tokens=6, widen=False, c_puct=0.0)
    assert visits(result)["b"] == 3  # mean .233 against .4


def test_mcts_finds_a_rare_rewarded_leaf_that_greedy_search_misses(toy: Any, script: Any) -> None:
    result, _ = plan(toy, script, tokens=8, widen=False)
    assert result.answer == "b\nAnswer: 1"


def test_every_score_is_backed_up_once_that_of_a_sampled_answer_too(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    agent = get_agent("mcts", stop_at_certain=False, branch=3)
    [result] = agent.run([problems[4].view], SearchTask(source, slips, max_tokens=90), budget=Budget(3000))
    tree = result.tree
    evaluated = [node for node in tree.nodes if node.score is not None and node.visits]
    assert tree.root.visits == len(evaluated) > 30
    assert tree.root.value_sum == pytest.approx(sum(node.score or 0.0 for node in evaluated))
    rollouts = [node for node in evaluated if node.unit is Unit.SOLUTION]
    assert rollouts
    assert all(node.done and node.exhausted for node in rollouts)
    for node in tree.nodes:
        steps = [child.prior for child in node.children if child.unit is Unit.STEP]
        assert not steps or sum(steps) == pytest.approx(1.0)  # rollouts do not dilute the priors of steps


def test_one_answer_is_sampled_from_the_best_of_the_new_children(toy: Any, script: Any) -> None:
    source, guide = toy(), Table(SCORES)
    lines = {**LINES, "a": ["Answer: 0"]}
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script(lines)),
        algorithm=lambda tree: mcts(tree, MCTSConfig()),
        guide=guide,
        budget=Budget(3),
    )
    assert guide.asked == ["a", "b", "a\nAnswer: 0"]
    assert visits(result) == {"": 3, "a": 2, "b": 1, "a\nAnswer: 0": 1}
    assert result.tree.nodes[1].value == pytest.approx((0.6 + 0.0) / 2)


def test_the_tree_widens_with_its_visits(source: Generated, problems: list[Problem], slips: Policy) -> None:
    def root_samples(widen: bool, tokens: int) -> int:
        agent = get_agent("mcts", stop_at_certain=False, widen=widen)
        [result] = agent.run([problems[8].view], SearchTask(source, slips), budget=Budget(tokens))
        root = result.tree.root
        assert not widen or abs(root.steps_drawn - 2 * (root.visits / 2) ** 0.7) <= 3
        return root.steps_drawn

    assert root_samples(False, 2000) == 2 < root_samples(True, 500) < root_samples(True, 2000)


def test_several_leaves_at_once_make_larger_batches_of_the_same_tree_policy(
    source: Generated, problems: list[Problem], slips: Any
) -> None:
    def calls(leaves: int) -> tuple[int, SearchResult]:
        slips.calls = 0
        agent = get_agent("mcts", leaves=leaves, stop_at_certain=False)
        [result] = agent.run([problems[8].view], SearchTask(source, slips), budget=Budget(3000))
        return slips.calls, result

    one, alone = calls(1)
    several, together = calls(4)
    assert several < 0.6 * one
    assert {node.path for node in together.tree.root.children} >= {node.path for node in alone.tree.root.children[:2]}
    visited = [node for node in together.tree.nodes if node.visits]
    assert all(node.visits >= sum(child.visits for child in node.children) for node in visited)
    assert together.tree.root.visits == sum(child.visits for child in together.tree.root.children)


def test_beam_of_one_by_one_is_sampling_step_by_step(source: Generated, problems: list[Problem], slips: Policy) -> None:
    view = problems[5].view
    mdp = MDP(source, level="step", vocabulary=get_vocabulary("char"), max_tokens=10_000)
    state, key = mdp.initial(view), digest("search", 7, view.id)
    while not state.done:
        [[proposal]] = slips.propose([state], [1], [digest(key, "sample", 0)], Sampling(Unit.STEP, 1.0, 256))
        state, key = mdp.step(state, proposal.action).state, digest(key, proposal.action)
    agent = get_agent("beam", width=1, branch=1)
    [result] = agent.run([view], SearchTask(source, slips, seed=7), budget=Budget(500))
    assert result.candidates[0].answer == state.answer


def test_beam_keeps_the_best_and_a_finished_answer_takes_a_place(toy: Any, script: Any) -> None:
    source, guide = toy(), Table(SCORES | {"c": 0.05, "a\nx\ny": 0.2, "a\nx\nz": 0.1, "a\nx\ny\nAnswer: 5": 0.9})
    lines = {"": ["a", "b", "c", "a"], "a": ["x"], "b": ["Answer: 1"], "a\nx": ["y", "z"], "a\nx\ny": ["Answer: 5"]}
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script(lines)),
        algorithm=lambda tree: beam(tree, BeamConfig(width=2, branch=2)),
        guide=guide,
        budget=Budget(14),
    )
    # of a, b and c two are kept; then the answer 1.0 and x 0.1 fill both places, so that only y goes on
    assert guide.asked == ["a", "b", "c", "a\nx", "b\nAnswer: 1", "a\nx\ny", "a\nx\nz", "a\nx\ny\nAnswer: 5"]
    assert result.answer == "b\nAnswer: 1"
    assert result.tokens == 14


def test_beam_starts_again_with_fresh_samples(source: Generated, problems: list[Problem], slips: Policy) -> None:
    agent = get_agent("beam", width=1, branch=1, stop_at_certain=False)
    [result] = agent.run([problems[5].view], SearchTask(source, slips), budget=Budget(1000))
    assert result.tree.root.drawn > 5
    assert len({candidate.answer for candidate in result.candidates}) > 1


def test_majority_gives_the_mode(toy: Any, script: Any) -> None:
    source = toy()
    answers = ["Answer: 7", "Answer: 5", "Answer: 5.0", "Answer: 7", "Answer:  5"]
    [result] = get_agent("majority", samples=2).run(
        [source.problem("train", 0).view], SearchTask(source, script({"": answers})), budget=Budget(5)
    )
    assert len(result.candidates) == 5
    assert result.answer == "Answer: 5"
    assert result.answer_at(1) == "Answer: 7"
    assert result.answer_at(4) in ("Answer: 7", "Answer: 5")
    assert result.guide_calls == 0


def test_programs_vote_by_their_text_without_comments_and_empty_answers_abstain(toy: Any, script: Any) -> None:
    source = toy()
    answers = [END, "def f(x): return 1" + END, END, END, "def f(x): return 1  # one" + END]
    [result] = get_agent("majority").run(
        [source.problem("train", 0).view], SearchTask(source, script({"": answers})), budget=Budget(5)
    )
    assert len(result.candidates) == 5
    assert result.answer == "def f(x): return 1"


def test_best_of_n_breaks_ties_by_votes(toy: Any, script: Any) -> None:
    """Among equals under the guide the most frequent answer wins, however late it leads."""
    scores = {"Answer: 1": 0.5, "Answer: 2": 0.5, "Answer: 3": 0.2}
    answers = ["Answer: 1", "Answer: 3", "Answer: 3", "Answer: 3", "Answer: 2", "Answer: 2"]
    for order in (answers, answers[::-1]):
        source = toy()
        [result] = search_many(
            [source.problem("train", 0).view],
            SearchTask(source, script({"": order})),
            algorithm=lambda tree: best_of_n(tree, BestOfNConfig()),
            guide=Table(scores),
            budget=Budget(6),
        )
        assert result.answer == "Answer: 2"


def test_of_responses_with_the_same_answer_the_best_scored_one_is_given(toy: Any, script: Any) -> None:
    source = toy()
    scores = {"a\nAnswer: 1": 0.2, "b\nAnswer: 1": 0.9, "c\nAnswer: 2": 0.5, "d\nAnswer: 1": 0.1}
    [result] = search_many(
        [source.problem("train", 0).view],
        SearchTask(source, script({"": list(scores)})),
        algorithm=lambda tree: best_of_n(tree, BestOfNConfig()),
        guide=Table(scores),
        budget=Budget(4),
    )
    assert result.answer == "b\nAnswer: 1"
    assert [tokens for tokens, _ in result.history] == [1, 2]


def test_best_of_n_under_an_uninformed_guide_is_majority_vote(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    task, budget = SearchTask(source, slips), Budget(800)
    views = [problem.view for problem in problems]
    vote = get_agent("majority").run(views, task, budget=budget)
    best = get_agent("best_of_n:self_consistency").run(views, task, budget=budget)
    assert [result.answer for result in vote] == [result.answer for result in best]


def test_environment_feedback_picks_the_answer_that_passes(toy: Any, script: Any) -> None:
    def check(answer: str) -> Any:
        right = answer == "Answer: 2"
        return accept("2", method="toy") if right else reject(answer, method="toy", reason="wrong")

    source = toy(check)
    policy = script({"": ["Answer: 1", "Answer: 1", "Answer: 2"]})
    [result] = get_agent("best_of_n", samples=3).run(
        [source.problem("train", 0).view], SearchTask(source, policy), budget=Budget(100)
    )
    assert result.answer == "Answer: 2"
    assert result.stop is SearchStop.CERTAIN
    assert (result.tokens, result.guide_calls, result.verifier_calls) == (3, 2, 2)  # equal answers are checked once


@pytest.mark.parametrize("name", ["majority", "best_of_n", "beam"])
def test_without_temperature_one_pass_is_all_there_is(
    name: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    agent = get_agent(name, temperature=0.0)
    [result] = agent.run([problems[3].view], SearchTask(source, slips), budget=Budget(5000))
    assert result.stop in (SearchStop.DONE, SearchStop.CERTAIN)
    assert len(result.candidates) <= 16


def test_greedy_is_one_deterministic_answer(source: Generated, problems: list[Problem], slips: Policy) -> None:
    first, second = (
        get_agent("greedy").run([problems[0].view], SearchTask(source, slips, seed=seed), budget=Budget(500))[0]
        for seed in (0, 1)
    )
    assert first.answer == second.answer
    assert len(first.candidates) == 1
    assert first.stop is SearchStop.DONE


def test_search_answers_more_problems_than_greedy(source: Generated, problems: list[Problem], slips: Policy) -> None:
    def solved(name: str) -> int:
        results = get_agent(name).run(
            [problem.view for problem in problems], SearchTask(source, slips), budget=Budget(600)
        )
        return sum(
            result.answer is not None and source.rules_of(problem.view).verify(problem, result.answer).correct
            for result, problem in zip(results, problems, strict=True)
        )

    assert solved("greedy") + 3 <= min(solved("best_of_n"), solved("mcts"), solved("beam"))


def test_the_tree_type_is_shared_and_complete_when_handed_to_an_algorithm(toy: Any, script: Any) -> None:
    result, _ = plan(toy, script, tokens=8, widen=False)
    assert isinstance(result.tree, Tree)
    assert result.tree.best is not None
    assert result.tree.best.state.answer == result.answer
