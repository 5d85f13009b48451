"""Drawing tokens: one uniform number per lane, inverted through the cumulative distribution.

The distribution is softmax(logits / T) over the allowed tokens, and nothing else (no top-k, no top-p): what a trainer
computes with `logprobs.token_logprobs` is exactly what was sampled from.

Shapes: B lanes, V vocabulary.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_BLOCK = 256
"""Width of the blocks in which a large vocabulary is summed before it is searched."""


@torch.no_grad()
def draw(
    logits_BV: Tensor, temperature: float, uniform_B: NDArray[np.float64], allowed_V: Tensor
) -> tuple[Tensor, Tensor]:
    """Tokens [B] and their log-probabilities [B].

    Args:
        logits_BV: float32; columns beyond the vocabulary are ignored.
        temperature: divides the logits; 0 takes the most probable token.
        uniform_B: in [0, 1), from `noise.uniforms`.
        allowed_V: bool; tokens that may be drawn.
    """
    allowed_V = allowed_V[: logits_BV.shape[-1]]  # a tokenizer may have more tokens than the model
    logits = logits_BV[:, : len(allowed_V)] * (1.0 / temperature if temperature > 0 else 1.0)
    banned = (~allowed_V).nonzero().squeeze(-1)
    if len(banned):
        logits[:, banned] = -torch.inf
    if temperature == 0:
        tokens_B = logits.argmax(-1)
    else:
        tokens_B = _invert(torch.softmax(logits, -1), torch.from_numpy(uniform_B).to(logits.device))
    chosen_B = logits.gather(-1, tokens_B[:, None]).squeeze(-1)
    return tokens_B, chosen_B - torch.logsumexp(logits, -1)


def _invert(mass_BV: Tensor, uniform_B: Tensor) -> Tensor:
    """First index whose cumulative mass exceeds `uniform * total`, found block by block; never one without mass."""
    lanes, size = mass_BV.shape
    if size <= 2 * _BLOCK:
        return _search(mass_BV, uniform_B)[0]
    if size % _BLOCK:
        mass_BV = torch.nn.functional.pad(mass_BV, (0, -size % _BLOCK))
    blocks = mass_BV.view(lanes, -1, _BLOCK)
    block_B, rest_B = _search(blocks.sum(-1), uniform_B)
    inside_B, _ = _search(blocks[torch.arange(lanes, device=block_B.device), block_B], rest_B)
    return block_B * _BLOCK + inside_B


def _search(mass_BN: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """The index that holds the point `uniform * total`, and how far into its mass the point lies (in [0, 1))."""
    cumulative = mass_BN.double().cumsum(-1)
    point = uniform_B[:, None] * cumulative[:, -1:]  # strictly below the total: see `uniforms`
    index = torch.searchsorted(cumulative, point, right=True)
    above = cumulative.gather(-1, index)
    width = mass_BN.gather(-1, index).double()
    fraction = (1.0 - (above - point) / width).clamp_(0.0, 1.0 - 2.0**-32)
    return index.squeeze(-1), fraction.squeeze(-1)
