"""GRPO: reinforcement learning from groups of answers to one problem (arXiv 2402.03300, as corrected by 2503.20783).

    for each step:
        answers     P problems x G answers, sampled through the vector environment
        credit      an answer's reward less the mean of its group                       (no critic)
        loss        -min(ratio * A, clip(ratio) * A) over tokens / (answers * max_tokens)   (constant: no length bias)
                    + kl_weight * KL(policy || first policy), where asked for

The ratio is against the log-probabilities that the sampler recorded, which the trainer computes at the same temperature
and with the same allowed tokens; `mismatch` watches that the two agree. Answers that teach nothing (all of their group
score the same) are left out of the passes, which changes no gradient, only the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from reasonrl.agents.learning.batch import Answers, Batch, describe
from reasonrl.agents.learning.credit import group_mean
from reasonrl.agents.learning.losses import KLEstimator, clipped, kl, kl_estimate
from reasonrl.agents.learning.options import ReuseConfig, at_least, need_groups
from reasonrl.agents.learning.rollout import roll_out
from reasonrl.agents.learning.run import Learned, Run, train
from reasonrl.agents.learning.step import Step
from reasonrl.agents.learning.task import open_task
from reasonrl.agents.policies.local import LocalPolicy


@dataclass(frozen=True)
class GRPOConfig(ReuseConfig):
    """Learns from rewards by GRPO; run it again to go on where it stopped."""

    out: Path = Path("runs/grpo")
    group_size: int = 8
    """Answers sampled to each problem (G); the group's mean is the baseline."""
    kl_weight: float = 0.0
    """Weight of the KL divergence from the first policy; 0 saves its pass."""
    kl_estimator: KLEstimator = "k2"
    """How the divergence is estimated: k2, or ratio_k3 for several epochs."""
    divide_by_std: bool = False
    """Scale each group's advantages to unit standard deviation."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, {"kl_weight": 0})
        need_groups(self)


def main(config: GRPOConfig) -> None:
    """Learns, and leaves the policy in `out/policy`."""
    train(config, learn)


def learn(policy: LocalPolicy, config: GRPOConfig) -> Learned:
    """Trains the policy in place and returns its greedy accuracy on held-out problems before and after."""
    run = Run(policy, config, title="learning by GRPO", task=open_task(policy, config))
    first = policy.frozen() if config.kl_weight else None
    envs = run.open_envs(lanes=config.prompts * config.group_size)
    for step in run.steps():
        answers = roll_out(policy, envs, step.problems(config.prompts), temperature=config.temperature)
        batch = give_credit(answers, config)
        update(step, policy, batch, config, first=first)
        step.report(describe(answers, batch))
    return run.learned


def give_credit(answers: Answers, config: GRPOConfig) -> Batch:
    """Compares each answer with its group."""
    valid_B = answers.counting(mask_truncated=config.mask_truncated)
    rewards_PG, valid_PG = answers.grouped(answers.rewards_B), answers.grouped(valid_B)
    credit_PG = group_mean(rewards_PG, valid_PG, divide_by_std=config.divide_by_std)
    # the KL pulls on every answer that counts, so with it none is left out
    return answers.with_credit(credit_PG.view(-1, 1), valid_B, keep_all=config.kl_weight > 0)


def update(
    step: Step, policy: LocalPolicy, batch: Batch, config: GRPOConfig, *, first: LocalPolicy | None = None
) -> None:
    """All passes over one step's answers; moves the weights once per minibatch."""
    normaliser = batch.counted * config.max_tokens / config.minibatches
    for minibatch in batch.shuffled(step.rng, epochs=config.epochs, minibatches=config.minibatches):
        for part in step.parts(minibatch):
            answers = part.prompts, part.tokens_BT, part.mask_BT
            logprobs_BT = policy.logprobs(*answers, temperature=config.temperature)
            loss_BT, cut_BT = clipped(
                logprobs_BT,
                part.old_BT,
                part.credit_BT,
                part.mask_BT,
                clip_low=config.clip_low,
                clip_high=config.clip_high,
            )
            loss, watched = loss_BT.sum() / normaliser, {"clipped": cut_BT}
            if first is not None:
                with torch.no_grad():
                    first_BT = first.logprobs(*answers, temperature=config.temperature)
                kl_BT = kl(logprobs_BT, part.old_BT, first_BT, part.mask_BT, estimator=config.kl_estimator)
                loss = loss + config.kl_weight * (kl_BT.sum() / normaliser)
                watched["kl"] = kl_estimate(logprobs_BT, first_BT, part.mask_BT)
            step.watch(part, logprobs_BT, **watched)
            step.backward(loss)
        step.update()
