"""Decoding with a KV cache: prompts are read once, fanned out into lanes, and the lanes go on side by side.

    session = open_session(model, prompts, fan_out, room=64)      # B = sum(fan_out) lanes, prompt by prompt
    while ...:
        tokens_B = ...                                            # drawn from session.logits_BV
        session.append(tokens_B)
        session.keep(lanes)                                       # drop the finished ones now and then

Llama models run on a lean loop over their own weights; any other causal model of `transformers` goes through its own
forward pass (`agents.policies.generic`) behind the same interface. Both work on the device of the model, in its dtype.

The lean loop stores a prompt's keys and values once. Lanes stand in a grid of G groups (one prompt each) by W slots,
so that attention over the prompt is one matrix product for all W lanes of a group, instead of W copies of the prompt.

Shapes: P prompts, B lanes, G groups, W slots, H query heads, K key-value heads, R = H / K, D head size, T prompt
tokens.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PREFILL_TOKENS = 8192
"""Prompt tokens read in one pass, padding included: bounds the memory of the pass."""
_FIRST_ROOM = 64
"""Tokens of each lane that memory is taken for at first."""


class Session(Protocol):
    """Many lanes decoding side by side."""

    logits_BV: Tensor
    """float32; the next-token logits of each lane."""

    def append(self, tokens_B: Tensor) -> None:
        """Feeds one token to each lane and updates the logits."""
        ...

    def keep(self, lanes: Tensor) -> None:
        """Goes on with these lanes only, in this order; lane i is then the old `lanes[i]`."""
        ...


class Decoder(Protocol):
    """Opens sessions on one model."""

    def sync(self) -> None:
        """Takes over the model's current weights.

        `open_session` does so by itself after an optimizer's step and after in-place changes; only what writes through
        `parameter.data` must call this.
        """
        ...

    def open(self, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], *, room: int) -> Session: ...


def open_session(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    fan_out: Sequence[int],
    *,
    room: int,
    dtype: torch.dtype | None = None,
) -> Session:
    """Reads each prompt once and opens `fan_out[p]` lanes behind prompt p.

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


def context_of(model: PreTrainedModel) -> int:
    """The most tokens that a sequence may have."""
    config = model.config
    return int(getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 2**30)


_decoders: weakref.WeakKeyDictionary[Any, dict[torch.dtype, Decoder]] = weakref.WeakKeyDictionary()


def get_decoder(model: PreTrainedModel, *, dtype: torch.dtype | None = None) -> Decoder:
    """The model's decoder in this dtype, made once."""
    dtype = dtype or model.dtype
    made = _decoders.setdefault(model, {})
    if dtype not in made:
        if is_plain_llama(model):
            made[dtype] = LlamaDecoder(model, dtype=dtype)
        else:
            from reasonrl.agents.policies.generic import GenericDecoder

            if dtype != model.dtype:
                raise ValueError(
                    f"a {model.config.model_type} model decodes in its own dtype: convert it to {dtype} first"
                )
            made[dtype] = GenericDecoder(model)
    return made[dtype]


def is_plain_llama(model: PreTrainedModel) -> bool:
    """Whether the lean loop knows this architecture: Llama without biases, scaled positions or pretraining slices."""
    config = model.config
    return (
        config.model_type == "llama"
        and type(model).__name__ == "LlamaForCausalLM"
        and config.hidden_act == "silu"
        and not config.attention_bias
        and not config.mlp_bias
        and config.rope_parameters.get("rope_type", "default") == "default"
    )


class _Layer(NamedTuple):
    """One block's weights; projections that read the same input are stacked into one matrix."""

    norm_attention: Tensor
    query_key_value: Tensor
    output: Tensor
    norm_mlp: Tensor
    gate_up: Tensor
    down: Tensor


class LlamaDecoder:
    """The weights of a `LlamaForCausalLM`, laid out for decoding."""

    def __init__(self, model: PreTrainedModel, *, dtype: torch.dtype) -> None:
        config = model.config
        self._model = weakref.ref(model)  # the cache of decoders must not keep the model alive
        self.dtype = dtype
        self.device = model.device
        self.context = context_of(model)
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.epsilon = config.rms_norm_eps
        self.theta = float(config.rope_parameters["rope_theta"])
        # small bfloat16 matrix products are slow on CPUs, so keys and values are float32 there
        self.cache_dtype = torch.float32 if self.device.type == "cpu" else dtype
        self._stamp: tuple[int, ...] = ()
        self.layers: list[_Layer] = []
        self.embedding = self.norm = self.head = torch.empty(0)
        self._cosine = self._sine = torch.empty(0, self.head_size)

    @torch.no_grad()
    def sync(self) -> None:
        model: Any = self._model()
        self._stamp = _stamp(model)
        self.device = model.device

        def take(*weights: Tensor) -> Tensor:
            return (weights[0] if len(weights) == 1 else torch.cat(weights)).detach().to(self.dtype)

        self.layers = [
            _Layer(
                take(block.input_layernorm.weight),
                take(*(getattr(block.self_attn, f"{name}_proj").weight for name in "qkv")),
                take(block.self_attn.o_proj.weight),
                take(block.post_attention_layernorm.weight),
                take(block.mlp.gate_proj.weight, block.mlp.up_proj.weight),
                take(block.mlp.down_proj.weight),
            )
            for block in model.model.layers
        ]
        self.embedding, self.norm = take(model.model.embed_tokens.weight), take(model.model.norm.weight)
        head = model.lm_head.weight
        self.head = self.embedding if head.data_ptr() == model.model.embed_tokens.weight.data_ptr() else take(head)

    @torch.inference_mode()
    def open(self, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], *, room: int) -> LlamaSession:
        model = self._model()
        if model is None:
            raise RuntimeError("the model behind this decoder is gone: keep a reference to it")
        if self._stamp != _stamp(model):
            self.sync()
        return LlamaSession(self, prompts, fan_out, room)

    def rotations(self, positions: Tensor, *, need: int) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine, [..., 1, D], that turn queries and keys at these positions, all below `need`."""
        if need > len(self._cosine) or self._cosine.device != self.device:
            half = torch.arange(0, self.head_size, 2, dtype=torch.float32, device=self.device) / self.head_size
            places = torch.arange(max(need, 256) * 2, dtype=torch.float32, device=self.device)
            angles = places[:, None] * (1.0 / self.theta**half)
            self._cosine = torch.cat((angles.cos(), angles.cos()), -1)
            # (x1, x2) -> (x1 cos - x2 sin, x2 cos + x1 sin): with the minus in the table a roll replaces the rotation
            self._sine = torch.cat((-angles.sin(), angles.sin()), -1)
        return self._cosine[positions].unsqueeze(-2), self._sine[positions].unsqueeze(-2)

    def project(self, hidden: Tensor, layer: _Layer, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (scaled for attention), keys and values, [..., heads, D], in the cache's dtype."""
        normed = F.rms_norm(hidden, hidden.shape[-1:], layer.norm_attention, self.epsilon)
        stacked = F.linear(normed, layer.query_key_value).to(torch.float32)
        stacked = stacked.view(*stacked.shape[:-1], self.heads + 2 * self.kv_heads, self.head_size)
        turning = stacked[..., : -self.kv_heads, :]
        turned = torch.addcmul(turning * turn[0], turning.roll(self.head_size // 2, -1), turn[1])
        queries = turned[..., : self.heads, :] * self.head_size**-0.5
        keys, values = turned[..., self.heads :, :], stacked[..., -self.kv_heads :, :]
        return queries.to(self.cache_dtype), keys.to(self.cache_dtype), values.to(self.cache_dtype)

    def finish(self, hidden: Tensor, attended: Tensor, layer: _Layer) -> Tensor:
        """The rest of the block: output projection, MLP, residuals."""
        hidden = hidden + F.linear(attended.to(self.dtype), layer.output)
        normed = F.rms_norm(hidden, hidden.shape[-1:], layer.norm_mlp, self.epsilon)
        gate, up = F.linear(normed, layer.gate_up).chunk(2, dim=-1)
        return hidden + F.linear(F.silu(gate).mul_(up), layer.down)

    def logits(self, hidden: Tensor) -> Tensor:
        normed = F.rms_norm(hidden, hidden.shape[-1:], self.norm, self.epsilon)
        return F.linear(normed, self.head).float()

    def read(self, prompts: Sequence[Sequence[int]], keys_LPKTD: Tensor, values_LPKTD: Tensor) -> Tensor:
        """One pass over the prompts: fills the caches and returns the logits [P, V] behind each."""
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=self.device)
        width = int(lengths.max())
        ids = np.zeros((len(prompts), width), np.int64)
        for row, prompt in zip(ids, prompts, strict=True):
            row[: len(prompt)] = prompt
        hidden = self.embedding[torch.from_numpy(ids).to(self.device)]
        turn = self.rotations(torch.arange(width, device=self.device), need=width)
        repeat = self.heads // self.kv_heads
        for layer, keys_PKTD, values_PKTD in zip(self.layers, keys_LPKTD, values_LPKTD, strict=True):
            queries, keys, values = (part.transpose(1, 2) for part in self.project(hidden, layer, turn))
            keys_PKTD[:, :, :width], values_PKTD[:, :, :width] = keys, values
            keys, values = (part.repeat_interleave(repeat, 1) if repeat > 1 else part for part in (keys, values))
            # padding stands behind each prompt, so the causal mask hides it
            attended = F.scaled_dot_product_attention(queries, keys, values, is_causal=True, scale=1.0)
            hidden = self.finish(hidden, attended.transpose(1, 2).flatten(2), layer)
        return self.logits(hidden[torch.arange(len(prompts), device=self.device), lengths - 1])


class LlamaSession:
    """Lanes of a `LlamaDecoder`."""

    logits_BV: Tensor

    def __init__(
        self, decoder: LlamaDecoder, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], room: int
    ) -> None:
        self._decoder = decoder
        self._room, self._used = room, 0
        device, count = decoder.device, len(prompts)
        width = max(map(len, prompts))
        shape = (len(decoder.layers), count, decoder.kv_heads, width, decoder.head_size)
        self._prompt_keys = torch.zeros(
            shape, dtype=decoder.cache_dtype, device=device
        )  # zeros: padding is multiplied by 0
        self._prompt_values = torch.zeros_like(self._prompt_keys)
        rows = max(1, _PREFILL_TOKENS // width)
        logits_PV = torch.cat(
            [
                decoder.read(
                    prompts[at : at + rows],
                    self._prompt_keys[:, at : at + rows],
                    self._prompt_values[:, at : at + rows],
                )
                for at in range(0, count, rows)
            ]
        )
        lanes = sum(fan_out)
        # uneven fan-outs: a prompt with many lanes takes several groups, so that the grid stays at most half empty
        slots = max(fan_out) if max(fan_out) * count <= 2 * lanes else -(-2 * lanes // count)
        prompt_B = np.repeat(np.arange(count), fan_out)
        within_B = np.concatenate([np.arange(n) for n in fan_out])
        first_group_P = np.cumsum([0, *(-(-n // slots) for n in fan_out)])
        group_B = first_group_P[prompt_B] + within_B // slots
        groups = int(first_group_P[-1])
        if groups > count:
            prompt_G = torch.from_numpy(prompt_B[np.unique(group_B, return_index=True)[1]]).to(device)
            self._prompt_keys = self._prompt_keys[:, prompt_G]
            self._prompt_values = self._prompt_values[:, prompt_G]
        self.logits_BV = logits_PV[torch.from_numpy(prompt_B).to(device)] if lanes > count else logits_PV
        self._length_B = np.array([len(prompt) for prompt in prompts])[prompt_B]
        self._place(group_B, within_B % slots, groups, slots)
        self._keys, self._values = (self._own_cache(min(room, _FIRST_ROOM)) for _ in range(2))

    def _place(self, group_B: np.ndarray, slot_B: np.ndarray, groups: int, slots: int) -> None:
        """Where each lane stands in the grid, and what follows from it."""
        decoder, device = self._decoder, self._decoder.device
        self._group_B, self._slot_B, self._groups, self._slots = group_B, slot_B, groups, slots
        flat_B = group_B * slots + slot_B
        whole = len(flat_B) == groups * slots and bool((flat_B == np.arange(len(flat_B))).all())
        lane_of_slot = np.zeros(groups * slots, np.int64)  # an empty slot computes lane 0 again, and nobody reads it
        lane_of_slot[flat_B] = np.arange(len(flat_B))
        self._lane_of_slot = None if whole else torch.from_numpy(lane_of_slot).to(device)
        self._slot_of_lane = None if whole else torch.from_numpy(flat_B).to(device)
        self._start_B = torch.from_numpy(self._length_B).to(device)
        self._longest = int(self._length_B.max())
        length_G = np.zeros(groups, np.int64)
        length_G[group_B] = self._length_B
        width = self._prompt_keys.shape[3]
        self._hidden_GT: Tensor | None = None
        if length_G.min() < width:
            padding = torch.from_numpy(np.arange(width) >= length_G[:, None]).to(device)
            self._hidden_GT = torch.zeros(padding.shape, dtype=decoder.cache_dtype, device=device)
            self._hidden_GT.masked_fill_(padding, -torch.inf)

    def _own_cache(self, room: int) -> Tensor:
        """[L, G, K, W, room, D] uninitialised: keys or values of the lanes' own tokens."""
        decoder = self._decoder
        shape = (len(decoder.layers), self._groups, decoder.kv_heads, self._slots, room, decoder.head_size)
        return torch.empty(shape, dtype=decoder.cache_dtype, device=decoder.device)

    def _grow(self) -> None:
        """Doubles the caches, so that a generous `room` costs memory only once it is used."""
        for name in ("_keys", "_values"):
            old, new = getattr(self, name), self._own_cache(min(self._room, 2 * self._used))
            new[..., : self._used, :] = old
            setattr(self, name, new)

    @torch.inference_mode()
    def append(self, tokens_B: Tensor) -> None:
        decoder = self._decoder
        if self._used >= self._room:
            raise RuntimeError(f"the session was opened with room for {self._room} tokens: open it with more")
        if self._longest + self._used >= decoder.context:
            raise RuntimeError(
                f"a lane has reached the model's context of {decoder.context} tokens: keep the others only"
            )
        if self._used == self._keys.shape[-2]:
            self._grow()
        hidden = decoder.embedding[tokens_B.to(decoder.device)]
        turn = decoder.rotations(self._start_B + self._used, need=self._longest + self._used + 1)
        for number, layer in enumerate(decoder.layers):
            attended = self._attend(number, *decoder.project(hidden, layer, turn))
            hidden = decoder.finish(hidden, attended, layer)
        self._used += 1
        self.logits_BV = decoder.logits(hidden)

    def _attend(self, number: int, queries_BHD: Tensor, keys_BKD: Tensor, values_BKD: Tensor) -> Tensor:
        """[B, H * D]: each lane's query over its prompt (shared by the group) and its own tokens."""
        if self._lane_of_slot is not None:
            queries_BHD, keys_BKD, values_BKD = (x[self._lane_of_slot] for x in (queries_BHD, keys_BKD, values_BKD))
        groups, slots, size = self._groups, self._slots, self._decoder.head_size
        kv_heads = self._decoder.kv_heads
        repeat = self._decoder.heads // kv_heads
        now = self._used
        self._keys[number, :, :, :, now] = keys_BKD.view(groups, slots, kv_heads, size).transpose(1, 2)
        self._values[number, :, :, :, now] = values_BKD.view(groups, slots, kv_heads, size).transpose(1, 2)
        own_keys, own_values = self._keys[number, :, :, :, : now + 1], self._values[number, :, :, :, : now + 1]
        queries = queries_BHD.view(groups, slots, kv_heads, repeat, size).transpose(1, 2).contiguous()  # G K W R D
        on_prompt = queries.view(groups, kv_heads, slots * repeat, size) @ self._prompt_keys[number].transpose(-1, -2)
        if self._hidden_GT is not None:
            on_prompt += self._hidden_GT[:, None, None, :]
        on_own = (queries @ own_keys.transpose(-1, -2)).view(groups, kv_heads, slots * repeat, now + 1)
        weights = torch.softmax(torch.cat((on_prompt, on_own), -1), -1)
        width = on_prompt.shape[-1]
        attended = (weights[..., :width] @ self._prompt_values[number]).view(groups, kv_heads, slots, repeat, size)
        attended += weights[..., width:].view(groups, kv_heads, slots, repeat, now + 1) @ own_values
        attended = attended.transpose(1, 2).reshape(groups * slots, -1)
        return attended if self._slot_of_lane is None else attended[self._slot_of_lane]

    @torch.inference_mode()
    def keep(self, lanes: Tensor) -> None:
        chosen = lanes.cpu().numpy()
        if len(np.unique(chosen)) != len(chosen):
            raise ValueError("keep() takes each lane at most once")
        device = self._decoder.device
        old_group = torch.from_numpy(self._group_B[chosen]).to(device)
        old_slot = torch.from_numpy(self._slot_B[chosen]).to(device)
        live, group_B, count_G = np.unique(self._group_B[chosen], return_inverse=True, return_counts=True)
        order = np.argsort(group_B, kind="stable")
        slot_B = np.empty_like(group_B)
        slot_B[order] = np.concatenate([np.arange(count) for count in count_G])
        if len(live) < self._groups:
            live_G = torch.from_numpy(live).to(device)
            self._prompt_keys, self._prompt_values = self._prompt_keys[:, live_G], self._prompt_values[:, live_G]
        self._length_B = self._length_B[chosen]
        self.logits_BV = self.logits_BV[lanes.to(device)]
        self._place(group_B, slot_B, len(live), int(count_G.max()))
        new_group, new_slot = torch.from_numpy(group_B).to(device), torch.from_numpy(slot_B).to(device)
        for name in ("_keys", "_values"):
            old = getattr(self, name)
            new = self._own_cache(old.shape[-2])
            new[:, new_group, :, new_slot, : self._used] = old[:, old_group, :, old_slot, : self._used]
            setattr(self, name, new)


_optimizer_steps = 0


def _count_step(*_: object) -> None:
    global _optimizer_steps
    _optimizer_steps += 1


# fused optimizers write to parameters without touching their version counters
register_optimizer_step_post_hook(_count_step)


def _stamp(model: PreTrainedModel) -> tuple[int, ...]:
    """Changes whenever a parameter is replaced or written in place, and after each step of any optimizer."""
    versions = (n for p in model.parameters() for n in (p.data_ptr(), 0 if p.is_inference() else p._version))
    return (_optimizer_steps, *versions)
