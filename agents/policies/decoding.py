"""The one decode loop: lanes side by side, keyed noise, finished lanes dropped.

The sampler ends a lane by what it says, a rollout by what the environment says to it; nothing else tells them apart.

    decoded = decode(model, prompts, fan_out, keys_B, ..., on_tokens=lambda position, lanes, tokens_BT: over)

A lane's tokens depend on its prompt and its key, never on what is sampled beside it (in float32; bfloat16 rounds
differently in batches of different size, which moves a token now and then).

Shapes: P prompts, B lanes, N lanes that still go on, T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from reasonrl.agents.policies.decoder import open_session
from reasonrl.agents.policies.draw import draw
from reasonrl.agents.policies.noise import uniforms
from reasonrl.agents.policies.session import context_of
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

OnTokens = Callable[[int, NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]
"""(position, lanes_N, tokens_BT) -> over_N: asked once a position, of the lanes that still go on.

`tokens_BT[lanes_N, position]` has just been drawn; `tokens_BT[:, : position + 1]` is all that was said."""

_KEEP_BELOW = 0.8
"""Finished lanes are dropped once less than this share is alive: dropping copies the cache of the others."""


class Decoded(NamedTuple):
    """What all lanes said, prompt by prompt."""

    tokens_BT: NDArray[np.int64]
    """0 after the end of a lane."""
    logprobs_BT: NDArray[np.float32]
    """Of each token, at the sampling temperature (at 1.0 for greedy); 0 after the end of a lane."""
    length_B: NDArray[np.int64]
    """Tokens of each lane: up to where `on_tokens` called it over, else all that there was room for."""


def decode(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    fan_out: Sequence[int],
    keys_B: NDArray[np.uint64],
    *,
    temperature: float,
    max_tokens: int,
    allowed_V: Tensor,
    on_tokens: OnTokens,
    dtype: torch.dtype | None = None,
) -> Decoded:
    """Continues each prompt in `fan_out[p]` lanes until all of them are over.

    Args:
        model: a causal model of `transformers`.
        prompts: [P] token ids, each shorter than the model's context.
        fan_out: [P] lanes of each prompt, at least one.
        keys_B: of each lane's noise, from `noise.sequence_keys`.
        temperature: divides the logits; 0 takes the most probable token.
        max_tokens: of a lane at most; the model's context may leave less.
        allowed_V: tokens that may be drawn.
        on_tokens: says which lanes are over; see `OnTokens`.
        dtype: of the computation; None: the model's own.
    """
    context = context_of(model)
    room_B = np.repeat([min(max_tokens, context - len(prompt)) for prompt in prompts], fan_out)
    room = int(room_B.max())
    tokens_BT = np.zeros((len(room_B), room), np.int64)
    logprobs_BT = np.zeros((len(room_B), room), np.float32)
    length_B = room_B.copy()

    session = open_session(model, prompts, fan_out, room=room, dtype=dtype)
    lane_N = np.arange(len(room_B))  # which of the B lanes each of the session's lanes is
    alive_N = np.ones(len(room_B), bool)
    for position in range(room):
        drawn_N, logprob_N = draw(session.logits_BV, temperature, uniforms(keys_B[lane_N], position), allowed_V)
        going = lane_N[alive_N]
        tokens_BT[going, position] = drawn_N.cpu().numpy()[alive_N]
        logprobs_BT[going, position] = logprob_N.cpu().numpy()[alive_N]
        over = on_tokens(position, going, tokens_BT)
        length_B[going[over]] = position + 1
        alive_N[alive_N] = ~over
        full_N = room_B[lane_N] == position + 1
        alive_N &= ~full_N
        if not alive_N.any():
            break
        if alive_N.mean() < _KEEP_BELOW or full_N.any():  # a lane at the end of the context cannot go on, even unread
            kept = torch.from_numpy(alive_N.nonzero()[0])
            session.keep(kept)
            drawn_N, lane_N = drawn_N[kept.to(drawn_N.device)], lane_N[alive_N]
            alive_N = np.ones(len(lane_N), bool)
        session.append(drawn_N)
    return Decoded(tokens_BT, logprobs_BT, length_B)
