"""What searches ask for and what they give back.

An algorithm is a generator over a tree. It yields `Expand` (the reply is the nodes that the samples reached) and
`Score` (afterwards the nodes have scores), and returns when nothing is left to do. It takes no care of budgets: at the
limit the driver closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

from reasonrl.agents.policies.core import Policy, Unit
from reasonrl.agents.search.budget import SearchStop
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Source
from reasonrl.envs.mdp import MDP
from reasonrl.envs.vocabulary import get_vocabulary

UNBOUNDED = 2**31


@dataclass(frozen=True)
class SearchTask:
    """What a search is to work on, and within which limits: all that does not depend on who searches."""

    source: Source
    """Knows the rules of each problem's family."""
    policy: Policy
    _: KW_ONLY
    max_tokens: int = 256
    """The policy's tokens on one path; beyond them an answer is cut off."""
    max_steps: int = 32
    """Actions on one path; beyond them an answer is cut off."""
    attempts: int = 1
    """Answers that may follow each other on one path; above 1 a finished answer may be expanded: it is revised."""
    seed: int = 0
    """Of the sampling."""
    batch_size: int = 16
    """Problems that are searched at the same time; changes the speed, never a result."""

    def __post_init__(self) -> None:
        for name in ("batch_size", "max_steps", "max_tokens", "attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    def mdp(self) -> MDP:
        """The policy counts tokens in its own alphabet, so a search keeps that limit, and the rules that on steps."""
        return MDP(
            self.source,
            level="step",
            vocabulary=get_vocabulary("char"),
            attempts=self.attempts,
            max_tokens=UNBOUNDED,
            max_steps=self.max_steps,
        )


class Expand(NamedTuple):
    """Draw n samples at each node. At a finished one they are another attempt, where the task has `attempts` left."""

    nodes: Sequence[Node]
    n: int = 1
    unit: Unit = Unit.STEP
    temperature: float = 1.0
    after: str = ""
    """Lines that are said first, such as "Wait: is that right?": they become steps of the answer, and cost nothing."""
    max_tokens: int | None = None
    """Tokens of one sample at most. One that is cut there keeps its finished lines, and may be gone on with."""


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
    """All that counts against the budget: the samples, and what the guide read and wrote."""
    guide_calls: int
    verifier_calls: int
    guide_tokens: int
    """The guide's share of the tokens."""
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
