"""How often a policy is right on held-out problems, by the sampler that it learns with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from gymnasium.vector import VectorEnv
from reasonrl.agents.learning.rollout import roll_out
from reasonrl.envs.seeding import digest
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def answer_problems(
    model: PreTrainedModel,
    envs: VectorEnv,
    vocabulary: Vocabulary,
    *,
    problems: int,
    samples: int = 1,
    temperature: float = 0.0,
    max_tokens: int,
    dtype: torch.dtype | None = None,
    indices: Sequence[int] | None = None,
) -> Tensor:
    """[problems, samples] True where the answer is right, on the first problems of the environment's split.

    Args:
        model: the policy.
        envs: from `make_envs`; lanes are used as far as `samples` divides them.
        vocabulary: of model and environment.
        problems: how many.
        samples: answers to each; for a temperature of 0, one says it all.
        temperature: of the sampling.
        max_tokens: the environment's own limit.
        dtype: of the decoder.
        indices: of the problems; None: 0, 1, and so on. Each problem's sampling noise goes by its place, not its index.
    """
    at_once, rest = divmod(envs.num_envs, samples)
    if rest or not at_once:
        raise ValueError(f"{envs.num_envs} lanes cannot be shared by problems with {samples} samples each")
    found = []
    for first in range(0, problems, at_once):
        numbers = range(first, first + at_once)  # the last batch may play a few more than are counted
        correct_B = roll_out(
            model,
            envs,
            vocabulary,
            indices=numbers if indices is None else [indices[number % len(indices)] for number in numbers],
            keys=[digest("evaluation", number) for number in numbers],
            temperature=temperature,
            max_tokens=max_tokens,
            dtype=dtype,
        ).correct_B
        found.append(correct_B.view(at_once, samples))
    return torch.cat(found)[:problems]
