"""A node of a search tree: a state and the action that led to it.

prior    count / samples drawn from the parent: a sampled action's frequency already stands for its probability, and
         weighting it by the policy's probability would count that twice
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from reasonrl.agents.policies.core import Proposal, Unit
from reasonrl.envs.core import Rules, View
from reasonrl.envs.mdp import State, Stop


class Grown(Protocol):
    """What a node, and whoever scores it, needs of the tree that it stands in (`tree.Tree`)."""

    nodes: list[Node]
    view: View
    judge: Rules
    votes: Counter[Any]

    def scaled(self, score: float) -> float: ...
    def add(self, parent: Node, proposal: Proposal, unit: Unit, state: State) -> Node: ...


class Node:
    """One state in a tree. Plain attributes: searches make thousands."""

    __slots__ = (
        "action", "children", "count", "data", "drawn", "exhausted", "index", "key", "logprob", "merged", "parent",
        "path_logprob", "score", "state", "steps_drawn", "tokens", "tree", "unit", "value_sum", "visits",
    )  # fmt: skip

    def __init__(
        self, tree: Grown, parent: Node | None, proposal: Proposal, unit: Unit, state: State, key: int
    ) -> None:
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
        self.data: dict[str, Any] = {}
        """What others keep here, each under a name of its own: a guide's running worth, a finished answer's ballot."""
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

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, with the parent's index (None for the root)."""
        return {
            "parent": None if self.parent is None else self.parent.index,
            "action": self.action,
            "lines": list(new_lines(self.parent.state, self.state)) if self.parent is not None else [],
            "logprob": self.logprob if math.isfinite(self.logprob) else None,
            "tokens": self.tokens,
            "count": self.count,
            "prior": self.prior,
            "visits": self.visits,
            "value": self.value,
            "score": self.score,
            "stop": self.state.stop.value,
            "exhausted": self.exhausted,
        }


def new_lines(before: State, after: State) -> tuple[str, ...]:
    """The lines that an action added; all of them where it began another attempt."""
    return after.steps[len(before.steps) :] if len(after.turns) == len(before.turns) else after.steps


def by_score(node: Node) -> tuple[float, float, int]:
    """What to go on with: by score, among equals what is sampled more often, then by the seeded key."""
    return (-math.inf if node.score is None else node.score, node.prior, node.key)


def best_of_each(children: Sequence[Node]) -> list[Node]:
    """Of each parent's unfinished children the best."""
    best: dict[Node | None, Node] = {}
    for child in children:
        if not child.done and (child.parent not in best or by_score(child) > by_score(best[child.parent])):
            best[child.parent] = child
    return list(best.values())
