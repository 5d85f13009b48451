"""What decoding needs of any model: sessions of many lanes, each of which can be fed a token and dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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


def context_of(model: PreTrainedModel) -> int:
    """The most tokens that a sequence may have."""
    config = model.config
    return int(getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 2**30)
