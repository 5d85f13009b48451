"""Opening a model in this process: the shipped one, SmolLM2, a folder in Hugging Face format, a name on the hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reasonrl.agents.policies.options import MODEL, PolicyOptions
from reasonrl.verifiers.hub import find_model

if TYPE_CHECKING:
    from reasonrl.agents.policies.local import LocalPolicy


def open_tiny(options: PolicyOptions) -> LocalPolicy:
    """The shipped model."""
    need_torch("tiny")
    from reasonrl.agents.policies.tiny import FOLDER

    if not (FOLDER / "model.safetensors").is_file():
        raise FileNotFoundError(
            f"the tiny policy is not at {FOLDER}: make it with `reasonrl policy`, or reinstall reasonrl"
        )
    return open_model(FOLDER, options, spec="tiny")


def open_smollm2(options: PolicyOptions) -> LocalPolicy:
    """SmolLM2, out of its package or from the hub."""
    need_torch("smollm2")
    from reasonrl.agents.policies.smollm2 import find_smollm2

    return open_model(find_smollm2(), options, spec="smollm2")


def open_folder_or_name(spec: str, options: PolicyOptions) -> LocalPolicy:
    """A folder, or what the hub or its cache has by this name."""
    need_torch(spec)
    folder = Path(spec).expanduser()
    return open_model(folder if folder.is_dir() else find_model(spec), options, spec=spec)


def open_model(place: str | Path, options: PolicyOptions, *, spec: str) -> LocalPolicy:
    """Opens what `from_pretrained` takes.

    Args:
        place: a folder, or a name on the hub.
        options: device, precision and lanes.
        spec: what the policy was asked for as; its last part labels the policy.
    """
    import torch
    from reasonrl.agents.policies.local import LocalPolicy

    options.only(MODEL, spec=spec, because="runs in this process")
    dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    device = find_device(options.device)
    try:
        return LocalPolicy.load(
            place, label=Path(spec).name, dtype=dtypes.get(options.dtype), device=device, max_lanes=options.max_lanes
        )
    except (OSError, ValueError) as error:
        what = str(error).strip().split("\n")[0].rstrip(".")
        raise ValueError(
            f"no causal language model could be opened at {place!s}: {what}. "
            "Name a folder that `save_pretrained` wrote, or a model on the hub"
        ) from error


def find_device(name: str) -> str | None:
    """The device as torch calls it; None for `auto`, which takes a GPU where there is one."""
    import torch

    if name == "auto":
        return None
    try:
        kind = torch.device(name).type
    except RuntimeError as error:
        raise ValueError(f"unknown device {name!r}: use cpu, cuda, cuda:1, mps or auto") from error
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, True):
        raise ValueError(f"torch sees no GPU for device {name!r}: use cpu or auto")
    return name


def need_torch(spec: str) -> None:
    """Says what to install, where a model cannot be opened for want of it."""
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise ImportError(f"the policy {spec!r} needs torch and transformers: pip install 'reasonrl[torch]'") from error
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
