"""What a guide is, and what its scores may be.

A guide scores nodes with finite numbers in its `range`, and says what that cost. An oracle knows more than a solver
may, and marks its results. The driver scores a node once, and gives nodes that ended for their length the lowest score
without asking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.node import Node
from reasonrl.verifiers.core import Verdict

NEUTRAL = 0.5
"""The score of what cannot be judged."""
NEEDED = ("name", "oracle", "range", "certain", "changes", "verifier_calls", "score")


class Scores(NamedTuple):
    """What a guide that costs tokens says of B nodes."""

    values: NDArray[np.float64]
    """[B]"""
    tokens: NDArray[np.int64]
    """[B] what it read and wrote for each: charged to the search as samples are."""


class Guide(Protocol):
    """Scores nodes.

    A guide that is made of others, or of a model, may name them in `parts`: their code counts as its own where results
    are told apart by the code that made them.
    """

    name: str
    oracle: bool
    """Whether it knows more than a solver may."""
    range: tuple[float, float]
    """No score lies outside it."""
    certain: float | None
    """A finished answer with this score needs no rival: search may stop. None: no score says so."""
    changes: bool
    """Whether a node's score changes as its tree grows; the driver then scores finished answers anew."""

    def verifier_calls(self, node: Node) -> int:
        """How many answers and steps scoring this node has checked."""
        ...

    def score(self, nodes: Sequence[Node]) -> Scores | NDArray[np.float64]:
        """[B] one score for each node, which may be of different problems; with what it cost, unless it is free.

        A score, and its cost, depend on the node and its tree alone, never on what else is in the batch. What a guide
        wants to remember of a node it keeps in `node.data`, under a name of its own.
        """
        ...


def as_scores(said: Scores | NDArray[np.float64]) -> Scores:
    """A bare array is free."""
    return said if isinstance(said, Scores) else Scores(said, np.zeros(len(said), np.int64))


def checked_scores(guide: Guide, nodes: Sequence[Node]) -> tuple[list[float], list[int]]:
    """The guide's scores of these nodes, and what each cost in tokens.

    Raises:
        ValueError: not one number in its range, and one cost of 0 or more, for each node.
    """
    said = as_scores(guide.score(nodes))
    scores: list[float] = said.values.tolist()
    tokens: list[int] = said.tokens.tolist()
    low, high = guide.range
    wrong = next((score for score in scores if not low <= score <= high), None)
    if len(scores) != len(nodes) or wrong is not None:
        what = f"the score {wrong}" if wrong is not None else f"{len(scores)} scores for {len(nodes)} nodes"
        raise ValueError(f"the guide {guide.name} gave {what}: it must give each node a number from {low} to {high}")
    if len(tokens) != len(nodes) or min(tokens, default=0) < 0:
        raise ValueError(f"the guide {guide.name} must say of each node how many tokens it took, got {tokens}")
    return scores, tokens


def parts_of(thing: Any) -> Iterator[Any]:
    """The guide, and all that it is made of; nothing for None."""
    if thing is not None:
        yield thing
    for part in getattr(thing, "parts", ()):
        yield from parts_of(part)


def outcome(verdict: Verdict) -> float:
    """A judge that failed says nothing about the answer."""
    if not verdict.judged:
        return NEUTRAL
    return 1.0 if verdict.correct else 0.0
