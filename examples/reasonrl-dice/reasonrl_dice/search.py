"""Agree: sample answers one after the other until enough of them agree, so that easy problems cost little.

Adaptive consistency (arXiv 2305.11860), with a fixed majority in the place of its stopping rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Search
from reasonrl.agents.search.selection import ballot_of
from reasonrl.agents.search.tree import Tree


@dataclass(frozen=True)
class AgreeConfig:
    enough: int = 3
    """Equal answers after which the search stops."""
    temperature: float = 1.0
    """Of the samples; above 0, or all of them would be one."""


def agree(tree: Tree, config: AgreeConfig) -> Search:
    """Sample answers until enough of them agree."""
    votes: Counter[object] = Counter()
    while max(votes.values(), default=0) < config.enough:
        for node in (yield Expand([tree.root], 1, Unit.SOLUTION, config.temperature)):
            if node.finished:
                votes[ballot_of(node)] += 1
