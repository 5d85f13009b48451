"""Credit: group by group, answer by answer, token by token, against sums done by hand or by brute force."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.agents.learning.credit import batch_mean, gae, group_mean, leave_one_out, min_form, return_to_go
from torch import Tensor


def test_gradient_is_zero_when_every_answer_in_the_group_scores_the_same() -> None:
    rewards_PG = torch.tensor([[0.1] * 3, [1.0] * 3, [0.0, 0.0, 1.0]])  # the mean of three 0.1 is not 0.1 in fp32
    for divide in (False, True):
        advantages_PG = group_mean(rewards_PG, torch.ones(3, 3, dtype=torch.bool), divide_by_std=divide)
        assert (advantages_PG[:2] == 0.0).all()
        assert (advantages_PG[2] != 0.0).all()


def test_an_answer_that_could_not_be_judged_counts_neither_as_sample_nor_in_the_baseline() -> None:
    rewards_PG = torch.tensor([[1.0, 0.0, float("nan"), 0.0]])
    valid_PG = torch.tensor([[True, True, False, True]])
    advantages_PG = group_mean(rewards_PG, valid_PG)
    torch.testing.assert_close(advantages_PG, torch.tensor([[2 / 3, -1 / 3, 0.0, -1 / 3]]))
    assert (group_mean(rewards_PG, torch.zeros(1, 4, dtype=torch.bool)) == 0).all()


def test_division_by_the_standard_deviation_gives_groups_of_unit_size() -> None:
    rewards_PG = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]])
    advantages_PG = group_mean(rewards_PG, torch.ones(2, 4, dtype=torch.bool), divide_by_std=True)
    torch.testing.assert_close(advantages_PG.square().mean(dim=1), torch.ones(2))


def test_leave_one_out_compares_with_the_others_of_the_group() -> None:
    rewards_PG = torch.tensor([[1.0, 0.0, 0.0, float("nan")], [0.5, 0.5, 0.5, 0.5]])
    valid_PG = torch.tensor([[True, True, True, False], [True] * 4])
    expected = torch.tensor([[1.0, -0.5, -0.5, 0.0], [0.0] * 4])
    torch.testing.assert_close(leave_one_out(rewards_PG, valid_PG), expected)


def test_an_answer_alone_in_its_group_has_no_others_and_no_credit() -> None:
    assert leave_one_out(torch.tensor([[1.0, 0.0]]), torch.tensor([[True, False]])).tolist() == [[0.0, 0.0]]


def test_the_batch_is_compared_across_prompts_and_whitened_when_asked() -> None:
    rewards_B, valid_B = torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.ones(4, dtype=torch.bool)
    assert batch_mean(rewards_B, valid_B).tolist() == [0.5, -0.5, 0.5, -0.5]
    assert batch_mean(rewards_B, valid_B, divide_by_std=True).tolist() == [1.0, -1.0, 1.0, -1.0]
    grouped_PG = group_mean(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), torch.ones(2, 2, dtype=torch.bool))
    assert (grouped_PG == 0).all()  # where groups agree, only the batch sees a difference
    assert (batch_mean(torch.tensor([1.0, 1.0, 0.0, 0.0]), valid_B) != 0).all()


def test_rewards_are_credited_to_the_tokens_up_to_them() -> None:
    rewards_BT = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, float("nan")]])
    mask_BT = torch.tensor([[True, True, True], [True, True, False]])
    assert return_to_go(rewards_BT, mask_BT).tolist() == [[3.0, 2.0, 2.0], [3.0, 3.0, 0.0]]
    assert return_to_go(rewards_BT, mask_BT, gamma=0.5).tolist() == [[1.5, 1.0, 2.0], [1.5, 3.0, 0.0]]


@given(
    st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(st.floats(-2, 2), min_size=n, max_size=n)] * 2)),
    st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
    st.floats(-2, 2),
)
def test_generalized_advantages_are_the_sum_of_discounted_errors(
    row: tuple[list[float], list[float]], gamma: float, lam: float, truncated: bool, last: float
) -> None:
    """Against the definition: sum over k of (gamma * lam)^k * delta_(t + k), with both ends of an answer."""
    rewards, values = row
    following = [*values[1:], last if truncated else 0.0]
    delta = [r + gamma * after - v for r, after, v in zip(rewards, following, values, strict=True)]
    expected = [sum((gamma * lam) ** k * each for k, each in enumerate(delta[t:])) for t in range(len(delta))]

    def padded(numbers: list[float]) -> Tensor:
        return torch.tensor([[*numbers, float("nan")]], dtype=torch.float64)

    mask_BT = torch.tensor([[True] * len(rewards) + [False]])
    found = gae(
        padded(rewards),
        padded(values),
        mask_BT,
        torch.tensor([truncated]),
        torch.tensor([last if truncated else float("nan")], dtype=torch.float64),
        gamma=gamma,
        lam=lam,
    )
    assert found[0].tolist() == pytest.approx([*expected, 0.0])


def test_the_weakest_step_decides() -> None:
    scores_BT = torch.tensor([[0.0, 0.9, 0.0, 0.2], [0.3, 0.0, 0.3, 0.0], [0.0, 0.0, 0.0, 0.0]])
    steps_BT = torch.tensor([[False, True, False, True], [True, False, True, False], [False] * 4])
    found = min_form(scores_BT, steps_BT)
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0, 0.0, 0.2], [0.3, 0.0, 0.0, 0.0], [0.0] * 4]))
    assert return_to_go(found, torch.ones(3, 4, dtype=torch.bool))[1].tolist() == pytest.approx([0.3, 0.0, 0.0, 0.0])
