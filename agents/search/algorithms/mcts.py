"""Monte Carlo tree search over steps: select by PUCT, expand, evaluate, back up (AlphaZero's rule, Science 362, 2018).

    select     from the root, the child with the largest Q + c_puct * prior * sqrt(N parent) / (1 + N)
    expand     sample continuations; the prior of a child is its share of the samples
    evaluate   the guide scores the new children; from the best of them one whole answer is sampled and scored too
    back up    each score, in [0, 1], is added to its node and all nodes above

A finished leaf is backed up once. Few samples may miss the right step, so the tree widens: a node is sampled again as
its visits grow (progressive widening, Coulom 2007), and when every branch is finished.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.core import Expand, Score, Search
from reasonrl.agents.search.node import Node, best_of_each
from reasonrl.agents.search.tree import Tree

_WIDENING = 0.7
"""Samples at a node grow with this power of its visits."""


@dataclass(frozen=True)
class MCTSConfig:
    branch: int = 2
    """Continuations sampled when a node is expanded."""
    c_puct: float = 1.0
    """How much exploration counts against the mean value, which lies in [0, 1]."""
    temperature: float = 1.0
    """Of the samples; 0 never widens."""
    rollout: bool = True
    """Whether to sample a whole answer from the best new child, so that answers are there from the start."""
    widen: bool = True
    """Sample a node again as its visits grow, and when every branch is finished; otherwise the search then stops."""
    leaves: int = 1
    """Nodes expanded at once: more of them make larger batches, and choose each with less knowledge (virtual loss)."""
    stop_at_certain: bool = True
    """Stop once an answer passes everything that the guide can check."""


def mcts(tree: Tree, config: MCTSConfig) -> Search:
    tree.quota = max(tree.quota, config.branch)
    widens = config.widen and config.temperature > 0
    while widens or not tree.root.exhausted:
        if tree.root.exhausted:
            tree.reopen(config.branch)
        leaves = tree.wave(
            config.leaves,
            lambda child: puct(child, config.c_puct),
            lambda node: widens and node.steps_drawn < allowance(node, config),
        )
        children = yield Expand(leaves, config.branch, Unit.STEP, config.temperature)
        fresh = [child for child in children if not child.visits]
        yield Score(fresh)
        starts = best_of_each(fresh) if config.rollout and not (config.stop_at_certain and tree.certain) else []
        if starts:
            answers = yield Expand(starts, 1, Unit.SOLUTION, config.temperature)
            yield Score(answers)
            fresh += answers
        for node in fresh:
            tree.backup(node, tree.scaled(node.score or 0.0))
        for leaf in leaves:
            tree.close(leaf)
        if config.stop_at_certain and tree.certain:
            return


def puct(child: Node, c_puct: float) -> float:
    """Q + c_puct * prior * sqrt(N of the parent) / (1 + N of the child)."""
    parent_visits = child.parent.visits if child.parent is not None else 0
    return child.value + c_puct * child.prior * math.sqrt(parent_visits) / (1 + child.visits)


def allowance(node: Node, config: MCTSConfig) -> int:
    """Step samples that a node may have had: branch * (N / branch) ** 0.7."""
    return int(config.branch * (node.visits / config.branch) ** _WIDENING)
