"""Keyed noise: a pure function of (key, sample, position), spread evenly."""

from __future__ import annotations

import numpy as np
from reasonrl.agents.policies.noise import mix, sequence_keys, uniforms


def test_mix_is_the_published_generator() -> None:
    """The first outputs of SplitMix64 seeded with 1234567, from its reference implementation."""
    golden = 0x9E3779B97F4A7C15
    seeds = np.array([(1234567 + n * golden) % 2**64 for n in (1, 2, 3)], np.uint64)
    assert mix(seeds).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_noise_does_not_depend_on_the_company() -> None:
    keys = sequence_keys([5, 6, 7], [0, 3, 1])
    alone = [uniforms(sequence_keys([key], [sample]), 9)[0] for key, sample in ((5, 0), (6, 3), (7, 1))]
    assert uniforms(keys, 9).tolist() == alone


def test_keys_of_any_size_and_sign_are_taken() -> None:
    assert sequence_keys([-1], [0]) == sequence_keys([2**64 - 1], [0])


def test_neighbouring_keys_do_not_share_a_stream() -> None:
    """A plain counter would give sample 1 of one key what sample 0 of another gets."""
    golden = 0x9E3779B97F4A7C15
    assert sequence_keys([0], [1]) != sequence_keys([golden], [0])


def test_numbers_are_even_and_unrelated_between_keys_samples_and_positions() -> None:
    keys = sequence_keys(list(range(100)) * 20, [sample for sample in range(20) for _ in range(100)])
    numbers = np.stack([uniforms(keys, position) for position in range(8)])
    assert ((numbers >= 0) & (numbers < 1)).all()
    counts = np.histogram(numbers, bins=20, range=(0, 1))[0]
    expected = numbers.size / 20
    assert (((counts - expected) ** 2) / expected).sum() < 44  # chi-square with 19 degrees, p = 0.001
    assert abs(np.corrcoef(numbers[:-1].ravel(), numbers[1:].ravel())[0, 1]) < 0.03
    assert len(np.unique(numbers)) > 0.999 * numbers.size
