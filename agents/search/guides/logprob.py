"""The policy's own confidence as a guide: the mean log-probability of its tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.node import Node


class PolicyLogprob:
    """Internal guidance: exp of the mean log-probability per token of everything said, in [0, 1]."""

    name = "logprob"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([math.exp(min(0.0, node.path_logprob / max(1, node.state.count))) for node in nodes])
