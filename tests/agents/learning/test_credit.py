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
