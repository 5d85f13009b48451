"""Figures with their uncertainty: accuracy, coverage, and differences between agents on the same problems.

    selected accuracy   share of problems whose one chosen answer is right
    coverage            share of problems with a right candidate: unbiased pass@k (Chen et al. 2021, arXiv 2107.03374)
    efficiency          accuracy / share found by the samples drawn: how much of what was found was also chosen

Arrays are over problems, [P]; a problem run with several seeds enters once, with its mean, because its runs are not
independent. NaN marks a problem that the judge could not judge: it is left out, in pairs where pairs are compared.
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from reasonrl.envs.seeding import digest

RESAMPLES = 10_000
CONFIDENCE = 0.95

_MATRIX = 2_000_000
"""Numbers in the largest matrix of resamples that is kept: 16 MB, for 200 problems."""
_BLOCK = 250_000
"""Counts drawn at a time."""

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate between the ends of its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0.0 or self.high < 0.0


NOTHING = Interval(math.nan, math.nan, math.nan)
"""The estimate from no data."""


def pass_at_k(n: int, correct: int, k: int) -> float:
    """The chance that k of n samples, drawn without replacement, hold a correct one: 1 - C(n-c, k) / C(n, k).

    >>> pass_at_k(4, 1, 2)
    0.5
    """
    if not 0 <= correct <= n:
        raise ValueError(f"of {n} samples {correct} cannot be correct")
    if not 0 <= k <= n:
        raise ValueError(f"k must lie between 0 and the number of samples, {n}; got {k}")
    return 1.0 - math.comb(n - correct, k) / math.comb(n, k)


def efficiency(accuracy: float, coverage: float) -> float:
    """Accuracy / coverage; NaN where nothing was covered."""
    return accuracy / coverage if coverage > 0.0 else math.nan


def wilson(successes: int, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927): sound for small n and near 0 and 1."""
    if n == 0:
        return NOTHING
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high)


def bootstrap_mean(
    values_P: Floats, *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> Interval:
    """The mean over problems and its percentile bootstrap interval (Efron 1979)."""
    kept = values_P[~np.isnan(values_P)]
    if kept.size == 0:
        return NOTHING
    means_R = _means(kept, resamples, seed)
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(means_R, (tail, 1.0 - tail))
    return Interval(float(kept.mean()), float(low), float(high))


def accuracy(scores_P: Floats, *, seed: int = 0) -> Interval:
    """Mean score: Wilson's interval where every score is 0 or 1, else (several seeds, part scores) the bootstrap's."""
    kept = scores_P[~np.isnan(scores_P)]
    if np.isin(kept, (0.0, 1.0)).all():
        return wilson(int(kept.sum()), kept.size)
    return bootstrap_mean(kept, seed=seed)


def paired_difference(
    ours_P: Floats, theirs_P: Floats, *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> Interval:
    """Mean of ours - theirs on the same problems, resampling problems: what both find hard cancels out."""
    if ours_P.shape != theirs_P.shape:
        raise ValueError(f"paired scores must be on the same problems, got {ours_P.shape} and {theirs_P.shape}")
    return bootstrap_mean(ours_P - theirs_P, seed=seed, resamples=resamples, confidence=confidence)


def _means(values_P: Floats, resamples: int, seed: int) -> Floats:
    """[R] the means of resamples.

    How often each value is drawn is multinomial. Few problems have one matrix of counts that serves every comparison
    on as many; of many problems the distinct values are counted instead (a few, where scores are 0 or 1), which draws
    from the same distribution, block by block where even they are many.
    """
    problems = values_P.size
    if resamples * problems <= _MATRIX:
        return _weights(problems, resamples, seed) @ values_P
    distinct_K, count_K = np.unique(values_P, return_counts=True)
    rng = np.random.default_rng(digest("bootstrap", seed, problems, resamples))
    block = max(1, _BLOCK // distinct_K.size)
    parts = []
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        counts_BK = rng.multinomial(problems, count_K / problems, size=size)
        parts.append(counts_BK @ distinct_K / problems)
    return np.concatenate(parts)


@functools.lru_cache(maxsize=2)
def _weights(problems: int, resamples: int, seed: int) -> Floats:
    """[R, P] how often each resample draws each problem, / P; made block by block."""
    rng = np.random.default_rng(digest("bootstrap", seed, problems, resamples))
    weights_RP = np.empty((resamples, problems))
    block = max(1, _BLOCK // problems)
    shares_P = np.full(problems, 1.0 / problems)
    for start in range(0, resamples, block):
        part = weights_RP[start : start + block]
        part[:] = rng.multinomial(problems, shares_P, size=len(part)) / problems
    return weights_RP
