"""Decoding with a KV cache: prompts are read once, fanned out into lanes, and the lanes go on side by side.

    session = open_session(model, prompts, fan_out, room=64)      # B = sum(fan_out) lanes, prompt by prompt
    while ...:
        tokens_B = ...                                            # drawn from session.logits_BV
        session.append(tokens_B)
        session.keep(lanes)                                       # drop the finished ones now and then

Llama models run on a lean loop over their own weights (`llama_decoder`); any other causal model of `transformers` goes
through its own forward pass (`generic`). Both work on the device of the model, in its dtype.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from reasonrl.agents.policies.generic import GenericDecoder
from reasonrl.agents.policies.llama import is_plain_llama
from reasonrl.agents.policies.llama_decoder import LlamaDecoder
from reasonrl.agents.policies.session import Decoder, Session, context_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def open_session(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    fan_out: Sequence[int],
    *,
    room: int,
    dtype: torch.dtype | None = None,
) -> Session:
    """Reads each prompt once and opens `fan_out[p]` lanes after prompt p.

    Args:
        model: a causal model of `transformers`.
        prompts: token ids, at least one each.
        fan_out: lanes of each prompt, at least one each.
        room: the most tokens that will be appended to a lane.
        dtype: of the computation; None: the model's own. Only Llama models can differ from their weights.
    """
    if len(prompts) != len(fan_out):
        raise ValueError(f"each prompt needs its fan-out: got {len(prompts)} prompts and {len(fan_out)} numbers")
    if not prompts or min(map(len, prompts)) < 1 or min(fan_out) < 1:
        raise ValueError("a session needs prompts of at least one token, each with at least one lane")
    longest, context = max(map(len, prompts)), context_of(model)
    if longest >= context:
        raise ValueError(f"a prompt has {longest} tokens and the model reads at most {context}: shorten it")
    return get_decoder(model, dtype=dtype).open(prompts, fan_out, room=room)


_decoders: weakref.WeakKeyDictionary[Any, dict[torch.dtype, Decoder]] = weakref.WeakKeyDictionary()


def get_decoder(model: PreTrainedModel, *, dtype: torch.dtype | None = None) -> Decoder:
    """The model's decoder in this dtype, made once."""
    dtype = dtype or model.dtype
    made = _decoders.setdefault(model, {})
    if dtype not in made:
        if is_plain_llama(model):
            made[dtype] = LlamaDecoder(model, dtype=dtype)
        else:
            if dtype != model.dtype:
                raise ValueError(
                    f"a {model.config.model_type} model decodes in its own dtype: convert it to {dtype} first"
                )
            made[dtype] = GenericDecoder(model)
    return made[dtype]
