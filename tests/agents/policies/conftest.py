"""Small models for the tests of policies: random ones, and one that follows a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from reasonrl.envs.vocabulary import CharVocabulary
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from .http_server import Server

CHARS = CharVocabulary()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.over.set()
    server.http.shutdown()
    server.http.server_close()


def random_llama(**options: Any) -> LlamaForCausalLM:
    """Grouped queries, three layers; large weights, so that a small mistake shows."""
    defaults: dict[str, Any] = {
        "vocab_size": CHARS.size,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 96,
        "tie_word_embeddings": True,
        "initializer_range": 0.2,
        "pad_token_id": CHARS.pad,
        "bos_token_id": CHARS.bos,
        "eos_token_id": CHARS.eos,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return LlamaForCausalLM(LlamaConfig(**defaults | options))


def random_gpt2() -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=CHARS.size,
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=96,
        initializer_range=0.2,
        bos_token_id=CHARS.bos,
        eos_token_id=CHARS.eos,
        # dropout is on by default: sampling must switch it off
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return GPT2LMHeadModel(config)


MODELS: dict[str, Callable[[], PreTrainedModel]] = {
    "grouped queries": random_llama,
    "one key per query, untied, another base": lambda: random_llama(
        num_key_value_heads=4,
        tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        head_dim=8,
    ),
    "biases (generic path)": lambda: random_llama(attention_bias=True),
    "gpt2 (generic path)": random_gpt2,
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    return MODELS[request.param]()


def speaker(follows: Mapping[str, Mapping[str, float]]) -> LlamaForCausalLM:
    """A Llama without layers whose next character depends on the last one only: `follows["a"]["b"]` is p(b | a).

    "$" stands for the end token and "^" for the line break.
    """
    special = {"$": CHARS.eos, "^": CHARS.encode("\n")[0]}

    def token(character: str) -> int:
        return special.get(character) or CHARS.encode(character)[0]

    width = 100
    model = random_llama(
        hidden_size=width,
        num_hidden_layers=0,
        num_attention_heads=1,
        num_key_value_heads=1,
        tie_word_embeddings=False,
        rms_norm_eps=0.0,
    )
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(torch.eye(CHARS.size, width))
        model.lm_head.weight.fill_(-3.0)  # times 10, the norm of a one-hot vector: e**-30
        for before, after in follows.items():
            for character, probability in after.items():
                model.lm_head.weight[token(character), token(before)] = torch.tensor(probability).log() / width**0.5
    return model
