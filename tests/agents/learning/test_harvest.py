"""What learning takes from a search tree: answers, and targets for policies, values and preferences."""

from __future__ import annotations

import pytest
from reasonrl.agents.learning.harvest import d_expert, d_search, step_preferences, value_targets, visit_targets
from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.mdp import State, Stop
from reasonrl.envs.registry import open_source


@pytest.fixture
def tree() -> Tree:
    """root -> a (mean 0.75, 2 visits), b (0.25, 1); a -> <answer> (scored 1.0, best), z (scored 0.5)."""
    source = open_source("chain_sum")
    view = source.problem("train", 3).view
    tree = Tree(State(view), judge=source.rules_of(view), seed=1)
    a, b = add(tree.root, "a"), add(tree.root, "b")
    end, z = add(a, "Answer: <1>", Stop.ANSWER), add(a, "z")
    end.score, z.score = 1.0, 0.5
    tree.backup(end, 1.0)
    tree.backup(a, 0.5)
    tree.backup(b, 0.25)
    tree.best = end
    return tree


def add(parent: Node, line: str, stop: Stop = Stop.RUNNING) -> Node:
    parent.drawn += 1
    parent.steps_drawn += 1
    state = parent.state._replace(steps=(*parent.state.steps, line), stop=stop)
    return parent.tree.add(parent, Proposal(line, -0.5, len(line), 1, Finish.STEP), Unit.STEP, state)


def test_visit_targets_are_shares_of_the_visited_children(tree: Tree) -> None:
    first = visit_targets(tree)[0]
    assert first.state == tree.root.state
    assert first.actions == ("a", "b")
    assert first.shares == (2 / 3, 1 / 3)


def test_value_targets_are_means_of_what_was_backed_up(tree: Tree) -> None:
    assert [(target.value, target.visits) for target in value_targets(tree)][1:] == [(0.75, 2), (0.25, 1), (1.0, 1)]


def test_step_preferences_pair_siblings(tree: Tree) -> None:
    pairs = [(pair.better, pair.worse, pair.margin) for pair in step_preferences(tree)]
    assert pairs == [("a", "b", 0.5), ("Answer: <1>", "z", 0.5)]
    assert step_preferences(tree, margin=0.5) == []


def test_solutions_for_learning_are_the_finished_answers(tree: Tree) -> None:
    assert [(solution.answer, solution.score) for solution in d_search(tree)] == [("a\nAnswer: <1>", 1.0)]
    assert d_expert(tree) == d_search(tree)[0]
