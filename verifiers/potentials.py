"""Potentials: how far a prefix of an answer has come, as numbers that `verifiers.shaping` can turn into rewards.

    exact          functools.partial(family.potential, view)      V*(s) where the family says so, else its heuristic
    completable    completability(steps, menu=..., accepts=...)   1 while the prefix can still be completed: a search
    Monte Carlo    MonteCarlo(roll_out).estimate(prefixes)        the share of continuations that end correct
    learned        any function of the lines                      a reward model of `verifiers.learned`, say

A potential is a function of the lines so far (and of nothing that comes later). Shaping by any potential leaves the
optimum alone; a good one makes it easier to find.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Potential = Callable[[Sequence[str]], float]
"""Lines so far -> Phi."""

RollOut = Callable[[Sequence[tuple[str, ...]], Sequence[int]], Sequence[bool | None]]
"""(prefixes, 64-bit keys) -> for each, whether the continuation drawn with its key ends correct; None: not judged.

What it returns for a prefix may depend on that prefix and its key only."""


class Completable(StrEnum):
    """Whether a prefix can still become a correct answer."""

    YES = "yes"
    NO = "no"
    """Every continuation was looked at."""
    UNKNOWN = "unknown"
    """The search ran out before it knew."""


class Completion(NamedTuple):
    status: Completable
    steps: tuple[str, ...]
    """The lines that complete the prefix, when there are some."""
    nodes: int
    """Prefixes whose continuations were listed."""


def completability(
    steps: Sequence[str],
    *,
    menu: Callable[[tuple[str, ...]], Sequence[str]],
    accepts: Callable[[tuple[str, ...]], bool | None],
    max_nodes: int = 1000,
    max_steps: int = 32,
    key: Callable[[tuple[str, ...]], Hashable] | None = None,
) -> Completion:
    """Looks for a correct completion, depth first, in the order of the menu.

    Args:
        steps: the prefix.
        menu: the legal next lines of a prefix; with none it is a dead end.
        accepts: True or False for a finished answer, None for one that goes on.
        max_nodes: prefixes that are opened at most.
        max_steps: no longer answer is looked at.
        key: what decides all that can follow a prefix; prefixes with the same key are looked at once. By default the
            prefix itself. A key that forgets something makes NO unsound.

    Returns:
        YES with the lines, NO when every continuation was looked at, UNKNOWN when a limit kept some from it.
    """
    if max_nodes < 1 or max_steps < 1:
        raise ValueError(f"max_nodes and max_steps must be at least 1, got {max_nodes} and {max_steps}")
    prefix = tuple(steps)
    stack, seen, nodes, cut = [prefix], set[Hashable](), 0, False
    while stack:
        at = stack.pop()
        verdict = accepts(at)
        if verdict:
            return Completion(Completable.YES, at[len(prefix) :], nodes)
        if verdict is False:
            continue
        # how many lines are left decides too, where the limit is near
        mark = (len(at), at if key is None else key(at))
        if mark in seen:
            continue
        seen.add(mark)
        if len(at) >= max_steps or nodes >= max_nodes:
            cut = True
            continue
        nodes += 1
        stack += [(*at, line) for line in reversed(menu(at))]
    return Completion(Completable.UNKNOWN if cut else Completable.NO, (), nodes)


def wilson(correct: int, count: int, *, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share; (0, 1) where nothing was counted.

    >>> [round(bound, 3) for bound in wilson(0, 10)]
    [0.0, 0.278]
    """
    if not 0 <= correct <= count:
        raise ValueError(f"correct must be from 0 to {count}, got {correct}")
    if count == 0:
        return 0.0, 1.0
    share, spread = correct / count, z * z / count
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / count + spread / count / 4) / (1 + spread)
    # at both ends the bound is the share itself, but for the last bit
    return (0.0 if correct == 0 else centre - half), (1.0 if correct == count else centre + half)


class Estimate(NamedTuple):
    """A Monte Carlo value of one prefix."""

    correct: int
    judged: int
    """Roll-outs that counted: those whose judge failed do not."""
    low: float
    high: float
    """The Wilson interval of 95 %."""

    @property
    def mean(self) -> float:
        """The soft label of Math-Shepherd (arXiv 2312.08935): the share that ends correct; NaN where none counted."""
        return self.correct / self.judged if self.judged else math.nan

    @property
    def hard(self) -> float:
        """Its hard label: 1 if any roll-out ends correct; NaN where none counted."""
        return float(self.correct > 0) if self.judged else math.nan


class MonteCarlo:
    """The value of prefixes under the policy that rolls them out: V^pi, which is not V*.

    The key of roll-out i is a hash of (seed, name, prefix, i): results depend neither on the order nor on the company
    of prefixes, nor on what was asked before. More roll-outs of the same prefix begin with those of fewer.
    """

    def __init__(self, roll_out: RollOut, *, rollouts: int = 16, seed: int = 0, name: str = "") -> None:
        """
        Args:
            roll_out: finishes prefixes; gets all those of one `estimate` in one call.
            rollouts: continuations of each prefix.
            seed: another seed, other continuations.
            name: of the problem: equal prefixes of different problems get different keys.
        """
        if rollouts < 1:
            raise ValueError(f"rollouts must be at least 1, got {rollouts}")
        self.roll_out = roll_out
        self.rollouts = rollouts
        self.seed = seed
        self.name = name

    def estimate(self, prefixes: Sequence[Sequence[str]]) -> list[Estimate]:
        """One estimate for each prefix; equal prefixes are rolled out once."""
        distinct = list(dict.fromkeys(tuple(prefix) for prefix in prefixes))
        asked = [prefix for prefix in distinct for _ in range(self.rollouts)]
        keys = [self.key(prefix, number) for prefix in distinct for number in range(self.rollouts)]
        outcomes = list(self.roll_out(asked, keys)) if asked else []
        if len(outcomes) != len(asked):
            raise ValueError(f"roll_out was given {len(asked)} prefixes and must return as many, got {len(outcomes)}")
        found = {}
        for position, prefix in enumerate(distinct):
            own = outcomes[position * self.rollouts : (position + 1) * self.rollouts]
            judged = [bool(outcome) for outcome in own if outcome is not None]
            found[prefix] = Estimate(sum(judged), len(judged), *wilson(sum(judged), len(judged)))
        return [found[tuple(prefix)] for prefix in prefixes]

    def along(self, steps: Sequence[str]) -> NDArray[np.float64]:
        """[S + 1] the means before the first step, after it, and so on: what a process reward model learns from."""
        estimates = self.estimate([steps[:position] for position in range(len(steps) + 1)])
        return np.array([estimate.mean for estimate in estimates])

    def __call__(self, steps: Sequence[str]) -> float:
        """The mean, so that the estimate is a potential itself."""
        return self.estimate([steps])[0].mean

    def key(self, prefix: Sequence[str], number: int) -> int:
        """The 64-bit key of one roll-out."""
        hashed = hashlib.blake2b(digest_size=8)
        for part in (str(self.seed), self.name, str(number), *prefix):
            text = part.encode("utf-8", "surrogatepass")
            hashed.update(len(text).to_bytes(8, "little") + text)  # with its length: no two lists of parts collide
        return int.from_bytes(hashed.digest(), "little")
