"""Majority vote: sample whole answers, give the one that most of them agree on (self-consistency, arXiv 2203.11171).

The driver keeps the count: without a guide its choice is the majority's (see `selection`).
"""

from __future__ import annotations

from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Search
from reasonrl.agents.search.tree import Tree


@dataclass(frozen=True)
class MajorityConfig:
    samples: int = 8
    """Answers drawn at a time, until the budget is spent."""
    temperature: float = 1.0
    """Of the samples; 0 draws one and stops."""


def majority(tree: Tree, config: MajorityConfig) -> Search:
    while True:
        n = config.samples if config.temperature else 1
        yield Expand([tree.root], n, Unit.SOLUTION, config.temperature)
        if not config.temperature:
            return
