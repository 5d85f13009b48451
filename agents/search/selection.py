"""Which finished answer a search gives: the best by score, and among equals the one with most votes.

Without a guide all scores are equal, and the choice is majority vote (self-consistency, arXiv 2203.11171).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from reasonrl.envs.core import Rules, View
from reasonrl.verifiers.canonical import canonical_program, canonical_response

if TYPE_CHECKING:
    from reasonrl.agents.search.tree import Node


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


class Selection:
    """The best answer so far, kept up as samples come in; constant work for each."""

    def __init__(self) -> None:
        self.votes: Counter[Ballot] = Counter()
        self.best: Node | None = None
        self._leaders: dict[Ballot, Node] = {}
        self._best_rank: tuple[float, bool, bool, int, int] | None = None

    def add(self, node: Node) -> None:
        """One more sample that ended in this finished node, which has voted. Unscored nodes rank below scored ones."""
        name = node.ballot
        if name is None:
            raise ValueError("only a finished node that has voted can be chosen")
        self.votes[name] += 1
        leader = self._leaders.setdefault(name, node)
        if _worth(node) > _worth(leader):
            self._leaders[name] = leader = node
        # only this ballot's rank has changed, and only upwards
        rank = (_worth(leader), name.explicit, bool(name.text), self.votes[name], leader.key)
        if self._best_rank is None or rank > self._best_rank:
            self._best_rank, self.best = rank, leader


def _worth(node: Node) -> float:
    return -math.inf if node.score is None else node.score
