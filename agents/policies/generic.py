"""Decoding any causal model of `transformers` through its own forward pass and cache, as a `Session`.

Prompts are padded on the left, as `generate` does, so that every architecture finds its last token in the last column.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from reasonrl.agents.policies.session import context_of
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class GenericDecoder:
    """A causal model used as it is: nothing is copied, so there is nothing to bring up to date."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = weakref.ref(model)

    def sync(self) -> None:
        """The model's own weights are read at each step."""

    def open(self, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], *, room: int) -> GenericSession:
        model = self._model()
        if model is None:
            raise RuntimeError("the model of this decoder is gone: keep a reference to it")
        return GenericSession(model, prompts, fan_out, room)


class GenericSession:
    """Lanes of one model, each with its own copy of its prompt's cache."""

    logits_BV: Tensor

    @torch.no_grad()
    def __init__(
        self, model: PreTrainedModel, prompts: Sequence[Sequence[int]], fan_out: Sequence[int], room: int
    ) -> None:
        from transformers import DynamicCache

        self._model: Any = model
        self._room, self._used = room, 0
        self._takes_positions = "position_ids" in inspect.signature(model.forward).parameters
        self._takes_last = "logits_to_keep" in inspect.signature(model.forward).parameters
        device = model.device
        width = max(map(len, prompts))
        padded = [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts]
        self._mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=device)
        self._cache = DynamicCache(config=model.config)
        if not all(hasattr(layer, "batch_select_indices") for layer in self._cache.layers):
            raise ValueError(
                f"a {model.config.model_type} model keeps a running state instead of keys and values, which cannot be "
                "handed out to several samples: take a model with attention in every layer, or serve it (openai:...)"
            )
        logits_PV = self._forward(torch.tensor(padded, device=device))
        lanes = torch.tensor([p for p, count in enumerate(fan_out) for _ in range(count)], device=device)
        self._cache.batch_select_indices(lanes)
        self._mask = self._mask[lanes]
        self.logits_BV = logits_PV[lanes]

    def _forward(self, ids: Tensor) -> Tensor:
        extra: dict[str, Any] = {"logits_to_keep": 1} if self._takes_last else {}
        if self._takes_positions:
            extra["position_ids"] = (self._mask.cumsum(-1) - 1).clamp_(min=0)[:, -ids.shape[1] :]
        training = self._model.training
        self._model.eval()  # no dropout while sampling
        try:
            output = self._model(
                input_ids=ids, attention_mask=self._mask, past_key_values=self._cache, use_cache=True, **extra
            )
        finally:
            self._model.train(training)
        logits: Tensor = output.logits[:, -1].float()
        return logits

    @torch.no_grad()
    def append(self, tokens_B: Tensor) -> None:
        if self._used >= self._room:
            raise RuntimeError(f"the session was opened with room for {self._room} tokens: open it with more")
        context = context_of(self._model)
        if int(self._mask.sum(-1).max()) >= context:
            raise RuntimeError(f"a lane has reached the model's context of {context} tokens: keep the others only")
        self._mask = torch.cat((self._mask, self._mask.new_ones(len(self._mask), 1)), -1)
        self.logits_BV = self._forward(tokens_B.to(self._mask.device)[:, None])
        self._used += 1

    @torch.no_grad()
    def keep(self, lanes: Tensor) -> None:
        lanes = lanes.to(self._mask.device)
        self._cache.batch_select_indices(lanes)
        self._mask = self._mask[lanes]
        self.logits_BV = self.logits_BV[lanes]
