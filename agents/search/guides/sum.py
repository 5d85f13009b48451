"""Several guides as one: "feedback+logprob"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from reasonrl.agents.search.guides.core import Guide, Scores, as_scores
from reasonrl.agents.search.node import Node


class Sum:
    """A weighted mean of guides, each brought to [0, 1]; it costs what they cost together."""

    range = (0.0, 1.0)
    certain: float | None = None

    def __init__(self, guides: Sequence[Guide], weights: Sequence[float] | None = None) -> None:
        weights = [1.0] * len(guides) if weights is None else list(weights)
        if not guides or len(weights) != len(guides) or min(weights) <= 0.0:
            raise ValueError(
                f"a sum needs a weight above 0 for each guide, got {len(guides)} guides, weights {weights}"
            )
        self.parts = tuple(guides)
        self.shares = tuple(weight / sum(weights) for weight in weights)
        self.name = "+".join(guide.name for guide in guides)
        self.oracle = any(guide.oracle for guide in guides)
        self.changes = any(guide.changes for guide in guides)

    def verifier_calls(self, node: Node) -> int:
        return sum(guide.verifier_calls(node) for guide in self.parts)

    def score(self, nodes: Sequence[Node]) -> Scores:
        total, tokens = np.zeros(len(nodes)), np.zeros(len(nodes), np.int64)
        for guide, share in zip(self.parts, self.shares, strict=True):
            said = as_scores(guide.score(nodes))
            low, high = guide.range
            total += share * (said.values - low) / (high - low)
            tokens += said.tokens
        return Scores(np.clip(total, 0.0, 1.0), tokens)  # shares add up to 1 only to the last bit
