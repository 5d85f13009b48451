"""Llama models on a lean loop over their own weights.

A prompt's keys and values are stored once. Lanes stand in a grid of G groups (one prompt each) by W slots, so that
attention over the prompt is one matrix product for all W lanes of a group, instead of W copies of the prompt.

Shapes: P prompts, B lanes, G groups, W slots, L layers, H query heads, K key-value heads, R = H / K, D head size.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from reasonrl.agents.policies.llama import LlamaWeights
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_PREFILL_TOKENS = 8192
"""Prompt tokens read in one pass, padding included: bounds the memory of the pass."""
_FIRST_ROOM = 64
"""Tokens of each lane that memory is taken for at first."""


class LlamaDecoder:
    """Opens sessions on a copy of the model's weights, and renews the copy when the model has been trained."""

    def __init__(self, model: PreTrainedModel, *, dtype: torch.dtype) -> None:
        self._model = weakref.ref(model)  # the cache of decoders must not keep the model alive
        self._stamp: tuple[int, ...] = ()
        self.weights = LlamaWeights(model, dtype=dtype)

    def sync(self) -> None:
        model = self._alive()
        self._stamp = _stamp(model)
        self.weights.take(model)

    @torch.inference_mode()
    def open(self, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], *, room: int) -> LlamaSession:
        if self._stamp != _stamp(self._alive()):
            self.sync()
        return LlamaSession(self.weights, prompts, fan_out, room)

    def _alive(self) -> PreTrainedModel:
        model = self._model()
        if model is None:
            raise RuntimeError("the model of this decoder is gone: keep a reference to it")
        return model


class LlamaSession:
    """Many lanes of one model decoding side by side."""

    logits_BV: Tensor

    def __init__(
        self, weights: LlamaWeights, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], room: int
    ) -> None:
        self._weights = weights
        self._room, self._used = room, 0
        device, count = weights.device, len(prompts)
        width = max(map(len, prompts))
        shape = (len(weights.layers), count, weights.kv_heads, width, weights.head_size)
        self._prompt_keys = torch.zeros(
            shape, dtype=weights.cache_dtype, device=device
        )  # zeros: padding is multiplied by 0
        self._prompt_values = torch.zeros_like(self._prompt_keys)
        rows = max(1, _PREFILL_TOKENS // width)
        logits_PV = torch.cat(
            [
                weights.read(
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
        weights, device = self._weights, self._weights.device
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
            self._hidden_GT = torch.zeros(padding.shape, dtype=weights.cache_dtype, device=device)
            self._hidden_GT.masked_fill_(padding, -torch.inf)

    def _own_cache(self, room: int) -> Tensor:
        """[L, G, K, W, room, D] uninitialised: keys or values of the lanes' own tokens."""
        weights = self._weights
        shape = (len(weights.layers), self._groups, weights.kv_heads, self._slots, room, weights.head_size)
        return torch.empty(shape, dtype=weights.cache_dtype, device=weights.device)

    def _grow(self) -> None:
        """Doubles the caches, so that a generous `room` costs memory only once it is used."""
        for name in ("_keys", "_values"):
            old, new = getattr(self, name), self._own_cache(min(self._room, 2 * self._used))
            new[..., : self._used, :] = old
            setattr(self, name, new)

    @torch.inference_mode()
    def append(self, tokens_B: Tensor) -> None:
        weights = self._weights
        if self._used >= self._room:
            raise RuntimeError(f"the session was opened with room for {self._room} tokens: open it with more")
        if self._longest + self._used >= weights.context:
            raise RuntimeError(
                f"a lane has reached the model's context of {weights.context} tokens: keep the others only"
            )
        if self._used == self._keys.shape[-2]:
            self._grow()
        hidden = weights.embedding[tokens_B.to(weights.device)]
        turn = weights.rotations(self._start_B + self._used, need=self._longest + self._used + 1)
        for number, layer in enumerate(weights.layers):
            attended = self._attend(number, *weights.project(hidden, layer, turn))
            hidden = weights.finish(hidden, attended, layer)
        self._used += 1
        self.logits_BV = weights.logits(hidden)

    def _attend(self, number: int, queries_BHD: Tensor, keys_BKD: Tensor, values_BKD: Tensor) -> Tensor:
        """[B, H * D]: each lane's query over its prompt (shared by the group) and its own tokens."""
        if self._lane_of_slot is not None:
            queries_BHD, keys_BKD, values_BKD = (x[self._lane_of_slot] for x in (queries_BHD, keys_BKD, values_BKD))
        groups, slots, size = self._groups, self._slots, self._weights.head_size
        kv_heads = self._weights.kv_heads
        repeat = self._weights.heads // kv_heads
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
        device = self._weights.device
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
