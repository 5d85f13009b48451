"""Agreement as a guide: how many of the finished answers say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.guides.core import NEUTRAL
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.selection import ballot_of


class SelfConsistency:
    """Internal guidance: the share of the tree's finished samples that give the same answer; 0.5 while unfinished."""

    name = "self_consistency"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None
    changes = True

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._share(node) for node in nodes])

    def _share(self, node: Node) -> float:
        votes, ballot = node.tree.votes, ballot_of(node)
        return NEUTRAL if ballot is None else votes[ballot] / max(1, votes.total())
