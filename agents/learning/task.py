"""An environment as a run of learning has it: problems to learn from, and problems to be measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gymnasium.vector import VectorEnv
from reasonrl.agents.learning.evaluation import answer_problems
from reasonrl.agents.learning.identity import data_of, modules_of
from reasonrl.agents.learning.options import OnPolicyConfig
from reasonrl.agents.learning.problems import Part, describe_parts, find_parts
from reasonrl.agents.learning.rollout import make_envs
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.prompts import encode_state
from reasonrl.agents.policies.session import context_of
from reasonrl.envs.core import Source
from reasonrl.envs.mdp import State
from reasonrl.envs.registry import open_source

_EVALUATION_LANES = 128


@dataclass(frozen=True)
class Task:
    """What the environment of a config's `env` asks this policy, in parts that have no problem in common."""

    config: OnPolicyConfig
    policy: LocalPolicy
    source: Source
    parts: Mapping[str, Part]
    """By what they are for: train, validation, test."""

    @property
    def modules(self) -> list[str]:
        """Where the problems are made and judged."""
        return modules_of(self.source)

    @property
    def data(self) -> str:
        """Hash of the rows of a data set."""
        rows = ((part.split, index) for part in self.parts.values() if part.rows is not None for index in part.rows)
        return data_of(self.source, rows)

    @property
    def about(self) -> str:
        """How the rows of a data set are used; nothing for generated problems."""
        return describe_parts(self.source, self.parts)

    def open(self, part: Part, *, lanes: int) -> VectorEnv:
        """The environment that the policy acts in, for one part of the problems."""
        config = self.config
        return make_envs(
            config.env,
            lanes,
            difficulty=list(config.difficulty) or None,
            split=part.split,
            vocabulary=self.policy.vocabulary.name,
            max_tokens=config.max_tokens,
            **({"data": config.data} if config.data else {}),
        )

    def measured(self, part: str) -> list[int]:
        """Indices of the problems of a part that a policy is measured on: the same ones each time."""
        return self.parts[part].first(self.config.evaluate_problems)

    def accuracy(self, part: str) -> float:
        """Greedy, on the first problems of a part."""
        indices = self.measured(part)
        envs = self.open(self.parts[part], lanes=min(len(indices), _EVALUATION_LANES))
        correct_PG = answer_problems(self.policy, envs, problems=len(indices), indices=indices)
        envs.close()
        return float(correct_PG.float().mean())

    def nothing_learned(self) -> str:
        """Why no answer has moved the policy."""
        if self.config.steps == 0:
            return "no steps were asked for: the policy is as it came"
        return (
            f"nothing was learned, because {self.config.NO_CONTRAST}: take easier problems (difficulty), longer "
            f"answers (max_tokens, now {self.config.max_tokens}) or larger groups (group_size)"
        )


def open_task(policy: LocalPolicy, config: OnPolicyConfig) -> Task:
    """Finds the problems; rows of a data set that leave no room for an answer in the model's context are left out."""
    source = open_source(config.env, data=config.data)
    room = context_of(policy.model) - config.max_tokens
    parts = find_parts(source, fits=lambda view: len(encode_state(State(view), policy.vocabulary)) <= room)
    return Task(config, policy, source, parts)
