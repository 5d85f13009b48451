"""Each way to choose an answer, on one tree that is small enough to work out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.selection import BALLOT, STEP_SCORES, Select, Selection, ballot, step_scores
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.mdp import State, Stop

# path                 score of each step    said   min   product   last
# a / Answer: 1        .9 .5                 1      .5    .45       .5
# b / Answer: 2        .2 .8                 2      .2    .16       .8
# c / d / Answer: 3    .7 .7 .6              1      .6    .294      .6
# Answer: 3            .55                   1      .55   .55       .55
LEAVES = {
    ("a", "Answer: 1"): ((0.9, 0.5), 1),
    ("b", "Answer: 2"): ((0.2, 0.8), 2),
    ("c", "d", "Answer: 3"): ((0.7, 0.7, 0.6), 1),
    ("Answer: 3",): ((0.55,), 1),
}


def leaves(toy: Any, scale: float = 1.0) -> list[Node]:
    """Every finished sample, in order; scores lie from 0 to `scale`."""
    source = toy()
    tree = Tree(State(source.problem("train", 0).view), judge=source, high=scale)
    found: list[Node] = []
    for path, (scores, samples) in LEAVES.items():
        at = tree.root
        for line, score in zip(path, scores, strict=True):
            stop = Stop.ANSWER if line.startswith("Answer") else Stop.RUNNING
            state = at.state._replace(steps=(*at.state.steps, line), stop=stop)
            at = tree.add(at, Proposal(line, 0.0, 1, 1, Finish.STEP), Unit.STEP, state)
            at.score = score * scale
        at.data[BALLOT] = ballot(tree.view, at.state.answer)
        found += [at] * samples
    return found


@pytest.mark.parametrize(
    ("select", "answer"),
    [
        (Select.SCORE, "b\nAnswer: 2"),  # .8
        (Select.VOTES, "b\nAnswer: 2"),  # two samples each say 2 and 3; of these the better scored one leads
        (Select.WEIGHTED, "b\nAnswer: 2"),  # .8 + .8 against .6 + .55 and .5
        (Select.LAST, "b\nAnswer: 2"),  # .8
        (Select.MIN, "c\nd\nAnswer: 3"),  # .6
        (Select.PRODUCT, "Answer: 3"),  # .55
    ],
)
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_each_way_to_choose_follows_the_hand_computation(select: Select, answer: str, scale: float, toy: Any) -> None:
    choice = Selection(select)
    for node in leaves(toy, scale):
        choice.add(node)
    assert choice.best is not None
    assert choice.best.state.answer == answer


def test_votes_count_before_scores_and_weights_before_votes(toy: Any) -> None:
    one, two, _, long, short = leaves(toy)
    assert (one.score, two.score, long.score, short.score) == (0.5, 0.8, 0.6, 0.55)
    for select, answer in ((Select.SCORE, two), (Select.VOTES, long), (Select.WEIGHTED, long)):
        choice = Selection(select)
        for node in (two, long, short):  # .8 once, .6 + .55
            choice.add(node)
        assert choice.best is answer
    weighted, votes = Selection(Select.WEIGHTED), Selection(Select.VOTES)
    for node in (two, one, one):  # .8 once, .5 twice
        weighted.add(node)
        votes.add(node)
    assert weighted.best is votes.best is one
    one.score = 0.3
    weighted = Selection(Select.WEIGHTED)
    for node in (two, one, one):
        weighted.add(node)
    assert weighted.best is two  # .8 against .6


@pytest.mark.parametrize("select", list(Select))
def test_scores_that_come_late_choose_as_if_they_had_been_there(select: Select, toy: Any) -> None:
    early, late = Selection(select), Selection(select)
    nodes = leaves(toy)
    for node in nodes:
        early.add(node)
    scores = {node: node.score for node in nodes}
    for node in nodes:
        node.score = None
        late.add(node)
    for node, score in scores.items():
        node.score = score
        late.rescore(node)
        late.rescore(node)  # once is enough
    assert late.best is early.best


def test_a_guide_that_scores_line_by_line_says_what_the_steps_are_worth(toy: Any) -> None:
    leaf = leaves(toy)[0]
    assert step_scores(leaf) == [0.9, 0.5]
    leaf.data[STEP_SCORES] = (0.1, 0.2, 0.3)
    assert step_scores(leaf) == (0.1, 0.2, 0.3)
    leaf.data[STEP_SCORES] = ()
    assert step_scores(leaf) == [0.9, 0.5]


@pytest.mark.parametrize("select", list(Select))
def test_without_scores_every_way_is_majority_vote_and_an_answer_line_counts_more(select: Select, toy: Any) -> None:
    choice = Selection(select)
    nodes = leaves(toy)
    for node in nodes:
        node.score = None
    nodes[0].data[BALLOT] = ballot(nodes[0].tree.view, "no answer line")
    for node in (nodes[0], nodes[0], nodes[0], nodes[1], nodes[3], nodes[4]):
        choice.add(node)
    assert choice.best is nodes[3]
