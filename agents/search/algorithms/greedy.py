"""Greedy: one answer, the most probable token at every place (or one sample, with a temperature)."""

from __future__ import annotations

from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Search
from reasonrl.agents.search.tree import Tree


@dataclass(frozen=True)
class GreedyConfig:
    temperature: float = 0.0
    """0 takes the most probable token; above it, one sample."""


def greedy(tree: Tree, config: GreedyConfig) -> Search:
    yield Expand([tree.root], 1, Unit.SOLUTION, config.temperature)
