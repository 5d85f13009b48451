"""Sessions: every lane's logits are those of a plain forward pass over its whole sequence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from reasonrl.agents.policies import llama_decoder
from reasonrl.agents.policies.decoder import get_decoder, open_session
from reasonrl.agents.policies.generic import GenericDecoder
from reasonrl.agents.policies.llama import is_plain_llama
from reasonrl.agents.policies.llama_decoder import LlamaDecoder
from torch import Tensor
from transformers import PreTrainedModel

from .conftest import CHARS, MODELS, random_llama

PROMPTS = ([1, 20, 30], [1, 5, 6, 7, 8, 9, 10], [1, 11])


@torch.no_grad()
def reference(model: PreTrainedModel, sequences: Sequence[Sequence[int]]) -> Tensor:
    """[B, V] last logits of each sequence, read by itself."""
    model.train(False)
    return torch.stack([model(torch.tensor([list(ids)])).logits[0, -1].float() for ids in sequences])


def play(model: PreTrainedModel, fan_out: Sequence[int], *, keeps: dict[int, list[int]], tokens: int = 8) -> None:
    """Decodes along fixed tokens and compares every logit; at the steps in `keeps` only those lanes go on."""
    session = open_session(model, PROMPTS, fan_out, room=tokens)
    lanes = [list(prompt) for prompt, count in zip(PROMPTS, fan_out, strict=True) for _ in range(count)]
    generator = torch.Generator().manual_seed(0)
    torch.testing.assert_close(session.logits_BV, reference(model, lanes), atol=2e-5, rtol=1e-4)
    for step in range(tokens):
        if step in keeps:
            session.keep(torch.tensor(keeps[step]))
            lanes = [lanes[lane] for lane in keeps[step]]
            torch.testing.assert_close(session.logits_BV, reference(model, lanes), atol=2e-5, rtol=1e-4)
        drawn = torch.randint(3, CHARS.size, (len(lanes),), generator=generator)
        lanes = [[*lane, int(token)] for lane, token in zip(lanes, drawn, strict=True)]
        session.append(drawn)
        torch.testing.assert_close(session.logits_BV, reference(model, lanes), atol=2e-5, rtol=1e-4)
    assert session.logits_BV.dtype == torch.float32


def test_models_take_the_path_that_is_meant_for_them() -> None:
    kinds = [LlamaDecoder, LlamaDecoder, GenericDecoder, GenericDecoder]
    made = [make() for make in MODELS.values()]
    assert [type(get_decoder(model)) for model in made] == kinds


def test_scaled_positions_are_left_to_the_generic_path() -> None:
    scaled = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}
    assert not is_plain_llama(random_llama(rope_parameters=scaled))


def test_lanes_of_equal_fan_out(model: PreTrainedModel) -> None:
    play(model, (2, 2, 2), keeps={})


def test_lanes_of_unequal_fan_out(model: PreTrainedModel) -> None:
    play(model, (1, 12, 2), keeps={})


def test_lanes_that_are_dropped_and_reordered(model: PreTrainedModel) -> None:
    play(model, (3, 2, 4), keeps={0: [8, 0, 1, 4, 2, 7], 3: [5, 1, 0], 5: [1]})


def test_prompts_read_in_several_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_decoder, "_PREFILL_TOKENS", 7)
    play(random_llama(), (2, 1, 2), keeps={2: [0, 2, 4]})


def test_caches_that_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_decoder, "_FIRST_ROOM", 2)
    play(random_llama(), (2, 1, 2), keeps={3: [4, 2, 0]})


def test_room_costs_memory_only_when_it_is_used() -> None:
    session = open_session(random_llama(), PROMPTS, (1, 1, 1), room=10**9)
    session.append(torch.tensor([5, 6, 7]))


def test_weights_changed_in_place_are_taken_over() -> None:
    model = random_llama()
    play(model, (1, 1, 1), keeps={}, tokens=1)
    with torch.no_grad():
        model.model.layers[1].self_attn.k_proj.weight.mul_(-1.0)
    play(model, (1, 1, 1), keeps={}, tokens=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    model(torch.tensor([PROMPTS[0]])).logits.square().mean().backward()
    optimizer.step()
    play(model, (1, 1, 1), keeps={}, tokens=1)


def test_a_decoder_does_not_keep_its_model_alive() -> None:
    import gc
    import weakref

    model = random_llama()
    open_session(model, PROMPTS, (1, 1, 1), room=1)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_bfloat16_is_near_float32() -> None:
    model = random_llama(initializer_range=0.05)
    exact = open_session(model, PROMPTS, (2, 1, 1), room=2)
    rounded = open_session(model, PROMPTS, (2, 1, 1), room=2, dtype=torch.bfloat16)
    for token in (40, 41):
        exact.append(torch.full((4,), token))
        rounded.append(torch.full((4,), token))
        error = (exact.logits_BV - rounded.logits_BV).abs().max() / exact.logits_BV.std()
        assert 0 < error < 0.1


def test_the_generic_path_refuses_another_dtype() -> None:
    with pytest.raises(ValueError, match="convert it to"):
        open_session(MODELS["gpt2 (generic path)"](), PROMPTS, (1, 1, 1), room=1, dtype=torch.bfloat16)


def test_gradients_are_not_recorded(model: PreTrainedModel) -> None:
    session = open_session(model, PROMPTS, (1, 1, 1), room=1)
    session.append(torch.tensor([5, 6, 7]))
    assert not session.logits_BV.requires_grad


def test_a_training_model_stays_in_training_mode() -> None:
    model = MODELS["gpt2 (generic path)"]().train()
    open_session(model, PROMPTS, (1, 1, 1), room=1)
    assert model.training


def test_what_cannot_work_is_refused_with_a_sentence(model: PreTrainedModel) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        open_session(model, [[1], []], [1, 1], room=4)
    with pytest.raises(ValueError, match="at least one lane"):
        open_session(model, [[1], [1]], [1, 0], room=4)
    with pytest.raises(ValueError, match="2 prompts and 1 numbers"):
        open_session(model, [[1], [1]], [1], room=4)
    with pytest.raises(ValueError, match="96 tokens and the model reads at most 96"):
        open_session(model, [[5] * 96], [1], room=4)
    session = open_session(model, [[1, 5]], [1], room=1)
    session.append(torch.tensor([7]))
    with pytest.raises(RuntimeError, match="room for 1 tokens"):
        session.append(torch.tensor([7]))
    session = open_session(model, [[5] * 95, [5] * 4], [1, 1], room=9)
    session.append(torch.tensor([7, 7]))
    with pytest.raises(RuntimeError, match="context of 96"):
        session.append(torch.tensor([7, 7]))
    session.keep(torch.tensor([1]))
    session.append(torch.tensor([7]))


def test_a_lane_cannot_be_kept_twice() -> None:
    session = open_session(random_llama(), PROMPTS, (1, 1, 1), room=1)
    with pytest.raises(ValueError, match="at most once"):
        session.keep(torch.tensor([0, 0]))
