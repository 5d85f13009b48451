"""The losses of policy-gradient learning as pure functions of log-probabilities.

B sequences, T tokens. `mask_BT` is True on the tokens that the policy chose; what stands elsewhere (padding, even NaN)
changes neither the loss nor its gradient. Sums are divided by a constant, `normaliser`, which is the same for every
micro-batch of an update: the number of sequences times the most tokens that one may have, so that no token counts less
because its answer is long (Dr. GRPO, arXiv 2503.20783).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

_LARGEST_LOG_RATIO = 20.0
"""exp of it is still finite in fp32; a ratio that large is clipped or a bug."""

KLEstimator = Literal["k2", "ratio_k3"]


class PolicyLoss(NamedTuple):
    loss: Tensor
    """Scalar: the part of the update's loss that these sequences contribute."""
    clipped: Tensor
    """Scalar: tokens whose gradient the clip removed."""


def policy_loss(
    logprobs_BT: Tensor,
    old_logprobs_BT: Tensor,
    advantages_B: Tensor,
    mask_BT: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    normaliser: float,
) -> PolicyLoss:
    """PPO's clipped objective per token (arXiv 1707.06347), with one advantage per sequence.

    Args:
        logprobs_BT: of the tokens under the policy that learns.
        old_logprobs_BT: under the policy that sampled them, at the same temperature and with the same allowed tokens.
        advantages_B: of whole sequences.
        mask_BT: True on tokens that count.
        clip_low: the ratio may fall to 1 - clip_low.
        clip_high: the ratio may rise to 1 + clip_high.
        normaliser: the constant that sums are divided by.
    """
    log_ratio_BT = torch.where(mask_BT, logprobs_BT - old_logprobs_BT.detach(), 0.0)
    ratio_BT = log_ratio_BT.clamp(-_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO).exp()
    advantages_B1 = advantages_B.detach().unsqueeze(1)
    gain_BT = ratio_BT * advantages_B1
    bounded_BT = ratio_BT.clamp(1.0 - clip_low, 1.0 + clip_high) * advantages_B1
    token_loss_BT = torch.where(mask_BT, -torch.minimum(gain_BT, bounded_BT), 0.0)
    clipped = (mask_BT & (bounded_BT < gain_BT)).sum()
    return PolicyLoss(token_loss_BT.sum() / normaliser, clipped)


def kl_loss(
    logprobs_BT: Tensor,
    old_logprobs_BT: Tensor,
    reference_logprobs_BT: Tensor,
    mask_BT: Tensor,
    *,
    estimator: KLEstimator,
    normaliser: float,
) -> Tensor:
    """A loss whose expected gradient is that of KL(policy || reference) at the states that were visited.

    `k2`        half the squared log-ratio: right on the policy's own samples (k1 has gradient 0 in expectation, and
                k3's gradient is that of KL(reference || policy))
    `ratio_k3`  Schulman's k3 times the importance ratio: right after the policy has moved from its samples, too, and
                never negative; its value is an estimate of the KL itself

    Both hold the distribution over states (prefixes) fixed, as the clipped objective does.
    """
    log_ratio_BT = torch.where(mask_BT, logprobs_BT - reference_logprobs_BT.detach(), 0.0)
    if estimator == "k2":
        token_loss_BT = 0.5 * log_ratio_BT.square()
    elif estimator == "ratio_k3":
        moved_BT = torch.where(mask_BT, logprobs_BT - old_logprobs_BT.detach(), 0.0)
        moved_BT = moved_BT.clamp(-_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
        back_BT = (-log_ratio_BT).clamp(max=_LARGEST_LOG_RATIO)
        token_loss_BT = moved_BT.exp() * (back_BT.exp() - 1.0 + log_ratio_BT)
    else:
        raise ValueError(f"unknown KL estimator {estimator!r}: use 'k2' or 'ratio_k3'")
    return torch.where(mask_BT, token_loss_BT, 0.0).sum() / normaliser


def kl_estimate(logprobs_BT: Tensor, reference_logprobs_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """KL(policy || reference) per token, to watch: k3, never negative, of low variance (joschu.net/blog/kl-approx)."""
    back_BT = torch.where(mask_BT, reference_logprobs_BT - logprobs_BT, 0.0).clamp(max=_LARGEST_LOG_RATIO)
    return (back_BT.exp() - 1.0 - back_BT).sum() / mask_BT.sum().clamp(min=1)
