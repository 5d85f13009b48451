"""REINFORCE: the policy gradient as it is (Williams 1992), with the mean of the batch as its baseline.

    for each step:
        answers     P problems, one answer to each (or G), sampled through the vector environment
        credit      its reward less the mean of all answers of the step; without a baseline, what comes after each token
        loss        -A log pi over tokens / (answers * max_tokens)

Without a baseline the gradient is exact in expectation and noisy; with the batch's mean it is (B - 1) / B times the
exact one, because each of the B answers is part of its own baseline; whitened it is REINFORCE++'s (arXiv 2501.03262).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from reasonrl.agents.learning.batch import Answers, Batch, describe
from reasonrl.agents.learning.credit import batch_mean, return_to_go
from reasonrl.agents.learning.losses import reinforce
from reasonrl.agents.learning.options import OnPolicyConfig
from reasonrl.agents.learning.rollout import roll_out
from reasonrl.agents.learning.run import Learned, Run, train
from reasonrl.agents.learning.step import Step
from reasonrl.agents.learning.task import open_task
from reasonrl.agents.policies.local import LocalPolicy


@dataclass(frozen=True)
class ReinforceConfig(OnPolicyConfig):
    """Learns from rewards by REINFORCE; run it again to go on where it stopped."""

    out: Path = Path("runs/reinforce")
    prompts: int = 128
    """Problems in one step (P)."""
    group_size: int = 1
    """Answers sampled to each problem (G)."""
    baseline: Literal["batch", "none"] = "batch"
    """What an answer's reward is compared with: the mean of the step's answers, or nothing."""
    whiten: bool = False
    """Scale the credit of a step to unit standard deviation; needs the batch's baseline."""

    NO_CONTRAST: ClassVar[str] = "no answer scored more than another"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.whiten and self.baseline != "batch":
            raise ValueError("whiten scales what is left after the batch's mean: leave baseline at 'batch'")
        if self.baseline == "batch" and self.prompts * self.group_size < 2:
            raise ValueError("one answer has no batch to be compared with: take more prompts, or baseline 'none'")


def main(config: ReinforceConfig) -> None:
    """Learns, and leaves the policy in `out/policy`."""
    train(config, learn)


def learn(policy: LocalPolicy, config: ReinforceConfig) -> Learned:
    """Trains the policy in place and returns its greedy accuracy on held-out problems before and after."""
    run = Run(policy, config, title="learning by REINFORCE", task=open_task(policy, config))
    envs = run.open_envs(lanes=config.prompts * config.group_size)
    for step in run.steps():
        answers = roll_out(policy, envs, step.problems(config.prompts), temperature=config.temperature)
        batch = give_credit(answers, config)
        update(step, policy, batch, config)
        step.report(describe(answers, batch))
    return run.learned


def give_credit(answers: Answers, config: ReinforceConfig) -> Batch:
    """What was still to come after each token, compared with the whole batch or with nothing."""
    valid_B = answers.counting(mask_truncated=config.mask_truncated)
    if config.baseline == "none":
        return answers.with_credit(return_to_go(answers.rewards_BT, answers.mask_BT), valid_B)
    credit_B = batch_mean(answers.rewards_B, valid_B, divide_by_std=config.whiten)
    return answers.with_credit(credit_B[:, None], valid_B)


def update(step: Step, policy: LocalPolicy, batch: Batch, config: ReinforceConfig) -> None:
    """Moves the weights once."""
    for part in step.parts(batch):
        logprobs_BT = policy.logprobs(part.prompts, part.tokens_BT, part.mask_BT, temperature=config.temperature)
        loss_BT = reinforce(logprobs_BT, part.credit_BT, part.mask_BT)
        step.watch(part, logprobs_BT)
        step.backward(loss_BT.sum() / (batch.counted * config.max_tokens))
    step.update()
