"""How far scores can be trusted: do they rank right above wrong (AUC), and do they mean what they say (ECE, Brier)?

N scores beside N labels, True for right. Pairs whose score is NaN (not scored) must be left out by the caller, and
counted: they are a failure too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Bin(NamedTuple):
    """One bar of a reliability diagram."""

    low: float
    high: float
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs
    confidence: float
    """Mean probability of its members; NaN in an empty bin."""
    accuracy: float
    """Share of them that are right; NaN in an empty bin."""


class Calibration(NamedTuple):
    """All three numbers."""

    auc: float
    ece: float
    brier: float
    count: int  # type: ignore[assignment]


def calibration(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> Calibration:
    """AUC, ECE and Brier score of probabilities, [N]."""
    count = len(np.asarray(labels))
    return Calibration(
        auc(probabilities, labels), ece(probabilities, labels, bins=bins), brier(probabilities, labels), count
    )


def auc(scores: ArrayLike, labels: ArrayLike) -> float:
    """The chance that a right answer scores above a wrong one, ties counted half. Any scale; [N].

    Exact, from the ranks (Mann-Whitney); NaN when all labels are the same.

    >>> auc([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    0.875
    """
    scores_N, labels_N = _check(scores, labels)
    right = int(labels_N.sum())
    wrong = len(labels_N) - right
    if not right or not wrong:
        return float("nan")
    _, where_N, counts = np.unique(scores_N, return_inverse=True, return_counts=True)
    doubled_ranks = 2 * np.cumsum(counts) - counts + 1  # 2 * the mean rank of each tie: whole numbers, so exact
    total = int(doubled_ranks[where_N.reshape(-1)][labels_N].sum())
    return (total - right * (right + 1)) / (2 * right * wrong)


def brier(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """The mean squared difference of probability and label, in [0, 1]; always saying 0.5 scores 0.25.

    >>> brier([1.0, 0.5], [True, False])
    0.125
    """
    probabilities_N, labels_N = _check(probabilities, labels, in_unit=True)
    return float(((probabilities_N - labels_N) ** 2).mean())


def ece(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> float:
    """The expected calibration error: over bins of equal width, |accuracy - confidence| weighted by how many lie there.

    Bin i holds ((i / bins), (i + 1) / bins], and the first one 0 as well. The number depends on `bins`, and is biased
    upwards on few samples: compare only what was measured with the same bins and about the same N.

    >>> round(ece([0.9, 0.9, 0.2, 0.2], [True, False, False, False]), 9)
    0.3
    """
    found = [each for each in reliability(probabilities, labels, bins=bins) if each.count]
    total = sum(each.count for each in found)
    return sum(each.count * abs(each.accuracy - each.confidence) for each in found) / total


def reliability(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> list[Bin]:
    """The bars of a reliability diagram, from 0 to 1."""
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    probabilities_N, labels_N = _check(probabilities, labels, in_unit=True)
    edges = np.arange(bins + 1) / bins
    bin_N = np.clip(np.searchsorted(edges, probabilities_N, side="left") - 1, 0, bins - 1)
    result = []
    for number in range(bins):
        inside = bin_N == number
        count = int(inside.sum())
        confidence = float(probabilities_N[inside].mean()) if count else float("nan")
        accuracy = float(labels_N[inside].mean()) if count else float("nan")
        result.append(Bin(float(edges[number]), float(edges[number + 1]), count, confidence, accuracy))
    return result


def _check(
    scores: ArrayLike, labels: ArrayLike, *, in_unit: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scores_N, given = np.asarray(scores, np.float64), np.asarray(labels)
    if scores_N.ndim != 1 or given.shape != scores_N.shape or not len(scores_N):
        raise ValueError(f"scores and labels are two rows of one length, got {scores_N.shape} and {given.shape}")
    if not np.isin(given, (0, 1)).all():
        raise ValueError("labels are True or False (1 or 0)")
    if np.isnan(scores_N).any():
        raise ValueError(f"{int(np.isnan(scores_N).sum())} scores are NaN: leave what was not scored out, and count it")
    if in_unit and not ((scores_N >= 0) & (scores_N <= 1)).all():
        raise ValueError("probabilities lie in [0, 1]: for other scores only the AUC has a meaning")
    return scores_N, given.astype(np.bool_)
