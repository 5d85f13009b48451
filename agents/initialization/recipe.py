"""The recipe of the shipped policy: a character model that has seen demonstrations of every family, none too hard.

    build     a Llama of about a million parameters with random weights from the seed
    learn     demonstrations of all families, levels mixed, by supervised fine-tuning
    examine   greedy and pass@8 on the validation split, by family and level
    save      a folder in Hugging Face format

It is deliberately imperfect: search and learning need room to show what they do.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from reasonrl.agents.initialization.sft import SFTConfig, fine_tune
from reasonrl.agents.learning.checkpoint import POLICY, replace_folder, save_policy
from reasonrl.agents.learning.evaluation import answer_problems
from reasonrl.agents.learning.optim import Precision
from reasonrl.agents.learning.rollout import make_envs
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.agents.policies.tiny import FOLDER, build_config, build_model
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.generation import make_mixture
from reasonrl.envs.vocabulary import get_vocabulary
from rich.console import Console
from rich.table import Table

SAMPLES = 8
"""k of pass@k."""
ANSWER_TOKENS = 256
_LANES = 128


@dataclass(frozen=True)
class PolicyConfig:
    """Trains the shipped policy anew. The same settings give the same weights on the same kind of machine."""

    out: Path = Path("runs/policy")
    """Folder for checkpoint, metrics and the policy. An unfinished run in it is continued."""
    steps: int = 4000
    """Optimizer steps."""
    seed: int = 0
    """Seeds the weights and the corpus."""
    hidden_size: int = 128
    """Width of the model."""
    layers: int = 5
    """Blocks of the model."""
    heads: int = 4
    """Attention heads."""
    kv_heads: int = 2
    """Heads of keys and values."""
    intermediate_size: int = 384
    """Width inside the MLPs."""
    context: int = 512
    """Most tokens of prompt and answer together."""
    families: dict[str, float] = field(
        default_factory=lambda: {
            "chain_sum": 1.0,
            "countdown": 1.5,
            "linear_equation": 1.0,
            "entailment": 1.5,
            "knights_knaves": 1.5,
            "sudoku4": 1.5,
            "list_program": 2.0,
            "bug_repair": 1.0,
        }
    )
    """Families to learn from, each with its weight in the mixture."""
    hardest: dict[str, int] = field(default_factory=lambda: {**dict.fromkeys(FAMILIES.shipped, 4), "knights_knaves": 3})
    """Highest difficulty of each family; easier ones are mixed in evenly."""
    behaviours: float = 0.1
    """Chance of each reasoning behaviour in a demonstration."""
    rows: int = 32
    """Rows of packed documents in one step."""
    row_tokens: int = 256
    """Tokens in a row; a longer document is left out."""
    learning_rate: float = 2e-3
    """Peak learning rate of AdamW."""
    decay: float = 0.0
    """Share of the steps, at the end, in which the learning rate falls to zero. With none the policy stays less sure of
    itself: worse when greedy, and with more left for search and reinforcement to find."""
    precision: Precision = "auto"
    """Precision of matrix products: fp32, bf16, or auto for bf16 where the hardware has it. Weights stay fp32."""
    device: str = "auto"
    """Where it runs: cpu, cuda, or auto for a GPU where there is one."""
    workers: int = 1
    """Processes that make the corpus ahead of time; 0 uses a thread. The corpus is the same."""
    evaluate_problems: int = 64
    """Validation problems for each family and level."""
    install: bool = False
    """Put the finished policy in the place of the shipped one."""


class Score(NamedTuple):
    greedy: float
    passed: float
    """Share of problems that at least one of `SAMPLES` answers solves, at temperature 1."""


def main(config: PolicyConfig) -> None:
    """Makes the policy, prints how good it is, and leaves it in `out/policy`."""
    console = Console(highlight=False)
    if few := use_idle_cores():
        console.print(few)
    model = build_model(
        build_config(
            hidden_size=config.hidden_size,
            layers=config.layers,
            heads=config.heads,
            kv_heads=config.kv_heads,
            intermediate_size=config.intermediate_size,
            context=config.context,
        ),
        seed=config.seed,
    )
    policy = LocalPolicy(model, get_vocabulary("char"), label="new")
    size = sum(p.numel() for p in model.parameters())
    console.print(f"a model of {size / 1e6:.2f} M parameters learns {len(config.families)} families")
    fine_tune(policy, sft_config(config))
    folder = config.out / POLICY
    save_policy(folder, policy)
    scores = examine(policy, config)
    (config.out / "evaluation.json").write_text(
        json.dumps(
            {name: {str(level): score._asdict() for level, score in row.items()} for name, row in scores.items()}
        )
    )
    console.print(as_table(scores))
    console.print(f"the policy is in {folder}", markup=False)
    if config.install:
        replace_folder(FOLDER, lambda fresh: shutil.copytree(folder, fresh))
        console.print(f"and in {FOLDER}, in place of the one that was there", markup=False)


def sft_config(config: PolicyConfig) -> SFTConfig:
    """The recipe's first part as supervised fine-tuning."""
    return SFTConfig(
        out=config.out,
        policy="new",
        families=config.families,
        hardest=config.hardest,
        behaviours=config.behaviours,
        steps=config.steps,
        rows=config.rows,
        row_tokens=config.row_tokens,
        learning_rate=config.learning_rate,
        warmup=min(100, config.steps // 10 + 1),
        decay=config.decay,
        precision=config.precision,
        device=config.device,
        seed=config.seed,
        workers=config.workers,
    )


def examine(policy: LocalPolicy, config: PolicyConfig) -> dict[str, dict[int, Score]]:
    """Scores on the validation split, by family and level."""
    policy.dtype = torch.float32  # as it is saved and opened
    answer_tokens = min(ANSWER_TOKENS, config.context // 2)
    scores: dict[str, dict[int, Score]] = {}
    for share in make_mixture(config.families, config.hardest).shares:
        scores[share.name] = {}
        for level in share.levels:
            found = []
            for samples, temperature in ((1, 0.0), (SAMPLES, 1.0)):
                envs = make_envs(
                    share.name,
                    min(_LANES, config.evaluate_problems * samples),
                    difficulty=level,
                    split="validation",
                    max_tokens=answer_tokens,
                )
                found.append(
                    answer_problems(
                        policy,
                        envs,
                        problems=config.evaluate_problems,
                        samples=samples,
                        temperature=temperature,
                    )
                )
                envs.close()
            scores[share.name][level] = Score(*(float(each.any(dim=1).float().mean()) for each in found))
    return scores


def as_table(scores: Mapping[str, Mapping[int, Score]]) -> Table:
    """Families by levels, each cell greedy / pass@8 in per cent."""
    levels = sorted({level for row in scores.values() for level in row})
    table = Table(title=f"validation split: greedy / pass@{SAMPLES}, per cent, by difficulty")
    table.add_column("family")
    for level in levels:
        table.add_column(str(level), justify="right")
    for name, row in scores.items():
        cells = (f"{row[level].greedy:.0%} / {row[level].passed:.0%}" if level in row else "" for level in levels)
        table.add_row(name, *(cell.replace("%", "") for cell in cells))
    return table
