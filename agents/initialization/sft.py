"""Supervised fine-tuning: a policy learns to continue prompts as the families' demonstrations do.

Block n of the corpus is a function of (seed, n) and a step one of (weights, optimizer, block), so a run that was killed
goes on from its checkpoint to the very weights that it would have had. The loop and the loss: `learning/supervised.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from reasonrl.agents.initialization.corpus import Corpus, open_stream
from reasonrl.agents.learning.checkpoint import POLICY, get_trainable, save_policy
from reasonrl.agents.learning.optim import Precision, pick_device
from reasonrl.agents.learning.options import RunConfig, at_least
from reasonrl.agents.learning.run import Run
from reasonrl.agents.learning.supervised import fit
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.agents.policies.tiny import build_model
from reasonrl.envs.abilities import plain_of
from reasonrl.envs.code_hash import source_of
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.generation import make_mixture
from reasonrl.envs.vocabulary import get_vocabulary


@dataclass(frozen=True)
class SFTConfig(RunConfig):
    """Learns from demonstrations (supervised fine-tuning); run it again to go on where it stopped."""

    out: Path = Path("runs/sft")
    policy: str = "tiny"
    """What to start from: a policy's name, a Hugging Face model's name or folder, or "new" for random weights."""
    steps: int = 1000
    """Optimizer steps."""
    learning_rate: float = 3e-4
    """Peak learning rate of AdamW."""
    warmup: int = 50
    decay: float = 0.4
    """Share of the steps, at the end, in which it falls to zero."""
    weight_decay: float = 0.1
    clip: float = 1.0
    """Largest gradient norm."""
    precision: Precision = "auto"
    seed: int = 0
    """Seeds the corpus."""
    save_every: int = 200
    families: dict[str, float] = field(default_factory=dict)
    """Families to learn from, each with its weight in the mixture; none: all of them evenly."""
    hardest: dict[str, int] = field(default_factory=dict)
    """Highest difficulty of a family, if not its default one."""
    behaviours: float = 0.15
    """Chance of each reasoning behaviour in a demonstration."""
    prompt_weight: float = 0.0
    """Loss weight of prompt tokens; an answer token has 1."""
    rows: int = 32
    """Rows of packed documents in one step."""
    row_tokens: int = 256
    """Tokens in a row; a longer document is left out."""
    micro_rows: int = 0
    """Rows in one pass through the model, to bound its memory; 0: all at once."""
    workers: int = 1
    """Processes that make the corpus ahead of time; 0 uses a thread. The corpus is the same."""

    APART: ClassVar[frozenset[str]] = RunConfig.APART | {"workers"}

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, {"behaviours": 0, "prompt_weight": 0, "rows": 1, "row_tokens": 1, "micro_rows": 0, "workers": 0})


def main(config: SFTConfig) -> None:
    """Trains, and leaves the policy in `out/policy`."""
    if few := use_idle_cores():
        print(few)
    if config.policy == "new":
        policy = LocalPolicy(build_model(seed=config.seed), get_vocabulary("char"), label="new")
    else:
        policy = get_trainable(config.policy, device=pick_device(config.device))
    fine_tune(policy, config)
    save_policy(config.out / POLICY, policy)
    print(f"the policy is in {config.out / POLICY}")


def fine_tune(policy: LocalPolicy, config: SFTConfig) -> None:
    """Trains the policy in place on demonstrations written in its vocabulary."""
    corpus = Corpus(
        make_mixture(config.families or dict.fromkeys(FAMILIES.shipped, 1.0), config.hardest),
        vocabulary=policy.vocabulary.name,
        behaviours=config.behaviours,
        prompt_weight=config.prompt_weight,
        rows=config.rows,
        row_tokens=config.row_tokens,
    )
    families = [source_of(type(plain_of(share.get()))) for share in corpus.mixture.shares]
    run = Run(policy, config, title="learning from demonstrations", code=families)
    with open_stream(corpus, seed=config.seed, first=run.number, workers=config.workers) as blocks:
        fit(run, blocks, micro_rows=config.micro_rows)
