"""What a policy is: it continues states with samples whose noise is keyed, so results do not depend on batching."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from reasonrl.envs.core import View
from reasonrl.envs.mdp import State


class Unit(StrEnum):
    """How far one proposal goes."""

    STEP = "step"
    """To the end of the line, or of the answer."""
    SOLUTION = "solution"
    """To the end of the answer: the end token, or a completed answer line."""


class Finish(StrEnum):
    """Why a proposal ended."""

    STEP = "step"
    """At a line break, with more to come."""
    END = "end"
    """The policy ended its answer (the action then ends with `envs.core.END`)."""
    LENGTH = "length"
    """Out of tokens: the action is cut off."""


class Proposal(NamedTuple):
    """One continuation, with equal samples merged."""

    action: str
    """Text for the step or solution level, without its final line break; ends with END where the policy ended."""
    logprob: float
    """Sum over its tokens of log p at the sampling temperature (at 1.0 for greedy)."""
    tokens: int
    """Tokens of one sample, the delimiter or end token included."""
    count: int  # type: ignore[assignment]  # it hides tuple.count
    """How many of the n samples said this."""
    finish: Finish


@dataclass(frozen=True)
class Sampling:
    """How proposals are drawn."""

    unit: Unit = Unit.STEP
    """How far one proposal goes."""
    temperature: float = 1.0
    """Logits are divided by it; 0 takes the most probable token."""
    max_tokens: int = 128
    """Tokens of one proposal at most."""


class Policy(Protocol):
    """Proposes continuations."""

    name: str
    """Names the model and its version in stores: results of different names are never mixed."""

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        """Continues each state.

        Args:
            states: what to continue; text states (levels step and solution).
            counts: samples to draw for each state.
            keys: one 64-bit key for each state; sample i of a state depends on (state, key, i) and on nothing else.
            sampling: how to draw, the same for all.

        Returns:
            For each state its distinct proposals, in the order of first appearance; counts sum to what was asked for.
            Tokens charged are the sum of tokens * count.
        """
        ...


def check_room(policy: Policy, views: Iterable[View]) -> None:
    """Lets a policy refuse problems that leave no room in its context, before anything is sampled of any of them.

    A policy that can tell has a method `check_room(states)`, which raises a ValueError that names the problem.
    """
    check = getattr(policy, "check_room", None)
    if check is not None:
        check([State(view) for view in views])
