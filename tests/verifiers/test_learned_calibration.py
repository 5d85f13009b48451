"""How far scores are probabilities: every figure equals its definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.verifiers.learned.calibration import auc, brier, calibration, ece, reliability


def test_calibration_of_a_hand_computed_case() -> None:
    probabilities = [0.95, 0.9, 0.6, 0.4, 0.35, 0.05]
    labels = [True, True, False, True, False, False]
    # of nine pairs of right and wrong, only (0.4, 0.6) is the wrong way round
    assert auc(probabilities, labels) == pytest.approx(8 / 9)
    squares = 0.05**2 + 0.1**2 + 0.6**2 + 0.6**2 + 0.35**2 + 0.05**2
    assert brier(probabilities, labels) == pytest.approx(squares / 6)
    # two bins: (0.5, 1] holds three, two of them right; [0, 0.5] three, one of them right
    expected = 0.5 * abs(2 / 3 - (0.95 + 0.9 + 0.6) / 3) + 0.5 * abs(1 / 3 - (0.4 + 0.35 + 0.05) / 3)
    assert ece(probabilities, labels, bins=2) == pytest.approx(expected)
    assert calibration(probabilities, labels, bins=2) == (
        auc(probabilities, labels),
        ece(probabilities, labels, bins=2),
        brier(probabilities, labels),
        6,
    )


SCORES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40
)


@given(SCORES)
def test_auc_is_the_share_of_pairs_in_order(pairs: list[tuple[float, bool]]) -> None:
    right = [score for score, label in pairs if label]
    wrong = [score for score, label in pairs if not label]
    found = auc([score for score, _ in pairs], [label for _, label in pairs])
    if not right or not wrong:
        assert math.isnan(found)
    else:
        wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in right for b in wrong)
        assert found == pytest.approx(wins / len(right) / len(wrong), abs=1e-12)


@given(SCORES, st.integers(1, 12))
def test_ece_is_its_definition_bin_by_bin(pairs: list[tuple[float, bool]], bins: int) -> None:
    total = 0.0
    for number in range(bins):
        inside = [
            (score, label)
            for score, label in pairs
            if number / bins < score <= (number + 1) / bins or (number == 0 and score == 0.0)
        ]
        if inside:
            gap = sum(label for _, label in inside) - sum(score for score, _ in inside)
            total += abs(gap) / len(pairs)
    scores, labels = zip(*pairs, strict=True)
    assert ece(scores, labels, bins=bins) == pytest.approx(total, abs=1e-9)
    assert sum(each.count for each in reliability(scores, labels, bins=bins)) == len(pairs)


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="leave what was not scored out"):
        auc([0.1, math.nan], [True, False])
    with pytest.raises(ValueError, match="lie in"):
        brier([2.0], [True])
    with pytest.raises(ValueError, match="one length"):
        auc([], [])
    with pytest.raises(ValueError, match="labels"):
        auc([0.5], [2])
    with pytest.raises(ValueError, match="bins"):
        ece([0.5], [True], bins=0)
    assert auc([-5.0, 7.0], [False, True]) == 1.0  # any scale will do for ranks
