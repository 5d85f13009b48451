"""Sampling noise from counters: one uniform number for each (key, sample, position), in any order.

SplitMix64 (Steele, Lea, Flood 2014) written as a hash: its n-th output is `mix(seed + n * GOLDEN)`, so no state is
carried and a whole batch is one array expression. A sequence's noise therefore never depends on what is sampled beside
it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer: a bijection of 64-bit words in which every input bit moves every output bit."""
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def sequence_keys(keys: Sequence[int], samples: Sequence[int]) -> NDArray[np.uint64]:
    """[B] one key for each sequence, from the key of its state and its number among the state's samples."""
    words = np.array([key & _MASK for key in keys], np.uint64)
    return mix(mix(words) + (np.asarray(samples, np.uint64) + np.uint64(1)) * _GOLDEN)


def uniforms(keys_B: NDArray[np.uint64], position: int | NDArray[np.integer]) -> NDArray[np.float64]:
    """[B] numbers in [0, 1) with 32 random bits each, for the sequences' tokens at `position`.

    32 bits, so that the product with a float64 total stays strictly below it.
    """
    counter = np.asarray(position, np.uint64) + np.uint64(1)
    words = mix(np.atleast_1d(keys_B + np.atleast_1d(counter) * _GOLDEN))
    return (words >> np.uint64(32)).astype(np.float64) * 2.0**-32
