"""Log-probabilities of given tokens under the distribution that `draw` samples from; differentiable.

Shapes: B answers, T tokens of an answer, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def allowed_tokens(vocabulary: Vocabulary, device: torch.device) -> Tensor:
    """[V] True for tokens that may be an action."""
    return torch.from_numpy(vocabulary.allowed.astype(bool)).to(device)


def token_logprobs(logits_BTV: Tensor, tokens_BT: Tensor, temperature: float, allowed_V: Tensor) -> Tensor:
    """[B, T] log-probabilities under the distribution that `draw` samples from; differentiable.

    A token that is not allowed gets minus infinity, so mask padding before any arithmetic.
    """
    logits = logits_BTV[..., : len(allowed_V)].float()
    allowed_V = allowed_V[: logits.shape[-1]]  # a tokenizer may have more tokens than the model
    if temperature not in (0.0, 1.0):
        logits = logits / temperature
    logits = logits.masked_fill(~allowed_V, -torch.inf)
    chosen = logits.gather(-1, tokens_BT.unsqueeze(-1)).squeeze(-1)
    return chosen - torch.logsumexp(logits, -1)


def answer_logprobs(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    tokens_BT: Tensor,
    mask_BT: Tensor,
    *,
    allowed_V: Tensor,
    temperature: float,
) -> Tensor:
    """[B, T] log-probabilities of the answers in one teacher-forced pass, 0 where the mask is False; differentiable.

    Args:
        model: any causal model of `transformers`.
        prompts: [B] token ids before each answer.
        tokens_BT: the answers.
        mask_BT: True on their tokens.
        allowed_V: tokens that could be sampled.
        temperature: at which they were sampled.
    """
    device, answer = tokens_BT.device, tokens_BT.shape[1]
    lengths = [len(prompt) for prompt in prompts]
    joined = torch.zeros(len(prompts), max(lengths) + answer, dtype=torch.int64)
    for row, prompt in zip(joined, prompts, strict=True):
        row[: len(prompt)] = torch.tensor(prompt)
    start_B1 = torch.tensor(lengths)[:, None].to(device)
    at_BT = start_B1 + torch.arange(answer, device=device)
    joined = joined.to(device).scatter(1, at_BT, torch.where(mask_BT, tokens_BT, 0))
    joined = joined[:, : int((start_B1[:, 0] + mask_BT.sum(dim=1)).max())]
    # padding stands after each answer, where causal attention does not look
    kept = joined.shape[1] - min(lengths) + 1
    logits_BKV = model(input_ids=joined, use_cache=False, logits_to_keep=kept).logits
    # the token at position i is predicted by the logits at i - 1; beyond the end of an answer any column will do
    column_BT = (at_BT - min(lengths)).clamp(max=kept - 1)
    logits_BTV = logits_BKV[torch.arange(len(prompts), device=device)[:, None], column_BT]
    return torch.where(mask_BT, token_logprobs(logits_BTV, tokens_BT, temperature, allowed_V), 0.0)
