"""Checkpoints and policies that survive a kill at any moment: written beside, synced, then renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.options import PolicyOptions
from reasonrl.agents.policies.registry import get_policy, is_model
from reasonrl.agents.policies.tiny import save_tiny
from reasonrl.envs.vocabulary import HFVocabulary
from transformers.utils import logging

FILE = "checkpoint.pt"
POLICY = "policy"
"""Folder of the finished policy inside a run's folder."""

FORMAT = 1


def save_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Writes `state` (tensors and plain Python types); a reader sees the old checkpoint or the new one, whole."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{FILE}.tmp"
    with open(temporary, "wb") as file:
        torch.save({"format": FORMAT, **state}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / FILE)
    _sync_folder(folder)


def get_trainable(name: str, *, device: torch.device) -> LocalPolicy:
    """A policy that runs in this process, its weights in float32."""
    policy = get_policy(name, PolicyOptions(device=str(device), dtype="fp32") if is_model(name) else None)
    if not isinstance(policy, LocalPolicy):
        raise ValueError(f"the policy {name!r} runs elsewhere, so it cannot be trained: take a local model")
    return policy


def load_checkpoint(folder: Path, *, device: str = "cpu") -> dict[str, Any] | None:
    """The last checkpoint of this folder, None when there is none. Nothing in the file is executed."""
    path = folder / FILE
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    if state.get("format") != FORMAT:
        raise ValueError(f"{path} has format {state.get('format')}, not {FORMAT}: start in another folder")
    return state


def check_same_run(saved: Mapping[str, Any], config: Mapping[str, Any], *, folder: Path) -> None:
    """Refuses to continue a run with other settings, and names them."""
    changed = sorted(key for key in {*saved, *config} if saved.get(key) != config.get(key))
    if changed:
        named = ", ".join(f"{key} was {saved.get(key)!r}, is {config.get(key)!r}" for key in changed)
        raise ValueError(f"{folder} holds a run with other settings ({named}): use another folder, or delete this one")


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a new folder beside `folder` and puts it in its place when it is whole."""
    fresh = folder.with_name(f"{folder.name}.new")
    stale = folder.with_name(f"{folder.name}.old")
    for path in (fresh, stale):
        shutil.rmtree(path, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    write(fresh)
    if folder.exists():
        os.replace(folder, stale)
    os.replace(fresh, folder)
    _sync_folder(folder.parent)
    shutil.rmtree(stale, ignore_errors=True)


def save_policy(folder: Path, policy: LocalPolicy) -> None:
    """Writes a folder in Hugging Face format that `get_policy` opens; weights of the character model go to float16."""

    def write(fresh: Path) -> None:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # one shard of a few megabytes
        if isinstance(policy.vocabulary, HFVocabulary):
            policy.model.save_pretrained(fresh)
            policy.vocabulary.tokenizer.save_pretrained(fresh)
        else:
            save_tiny(policy.model, fresh)

    replace_folder(folder, write)


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
