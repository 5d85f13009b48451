"""Best of n: sample whole answers until the budget is spent, give the one that the guide scores highest.

Ties go to the answer with most votes, so a guide that cannot tell leaves majority vote.
"""

from __future__ import annotations

from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Score, Search
from reasonrl.agents.search.tree import Tree


@dataclass(frozen=True)
class BestOfNConfig:
    samples: int = 4
    """Answers drawn at a time, until the budget is spent."""
    temperature: float = 1.0
    """Of the samples; 0 draws one and stops."""
    stop_at_certain: bool = True
    """Stop once an answer passes everything that the guide can check."""


def best_of_n(tree: Tree, config: BestOfNConfig) -> Search:
    while True:
        n = config.samples if config.temperature else 1
        answers = yield Expand([tree.root], n, Unit.SOLUTION, config.temperature)
        yield Score(answers)
        if not config.temperature or (config.stop_at_certain and tree.certain):
            return
