"""The search tree that every algorithm grows, and what learning takes from it.

node     a state and the action that led to it; equal samples of one parent are one node with their count
prior    count / samples drawn from the parent: a sampled action's frequency already stands for its probability, and
         weighting it by the policy's probability would count that twice
closed   a finished leaf is backed up once and exhausted; a node is exhausted when it has had its quota of samples
         and all its children are; ties break by a seeded key, never by order
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.selection import Ballot
from reasonrl.envs.core import Rules, View
from reasonrl.envs.mdp import State, Stop
from reasonrl.envs.seeding import digest


class Node:
    """One state in a tree. Plain attributes: searches make thousands."""

    __slots__ = (
        "action", "ballot", "children", "count", "drawn", "exhausted", "index", "key", "logprob", "merged", "parent",
        "path_logprob", "score", "state", "steps_drawn", "tokens", "tree", "unit", "validity", "value_sum", "visits",
    )  # fmt: skip

    def __init__(self, tree: Tree, parent: Node | None, proposal: Proposal, unit: Unit, state: State, key: int) -> None:
        self.tree = tree
        self.parent = parent
        self.index = len(tree.nodes)
        self.action = proposal.action
        self.logprob = proposal.logprob
        """Sum over the action's tokens of log p at the sampling temperature."""
        self.path_logprob: float = proposal.logprob + (parent.path_logprob if parent is not None else 0.0)
        self.tokens = proposal.tokens
        self.unit = unit
        """Which unit of proposal led here."""
        self.state = state
        self.key = key
        """Hash of seed, problem and path: seeds the samples drawn here and breaks ties."""
        self.count = 1
        self.drawn = 0
        """Samples drawn from here, of either unit."""
        self.steps_drawn = 0
        self.visits = 0
        self.value_sum = 0.0
        self.score: float | None = None
        """What the guide says; None before it was asked."""
        self.validity: float | None = None
        """Running worth of the steps so far, kept by the environment's feedback."""
        self.ballot: Ballot | None = None
        """What a finished answer votes for."""
        self.exhausted = False
        self.children: list[Node] = []
        self.merged: dict[tuple[Unit, tuple[str, ...], Stop], Node] = {}

    @property
    def done(self) -> bool:
        return self.state.done

    @property
    def finished(self) -> bool:
        """Ended with an answer, not for its length."""
        return self.state.stop in (Stop.ANSWER, Stop.END)

    @property
    def prior(self) -> float:
        """Share of the samples drawn from the parent (of the same unit) that said this."""
        parent = self.parent
        if parent is None:
            return 1.0
        return self.count / (parent.steps_drawn if self.unit is Unit.STEP else parent.drawn - parent.steps_drawn)

    @property
    def value(self) -> float:
        """Mean of the values backed up through here; 0 before the first."""
        return self.value_sum / self.visits if self.visits else 0.0

    @property
    def path(self) -> tuple[str, ...]:
        """Actions from the root."""
        actions: list[str] = []
        node: Node = self
        while node.parent is not None:
            actions.append(node.action)
            node = node.parent
        return tuple(reversed(actions))

    def __repr__(self) -> str:
        return f"Node({self.index}, {self.action!r}, count={self.count}, visits={self.visits}, score={self.score})"


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


class Tree:
    """All that a search has seen of one problem."""

    def __init__(self, state: State, *, judge: Rules, seed: int = 0, low: float = 0.0, high: float = 1.0) -> None:
        self.nodes: list[Node] = []
        """In the order of their first sample."""
        self.view = state.view
        self.judge = judge
        self.low, self.high = low, high
        """The guide's range."""
        self.quota = 1
        """Step samples that a node gets before it can be exhausted."""
        self.votes: Counter[Ballot] = Counter()
        self.certain = False
        """Whether some finished answer passed everything that its guide can check."""
        self.best: Node | None = None
        """The best answer so far."""
        nothing = Proposal("", 0.0, 0, 1, Finish.STEP)
        self.root = Node(self, None, nothing, Unit.STEP, state, digest("search", seed, self.view.id))
        self.nodes.append(self.root)

    def add(self, parent: Node, proposal: Proposal, unit: Unit, state: State) -> Node:
        """The child with this state: a new one, or the one that an equal sample made, its count raised."""
        key = (unit, state.steps[len(parent.state.steps) :], state.stop)
        node = parent.merged.get(key)
        if node is not None:
            node.count += 1
            return node
        node = Node(self, parent, proposal, unit, state, digest(parent.key, proposal.action))
        parent.merged[key] = node
        parent.children.append(node)
        self.nodes.append(node)
        return node

    def descend(self, rank: Callable[[Node], float], stop: Callable[[Node], bool] = lambda node: False) -> Node:
        """From the root along the best child that is not exhausted, to a node with none or one where to stop."""
        node = self.root
        while not stop(node):
            best: Node | None = None
            best_rank = (-math.inf, 0)
            for child in node.children:
                if not child.exhausted:
                    child_rank = (rank(child), child.key)
                    if best is None or child_rank > best_rank:
                        best, best_rank = child, child_rank
            if best is None:
                break
            node = best
        return node

    def backup(self, node: Node, value: float) -> None:
        """Counts a visit and its value in [0, 1] at the node and all above; a finished node is closed for good."""
        at: Node | None = node
        while at is not None:
            at.visits += 1
            at.value_sum += value
            at = at.parent
        if node.done:
            node.exhausted = True

    def close(self, node: Node) -> None:
        """Marks the node exhausted if nothing is left below it, and so upwards."""
        at: Node | None = node
        while at is not None and not at.exhausted:
            if not at.done and (at.steps_drawn < self.quota or not all(child.exhausted for child in at.children)):
                return
            at.exhausted = True
            at = at.parent

    def reopen(self, more: int) -> None:
        """Every unfinished node may draw `more` samples again: the tree widens."""
        self.quota += more
        for node in self.nodes:
            node.exhausted = node.done

    def scaled(self, score: float) -> float:
        """A guide's score in [0, 1]."""
        return (score - self.low) / (self.high - self.low)

    def d_search(self) -> list[Solution]:
        """Every finished answer: the data of policy gradients on search (roadmap, section 6)."""
        return [Solution(self.view, node.state.answer, node.score, node.count) for node in self.nodes if node.finished]

    def d_expert(self) -> Solution | None:
        """The best answer: the data of behaviour cloning."""
        best = self.best
        return None if best is None else Solution(self.view, best.state.answer, best.score, best.count)

    def visit_targets(self) -> list[VisitTarget]:
        targets = []
        for node in self.nodes:
            visited = [child for child in node.children if child.visits and child.unit is Unit.STEP]
            total = sum(child.visits for child in visited)
            if total:
                shares = tuple(child.visits / total for child in visited)
                targets.append(VisitTarget(node.state, tuple(child.action for child in visited), shares))
        return targets

    def value_targets(self) -> list[ValueTarget]:
        return [ValueTarget(node.state, node.value, node.visits) for node in self.nodes if node.visits]

    def step_preferences(self, *, margin: float = 0.0) -> list[Preference]:
        """Pairs of siblings whose worth (mean value where backed up, else the score) differs by more than `margin`."""
        pairs = []
        for node in self.nodes:
            rated = [(worth, child.action) for child in node.children if (worth := _worth(child)) is not None]
            for position, (value, action) in enumerate(rated):
                for other, other_action in rated[position + 1 :]:
                    if abs(value - other) > margin:
                        better, worse = (action, other_action) if value > other else (other_action, action)
                        pairs.append(Preference(node.state, better, worse, abs(value - other)))
        return pairs

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the problem, and the nodes in order, each with its parent's index (None for the root)."""
        return {
            "problem": self.view.id,
            "prompt": self.view.prompt,
            "best": None if self.best is None else self.best.index,
            "nodes": [_node_json(node) for node in self.nodes],
        }


def by_score(node: Node) -> tuple[float, float, int]:
    """What to go on with: by score, among equals what is sampled more often, then by the seeded key."""
    return (-math.inf if node.score is None else node.score, node.prior, node.key)


def _worth(node: Node) -> float | None:
    if node.visits:
        return node.value
    return None if node.score is None else node.tree.scaled(node.score)


def _node_json(node: Node) -> dict[str, Any]:
    return {
        "parent": None if node.parent is None else node.parent.index,
        "action": node.action,
        "lines": list(node.state.steps[len(node.parent.state.steps) :]) if node.parent is not None else [],
        "logprob": node.logprob if math.isfinite(node.logprob) else None,
        "tokens": node.tokens,
        "count": node.count,
        "prior": node.prior,
        "visits": node.visits,
        "value": node.value,
        "score": node.score,
        "stop": node.state.stop.value,
        "exhausted": node.exhausted,
    }
