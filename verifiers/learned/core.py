"""`RewardModel`: what scores answers and steps; `Ensemble`: several of them as one, with their disagreement.

Dimensions: B answers, S_i steps of answer i, M members.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class RewardModel(Protocol):
    """Scores answers as wholes (an outcome reward model) and line by line (a process reward model).

    A score depends on its own prompt and answer, never on what else is in the batch; a step's score does not depend on
    the steps behind it. NaN: the model could not score this (no step, or past the model's context).

    A model may also have `count_tokens(prompts, answers) -> [B]`, the tokens that it reads to score each answer, and
    `probability`, whether its scores lie in [0, 1] (taken for true where it is missing). A search charges the first,
    and brings other scores to [0, 1].
    """

    name: str
    """Names the model in results."""

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """[B] one score for each answer."""
        ...

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        """B arrays [S_i]: a score at the line break of each step (the lines that are not blank)."""
        ...


class Pooling(StrEnum):
    """How the members' scores become one."""

    MEAN = "mean"
    MIN = "min"
    """Pessimistic: harder to exploit, because all members must be fooled (arXiv 2310.02743)."""
    MEDIAN = "median"


class Pooled(NamedTuple):
    """Scores of an ensemble."""

    score: NDArray[np.float64]
    disagreement: NDArray[np.float64]
    """The standard deviation over the members (of the population); large where nobody should trust the score."""


class Ensemble:
    """Several reward models of one scale as one. A NaN of any member makes the score NaN."""

    def __init__(self, members: Sequence[RewardModel], *, how: Pooling | str = Pooling.MEAN) -> None:
        if not members:
            raise ValueError("an ensemble needs at least one member")
        if how not in tuple(Pooling):
            raise ValueError(f"unknown pooling {how!r}: choose one of {', '.join(Pooling)}")
        self.members = tuple(members)
        self.how = Pooling(how)
        self.name = f"{self.how.value}({', '.join(member.name for member in members)})"
        self.parts = self.members
        self.probability = all(getattr(member, "probability", True) for member in members)

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return self.pool_answers(prompts, answers).score

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        return [pooled.score for pooled in self.pool_steps(prompts, answers)]

    def pool_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> Pooled:
        """[B] scores and how far the members disagree."""
        return self._pool([member.score_answers(prompts, answers) for member in self.members])

    def pool_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[Pooled]:
        """For each answer, [S_i] scores and disagreements."""
        found = [member.score_steps(prompts, answers) for member in self.members]
        return [self._pool([steps[number] for steps in found]) for number in range(len(answers))]

    def _pool(self, scores: Sequence[NDArray[np.float64]]) -> Pooled:
        scores_MB = np.stack(scores)
        if self.how is Pooling.MIN:
            pooled_B = scores_MB.min(axis=0)
        else:
            pooled_B = scores_MB.mean(axis=0) if self.how is Pooling.MEAN else np.median(scores_MB, axis=0)
        return Pooled(np.asarray(pooled_B, np.float64), scores_MB.std(axis=0))


def check_pairs(prompts: Sequence[str], answers: Sequence[str]) -> None:
    if isinstance(prompts, str) or isinstance(answers, str):
        raise TypeError("prompts and answers are sequences of texts: put a single one into a list")
    if len(prompts) != len(answers):
        raise ValueError(f"each answer needs its prompt, got {len(prompts)} prompts and {len(answers)} answers")
