"""GSPO: GRPO with one probability ratio for a whole answer (arXiv 2507.18071).

    for each step:
        answers     P problems x G answers, sampled through the vector environment
        credit      an answer's reward less the mean of its group, over the group's standard deviation
        loss        -min(s * A, clip(s) * A) / answers,  s = exp(mean over the answer's tokens of log ratio)

An answer is kept or cut as a whole, and its bounds are close to 1, since a mean of log-ratios is small. Each token
weighs 1 / (length of its answer), as in the paper, so the gradient is the policy gradient only among answers of one
length.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reasonrl.agents.learning.batch import Answers, Batch, describe
from reasonrl.agents.learning.credit import group_mean
from reasonrl.agents.learning.losses import sequence_clipped
from reasonrl.agents.learning.options import ReuseConfig, need_groups
from reasonrl.agents.learning.rollout import roll_out
from reasonrl.agents.learning.run import Learned, Run, train
from reasonrl.agents.learning.step import Step
from reasonrl.agents.learning.task import open_task
from reasonrl.agents.policies.local import LocalPolicy


@dataclass(frozen=True)
class GSPOConfig(ReuseConfig):
    """Learns from rewards by GSPO; run it again to go on where it stopped."""

    out: Path = Path("runs/gspo")
    group_size: int = 8
    """Answers sampled to each problem (G); the group's mean is the baseline."""
    clip: float = 1.0
    """Largest gradient norm."""
    clip_low: float = 3e-4
    """The answer's ratio counts down to 1 - clip_low."""
    clip_high: float = 4e-4
    """The answer's ratio counts up to 1 + clip_high."""
    minibatches: int = 4
    """Updates in one pass; with one, the ratio is 1 throughout."""
    divide_by_std: bool = True
    """Scale each group's advantages to unit standard deviation."""

    def __post_init__(self) -> None:
        super().__post_init__()
        need_groups(self)


def main(config: GSPOConfig) -> None:
    """Learns, and leaves the policy in `out/policy`."""
    train(config, learn)


def learn(policy: LocalPolicy, config: GSPOConfig) -> Learned:
    """Trains the policy in place and returns its greedy accuracy on held-out problems before and after."""
    run = Run(policy, config, title="learning by GSPO", task=open_task(policy, config))
    envs = run.open_envs(lanes=config.prompts * config.group_size)
    for step in run.steps():
        answers = roll_out(policy, envs, step.problems(config.prompts), temperature=config.temperature)
        batch = give_credit(answers, config)
        update(step, policy, batch, config)
        step.report(describe(answers, batch))
    return run.learned


def give_credit(answers: Answers, config: GSPOConfig) -> Batch:
    """Compares each answer with its group."""
    valid_B = answers.counting(mask_truncated=config.mask_truncated)
    rewards_PG, valid_PG = answers.grouped(answers.rewards_B), answers.grouped(valid_B)
    credit_PG = group_mean(rewards_PG, valid_PG, divide_by_std=config.divide_by_std)
    return answers.with_credit(credit_PG.view(-1, 1), valid_B)


def update(step: Step, policy: LocalPolicy, batch: Batch, config: GSPOConfig) -> None:
    """All passes over one step's answers; moves the weights once per minibatch."""
    normaliser = batch.counted / config.minibatches
    for minibatch in batch.shuffled(step.rng, epochs=config.epochs, minibatches=config.minibatches):
        for part in step.parts(minibatch):
            logprobs_BT = policy.logprobs(part.prompts, part.tokens_BT, part.mask_BT, temperature=config.temperature)
            loss_BT, cut_BT = sequence_clipped(
                logprobs_BT,
                part.old_BT,
                part.credit_BT,
                part.mask_BT,
                clip_low=config.clip_low,
                clip_high=config.clip_high,
            )
            step.watch(part, logprobs_BT, clipped=cut_BT)
            step.backward(loss_BT.sum() / normaliser)
        step.update()
