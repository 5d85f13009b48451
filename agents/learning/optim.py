"""Where and how precisely a model is trained: device, autocast, optimizer, learning rate."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

Precision = Literal["auto", "fp32", "bf16"]


def pick_device(name: str) -> torch.device:
    """`"auto"` takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"torch sees no GPU for device {name!r}: use 'cpu' or 'auto'")
    return torch.device(name)


def pick_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The dtype of matrix products; weights and optimizer stay fp32. `"auto"`: bf16 where the hardware has it."""
    if precision == "fp32":
        return torch.float32
    if precision == "bf16":
        return torch.bfloat16
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


def make_optimizer(model: nn.Module, *, learning_rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (betas 0.9, 0.95) that decays matrices only."""
    groups = parameter_groups(model, weight_decay=weight_decay)
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95), fused=True)


def parameter_groups(module: nn.Module, *, weight_decay: float) -> list[dict[str, Any]]:
    """The module's matrices, which decay, and all else, which does not."""
    matrices = [p for p in module.parameters() if p.requires_grad and p.dim() >= 2]
    others = [p for p in module.parameters() if p.requires_grad and p.dim() < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def warmup_stable_decay(step: int, *, steps: int, warmup: int, decay: float) -> float:
    """Factor on the learning rate of step 0, 1, ...: up in a line, constant, down in a line over the last share.

    >>> [warmup_stable_decay(step, steps=10, warmup=2, decay=0.4) for step in (0, 1, 5, 7, 9)]
    [0.5, 1.0, 1.0, 0.75, 0.25]
    """
    rise = (step + 1) / warmup if warmup else 1.0
    falling = decay * steps
    fall = (steps - step) / falling if falling else 1.0
    return min(1.0, rise, fall)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
