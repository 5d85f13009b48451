"""Advantages of the answers to one prompt against each other: the group is its own baseline.

P prompts, G answers to each. Mean-centred (Dr. GRPO, arXiv 2503.20783); dividing by the standard deviation (GRPO,
arXiv 2402.03300) weighs easy and hard prompts up and is therefore optional.
"""

from __future__ import annotations

import torch
from torch import Tensor

_SMALLEST_STD = 1e-6


def group_advantages(rewards_PG: Tensor, valid_PG: Tensor, *, divide_by_std: bool = False) -> Tensor:
    """[P, G] each answer's reward less the mean of its group.

    The expectation of the gradient with these advantages is (G - 1) / G times the exact one, because an answer is part
    of its own baseline; the factor is the same for every prompt.

    Args:
        rewards_PG: outcome of each answer; anything (NaN too) where the judge failed.
        valid_PG: False where the answer must not count, neither as a sample nor in the baseline.
        divide_by_std: scale each group to unit standard deviation.

    Returns:
        Exactly 0 where the answer does not count and in groups where every answer scores the same.
    """
    rewards_PG = torch.where(valid_PG, rewards_PG, 0.0)
    count_P1 = valid_PG.sum(dim=1, keepdim=True).clamp(min=1)
    mean_P1 = rewards_PG.sum(dim=1, keepdim=True) / count_P1
    advantages_PG = torch.where(valid_PG, rewards_PG - mean_P1, 0.0)
    if divide_by_std:
        std_P1 = (advantages_PG.square().sum(dim=1, keepdim=True) / count_P1).sqrt()
        advantages_PG = advantages_PG / std_P1.clamp(min=_SMALLEST_STD)
    # a mean of equal rewards may be off by a rounding error, and a group without contrast must teach nothing
    return torch.where(_same_score(rewards_PG, valid_PG), 0.0, advantages_PG)


def _same_score(rewards_PG: Tensor, valid_PG: Tensor) -> Tensor:
    """[P, 1] True where all answers that count have one and the same reward (or none counts)."""
    highest_P1 = torch.where(valid_PG, rewards_PG, -torch.inf).amax(dim=1, keepdim=True)
    lowest_P1 = torch.where(valid_PG, rewards_PG, torch.inf).amin(dim=1, keepdim=True)
    return highest_P1 <= lowest_P1
