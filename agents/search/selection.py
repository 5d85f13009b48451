"""Which finished answer a search gives: `Select` says how the scores of its guide and the votes decide.

Without a guide all scores are equal, and whatever the rule, the choice is majority vote (self-consistency, arXiv
2203.11171). An answer without an answer line gives way to those with one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, cast

from reasonrl.envs.core import Rules, View
from reasonrl.verifiers.canonical import canonical_program, canonical_response

if TYPE_CHECKING:
    from reasonrl.agents.search.node import Node

BALLOT = "ballot"
"""Where a finished node's data keep what it votes for."""
STEP_SCORES = "step_scores"
"""Where a guide that scores line by line keeps the scores of all lines of a node's answer, a tuple of floats."""


class Ballot(NamedTuple):
    """What an answer votes for."""

    explicit: bool
    """Whether there was an answer line; an answer without one ranks below those with one."""
    text: str


Vote = Callable[[View, str], Ballot]
"""From a problem's view and a whole response to its ballot: equal answers must give equal ballots."""


def ballot(view: View, answer: str, judge: Rules | None = None) -> Ballot:
    """One ballot for what the judge takes for one answer, without the reference: see `Rules`.

    Where there is no answer, it is the text without comments and spare blanks.

    >>> ballot(None, "2+3=5\\nAnswer: 5.0") == ballot(None, "Answer: x = 5")
    True
    """
    canonical = getattr(judge, "canonical", None)
    spelling = canonical_response(answer) if canonical is None else canonical(view, answer)
    return Ballot(False, canonical_program(answer)) if spelling is None else Ballot(True, spelling)


def ballot_of(node: Node) -> Ballot | None:
    """What a finished node has voted for."""
    return node.data.get(BALLOT)


class Select(StrEnum):
    """How the answer is chosen."""

    SCORE = "score"
    """The answer with the highest score; among equals the one with most votes (best of n)."""
    VOTES = "votes"
    """The answer with most votes; among equals the one with the highest score."""
    WEIGHTED = "weighted"
    """The answer whose samples' scores, brought to [0, 1], add up to most (weighted majority, arXiv 2206.02336)."""
    LAST = "last"
    """As SCORE, where an answer's score is that of its last step."""
    MIN = "min"
    """As SCORE, where an answer's score is the lowest of its steps' (arXiv 2305.20050, appendix F)."""
    PRODUCT = "product"
    """As SCORE, where an answer's score is the product of its steps', each brought to [0, 1]."""


def step_scores(node: Node) -> Sequence[float]:
    """The scores of the steps that lead to a node, the answer's own last: its guide's, line by line, where it keeps
    them; else those of the scored nodes on its path."""
    kept = node.data.get(STEP_SCORES)
    if kept:
        return cast(Sequence[float], kept)
    found: list[float] = []
    at: Node | None = node
    while at is not None:
        if at.score is not None:
            found.append(at.score)
        at = at.parent
    return found[::-1]


class Selection:
    """The best answer so far, kept up as samples and scores come in."""

    def __init__(self, select: Select = Select.SCORE) -> None:
        self.select = select
        self.votes: Counter[Ballot] = Counter()
        self.best: Node | None = None
        self._worth = _WORTH.get(select, _own_score)
        self._weights: dict[Ballot, float] = {}
        self._leaders: dict[Ballot, Node] = {}
        self._unscored: Counter[Node] = Counter()
        """How many samples of a node came in before its score."""
        self._best_rank: tuple[float | bool, ...] | None = None

    def add(self, node: Node) -> None:
        """One more sample that ended in this finished node, which has voted. Unscored nodes rank below scored ones."""
        name = self._name(node)
        self.votes[name] += 1
        if node.score is None:
            self._unscored[node] += 1
        self._update(name, node, 1)

    def rescore(self, node: Node) -> None:
        """The node has its score now; nothing happens unless samples of it came in before."""
        samples = self._unscored.pop(node, 0)
        if samples:
            self._update(self._name(node), node, samples)

    def _update(self, name: Ballot, node: Node, samples: int) -> None:
        leader = self._leaders.setdefault(name, node)
        worth, best = self._worth(node), self._worth(leader)
        if worth > best:
            self._leaders[name], leader, best = node, node, worth
        # only this ballot's rank has changed, and only upwards
        rank: tuple[float | bool, ...]
        if self.select is Select.VOTES:
            rank = (name.explicit, bool(name.text), self.votes[name], best, leader.key)
        elif self.select is Select.WEIGHTED:
            share = 0.0 if node.score is None else node.tree.scaled(node.score)
            self._weights[name] = weight = self._weights.get(name, 0.0) + samples * share
            rank = (name.explicit, bool(name.text), weight, self.votes[name], leader.key)
        else:
            rank = (best, name.explicit, bool(name.text), self.votes[name], leader.key)
        if self._best_rank is None or rank > self._best_rank:
            self._best_rank, self.best = rank, leader

    def _name(self, node: Node) -> Ballot:
        name = ballot_of(node)
        if name is None:
            raise ValueError("only a finished node that has voted can be chosen")
        return name


def _own_score(node: Node) -> float:
    return -math.inf if node.score is None else node.score


def _last(node: Node) -> float:
    return -math.inf if node.score is None else step_scores(node)[-1]


def _lowest(node: Node) -> float:
    return -math.inf if node.score is None else min(step_scores(node))


def _product(node: Node) -> float:
    return -math.inf if node.score is None else math.prod(map(node.tree.scaled, step_scores(node)))


_WORTH: dict[Select, Callable[[Node], float]] = {
    Select.LAST: _last,
    Select.MIN: _lowest,
    Select.PRODUCT: _product,
}
