"""The search tree that every algorithm grows. What learning takes from it: `agents.learning.harvest`.

merging  equal samples of one parent are one node with their count
closed   a finished leaf is backed up once and exhausted; a node is exhausted when it has had its quota of samples
         and all its children are; ties break by a seeded key, never by order
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from reasonrl.agents.policies.core import Finish, Proposal, Unit
from reasonrl.agents.search.node import Node, new_lines
from reasonrl.agents.search.selection import Ballot, ballot_of
from reasonrl.envs.core import Rules
from reasonrl.envs.mdp import State
from reasonrl.envs.seeding import digest


class Tree:
    """All that a search has seen of one problem."""

    def __init__(
        self,
        state: State,
        *,
        judge: Rules,
        seed: int = 0,
        low: float = 0.0,
        high: float = 1.0,
        guide: str | None = None,
        attempts: int = 1,
        max_tokens: int | None = None,
    ) -> None:
        """
        Args:
            state: of the root.
            judge: the rules of the problem.
            seed: of all that is sampled.
            low: the lower end of the guide's range.
            high: its upper end.
            guide: the name of the guide.
            attempts: how many answers may follow each other on one path.
            max_tokens: the policy's tokens on one path.
        """
        self.nodes: list[Node] = []
        """In the order of their first sample."""
        self.view = state.view
        self.judge = judge
        self.low, self.high = low, high
        self.guide = guide
        self.attempts = attempts
        self.max_tokens = max_tokens
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
        key = (unit, new_lines(parent.state, state), state.stop)
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

    def wave(
        self, most: int, rank: Callable[[Node], float], stop: Callable[[Node], bool] = lambda node: False
    ) -> list[Node]:
        """Up to `most` different nodes, each found by a descent, to be expanded together.

        While they are chosen, each one found counts as visited and lost, so that the next descent looks elsewhere
        (virtual loss, Chaslot et al. 2008). One that comes to the same place again makes the loss larger; after twice
        as many descents as nodes are wanted the wave is complete.
        """
        found: list[Node] = []
        visited: list[Node] = []
        try:
            while len(found) < most and len(visited) < 2 * most:
                leaf = self.descend(rank, lambda node: node not in found and stop(node))
                if leaf not in found:
                    found.append(leaf)
                visited.append(leaf)
                self._visit(leaf, 1)
        finally:
            for leaf in visited:
                self._visit(leaf, -1)
        return found

    def _visit(self, node: Node, visits: int) -> None:
        at: Node | None = node
        while at is not None:
            at.visits += visits
            at = at.parent

    def revisable(self, node: Node) -> bool:
        """Whether a finished node may be expanded: that draws another attempt, after the environment's "Try again"."""
        tried, count = node.state.attempt, node.state.count
        return node.finished and tried < self.attempts and (self.max_tokens is None or count < self.max_tokens)

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

    def resume(self, *, attempts: int, max_tokens: int | None) -> None:
        """Makes a tree ready for another search: what ended before it was backed up is closed; limits may be new."""
        self.attempts, self.max_tokens = attempts, max_tokens
        self.best = None
        for node in self.nodes:
            node.exhausted = node.exhausted or node.done

    def advance(self, action: str) -> Node:
        """Makes the root's child by this action the root, as after a move in a game; all else is forgotten.

        Raises:
            ValueError: the root has no unfinished child by this action.
        """
        child = next((each for each in self.root.children if each.action == action and not each.done), None)
        if child is None:
            said = ", ".join(repr(each.action) for each in self.root.children if not each.done) or "none"
            raise ValueError(f"the root has no unfinished child {action!r}: it has {said}")
        child.parent = None
        self.root = child
        inside, waiting = {child}, [child]
        while waiting:
            children = waiting.pop().children
            inside.update(children)
            waiting += children
        self.nodes = [node for node in self.nodes if node in inside]
        for index, node in enumerate(self.nodes):
            node.index = index
        self.votes = Counter()
        for node in self.nodes:
            if (name := ballot_of(node)) is not None:
                self.votes[name] += node.count
        self.best = self.best if self.best in inside else None
        return child

    def scaled(self, score: float) -> float:
        """A guide's score in [0, 1]."""
        return (score - self.low) / (self.high - self.low)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the problem, and the nodes in order, each with its parent's index (None for the root)."""
        return {
            "problem": self.view.id,
            "prompt": self.view.prompt,
            "best": None if self.best is None else self.best.index,
            "nodes": [node.to_json() for node in self.nodes],
        }
