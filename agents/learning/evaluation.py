"""How often a policy is right on held-out problems, by the sampler that it learns with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from gymnasium.vector import VectorEnv
from reasonrl.agents.learning.rollout import Problems, roll_out
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.envs.seeding import digest
from torch import Tensor


def answer_problems(
    policy: LocalPolicy,
    envs: VectorEnv,
    *,
    problems: int,
    samples: int = 1,
    temperature: float = 0.0,
    indices: Sequence[int] | None = None,
) -> Tensor:
    """[problems, samples] True where the answer is right, on the first problems of the environment's split.

    Args:
        policy: that answers.
        envs: from `make_envs`; lanes are used as far as `samples` divides them.
        problems: how many.
        samples: answers to each; for a temperature of 0, one says it all.
        temperature: of the sampling.
        indices: of the problems; None: 0, 1, and so on. Each problem's sampling noise goes by its place, not its index.
    """
    at_once, rest = divmod(envs.num_envs, samples)
    if rest or not at_once:
        raise ValueError(f"{envs.num_envs} lanes cannot be shared by problems with {samples} samples each")
    found = []
    for first in range(0, problems, at_once):
        numbers = range(first, first + at_once)  # the last batch may play a few more than are counted
        asked = Problems(
            numbers if indices is None else [indices[number % len(indices)] for number in numbers],
            [digest("evaluation", number) for number in numbers],
        )
        answers = roll_out(policy, envs, asked, temperature=temperature)
        found.append(answers.grouped(answers.correct_B))
    return torch.cat(found)[:problems]
