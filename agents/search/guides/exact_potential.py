"""The exact value of a state as a guide: an oracle, the best that any judge of steps can do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.guides.core import outcome
from reasonrl.agents.search.node import Node


class ExactPotential:
    """Oracle: V*(s), the best outcome still reachable, where the family can compute it."""

    name = "exact_potential"
    oracle = True
    range = (0.0, 1.0)
    certain: float | None = None
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 1

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._value(node) for node in nodes])

    def _value(self, node: Node) -> float:
        judge, view = node.tree.judge, node.tree.view
        if not getattr(judge, "exact_potential", False):
            raise ValueError(f"the potential of {view.family} is a heuristic, not V*: choose another guide for it")
        verdict = judge.check_answer(view, node.state.answer) if node.finished else None
        return outcome(verdict) if verdict is not None else judge.potential(view, node.state.steps)
