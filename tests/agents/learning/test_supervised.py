"""Supervised learning: documents do not see each other, and only what has a weight counts."""

from __future__ import annotations

import functools

import pytest
import torch
from reasonrl.agents.initialization.corpus import Corpus, make_block
from reasonrl.agents.learning import supervised
from reasonrl.agents.learning.supervised import block_loss
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.generation import Mixture, Share
from reasonrl.envs.vocabulary import CharVocabulary
from transformers import PreTrainedModel

CHARS = CharVocabulary()


def toy_model() -> PreTrainedModel:
    config = build_config(hidden_size=32, layers=2, heads=2, kv_heads=1, intermediate_size=64, context=128)
    return build_model(config, seed=0)


def test_a_document_has_the_same_loss_alone_and_packed_after_others() -> None:
    model = toy_model()
    block = make_block(Corpus(Mixture((Share("chain_sum", (1,)),)), rows=1, row_tokens=192), 0, 0)
    tokens, positions, weights = (torch.from_numpy(part.astype(part.dtype)) for part in block[:3])
    starts = (tokens[0] == CHARS.bos).nonzero().flatten().tolist()
    assert len(starts) >= 3
    packed = block_loss(model, tokens.long(), positions.long(), weights, dtype=torch.float32)
    alone = [
        block_loss(
            model,
            tokens[:, start:end].long(),
            positions[:, start:end].long(),
            weights[:, start:end],
            dtype=torch.float32,
        )
        for start, end in zip(starts, [*starts[1:], tokens.shape[1]], strict=True)
    ]
    torch.testing.assert_close(packed, torch.stack(alone).sum())


def test_the_loss_is_the_weighted_cross_entropy_of_answer_tokens() -> None:
    model = toy_model()
    tokens = torch.tensor([[1, 20, 3, 30, 2, 0]])
    positions = torch.tensor([[0, 1, 2, 3, 4, 0]])
    weights = torch.tensor([[0.0, 0.5, 0.5, 1.0, 1.0, 0.0]])
    logprobs = torch.log_softmax(model(tokens[:, :5]).logits[0], -1)
    expected = -(0.5 * logprobs[0, 20] + 0.5 * logprobs[1, 3] + logprobs[2, 30] + logprobs[3, 2])
    torch.testing.assert_close(block_loss(model, tokens, positions, weights, dtype=torch.float32), expected)


def test_a_large_vocabulary_changes_the_cost_and_not_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy_model()
    block = make_block(Corpus(Mixture((Share("chain_sum", (1,)),)), rows=2, row_tokens=96), 0, 0)
    tokens, positions, weights = (torch.from_numpy(part.astype(part.dtype)) for part in block[:3])

    def loss_and_gradient() -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        loss = block_loss(model, tokens.long(), positions.long(), weights, dtype=torch.float32)
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = model.get_parameter("model.embed_tokens.weight").grad
        assert gradient is not None
        return loss.detach(), gradient.clone()

    seen: list[int] = []
    everywhere = loss_and_gradient()
    monkeypatch.setattr(supervised, "_LARGE_VOCABULARY", 1)
    monkeypatch.setattr(model.lm_head, "forward", functools.partial(_counting, model.lm_head, seen))
    torch.testing.assert_close(loss_and_gradient(), everywhere)
    assert seen == [int((weights[:, 1:] > 0).sum())]


def _counting(head: torch.nn.Linear, seen: list[int], hidden: torch.Tensor) -> torch.Tensor:
    seen.append(len(hidden))
    return torch.nn.functional.linear(hidden, head.weight)
