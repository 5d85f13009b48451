"""Monte Carlo tree search over steps: select by PUCT, expand, evaluate, back up (AlphaZero's rule, Science 362, 2018).

    select     from the root, the child with the largest Q + c_puct * prior * sqrt(N parent) / (1 + N)
    expand     sample continuations; the prior of a child is its share of the samples
    evaluate   the guide's score of each new child, or of one whole answer sampled from it (rollout)
    back up    add the value, in [0, 1], to all nodes above

A finished leaf is backed up once. When every branch is finished the tree widens: each node is sampled afresh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Score, Search
from reasonrl.agents.search.tree import Node, Tree


@dataclass(frozen=True)
class MCTSConfig:
    branch: int = 4
    """Continuations sampled when a node is expanded."""
    c_puct: float = 1.0
    """How much exploration counts against the mean value, which lies in [0, 1]."""
    temperature: float = 1.0
    """Of the samples; 0 never widens."""
    rollout: bool = False
    """Evaluate a node by sampling one whole answer from it, rather than by the guide's score of the node itself."""
    widen: bool = True
    """When every branch is finished, sample each node again rather than stop."""
    stop_at_certain: bool = True
    """Stop once an answer passes everything that the guide can check."""


def mcts(tree: Tree, config: MCTSConfig) -> Search:
    tree.quota = config.branch
    while not tree.root.exhausted:
        leaf = tree.descend(lambda child: puct(child, config.c_puct))
        children = yield Expand([leaf], config.branch, Unit.STEP, config.temperature)
        fresh = [child for child in children if not child.visits]
        if config.rollout:
            open_ = [child for child in fresh if not child.done]
            yield Score([child for child in fresh if child.done])
            ends = yield Expand(open_, 1, Unit.SOLUTION, config.temperature)
            fresh = [child for child in fresh if child.done] + [end for end in ends if not end.visits]
        yield Score(fresh)
        for child in fresh:
            tree.backup(child, tree.scaled(child.score or 0.0))
        tree.close(leaf)
        if config.stop_at_certain and tree.certain:
            return
        if tree.root.exhausted and config.widen and config.temperature:
            tree.reopen(config.branch)


def puct(child: Node, c_puct: float) -> float:
    """Q + c_puct * prior * sqrt(N of the parent) / (1 + N of the child)."""
    parent_visits = child.parent.visits if child.parent is not None else 0
    return child.value + c_puct * child.prior * math.sqrt(parent_visits) / (1 + child.visits)
