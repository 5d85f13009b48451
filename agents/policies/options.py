"""How a policy runs: where, in which precision, how a server is asked. One set of options for every `--policy`.

    get_policy("tiny", PolicyOptions(device="cpu"))
    get_policy("openai:qwen3@http://localhost:8000/v1", PolicyOptions(requests=32, extra_body='{"top_k": 20}'))

A config takes them as one field, which the command line shows flat (`--device`, `--timeout`, ...):

    policy_options: Annotated[PolicyOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PolicyOptions)
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Dtype = Literal["auto", "fp32", "bf16", "fp16"]

MODEL = ("device", "dtype", "max_lanes")
"""Options of a model in this process."""
SERVER = ("timeout", "requests", "api_key_variable", "extra_body")
"""Options of a model at a server."""
_SAID_ALREADY = frozenset({"model", "messages", "prompt", "n", "seed", "stop", "temperature", "max_tokens", "stream"})
"""Fields of a request that follow from the policy and the sampling."""


@dataclass(frozen=True)
class PolicyOptions:
    """How the policy runs."""

    device: str = "auto"
    """Where a model in this process runs: cpu, cuda, cuda:1, mps, or auto for a GPU where there is one."""
    dtype: Dtype = "auto"
    """Precision of its weights: fp32, bf16, fp16, or auto for bf16 where that is fast and the model is not small."""
    max_lanes: int = 256
    """Sequences that it decodes at once, which bounds the memory."""
    timeout: float = 120.0
    """Seconds that one request to a server may take."""
    requests: int = 8
    """Requests to a server that are under way at once."""
    api_key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the server's key."""
    extra_body: str = ""
    """More fields of each request to a server, as JSON: {"top_k": 20}. They are part of the policy's name."""

    def __post_init__(self) -> None:
        for name in ("max_lanes", "requests"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.timeout > 0:
            raise ValueError(f"timeout is in seconds and must be above 0, got {self.timeout}")
        self.body()

    def body(self) -> dict[str, Any]:
        """The fields of `extra_body`."""
        try:
            fields = json.loads(self.extra_body or "{}")
        except ValueError as error:
            raise ValueError(f"extra_body must be JSON, as in '{{\"top_k\": 20}}', got {self.extra_body!r}") from error
        if not isinstance(fields, dict):
            raise ValueError(f"extra_body must be a JSON object, as in '{{\"top_k\": 20}}', got {self.extra_body!r}")
        check_body(fields)
        return fields

    def api_key(self) -> str | None:
        """The server's key; None where the usual variable is not set, as local servers need none."""
        key = os.environ.get(self.api_key_variable)
        if key is None and self.api_key_variable != PolicyOptions.api_key_variable:
            raise ValueError(f"the environment variable {self.api_key_variable} is not set: put the server's key there")
        return key

    def only(self, names: tuple[str, ...], *, spec: str, because: str) -> None:
        """Refuses options that were set and mean nothing to this policy.

        Args:
            names: options that it has.
            spec: the policy's name.
            because: what it is, to end the sentence: "runs at a server".
        """
        changed = [
            field.name
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default and field.name not in names
        ]
        if changed:
            named = ", ".join(changed)
            raise ValueError(f"{named} cannot be set for the policy {spec!r}, which {because}: leave it out")


def check_body(fields: Mapping[str, Any]) -> None:
    """More fields must not say what is said already."""
    if twice := sorted(_SAID_ALREADY & fields.keys()):
        raise ValueError(
            f"extra_body cannot set {', '.join(twice)}, which the policy and the sampling say: leave it out"
        )
