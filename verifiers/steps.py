"""Process rewards: judging every line of an answer, and turning the verdicts into numbers.

    judge_steps(answer, check)              [S] verdicts, one for each line; None where nobody could judge
    step_values(verdicts)                   [S] numbers; NaN where nobody could judge
    first_error(verdicts)                   where a chain goes wrong (ProcessBench's question, arXiv 2412.06559)
    aggregate(values_BS, mask_BS, how=...)  [B] one number for each chain
    step_rewards(values_BS, mask_BS, ...)   [B, S] what each step is paid so that a chain is paid its aggregate

A checker is any function (lines before, line) -> StepVerdict: a family's `check_step` bound to a problem's view by
`functools.partial`, `check_step` of `verifiers.annotations`, `verifiers.calculations` or `verifiers.logic.calculation`,
or your own.
Dimensions: B chains, S steps.

Masks come before arithmetic: what stands where the mask is False is never read, NaN included. A NaN where the mask is
True (a step that nobody could judge) makes its chain NaN, so that nobody trains on it by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from reasonrl.verifiers.core import StepVerdict

Check = Callable[[Sequence[str], str], StepVerdict | None]
"""(lines before, line) -> what the line is worth; None where it is not read."""

MAX_STEPS = 512
"""Lines of one answer that are judged; what comes behind them has no verdict (None)."""

VALIDITY: Mapping[StepVerdict, float] = {
    StepVerdict.USEFUL: 1.0,
    StepVerdict.REDUNDANT: 1.0,
    StepVerdict.INVALID: 0.0,
    StepVerdict.UNPARSABLE: 0.0,
}
"""1 where the step holds, as process reward models score it: for min, product, mean and last."""

SIGNED: Mapping[StepVerdict, float] = {
    StepVerdict.USEFUL: 1.0,
    StepVerdict.REDUNDANT: 0.0,
    StepVerdict.INVALID: -1.0,
    StepVerdict.UNPARSABLE: -1.0,
}
"""Pays for progress, fines errors. Its sum grows with every useful line: `docs/rewards.md` says what that invites."""


class Aggregation(StrEnum):
    """How the step scores of a chain become one score."""

    SUM = "sum"
    """All steps together: grows with length, and collapses in training (arXiv 2504.15275)."""
    MIN = "min"
    """The weakest step (arXiv 2312.08935; as credit assignment in training, arXiv 2504.15275)."""
    LAST = "last"
    """The score behind the last step: right where a score values the whole prefix (arXiv 2408.03314)."""
    PRODUCT = "product"
    """The chance that every step is right, if steps were independent (arXiv 2305.20050)."""
    MEAN = "mean"
    """The mean over steps: pays for padding a chain with lines that score well."""
    DELTA = "delta"
    """What the steps gained: last minus `start`, the sum of the differences of adjacent scores (arXiv 2410.15115)."""


def split_steps(answer: str) -> tuple[str, ...]:
    """The lines that the environments count as steps: not the blank ones, without an end mark.

    >>> split_steps("3*7=21\\n\\nAnswer: 21\\x03")
    ('3*7=21', 'Answer: 21')
    """
    lines = (line.rstrip("\r\x03") for line in answer.split("\n"))
    return tuple(line for line in lines if line.strip())


def judge_steps(answer: str | Sequence[str], check: Check) -> list[StepVerdict | None]:
    """[S] what each line is worth after the lines before it, the wrong ones included, as the family would judge them.

    Never raises: a line whose check fails has no verdict (None), and neither have lines past `MAX_STEPS`.
    """
    steps = split_steps(answer) if isinstance(answer, str) else tuple(answer)
    verdicts: list[StepVerdict | None] = [None] * len(steps)
    for position, step in enumerate(steps[:MAX_STEPS]):
        try:
            verdict = check(steps[:position], step)
            verdicts[position] = None if verdict is None else StepVerdict(verdict)
        except Exception:  # the checker's failure says nothing about the line
            continue
    return verdicts


def step_values(
    verdicts: Sequence[StepVerdict | None], *, worth: Mapping[StepVerdict, float] = VALIDITY
) -> NDArray[np.float64]:
    """[S] numbers for verdicts; NaN where there is none."""
    return np.array([np.nan if verdict is None else worth[verdict] for verdict in verdicts], np.float64)


def first_error(verdicts: Sequence[StepVerdict | None]) -> int | None:
    """Position of the first step that does not hold; None where all hold. A step without a verdict is not an error."""
    wrong = (StepVerdict.INVALID, StepVerdict.UNPARSABLE)
    return next((position for position, verdict in enumerate(verdicts) if verdict in wrong), None)


def pad_steps(chains: Sequence[ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Chains of different lengths as ([B, S] values with NaN behind the end, [B, S] mask)."""
    rows = [np.asarray(chain, np.float64).reshape(-1) for chain in chains]
    longest = max((len(row) for row in rows), default=0)
    values_BS = np.full((len(rows), longest), np.nan)
    for b, row in enumerate(rows):
        values_BS[b, : len(row)] = row
    lengths_B = np.array([len(row) for row in rows], np.int64)
    return values_BS, np.arange(longest) < lengths_B[:, None]


def aggregate(
    values_BS: ArrayLike,
    mask_BS: ArrayLike | None = None,
    *,
    how: Aggregation | str,
    start: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """[B] one score for each chain of step scores.

    Args:
        values_BS: step scores, [B, S].
        mask_BS: True where there is a step, [B, S], in any pattern; everywhere when left out.
        how: an `Aggregation`.
        start: for `delta`, the score before the first step: a number, or [B].

    Returns:
        NaN for a chain without steps (whatever `how`), and for one with a NaN in a step.
    """
    values_BS, mask_BS = _check(values_BS, mask_BS)
    how = _aggregation(how)
    count_B = mask_BS.sum(axis=1)
    some_B = count_B > 0
    match how:
        case Aggregation.SUM:
            result_B = np.where(mask_BS, values_BS, 0.0).sum(axis=1)
        case Aggregation.MEAN:
            result_B = np.where(mask_BS, values_BS, 0.0).sum(axis=1) / np.maximum(count_B, 1)
        case Aggregation.PRODUCT:
            result_B = np.where(mask_BS, values_BS, 1.0).prod(axis=1)
        case Aggregation.MIN:
            result_B = np.where(mask_BS, values_BS, np.inf).min(axis=1, initial=np.inf)
        case Aggregation.LAST:
            result_B = _with_nan(_last(values_BS, mask_BS), values_BS, mask_BS)
        case Aggregation.DELTA:
            gained_B = _last(values_BS, mask_BS) - np.broadcast_to(np.asarray(start, np.float64), count_B.shape)
            result_B = _with_nan(gained_B, values_BS, mask_BS)
    return np.where(some_B, result_B, np.nan)


def step_rewards(
    values_BS: ArrayLike, mask_BS: ArrayLike | None = None, *, how: Aggregation | str, start: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """[B, S] a reward for each step, so that the (undiscounted) return of a chain is its aggregate; 0 off the mask.

    sum    every score is paid where it stands.
    delta  the difference to the score before: it telescopes, so that a line which changes nothing earns nothing.
    min, last, product, mean are paid in one piece at the last step: none of them can be split over the steps without
    looking ahead.
    """
    values_BS, mask_BS = _check(values_BS, mask_BS)
    how = _aggregation(how)
    if how is Aggregation.SUM:
        return np.where(mask_BS, values_BS, 0.0)
    if how is Aggregation.DELTA:
        before_BS = _before(values_BS, mask_BS, np.broadcast_to(np.asarray(start, np.float64), (len(values_BS),)))
        return np.where(mask_BS, np.where(mask_BS, values_BS, 0.0) - before_BS, 0.0)
    rewards_BS = np.zeros(values_BS.shape)
    for b in np.flatnonzero(mask_BS.any(axis=1)):
        rewards_BS[b, np.flatnonzero(mask_BS[b])[-1]] = aggregate(values_BS[b : b + 1], mask_BS[b : b + 1], how=how)[0]
    return rewards_BS


def _aggregation(how: Aggregation | str) -> Aggregation:
    if how not in tuple(Aggregation):
        raise ValueError(f"unknown aggregation {how!r}: choose one of {', '.join(Aggregation)}")
    return Aggregation(how)


def _check(values_BS: ArrayLike, mask_BS: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    values = np.asarray(values_BS, np.float64)
    if values.ndim != 2:
        raise ValueError(f"values are [B, S], got shape {values.shape}: pad_steps makes them from a list of chains")
    mask = np.ones(values.shape, np.bool_) if mask_BS is None else np.asarray(mask_BS)
    if mask.shape != values.shape or mask.dtype != np.bool_:
        raise ValueError(f"the mask is bool of shape {values.shape}, got {mask.dtype} of shape {mask.shape}")
    return values, mask


def _last(values_BS: NDArray[np.float64], mask_BS: NDArray[np.bool_]) -> NDArray[np.float64]:
    """[B] the value at the last True of each row (anything where there is none)."""
    if not values_BS.shape[1]:
        return np.zeros(len(values_BS))
    last_B = values_BS.shape[1] - 1 - mask_BS[:, ::-1].argmax(axis=1)
    chosen: NDArray[np.float64] = values_BS[np.arange(len(values_BS)), last_B]
    return chosen


def _before(
    values_BS: NDArray[np.float64], mask_BS: NDArray[np.bool_], start_B: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[B, S] the score at the latest step before each position, or `start`."""
    before_BS = np.empty(values_BS.shape)
    latest_B = start_B.copy()
    for position in range(values_BS.shape[1]):
        before_BS[:, position] = latest_B
        latest_B = np.where(mask_BS[:, position], values_BS[:, position], latest_B)
    return before_BS


def _with_nan(
    result_B: NDArray[np.float64], values_BS: NDArray[np.float64], mask_BS: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """NaN where any step of the chain is NaN, though the result looks only at some of them."""
    return np.where((np.isnan(values_BS) & mask_BS).any(axis=1), np.nan, result_B)
