"""RLOO: REINFORCE whose baseline is the mean of the other answers to the problem (arXiv 2402.14740).

    for each step:
        answers     P problems x G answers, sampled through the vector environment
        credit      an answer's reward less the mean of the *other* answers of its group
        loss        -A log pi over tokens / (answers * max_tokens)

The gradient is unbiased: the baseline of an answer does not depend on it. One update a step, on answers of the policy
as it is, so there is no ratio and nothing to clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reasonrl.agents.learning.batch import Answers, Batch, describe
from reasonrl.agents.learning.credit import leave_one_out
from reasonrl.agents.learning.losses import reinforce
from reasonrl.agents.learning.options import OnPolicyConfig, need_groups
from reasonrl.agents.learning.rollout import roll_out
from reasonrl.agents.learning.run import Learned, Run, train
from reasonrl.agents.learning.step import Step
from reasonrl.agents.learning.task import open_task
from reasonrl.agents.policies.local import LocalPolicy


@dataclass(frozen=True)
class RLOOConfig(OnPolicyConfig):
    """Learns from rewards by RLOO; run it again to go on where it stopped."""

    out: Path = Path("runs/rloo")
    group_size: int = 8
    """Answers sampled to each problem (G); the mean of the others is an answer's baseline."""

    def __post_init__(self) -> None:
        super().__post_init__()
        need_groups(self)


def main(config: RLOOConfig) -> None:
    """Learns, and leaves the policy in `out/policy`."""
    train(config, learn)


def learn(policy: LocalPolicy, config: RLOOConfig) -> Learned:
    """Trains the policy in place and returns its greedy accuracy on held-out problems before and after."""
    run = Run(policy, config, title="learning by RLOO", task=open_task(policy, config))
    envs = run.open_envs(lanes=config.prompts * config.group_size)
    for step in run.steps():
        answers = roll_out(policy, envs, step.problems(config.prompts), temperature=config.temperature)
        batch = give_credit(answers, config)
        update(step, policy, batch, config)
        step.report(describe(answers, batch))
    return run.learned


def give_credit(answers: Answers, config: RLOOConfig) -> Batch:
    """Compares each answer with the others of its group."""
    valid_B = answers.counting(mask_truncated=config.mask_truncated)
    credit_PG = leave_one_out(answers.grouped(answers.rewards_B), answers.grouped(valid_B))
    return answers.with_credit(credit_PG.view(-1, 1), valid_B)


def update(step: Step, policy: LocalPolicy, batch: Batch, config: RLOOConfig) -> None:
    """Moves the weights once."""
    for part in step.parts(batch):
        logprobs_BT = policy.logprobs(part.prompts, part.tokens_BT, part.mask_BT, temperature=config.temperature)
        loss_BT = reinforce(logprobs_BT, part.credit_BT, part.mask_BT)
        step.watch(part, logprobs_BT)
        step.backward(loss_BT.sum() / (batch.counted * config.max_tokens))
    step.update()
