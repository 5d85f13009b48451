"""Options of a policy: each reaches what it is for, and one that means nothing to a policy is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
import tyro
from reasonrl.agents.policies.endpoint import EndpointPolicy
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.options import MODEL, SERVER, PolicyOptions
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.scripted import ScriptedPolicy

from .http_server import Server, ask

AT_A_SERVER = "openai:m@http://localhost:1/v1"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What a local model was opened with."""
    seen: dict[str, Any] = {}

    def load(place: Any, **options: Any) -> ScriptedPolicy:
        seen.update(options)
        return ScriptedPolicy({})

    monkeypatch.setattr(LocalPolicy, "load", load)
    return seen


def test_every_option_is_of_a_model_or_of_a_server() -> None:
    assert sorted(vars(PolicyOptions())) == sorted(MODEL + SERVER)


def test_a_local_model_gets_device_precision_and_lanes(opened: dict[str, Any], tmp_path: Path) -> None:
    get_policy(str(tmp_path), PolicyOptions(device="cpu", dtype="bf16", max_lanes=7))
    assert (opened["device"], opened["dtype"], opened["max_lanes"]) == ("cpu", torch.bfloat16, 7)
    get_policy(str(tmp_path))
    assert (opened["device"], opened["dtype"], opened["max_lanes"]) == (None, None, 256)


def test_a_server_gets_its_time_requests_key_and_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    real = EndpointPolicy.__init__

    def watched(self: EndpointPolicy, *args: Any, **options: Any) -> None:
        seen.update(options)
        real(self, *args, **options)

    monkeypatch.setattr(EndpointPolicy, "__init__", watched)
    monkeypatch.setenv("MY_KEY", "secret")
    options = PolicyOptions(timeout=3.5, requests=2, api_key_variable="MY_KEY", extra_body='{"top_k": 20}')
    policy = get_policy(AT_A_SERVER, options)
    assert (seen["timeout"], seen["concurrency"], seen["api_key"]) == (3.5, 2, "secret")
    assert policy.name == 'm@http://localhost:1/v1 {"top_k": 20}'
    assert get_policy(AT_A_SERVER).name == "m@http://localhost:1/v1"


def test_more_fields_stand_in_every_request(server: Server) -> None:
    policy = server.policy(extra_body={"chat_template_kwargs": {"enable_thinking": False}, "top_k": 20})
    ask(policy)
    (request,) = server.requests
    assert (request["chat_template_kwargs"], request["top_k"]) == ({"enable_thinking": False}, 20)
    assert request["temperature"] == 0.7


@pytest.mark.parametrize(
    ("spec", "options", "sentence"),
    [
        (AT_A_SERVER, PolicyOptions(device="cpu"), "device cannot be set for the policy 'openai:.*', which runs at a"),
        (AT_A_SERVER, PolicyOptions(dtype="fp32", max_lanes=9), "dtype, max_lanes cannot be set"),
        ("tiny", PolicyOptions(timeout=1.0), "timeout cannot be set for the policy 'tiny', which runs in this process"),
        ("tiny", PolicyOptions(device="gpu"), "unknown device 'gpu': use cpu, cuda"),
        (AT_A_SERVER, PolicyOptions(api_key_variable="NOT_SET_HERE"), "variable NOT_SET_HERE is not set"),
    ],
)
def test_what_means_nothing_is_refused(spec: str, options: PolicyOptions, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        get_policy(spec, options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_of() -> None:
    with pytest.raises(ValueError, match="torch sees no GPU for device 'cuda:1': use cpu or auto"):
        get_policy("tiny", PolicyOptions(device="cuda:1"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"max_lanes": 0}, "max_lanes must be at least 1, got 0"),
        ({"requests": 0}, "requests must be at least 1, got 0"),
        ({"timeout": float("nan")}, "timeout is in seconds"),
        ({"extra_body": "top_k=20"}, "extra_body must be JSON"),
        ({"extra_body": "[1]"}, "extra_body must be a JSON object"),
        ({"extra_body": '{"temperature": 2}'}, "extra_body cannot set temperature"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PolicyOptions(**options)


def test_a_command_line_shows_them_flat() -> None:
    @dataclass(frozen=True)
    class Config:
        policy: str = "tiny"
        policy_options: Annotated[PolicyOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PolicyOptions)

    config = tyro.cli(Config, args=["--device", "cpu", "--max-lanes", "3"])
    assert config == Config(policy_options=PolicyOptions(device="cpu", max_lanes=3))
