"""Attention written out for packed rows: the same loss and gradient as transformers' own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from reasonrl.agents.initialization.corpus import Corpus, make_block
from reasonrl.agents.learning.attention import mask_for, packed_attention
from reasonrl.agents.learning.supervised import block_loss
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.generation import Mixture, Share
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel


def llama() -> PreTrainedModel:
    """Two query heads to each head of keys and values, so that mixing them up shows."""
    return build_model(
        build_config(hidden_size=32, layers=2, heads=4, kv_heads=2, intermediate_size=64, context=192), seed=0
    )


def gpt2() -> PreTrainedModel:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=2, n_positions=192, bos_token_id=1, eos_token_id=2)
    model = GPT2LMHeadModel(config)
    nn.Module.eval(model)  # no dropout
    return model


def loss_and_gradient(model: PreTrainedModel) -> tuple[Tensor, dict[str, Tensor]]:
    block = make_block(Corpus(Mixture((Share("chain_sum", (1, 3)),)), rows=2, row_tokens=160), 0, 0)
    tokens, positions = (torch.from_numpy(part).long() for part in (block.tokens_BT, block.positions_BT))
    assert ((positions == 0).sum(dim=1) > 2).all()
    model.zero_grad()
    loss = block_loss(model, tokens, positions, torch.from_numpy(block.weights_BT), dtype=torch.float32)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("make", [llama, gpt2])
def test_it_computes_what_transformers_does(make: Callable[[], PreTrainedModel]) -> None:
    model = make()
    before = model.config._attn_implementation
    loss, gradients = loss_and_gradient(model)
    with packed_attention(model):
        assert mask_for(model, torch.zeros(1, 4, dtype=torch.long), dtype=torch.float32) is not None
        packed_loss, packed_gradients = loss_and_gradient(model)
    assert model.config._attn_implementation == before
    torch.testing.assert_close(packed_loss, loss, rtol=1e-5, atol=1e-5)
    largest = max(float(each.abs().max()) for each in gradients.values())
    assert packed_gradients.keys() == gradients.keys()
    for name, expected in gradients.items():
        torch.testing.assert_close(packed_gradients[name], expected, rtol=1e-3, atol=1e-5 * largest, msg=name)
