"""The ledger: what is charged, what is dropped, and what a budget may be."""

from __future__ import annotations

import pytest
from reasonrl.agents.search.budget import Budget, Ledger


def test_the_ledger_drops_the_sample_that_crosses_and_takes_the_rest() -> None:
    ledger = Ledger(Budget(tokens=10))
    assert ledger.charge_sample(6, limit=100, cut=False)
    assert not ledger.charge_sample(6, limit=100, cut=False)
    assert ledger.tokens == 10
    assert ledger.out_of_tokens


@pytest.mark.parametrize(("limit", "delivered"), [(100, False), (4, True)])
def test_a_sample_cut_by_the_budget_is_dropped_but_one_cut_by_its_own_limit_is_not(limit: int, delivered: bool) -> None:
    ledger = Ledger(Budget(tokens=4))
    assert ledger.charge_sample(4, limit=limit, cut=True) is delivered


def test_samples_of_a_policy_that_does_not_count_cost_one_token() -> None:
    ledger = Ledger(Budget(tokens=2))
    assert [ledger.charge_sample(0, limit=9, cut=False) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("limits", [{}, {"guide_calls": 3}, {"tokens": -1}])
def test_a_budget_that_cannot_end_a_search_is_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="budget"):
        Budget(**limits)


def test_a_score_that_crosses_the_budget_is_dropped_and_takes_the_rest() -> None:
    ledger = Ledger(Budget(tokens=10))
    assert ledger.charge_sample(4, limit=100, cut=False)
    assert ledger.charge_guide(6)
    assert ledger.charge_guide(0)
    assert (ledger.tokens, ledger.guide_tokens, ledger.out_of_tokens) == (10, 6, True)
    other = Ledger(Budget(tokens=10))
    assert not other.charge_guide(11)
    assert (other.tokens, other.guide_tokens, other.out_of_tokens) == (10, 0, True)
