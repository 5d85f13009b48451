"""Spread: the more dice of the problem an answer has added, the better, right or wrong."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.node import Node


class Spread:
    name = "spread"
    oracle = False
    range = (0.0, 1.0)
    certain = None
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([_added(node) for node in nodes])


def _added(node: Node) -> float:
    """Share of the dice that some line adds; half where the problem has no list of dice."""
    dice = node.tree.view.public.get("dice", ())
    lines = sum("+" in step for step in node.state.steps)
    return min(1.0, (1 + lines) / len(dice)) if dice else 0.5
