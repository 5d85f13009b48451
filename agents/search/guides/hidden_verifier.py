"""The verifier with the reference as a guide: an oracle, the best that any judge of finished answers can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.guides.core import NEUTRAL, outcome
from reasonrl.agents.search.node import Node
from reasonrl.envs.core import Problem, View


class HiddenVerifier:
    """Oracle: 1 for a right answer, 0 for a wrong one, by the verifier with the reference; 0.5 while unfinished."""

    name = "hidden_verifier"
    oracle = True
    range = (0.0, 1.0)
    certain: float | None = 1.0
    changes = False

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: dict[View, Problem] = {problem.view: problem for problem in problems}

    def verifier_calls(self, node: Node) -> int:
        return 1 if node.finished else 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._outcome(node) if node.finished else NEUTRAL for node in nodes])

    def _outcome(self, node: Node) -> float:
        problem = self.problems.get(node.tree.view)
        if problem is None:
            raise ValueError(f"the hidden verifier was not given {node.tree.view.id}: pass it all problems searched")
        return outcome(node.tree.judge.verify(problem, node.state.answer))
