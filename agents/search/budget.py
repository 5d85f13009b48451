"""What a search may spend, and the ledger that meters it.

Every sample and every score passes a `Ledger`. Samples are charged one by one in a fixed order, and so are the scores
of a guide that costs tokens; what crosses the limit is dropped, the rest of the budget is gone, and nothing after it is
delivered. So what a search sees never exceeds its budget, and with a smaller budget it sees exactly a prefix of what it
sees with a larger one.
Seconds are measured, so a limit on them is not reproducible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum


class SearchStop(StrEnum):
    """Why a search is over."""

    DONE = "done"
    """The algorithm returned: nothing was left to do."""
    CERTAIN = "certain"
    """It returned with an answer that passes everything that its guide can check."""
    TOKENS = "tokens"
    GUIDE_CALLS = "guide_calls"
    VERIFIER_CALLS = "verifier_calls"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Budget:
    """The limits for one problem; None is no limit."""

    tokens: int | None = None
    """Tokens of all samples together, discarded ones included, and of a guide that costs tokens."""
    guide_calls: int | None = None
    """Nodes that the guide may score."""
    verifier_calls: int | None = None
    """Answers and steps that the guide may have checked."""
    seconds: float | None = None
    """This problem's share of the running time: a batched call is divided evenly among the problems in it."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and value < 0:
                raise ValueError(f"a budget is a limit of 0 or more: got {each.name}={value}")
        if self.tokens is None and self.seconds is None:
            raise ValueError("give the budget a number of tokens or of seconds: only these are spent by every search")


class Ledger:
    """What one search has spent so far."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.tokens = 0
        self.guide_calls = 0
        self.verifier_calls = 0
        self.guide_tokens = 0
        """Those of `tokens` that the guide took."""
        self.seconds = 0.0

    def room(self, limit: int) -> int:
        """Tokens that one more sample may use, at most `limit`."""
        return limit if self.budget.tokens is None else min(limit, self.budget.tokens - self.tokens)

    def charge_sample(self, tokens: int, *, limit: int, cut: bool) -> bool:
        """Charges one sample; False when it crosses the budget: it is dropped, and what was left is spent.

        Args:
            tokens: its length.
            limit: tokens that its answer has left; a longer sample is cut there and costs no more than that.
            cut: the policy stopped it for its length, so it would have gone on.
        """
        cost = min(max(tokens, 1), limit)  # at least 1, so that a policy that does not count cannot go on for ever
        if self.budget.tokens is not None:
            left = self.budget.tokens - self.tokens
            if cost > left or (cut and cost == left < limit):
                self.tokens = self.budget.tokens
                return False
        self.tokens += cost
        return True

    def charge_guide(self, tokens: int) -> bool:
        """Charges one score; False when it crosses the budget: it is dropped, and what was left is spent."""
        if self.budget.tokens is not None and tokens > self.budget.tokens - self.tokens:
            self.tokens = self.budget.tokens
            return False
        self.tokens += tokens
        self.guide_tokens += tokens
        return True

    def charge_scores(self, verifier_calls: Sequence[int]) -> int:
        """Charges the scoring of nodes in order, each with its verifier calls; returns how many the budget allows."""
        guide_limit, verifier_limit = self.budget.guide_calls, self.budget.verifier_calls
        for position, calls in enumerate(verifier_calls):
            if guide_limit is not None and self.guide_calls >= guide_limit:
                return position
            if verifier_limit is not None and self.verifier_calls + calls > verifier_limit:
                return position
            self.guide_calls += 1
            self.verifier_calls += calls
        return len(verifier_calls)

    def refusal(self) -> SearchStop:
        """Which limit stopped `charge_scores`."""
        limit = self.budget.guide_calls
        return SearchStop.GUIDE_CALLS if limit is not None and self.guide_calls >= limit else SearchStop.VERIFIER_CALLS

    @property
    def out_of_tokens(self) -> bool:
        return self.budget.tokens is not None and self.tokens >= self.budget.tokens

    @property
    def out_of_time(self) -> bool:
        return self.budget.seconds is not None and self.seconds >= self.budget.seconds
