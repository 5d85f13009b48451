"""What searches ask for and what they give back.

An algorithm is a generator over a tree. It yields `Expand` (the reply is the nodes that the samples reached) and
`Score` (afterwards the nodes have scores), and returns when nothing is left to do. It takes no care of budgets: at the
limit the driver closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.budget import SearchStop
from reasonrl.agents.search.tree import Node, Tree


class Expand(NamedTuple):
    """Draw n samples at each node."""

    nodes: Sequence[Node]
    n: int = 1
    unit: Unit = Unit.STEP
    temperature: float = 1.0


class Score(NamedTuple):
    """Have the guide score these nodes (those that have no score yet)."""

    nodes: Sequence[Node]


Request = Expand | Score
Search = Generator[Request, list[Node], None]
Algorithm = Callable[[Tree], Search]


class Candidate(NamedTuple):
    """One finished sample."""

    answer: str
    tokens: int
    """Tokens spent when it was complete."""
    score: float | None


class SearchResult(NamedTuple):
    """What one search found and spent."""

    id: str
    """The problem's."""
    answer: str | None
    """The whole response that was chosen; None if none was finished."""
    tokens: int
    guide_calls: int
    verifier_calls: int
    seconds: float
    """Its share of the running time."""
    history: tuple[tuple[int, str], ...]
    """The anytime curve: (tokens spent, answer from then on)."""
    candidates: tuple[Candidate, ...]
    """Every finished sample, in order."""
    tree: Tree
    stop: SearchStop
    oracle: bool
    """Whether an oracle guided it."""

    def answer_at(self, tokens: int) -> str | None:
        """What the search would have answered with this many tokens."""
        return next((answer for spent, answer in reversed(self.history) if spent <= tokens), None)


class SearchError(RuntimeError):
    """Some searches failed; the others are complete."""

    def __init__(self, errors: dict[str, Exception], results: list[SearchResult]) -> None:
        first, error = next(iter(errors.items()))
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"the search on {first}{more} failed with {type(error).__name__}: {error}")
        self.errors = errors
        """By problem id."""
        self.results = results
