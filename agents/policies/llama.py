"""A Llama's weights, laid out for decoding, and the pieces of a pass over them.

Shapes: P prompts, L layers, K key-value heads, R query heads for each of them, D head size, T prompt tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from reasonrl.agents.policies.session import context_of
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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


class LlamaWeights:
    """The weights of a `LlamaForCausalLM` in one dtype; queries, keys and values stacked, gate and up too."""

    def __init__(self, model: PreTrainedModel, *, dtype: torch.dtype) -> None:
        config = model.config
        self.dtype = dtype
        self.device = model.device
        self.context = context_of(model)
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.epsilon = config.rms_norm_eps
        self.theta = float(config.rope_parameters["rope_theta"])
        self.cache_dtype = dtype
        self.layers: list[_Layer] = []
        self.embedding = self.norm = self.head = torch.empty(0)
        self._cosine = self._sine = torch.empty(0, self.head_size)

    @torch.no_grad()
    def take(self, model: PreTrainedModel) -> None:
        """Takes over the model's current weights."""
        whole: Any = model
        self.device = model.device
        # small bfloat16 matrix products are slow on CPUs, so keys and values are float32 there
        self.cache_dtype = torch.float32 if self.device.type == "cpu" else self.dtype

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
            for block in whole.model.layers
        ]
        self.embedding, self.norm = take(whole.model.embed_tokens.weight), take(whole.model.norm.weight)
        head = whole.lm_head.weight
        self.head = self.embedding if head.data_ptr() == whole.model.embed_tokens.weight.data_ptr() else take(head)

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
        """One pass over the prompts: fills the caches and returns the logits [P, V] after each."""
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
            # padding stands after each prompt, so the causal mask hides it
            attended = F.scaled_dot_product_attention(queries, keys, values, is_causal=True, scale=1.0)
            hidden = self.finish(hidden, attended.transpose(1, 2).flatten(2), layer)
        return self.logits(hidden[torch.arange(len(prompts), device=self.device), lengths - 1])
