"""The environment as a guide: do the steps hold, does the answer pass what can be checked without the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.guides.core import NEUTRAL, outcome
from reasonrl.agents.search.node import Node
from reasonrl.verifiers.core import StepVerdict

VALIDITY = "validity"
"""Where a node's data keep the running worth of the steps so far."""
_USEFUL_GAIN = 0.15
_CEILING = 0.9
_REDUNDANT = 0.9
_INVALID = 0.4


class EnvironmentFeedback:
    """External guidance from the environment's own rules.

    A finished answer: 1 if it passes everything that can be checked without the reference, 0 if it fails, 0.5 if
    nothing can be checked. An unfinished one starts at 0.5; a useful step moves it 15 % of the way to 0.9, a redundant
    one keeps 90 % of it, an invalid or unreadable one 40 %. So progress counts a little, and an error a lot without
    being final, because a later line can correct it. Another attempt starts anew.
    """

    name = "feedback"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = 1.0
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 1 if node.finished else len(node.state.steps) - _judged(node)[1]

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._answer(node) if node.finished else self._validity(node) for node in nodes])

    def _answer(self, node: Node) -> float:
        verdict = node.tree.judge.check_answer(node.tree.view, node.state.answer)
        return NEUTRAL if verdict is None else outcome(verdict)

    def _validity(self, node: Node) -> float:
        value, judged = _judged(node)
        steps = node.state.steps
        for position in range(judged, len(steps)):
            verdict = node.tree.judge.check_step(node.tree.view, steps[:position], steps[position])
            if verdict is StepVerdict.USEFUL:
                value += _USEFUL_GAIN * max(0.0, _CEILING - value)
            elif verdict is not None:  # of None nothing is known: it counts neither way
                value *= _REDUNDANT if verdict is StepVerdict.REDUNDANT else _INVALID
        node.data[VALIDITY] = value  # its children go on from here
        return value


def _judged(node: Node) -> tuple[float, int]:
    """The worth of the steps that are judged already, and their number: those of the nearest judged node above.

    Without one the search starts at its root, whose steps, if it has any, count as given.
    """
    at = node
    while at.parent is not None:
        if len(at.parent.state.turns) < len(node.state.turns):
            return NEUTRAL, 0
        at = at.parent
        if VALIDITY in at.data:
            return at.data[VALIDITY], len(at.state.steps)
    return NEUTRAL, len(at.state.steps)
