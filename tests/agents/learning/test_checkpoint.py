"""Checkpoints: whole or not there, and only for the run that wrote them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from reasonrl.agents.learning.checkpoint import (
    check_same_run,
    get_trainable,
    load_checkpoint,
    replace_folder,
    save_checkpoint,
    save_policy,
)
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.vocabulary import CharVocabulary


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, {"step": 3, "weights": {"a": torch.arange(3.0)}, "config": {"levels": (1, 2)}})
    state = load_checkpoint(tmp_path)
    assert state is not None
    assert (state["step"], state["config"]["levels"]) == (3, (1, 2))
    assert torch.equal(state["weights"]["a"], torch.arange(3.0))


def test_a_kill_while_writing_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, {"step": 1})

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, {"step": 2})
    state = load_checkpoint(tmp_path)
    assert state is not None
    assert state["step"] == 1
    save_checkpoint(tmp_path, {"step": 3})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt"]


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="has format 99, not 1"):
        load_checkpoint(tmp_path)


def test_other_settings_are_named(tmp_path: Path) -> None:
    check_same_run({"a": 1}, {"a": 1}, folder=tmp_path)
    with pytest.raises(ValueError, match=r"a was 1, is 2.*delete this one"):
        check_same_run({"a": 1}, {"a": 2}, folder=tmp_path)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "policy"

    def write_old(fresh: Path) -> None:
        fresh.mkdir()
        (fresh / "old").touch()

    def write_new(fresh: Path) -> None:
        fresh.mkdir()
        (fresh / "new").touch()

    def fail(fresh: Path) -> None:
        fresh.mkdir()
        raise OSError("no space left")

    replace_folder(folder, write_old)
    replace_folder(folder, write_new)
    with pytest.raises(OSError, match="no space left"):
        replace_folder(folder, fail)
    assert [path.name for path in folder.iterdir()] == ["new"]


def test_a_saved_policy_opens_by_its_folder_and_can_be_trained_on(tmp_path: Path) -> None:
    model = build_model(
        build_config(hidden_size=16, layers=1, heads=2, kv_heads=1, intermediate_size=32, context=64), seed=0
    )
    save_policy(tmp_path / "policy", LocalPolicy(model, CharVocabulary()))
    policy = get_policy(str(tmp_path / "policy"))
    assert isinstance(policy, LocalPolicy)
    assert policy.vocabulary.name == "char"
    again = get_trainable(str(tmp_path / "policy"), device=torch.device("cpu"))
    assert again.vocabulary.name == "char"
    assert again.dtype == torch.float32
    for (name, old), new in zip(model.named_parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=1e-3, atol=1e-6, msg=name)


def test_a_policy_on_a_server_cannot_be_trained() -> None:
    with pytest.raises(ValueError, match="runs elsewhere"):
        get_trainable("openai:some-model@http://localhost:1/v1", device=torch.device("cpu"))
