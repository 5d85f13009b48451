"""Supervised fine-tuning: documents do not see each other, a killed run ends where it would have, and it learns."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import pytest
import torch
from reasonrl.agents.initialization import sft
from reasonrl.agents.initialization.corpus import Corpus, make_block
from reasonrl.agents.initialization.sft import SFTConfig, block_loss, fine_tune
from reasonrl.agents.learning.checkpoint import load_checkpoint
from reasonrl.agents.learning.metrics import Metrics, read_metrics
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.generation import Mixture, Share
from reasonrl.envs.vocabulary import CharVocabulary
from transformers import PreTrainedModel

CHARS = CharVocabulary()


def toy_model() -> PreTrainedModel:
    config = build_config(hidden_size=32, layers=2, heads=2, kv_heads=1, intermediate_size=64, context=128)
    return build_model(config, seed=0)


def toy_config(out: Path) -> SFTConfig:
    return SFTConfig(
        out,
        families={"chain_sum": 1.0},
        hardest={"chain_sum": 1},
        steps=12,
        rows=4,
        row_tokens=64,
        learning_rate=3e-3,
        warmup=2,
        precision="fp32",
        device="cpu",
        save_every=5,
        workers=0,
    )


def weights_of(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_a_document_has_the_same_loss_alone_and_packed_behind_others() -> None:
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
    monkeypatch.setattr(sft, "_LARGE_VOCABULARY", 1)
    monkeypatch.setattr(model.lm_head, "forward", functools.partial(_counting, model.lm_head, seen))
    torch.testing.assert_close(loss_and_gradient(), everywhere)
    assert seen == [int((weights[:, 1:] > 0).sum())]


def _counting(head: torch.nn.Linear, seen: list[int], hidden: torch.Tensor) -> torch.Tensor:
    seen.append(len(hidden))
    return torch.nn.functional.linear(hidden, head.weight)


def test_it_learns_and_says_so(tmp_path: Path) -> None:
    fine_tune(toy_model(), toy_config(tmp_path), vocabulary="char")
    metrics = read_metrics(tmp_path)
    assert [line["step"] for line in metrics] == list(range(1, 13))
    assert metrics[-1]["loss"] < metrics[0]["loss"] - 0.5
    assert any(path.name.startswith("events") for path in tmp_path.iterdir())


def test_the_same_seed_gives_the_same_weights_and_passes_of_any_size_nearly_so(tmp_path: Path) -> None:
    first = weights_of(fine_tune(toy_model(), toy_config(tmp_path / "a"), vocabulary="char"))
    again = weights_of(fine_tune(toy_model(), toy_config(tmp_path / "b"), vocabulary="char"))
    other = dataclasses.replace(toy_config(tmp_path / "c"), seed=1)
    parts = dataclasses.replace(toy_config(tmp_path / "d"), micro_rows=1, steps=1)
    whole = dataclasses.replace(toy_config(tmp_path / "e"), steps=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    different = weights_of(fine_tune(toy_model(), other, vocabulary="char"))
    assert not all(torch.equal(first[name], different[name]) for name in first)
    for config in (parts, whole):
        fine_tune(toy_model(), config, vocabulary="char")
    in_parts, at_once = (read_metrics(config.out)[0] for config in (parts, whole))
    assert in_parts["loss"] == pytest.approx(at_once["loss"], rel=1e-5)
    assert in_parts["gradient_norm"] == pytest.approx(at_once["gradient_norm"], rel=1e-4)


def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped behind a step that no checkpoint holds (the tests of GRPO do the same by `kill -9`)."""
    whole = weights_of(fine_tune(toy_model(), toy_config(tmp_path / "whole"), vocabulary="char"))
    write = Metrics.write

    def write_and_stop(self: Metrics, step: int, values: dict[str, float]) -> None:
        write(self, step, values)
        if step == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Metrics, "write", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            fine_tune(toy_model(), toy_config(tmp_path / "stopped"), vocabulary="char")
    state = load_checkpoint(tmp_path / "stopped")
    assert state is not None
    assert state["step"] == 5
    resumed = weights_of(fine_tune(toy_model(), toy_config(tmp_path / "stopped"), vocabulary="char"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [line["step"] for line in read_metrics(tmp_path / "stopped")] == list(range(1, 13))


def test_a_run_with_other_settings_is_not_continued(tmp_path: Path) -> None:
    config = dataclasses.replace(toy_config(tmp_path), steps=1)
    fine_tune(toy_model(), config, vocabulary="char")
    with pytest.raises(ValueError, match=r"learning_rate was 0\.003, is 0\.1.*another folder"):
        fine_tune(toy_model(), dataclasses.replace(config, learning_rate=0.1), vocabulary="char")
