"""How a tree is walked, closed and shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Policy, Proposal, Unit
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchTask
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.selection import BALLOT, ballot
from reasonrl.agents.search.tree import Tree
from reasonrl.agents.search.viewer import to_html
from reasonrl.envs.core import Problem
from reasonrl.envs.mdp import State, Stop
from reasonrl.envs.sources import Generated


@pytest.fixture
def tree(toy: Any) -> Tree:
    """root -> a (mean 0.75, 2 visits), b (0.25, 1); a -> <answer> (scored 1.0, best), z (scored 0.5)."""
    source = toy()
    tree = Tree(State(source.problem("train", 3).view), judge=source, seed=1)
    a, b = add(tree.root, "a"), add(tree.root, "b")
    end, z = add(a, "Answer: <1>", Stop.ANSWER), add(a, "z")
    end.score, z.score, end.data[BALLOT] = 1.0, 0.5, ballot(tree.view, "a\nAnswer: <1>")
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


def test_backup_counts_a_visit_at_every_ancestor(tree: Tree) -> None:
    assert [(node.visits, node.value) for node in tree.nodes] == [
        (3, pytest.approx(1.75 / 3)),
        (2, 0.75),
        (1, 0.25),
        (1, 1.0),
        (0, 0.0),
    ]


def test_a_finished_leaf_is_exhausted_at_once_and_its_parent_when_nothing_is_left(tree: Tree) -> None:
    root, a, b, end, z = tree.nodes
    assert end.exhausted
    tree.close(a)
    assert not a.exhausted
    z.exhausted = True
    tree.quota = 3
    tree.close(a)
    assert not a.exhausted  # it may still draw a third sample
    tree.quota = 2
    tree.close(a)
    assert a.exhausted
    assert not root.exhausted
    b.exhausted = True
    tree.close(root)
    assert root.exhausted


def test_closing_spreads_upwards_and_reopening_spares_finished_leaves(tree: Tree) -> None:
    root, a, b, _, z = tree.nodes
    b.exhausted = z.exhausted = True
    tree.close(a)
    assert root.exhausted
    tree.reopen(2)
    assert [node.exhausted for node in tree.nodes] == [False, False, False, True, False]
    assert tree.quota == 3


def test_descend_takes_the_best_open_child_and_breaks_ties_by_key(tree: Tree) -> None:
    _, a, b, _, z = tree.nodes
    assert tree.descend(lambda node: node.value) is z  # a leads, and its finished child is closed
    a.exhausted = True
    assert tree.descend(lambda node: node.value) is b
    a.exhausted = False
    assert tree.descend(lambda node: 0.0) is (z if a.key > b.key else b)


def test_keys_depend_on_the_seed_and_the_path_alone(tree: Tree, toy: Any) -> None:
    source = toy()
    other = Tree(State(source.problem("train", 3).view), judge=source, seed=1)
    add(other.root, "b")
    assert add(other.root, "a").key == tree.nodes[1].key
    assert Tree(tree.root.state, judge=source, seed=2).root.key != tree.root.key


def test_a_tree_turns_into_json_and_back(source: Generated, problems: list[Problem], slips: Policy) -> None:
    for name in ("majority", "mcts"):
        [result] = get_agent(name).run([problems[3].view], SearchTask(source, slips, max_tokens=40), budget=Budget(300))
        data = result.tree.to_json()
        assert json.loads(json.dumps(data, allow_nan=False)) == data
        assert len(data["nodes"]) == len(result.tree.nodes)
        assert all(node["parent"] is None or node["parent"] < index for index, node in enumerate(data["nodes"]))


def test_the_viewer_escapes_text_and_marks_the_chosen_path(tree: Tree) -> None:
    page = to_html(tree)
    assert "Answer: &lt;1&gt;" in page
    assert "<1>" not in page
    assert page.count(" open>") == 2  # the root and a
    assert page.count("<details") == page.count("</details>") == 2
    assert page.count('<div class="leaf') == 3
    assert to_html(tree.to_json()) == page


def test_the_viewer_hides_what_is_past_its_limit_but_never_the_chosen_path(tree: Tree) -> None:
    page = to_html(tree, limit=1)
    assert "Answer: &lt;1&gt;" in page
    assert "<pre>b</pre>" not in page
    assert page.count("1 more") == 2


def test_a_wave_finds_different_leaves_and_leaves_no_trace(tree: Tree) -> None:
    root, a, b, _, z = tree.nodes
    before = [(node.visits, node.value_sum) for node in tree.nodes]

    def rank(node: Node) -> float:
        return node.value  # a leads by .75 against .25; each descent to z is a lost visit of a: .5, .375, .3, .25, .21

    assert tree.wave(1, rank) == [z] == [tree.descend(rank)]
    assert tree.wave(2, rank) == [z]  # of four descents all come to z: the wave is complete
    assert tree.wave(4, rank) == [z, b]  # of eight one comes to b
    assert tree.wave(2, rank, lambda node: node is a) == [a, z]  # where to stop is passed once it is in the wave
    z.exhausted = a.exhausted = False
    assert tree.wave(2, lambda node: -node.visits) == [b, z]  # b has one visit, and two once it is picked
    assert [(node.visits, node.value_sum) for node in tree.nodes] == before
    assert root.visits == 3


def test_a_tree_moves_on_to_a_child_and_forgets_the_rest(tree: Tree) -> None:
    _, a, b, end, z = tree.nodes
    tree.votes[end.data[BALLOT]] += 1
    with pytest.raises(ValueError, match="no unfinished child 'c': it has 'a', 'b'"):
        tree.advance("c")
    assert tree.advance("a") is a
    assert (tree.root, tree.nodes, a.parent, a.prior) == (a, [a, end, z], None, 1.0)
    assert [node.index for node in tree.nodes] == [0, 1, 2]
    assert (tree.best, tree.votes.total()) == (end, 1)
    assert z.path == ("z",)
    assert to_html(tree)
    with pytest.raises(ValueError, match="it has 'z'"):
        tree.advance("Answer: <1>")
    tree.advance("z")
    assert (tree.best, tree.votes.total(), b in tree.nodes) == (None, 0, False)
