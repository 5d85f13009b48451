"""Supervised fine-tuning: a killed run ends where it would have, and it learns."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from reasonrl.agents.initialization.sft import SFTConfig, fine_tune
from reasonrl.agents.learning.checkpoint import load_checkpoint
from reasonrl.agents.learning.metrics import Metrics, read_metrics
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.vocabulary import CharVocabulary


def toy_policy() -> LocalPolicy:
    config = build_config(hidden_size=32, layers=2, heads=2, kv_heads=1, intermediate_size=64, context=128)
    return LocalPolicy(build_model(config, seed=0), CharVocabulary())


def tuned(config: SFTConfig) -> dict[str, torch.Tensor]:
    """The weights of a toy policy after fine-tuning."""
    policy = toy_policy()
    fine_tune(policy, config)
    return {name: value.clone() for name, value in policy.model.state_dict().items()}


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


def test_it_learns_and_says_so(tmp_path: Path) -> None:
    tuned(toy_config(tmp_path))
    metrics = read_metrics(tmp_path)
    assert [line["step"] for line in metrics] == list(range(1, 13))
    assert metrics[-1]["loss"] < metrics[0]["loss"] - 0.5
    assert any(path.name.startswith("events") for path in tmp_path.iterdir())


def test_the_same_seed_gives_the_same_weights_and_passes_of_any_size_nearly_so(tmp_path: Path) -> None:
    first = tuned(toy_config(tmp_path / "a"))
    again = tuned(toy_config(tmp_path / "b"))
    other = dataclasses.replace(toy_config(tmp_path / "c"), seed=1)
    parts = dataclasses.replace(toy_config(tmp_path / "d"), micro_rows=1, steps=1)
    whole = dataclasses.replace(toy_config(tmp_path / "e"), steps=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    different = tuned(other)
    assert not all(torch.equal(first[name], different[name]) for name in first)
    for config in (parts, whole):
        tuned(config)
    in_parts, at_once = (read_metrics(config.out)[0] for config in (parts, whole))
    assert in_parts["loss"] == pytest.approx(at_once["loss"], rel=1e-5)
    assert in_parts["gradient_norm"] == pytest.approx(at_once["gradient_norm"], rel=1e-4)


def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after a step that no checkpoint holds (other learners are stopped by `kill -9`)."""
    whole = tuned(toy_config(tmp_path / "whole"))
    write = Metrics.write

    def write_and_stop(self: Metrics, step: int, values: dict[str, float]) -> None:
        write(self, step, values)
        if step == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Metrics, "write", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            tuned(toy_config(tmp_path / "stopped"))
    state = load_checkpoint(tmp_path / "stopped")
    assert state is not None
    assert state["step"] == 5
    resumed = tuned(toy_config(tmp_path / "stopped"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [line["step"] for line in read_metrics(tmp_path / "stopped")] == list(range(1, 13))


def test_a_run_with_other_settings_is_not_continued(tmp_path: Path) -> None:
    config = dataclasses.replace(toy_config(tmp_path), steps=1)
    tuned(config)
    with pytest.raises(ValueError, match=r"learning_rate was 0\.003, is 0\.1.*another folder"):
        tuned(dataclasses.replace(config, learning_rate=0.1))
