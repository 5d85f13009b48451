"""Attention for packed rows on a CPU: two batched products and a softmax, each document on its own.

PyTorch's fused attention takes nearly half of a small model's training step on a CPU, most of it in its backward pass;
written out in bfloat16 the whole step took 0.35 s instead of 0.56 s (1 M parameters, 32 x 256 tokens, two cores). Rows
are short, so the [T, T] weights fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "reasonrl_packed"
_HIDDEN = -1e4
"""Added to the score of a token that may not be seen: far below any score, and finite in every precision."""


@contextmanager
def packed_attention(model: PreTrainedModel) -> Iterator[None]:
    """Within it, a model on a CPU attends by `attend`; elsewhere nothing changes."""
    if model.device.type != "cpu":
        yield
        return
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(NAME, attend)
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(before)


def mask_for(model: PreTrainedModel, positions_BT: Tensor, *, dtype: torch.dtype) -> Tensor | None:
    """The mask to pass beside the positions: None where transformers reads the documents off the positions itself."""
    if model.config._attn_implementation != NAME:
        return None
    return document_mask(positions_BT, dtype=dtype)


def document_mask(positions_BT: Tensor, *, dtype: torch.dtype) -> Tensor:
    """[B, 1, T, T]: 0 where a token may look (at itself and at what came before it in its document), else far below."""
    document_BT = (positions_BT == 0).cumsum(1)
    rows = positions_BT.shape[1]
    seen_BTT = (document_BT[:, :, None] == document_BT[:, None, :]) & torch.ones(rows, rows, dtype=torch.bool).tril()
    return torch.zeros(seen_BTT.shape, dtype=dtype).masked_fill(~seen_BTT, _HIDDEN)[:, None]


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Grouped-query attention in the precision of `value`; shapes [B, H, T, D] and [B, K, T, D], out [B, T, H, D]."""
    batch, heads, tokens, size = query.shape
    groups = key.shape[1]
    with torch.autocast(query.device.type, enabled=False):
        scaled = (query * scaling).to(value.dtype).reshape(batch * groups, heads // groups * tokens, size)
        scores = scaled @ key.to(value.dtype).reshape(batch * groups, tokens, size).mT
        weights = torch.softmax(scores.view(batch, heads, tokens, tokens) + attention_mask, dim=-1)
        mixed = weights.view(batch * groups, -1, tokens) @ value.reshape(batch * groups, tokens, size)
    return mixed.view(batch, heads, tokens, size).transpose(1, 2), None
