"""The losses of policy-gradient learning as pure functions of log-probabilities.

B sequences, T tokens. `mask_BT` is True on the tokens that the policy chose; what stands elsewhere (padding, even NaN)
changes neither the loss nor its gradient. `credit_BT` is an advantage for each token; one for each sequence is [B, 1].

A loss is returned per token, 0 outside the mask, and the learner divides its sum by a constant that is the same for
every micro-batch of an update: for token losses the number of sequences times the most tokens that one may have, so
that no token counts less because its answer is long (Dr. GRPO, arXiv 2503.20783).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

_LARGEST_LOG_RATIO = 20.0
"""exp of it is still finite in fp32; a ratio that large is clipped or a bug."""

KLEstimator = Literal["k2", "ratio_k3"]


class ClippedLoss(NamedTuple):
    loss_BT: Tensor
    """0 outside the mask."""
    cut_BT: Tensor
    """True on tokens whose gradient the clip removed."""


def reinforce(logprobs_BT: Tensor, credit_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """[B, T] the score-function loss -A log pi (Williams 1992), for answers of the policy as it is now."""
    chosen_BT = torch.where(mask_BT, logprobs_BT, 0.0)
    return torch.where(mask_BT, -chosen_BT * credit_BT.detach(), 0.0)


def clipped(
    logprobs_BT: Tensor,
    old_BT: Tensor,
    credit_BT: Tensor,
    mask_BT: Tensor,
    *,
    clip_low: float,
    clip_high: float,
) -> ClippedLoss:
    """PPO's clipped objective per token (arXiv 1707.06347): -min(ratio * A, clip(ratio) * A).

    Args:
        logprobs_BT: of the tokens under the policy that learns.
        old_BT: under the policy that sampled them, at the same temperature and with the same allowed tokens.
        credit_BT: [B, T] or [B, 1].
        mask_BT: True on tokens that count.
        clip_low: the ratio may fall to 1 - clip_low.
        clip_high: the ratio may rise to 1 + clip_high.
    """
    return _clip(_ratio(logprobs_BT, old_BT, mask_BT), credit_BT, mask_BT, clip_low=clip_low, clip_high=clip_high)


def sequence_clipped(
    logprobs_BT: Tensor,
    old_BT: Tensor,
    credit_BT: Tensor,
    mask_BT: Tensor,
    *,
    clip_low: float,
    clip_high: float,
) -> ClippedLoss:
    """GSPO's objective (arXiv 2507.18071): one ratio for a whole answer, the geometric mean of those of its tokens.

    Each row of the loss sums to -min(s * A, clip(s) * A) with s = exp(mean_t log ratio), spread evenly over its tokens
    (GSPO-token, section 4.3: the same gradient when a row has one advantage), so divide by a number of sequences.

    Args: as `clipped` has them; the bounds are for s, and are smaller by two orders of magnitude.
    """
    length_B1 = mask_BT.sum(dim=1, keepdim=True).clamp(min=1)
    log_ratio_BT = torch.where(mask_BT, logprobs_BT - old_BT.detach(), 0.0)
    mean_B1 = (log_ratio_BT.sum(dim=1, keepdim=True) / length_B1).detach()
    # the value of every token is the sequence's ratio, its gradient that of its own log-probability
    spread_BT = mean_B1 + (log_ratio_BT - log_ratio_BT.detach())
    loss_BT, cut_BT = _clip(_exp(spread_BT), credit_BT, mask_BT, clip_low=clip_low, clip_high=clip_high)
    return ClippedLoss(loss_BT / length_B1, cut_BT)


def kl(logprobs_BT: Tensor, old_BT: Tensor, reference_BT: Tensor, mask_BT: Tensor, *, estimator: KLEstimator) -> Tensor:
    """[B, T] a loss whose expected gradient is that of KL(policy || reference) at the states that were visited.

    `k2`        half the squared log-ratio: right on the policy's own samples (k1 has gradient 0 in expectation, and
                k3's gradient is that of KL(reference || policy))
    `ratio_k3`  Schulman's k3 times the importance ratio: right after the policy has moved from its samples, too, and
                never negative; its value is an estimate of the KL itself

    Both hold the distribution over states (prefixes) fixed, as the clipped objective does.
    """
    log_ratio_BT = torch.where(mask_BT, logprobs_BT - reference_BT.detach(), 0.0)
    if estimator == "k2":
        loss_BT = 0.5 * log_ratio_BT.square()
    elif estimator == "ratio_k3":
        back_BT = (-log_ratio_BT).clamp(max=_LARGEST_LOG_RATIO)
        loss_BT = _ratio(logprobs_BT, old_BT, mask_BT) * (back_BT.exp() - 1.0 + log_ratio_BT)
    else:
        raise ValueError(f"unknown KL estimator {estimator!r}: use 'k2' or 'ratio_k3'")
    return torch.where(mask_BT, loss_BT, 0.0)


def kl_estimate(logprobs_BT: Tensor, reference_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """[B, T] KL(policy || reference), to watch: k3, never negative, of low variance (joschu.net/blog/kl-approx)."""
    back_BT = torch.where(mask_BT, reference_BT - logprobs_BT, 0.0).clamp(max=_LARGEST_LOG_RATIO)
    return back_BT.exp() - 1.0 - back_BT


def _ratio(logprobs_BT: Tensor, old_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """[B, T] pi / pi_old; 1 outside the mask."""
    return _exp(torch.where(mask_BT, logprobs_BT - old_BT.detach(), 0.0))


def _exp(log_ratio_BT: Tensor) -> Tensor:
    return log_ratio_BT.clamp(-_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO).exp()


def _clip(ratio_BT: Tensor, credit_BT: Tensor, mask_BT: Tensor, *, clip_low: float, clip_high: float) -> ClippedLoss:
    credit_BT = credit_BT.detach()
    gain_BT = ratio_BT * credit_BT
    bounded_BT = ratio_BT.clamp(1.0 - clip_low, 1.0 + clip_high) * credit_BT
    return ClippedLoss(torch.where(mask_BT, -torch.minimum(gain_BT, bounded_BT), 0.0), mask_BT & (bounded_BT < gain_BT))
