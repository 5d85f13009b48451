"""The settings that learners share, each written down once; a learner's own config adds what is its own.

    RunConfig           every run of learning: where it lies, what it starts from, how long and how fast it learns
    OnPolicyConfig      learners that act in an environment and learn from their own answers
    ReuseConfig         those that pass over a step's answers more than once, and therefore clip

The command line shows them flat, in this order; a learner that wants another default writes the field again.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from reasonrl.agents.learning.optim import Precision


@dataclass(frozen=True)
class RunConfig:
    """What every run of learning has."""

    out: Path = Path("runs/learn")
    """Folder for checkpoint, metrics and the policy. An unfinished run in it is continued."""
    policy: str = "tiny"
    """What to start from: a policy's name, or a Hugging Face model's name or folder."""
    steps: int = 200
    """Optimization steps."""
    minutes: float = 0.0
    """Stop after so many minutes of learning, too; 0: no limit."""
    learning_rate: float = 1e-4
    """Peak learning rate of AdamW. The tiny policy takes up to 2e-4 and loses its skill at 1e-3; 1e-5 for SmolLM2."""
    warmup: int = 5
    """Steps until the learning rate is at its peak."""
    decay: float = 0.5
    """Share of the steps, at the end, in which it falls to zero: the noise of the updates goes out of the weights."""
    weight_decay: float = 0.0
    """Weight decay of the matrices; vectors have none."""
    clip: float = 0.1
    """Largest gradient norm; with the constant normaliser a usual one is 0.02 to 0.05."""
    precision: Precision = "fp32"
    """Precision of matrix products: fp32, bf16, or auto for bf16 where the hardware has it. Weights stay fp32."""
    device: str = "auto"
    """Where it runs: cpu, cuda, or auto for a GPU where there is one."""
    seed: int = 0
    """Seeds what is learned from, and its order."""
    save_every: int = 25
    """Steps between checkpoints."""
    fresh: bool = False
    """Delete the run that the folder holds, and start anew."""

    APART: ClassVar[frozenset[str]] = frozenset({"out", "save_every", "minutes", "fresh"})
    """Settings that may change between the parts of one run."""

    def __post_init__(self) -> None:
        at_least(self, {"steps": 0, "minutes": 0, "learning_rate": 0, "warmup": 0, "decay": 0, "weight_decay": 0})
        at_least(self, {"clip": 0, "save_every": 1})
        if not math.isfinite(self.learning_rate):
            raise ValueError(f"learning_rate must be finite, got {self.learning_rate}")
        if self.decay > 1:
            raise ValueError(f"decay is a share of the steps, at most 1, got {self.decay}")


@dataclass(frozen=True)
class OnPolicyConfig(RunConfig):
    """What learners from rewards have: an environment, and answers of their own in it."""

    steps: int = 200
    """Optimization steps, each on fresh answers."""
    seed: int = 0
    """Seeds the problems and the sampling."""
    env: str = "reasonrl/ChainSum-v0"
    """Environment id (see `reasonrl list`), or a family of your own: my.py:Family."""
    difficulty: tuple[int, ...] = ()
    """Levels to mix; none: the family's own."""
    data: str | None = None
    """File of a data set, where the environment reads one."""
    prompts: int = 16
    """Problems in one step (P)."""
    group_size: int = 8
    """Answers sampled to each problem (G)."""
    max_tokens: int = 96
    """Longest answer."""
    temperature: float = 1.0
    """Temperature of the sampling and of the distribution that learns."""
    mask_truncated: bool = False
    """Leave answers that ran out of tokens out, instead of counting their reward of 0."""
    micro_tokens: int = 16384
    """Tokens in one pass of the trainer, padding included, to bound its memory."""
    evaluate_every: int = 50
    """Steps between greedy evaluations on the validation split; 0: never."""
    evaluate_problems: int = 128
    """Held-out problems in an evaluation."""

    NO_CONTRAST: ClassVar[str] = "in no group did one answer score more than another"
    """Why a run may have learned nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        ones = ("prompts", "group_size", "max_tokens", "micro_tokens", "evaluate_problems")
        at_least(self, {**dict.fromkeys(ones, 1), "evaluate_every": 0})
        if not math.isfinite(self.temperature):
            raise ValueError(f"temperature must be finite, got {self.temperature}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0 to explore, got {self.temperature}")


@dataclass(frozen=True)
class ReuseConfig(OnPolicyConfig):
    """What learners have that pass over a step's answers more than once."""

    clip_low: float = 0.2
    """The probability ratio counts down to 1 - clip_low."""
    clip_high: float = 0.28
    """The probability ratio counts up to 1 + clip_high."""
    epochs: int = 1
    """Passes over the answers of a step."""
    minibatches: int = 1
    """Updates in one pass."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, {"epochs": 1, "minibatches": 1})
        if self.minibatches > self.prompts * self.group_size:
            raise ValueError(
                f"{self.minibatches} minibatches are more than the {self.prompts * self.group_size} answers"
            )


def at_least(config: RunConfig, least: Mapping[str, float]) -> None:
    """Refuses a setting below what it can be, by name; NaN is below everything."""
    for name, bound in least.items():
        value = getattr(config, name)
        if not value >= bound or math.isnan(value):
            raise ValueError(f"{name} must be at least {bound}, got {value}")


def need_groups(config: OnPolicyConfig) -> None:
    """Refuses groups of one, for learners whose baseline is the group."""
    if config.group_size < 2:
        raise ValueError(f"group_size must be at least 2 to form a baseline, got {config.group_size}")


def settings(config: RunConfig) -> dict[str, Any]:
    """What must be the same for a run to go on."""
    return {name: value for name, value in dataclasses.asdict(config).items() if name not in config.APART}
