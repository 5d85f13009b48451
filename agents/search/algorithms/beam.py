"""Beam search over steps: sample continuations of the kept nodes, score them, keep the best few (arXiv 2408.03314).

A finished answer among the best takes its place in the beam. When all places are taken, or nothing can be continued,
the beam starts again at the root with fresh samples, until the budget is spent.
"""

from __future__ import annotations

from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Score, Search
from reasonrl.agents.search.node import by_score
from reasonrl.agents.search.tree import Tree


@dataclass(frozen=True)
class BeamConfig:
    width: int = 2
    """Nodes that are kept after each step."""
    branch: int = 2
    """Continuations sampled at each kept node; at the root, width times as many."""
    temperature: float = 1.0
    """Of the samples; 0 makes one pass."""
    stop_at_certain: bool = True
    """Stop once an answer passes everything that the guide can check."""


def beam(tree: Tree, config: BeamConfig) -> Search:
    while True:
        kept, places = [tree.root], config.width
        while kept:
            n = config.branch * (config.width if kept == [tree.root] else 1)
            children = yield Expand(kept, n, Unit.STEP, config.temperature)
            yield Score(children)
            if config.stop_at_certain and tree.certain:
                return
            best = sorted(children, key=by_score, reverse=True)[:places]
            kept = [node for node in best if not node.done]
            places -= len(best) - len(kept)
        if not config.temperature:
            return
