"""Credit: how much better than expected an answer, or one of its tokens, was. Pure functions, one per idea.

P prompts, G answers to each, B = P * G answers, T tokens. `valid` is False where an answer must not count, neither as a
sample nor in a baseline; a reward there may be anything, NaN too, and its credit is exactly 0.

    group_mean       less the mean of its group                 GRPO (arXiv 2402.03300), Dr. GRPO (2503.20783)
    leave_one_out    less the mean of the others in its group   RLOO (2402.14740)
    batch_mean       less the mean of all answers               REINFORCE with a baseline (Williams 1992)
    return_to_go     what is still to come, token by token      the policy gradient theorem (Sutton 1999)
    gae              return_to_go smoothed by a critic          PPO (1506.02438)
    min_form         the weakest step decides                   PURE (2504.15275)
"""

from __future__ import annotations

import torch
from torch import Tensor

_SMALLEST_STD = 1e-6


def group_mean(rewards_PG: Tensor, valid_PG: Tensor, *, divide_by_std: bool = False) -> Tensor:
    """[P, G] each answer's reward less the mean of its group: the group is its own baseline.

    The expectation of the gradient with this credit is (G - 1) / G times the exact one, because an answer is part of
    its own baseline; the factor is the same for every prompt.

    Args:
        rewards_PG: outcome of each answer; anything (NaN too) where the judge failed.
        valid_PG: False where the answer must not count.
        divide_by_std: scale each group to unit standard deviation, which weighs easy and hard prompts up.

    Returns:
        Exactly 0 where the answer does not count and in groups where every answer scores the same.
    """
    rewards_PG = torch.where(valid_PG, rewards_PG, 0.0)
    count_P1 = valid_PG.sum(dim=1, keepdim=True).clamp(min=1)
    mean_P1 = rewards_PG.sum(dim=1, keepdim=True) / count_P1
    credit_PG = torch.where(valid_PG, rewards_PG - mean_P1, 0.0)
    if divide_by_std:
        std_P1 = (credit_PG.square().sum(dim=1, keepdim=True) / count_P1).sqrt()
        credit_PG = credit_PG / std_P1.clamp(min=_SMALLEST_STD)
    # a mean of equal rewards may be off by a rounding error, and a group without contrast must teach nothing
    return torch.where(_same_score(rewards_PG, valid_PG), 0.0, credit_PG)


def leave_one_out(rewards_PG: Tensor, valid_PG: Tensor) -> Tensor:
    """[P, G] each answer's reward less the mean of the *other* answers of its group; the gradient is unbiased.

    It is `group_mean` times n / (n - 1), with n the answers of the group that count; one alone has credit 0.
    """
    count_P1 = valid_PG.sum(dim=1, keepdim=True)
    return group_mean(rewards_PG, valid_PG) * count_P1 / (count_P1 - 1).clamp(min=1)


def batch_mean(rewards_B: Tensor, valid_B: Tensor, *, divide_by_std: bool = False) -> Tensor:
    """[B] each answer's reward less the mean over the whole batch, as if it were one group.

    The expectation of the gradient is (B - 1) / B times the exact one. `divide_by_std` whitens the batch, as
    REINFORCE++ does (arXiv 2501.03262).
    """
    return group_mean(rewards_B[None], valid_B[None], divide_by_std=divide_by_std)[0]


def return_to_go(rewards_BT: Tensor, mask_BT: Tensor, *, gamma: float = 1.0) -> Tensor:
    """[B, T] discounted sum of the rewards from each token on; 0 outside the mask.

    Args:
        rewards_BT: what followed on each token.
        mask_BT: True on the policy's own tokens; rewards elsewhere do not count.
        gamma: discount for each token.
    """
    rewards_BT = torch.where(mask_BT, rewards_BT, 0.0)
    total_B = torch.zeros_like(rewards_BT[:, 0])
    returns_BT = torch.zeros_like(rewards_BT)
    for t in reversed(range(rewards_BT.shape[1])):
        total_B = rewards_BT[:, t] + gamma * total_B
        returns_BT[:, t] = total_B
    return torch.where(mask_BT, returns_BT, 0.0)


def gae(
    rewards_BT: Tensor,
    values_BT: Tensor,
    mask_BT: Tensor,
    truncated_B: Tensor,
    last_values_B: Tensor,
    *,
    gamma: float = 1.0,
    lam: float = 1.0,
) -> Tensor:
    """[B, T] generalized advantage estimation (arXiv 1506.02438), for answers that are one run of tokens.

    Args:
        rewards_BT: what followed on each token.
        values_BT: the critic's value of the state *before* each token.
        mask_BT: True on the answer's tokens: a prefix of each row.
        truncated_B: True where the answer was cut: its last state has a value that is bootstrapped from. Where an
            answer ended by itself nothing comes after it.
        last_values_B: the critic's value of the state after the last token; read where `truncated_B` is True.
        gamma: discount for each token.
        lam: 1: the return less the value (no bias); 0: one step (least variance).
    """
    last_BT = mask_BT & ~torch.nn.functional.pad(mask_BT[:, 1:], (0, 1), value=False)
    following_BT = torch.nn.functional.pad(values_BT[:, 1:], (0, 1))
    after_B1 = torch.where(truncated_B, last_values_B, 0.0)[:, None]
    following_BT = torch.where(last_BT, after_B1, following_BT)
    delta_BT = torch.where(mask_BT, rewards_BT + gamma * following_BT - values_BT, 0.0)
    return return_to_go(delta_BT, mask_BT, gamma=gamma * lam)


def min_form(scores_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """[B, T] what each token gets when an answer is as good as its weakest step (PURE, arXiv 2504.15275).

    The lowest score of the row, on the token where it stands (the first of equals), and 0 elsewhere; `return_to_go` of
    it credits the tokens up to the weakest step with it, and none after.

    Args:
        scores_BT: of a step, on the token that ends it.
        mask_BT: True on those tokens; a row without any gets 0.
    """
    lowest_B1 = torch.where(mask_BT, scores_BT, torch.inf).argmin(dim=1, keepdim=True)
    here_BT = torch.zeros_like(mask_BT).scatter(1, lowest_B1, True) & mask_BT
    return torch.where(here_BT, scores_BT, 0.0)


def _same_score(rewards_PG: Tensor, valid_PG: Tensor) -> Tensor:
    """[P, 1] True where all answers that count have one and the same reward (or none counts)."""
    highest_P1 = torch.where(valid_PG, rewards_PG, -torch.inf).amax(dim=1, keepdim=True)
    lowest_P1 = torch.where(valid_PG, rewards_PG, torch.inf).amin(dim=1, keepdim=True)
    return highest_P1 <= lowest_P1
