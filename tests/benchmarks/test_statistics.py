"""The figures against closed forms and enumeration."""

from __future__ import annotations

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.benchmarks.statistics import (
    RESAMPLES,
    Interval,
    accuracy,
    bootstrap_mean,
    efficiency,
    paired_difference,
    pass_at_k,
    wilson,
)
from reasonrl.envs.seeding import digest


@pytest.mark.parametrize(
    ("n", "correct", "k"), [(n, c, k) for n in range(1, 7) for c in range(n + 1) for k in range(n + 1)]
)
def test_pass_at_k_is_the_share_of_subsets_that_hold_a_correct_sample(n: int, correct: int, k: int) -> None:
    samples = [True] * correct + [False] * (n - correct)
    subsets = list(itertools.combinations(samples, k))
    assert pass_at_k(n, correct, k) == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=1e-12)


def test_pass_at_k_is_unbiased_over_every_draw_of_n_samples() -> None:
    p, n, k = 0.3, 5, 2
    hits = [sum(draw) for draw in itertools.product((0, 1), repeat=n)]
    expected = sum(p**hit * (1 - p) ** (n - hit) * pass_at_k(n, hit, k) for hit in hits)
    assert expected == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize(("n", "correct", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, -1)])
def test_pass_at_k_refuses_impossible_counts(n: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="samples"):
        pass_at_k(n, correct, k)


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.999))
def test_the_ends_of_wilsons_interval_solve_its_quadratic(n: int, data: st.DataObject, confidence: float) -> None:
    successes = data.draw(st.integers(0, n))
    found = wilson(successes, n, confidence=confidence)
    share = successes / n
    assert 0.0 <= found.low <= share <= found.high <= 1.0
    z = math.sqrt(2) * _erfinv(confidence)
    for end in (found.low, found.high):  # |share - end| = z * sqrt(end * (1 - end) / n): the score test's own edge
        assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / n), abs=1e-7)


def test_wilson_gives_the_published_figures() -> None:
    # Newcombe 1998, table I, method 3
    for (successes, n), (low, high) in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        found = wilson(successes, n)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_no_data_gives_nan_and_no_crash() -> None:
    empty = np.array([], float)
    for found in (wilson(0, 0), bootstrap_mean(empty), accuracy(empty), paired_difference(empty, empty)):
        assert all(map(math.isnan, found))


def test_the_bootstrap_matches_the_enumeration_of_every_resample() -> None:
    values = np.array([0.0, 1.0, 4.0, 9.0])
    means = sorted(np.mean(draw) for draw in itertools.product(values, repeat=4))
    found = bootstrap_mean(values, seed=1, resamples=200_000)
    low, high = np.quantile(means, (0.025, 0.975))
    assert found.value == 3.5
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.26)


def test_the_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        found = bootstrap_mean(rng.normal(0.5, 1.0, 60), resamples=1000)
        hits += found.low <= 0.5 <= found.high
    assert 0.91 <= hits / 400 <= 0.98


def test_few_problems_get_the_intervals_that_they_always_got() -> None:
    # one draw of a whole matrix of counts, as it was before it was drawn block by block
    values = np.random.default_rng(0).random(150)
    rng = np.random.default_rng(digest("bootstrap", 3, 150, RESAMPLES))
    means = rng.multinomial(150, np.full(150, 1 / 150), size=RESAMPLES) / 150 @ values
    found = bootstrap_mean(values, seed=3)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, (0.025, 0.975))), abs=1e-12)


@pytest.mark.parametrize("distinct", [2, 3, 700])
def test_many_problems_are_resampled_by_their_distinct_values_with_the_same_spread(distinct: int) -> None:
    values = np.random.default_rng(0).integers(0, distinct, 3000) / (distinct - 1)
    found = bootstrap_mean(values, resamples=4000)
    error = values.std() / math.sqrt(values.size)  # of the mean; its distribution is all but normal here
    assert found.value == values.mean()
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.12 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.12 * error)
    assert found == bootstrap_mean(values, resamples=4000)


def test_the_bootstrap_of_five_thousand_problems_is_small_and_fast() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = (rng.random((2, 5000)) < 0.5).astype(float)
    tracemalloc.start()
    paired_difference(ours, theirs)
    bootstrap_mean(rng.random(200))  # the largest matrix that is kept
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(0).random(30)
    assert bootstrap_mean(values, seed=3) == bootstrap_mean(values, seed=3)
    assert bootstrap_mean(values, seed=3).low != bootstrap_mean(values, seed=4).low


def test_pairing_cancels_what_both_find_hard() -> None:
    hard = np.random.default_rng(0).random(200)
    ours, theirs = hard + 0.1, hard
    found = paired_difference(ours, theirs)
    assert found.value == pytest.approx(0.1)
    assert found.high - found.low < 1e-9
    assert found.excludes_zero


def test_a_difference_of_nothing_does_not_exclude_zero() -> None:
    scores = np.array([1.0, 0.0, 1.0, 1.0])
    assert paired_difference(scores, scores) == Interval(0.0, 0.0, 0.0)
    assert not paired_difference(scores, scores).excludes_zero
    assert paired_difference(1 - scores, scores).value == -0.5


def test_a_problem_that_was_not_judged_leaves_both_sides_of_the_pair() -> None:
    ours = np.array([1.0, math.nan, 1.0, 0.0])
    theirs = np.array([0.0, 0.0, math.nan, 0.0])
    assert paired_difference(ours, theirs).value == 0.5
    assert accuracy(ours).value == pytest.approx(2 / 3)


def test_pairs_must_be_on_the_same_problems() -> None:
    with pytest.raises(ValueError, match="same problems"):
        paired_difference(np.zeros(3), np.zeros(4))


def test_accuracy_uses_wilson_for_whole_scores_and_the_bootstrap_for_means_over_seeds() -> None:
    assert accuracy(np.array([1.0, 0.0, 1.0])) == wilson(2, 3)
    means = np.array([0.5, 0.0, 1.0])
    assert accuracy(means) == bootstrap_mean(means)


def test_efficiency_is_the_share_of_the_covered_that_was_chosen() -> None:
    assert efficiency(0.3, 0.6) == 0.5
    assert math.isnan(efficiency(0.0, 0.0))


def _erfinv(p: float) -> float:
    """By bisection, so that the test does not lean on the code's own quantile."""
    low, high = 0.0, 6.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < p else (low, middle)
    return low
