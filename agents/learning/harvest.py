"""What learning takes from search trees: answers, and targets for policies, values and preferences.

As the survey names them (arXiv 2412.14135, section 6): `d_search` for policy gradients on what
the search said, `d_expert` for behaviour cloning of the best of it.
"""

from __future__ import annotations

from typing import NamedTuple

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import View
from reasonrl.envs.mdp import State


class Solution(NamedTuple):
    """A finished answer."""

    view: View
    answer: str
    score: float | None
    samples: int
    """How often it was said."""


class VisitTarget(NamedTuple):
    """What a policy should learn at a state: the visit shares of its actions (sum 1)."""

    state: State
    actions: tuple[str, ...]
    shares: tuple[float, ...]


class ValueTarget(NamedTuple):
    """What a value function should learn: the mean value backed up, and how many times."""

    state: State
    value: float
    visits: int


class Preference(NamedTuple):
    """One of two siblings is better, by this margin."""

    state: State
    better: str
    worse: str
    margin: float


def d_search(tree: Tree) -> list[Solution]:
    """Every finished answer: the data of policy gradients on search (roadmap, section 6)."""
    return [Solution(tree.view, node.state.answer, node.score, node.count) for node in tree.nodes if node.finished]


def d_expert(tree: Tree) -> Solution | None:
    """The best answer: the data of behaviour cloning."""
    best = tree.best
    return None if best is None else Solution(tree.view, best.state.answer, best.score, best.count)


def visit_targets(tree: Tree) -> list[VisitTarget]:
    targets = []
    for node in tree.nodes:
        visited = [child for child in node.children if child.visits and child.unit is Unit.STEP]
        total = sum(child.visits for child in visited)
        if total:
            shares = tuple(child.visits / total for child in visited)
            targets.append(VisitTarget(node.state, tuple(child.action for child in visited), shares))
    return targets


def value_targets(tree: Tree) -> list[ValueTarget]:
    return [ValueTarget(node.state, node.value, node.visits) for node in tree.nodes if node.visits]


def step_preferences(tree: Tree, *, margin: float = 0.0) -> list[Preference]:
    """Pairs of siblings whose worth (mean value where backed up, else the score) differs by more than `margin`."""
    pairs = []
    for node in tree.nodes:
        rated = [(worth, child.action) for child in node.children if (worth := _worth(child)) is not None]
        for position, (value, action) in enumerate(rated):
            for other, other_action in rated[position + 1 :]:
                if abs(value - other) > margin:
                    better, worse = (action, other_action) if value > other else (other_action, action)
                    pairs.append(Preference(node.state, better, worse, abs(value - other)))
    return pairs


def _worth(node: Node) -> float | None:
    if node.visits:
        return node.value
    return None if node.score is None else node.tree.scaled(node.score)
