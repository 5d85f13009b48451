"""Learning from rewards: one loop around, one page for each learner. docs/learning.md says how they fit together."""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.learning.batch import Answers, Batch, describe
    from reasonrl.agents.learning.grpo import GRPOConfig
    from reasonrl.agents.learning.gspo import GSPOConfig
    from reasonrl.agents.learning.options import OnPolicyConfig, ReuseConfig, RunConfig
    from reasonrl.agents.learning.registry import register_learner
    from reasonrl.agents.learning.reinforce import ReinforceConfig
    from reasonrl.agents.learning.rloo import RLOOConfig
    from reasonrl.agents.learning.rollout import Problems, make_envs, roll_out
    from reasonrl.agents.learning.run import Learned, Run, train
    from reasonrl.agents.learning.step import Step
    from reasonrl.agents.learning.task import Task, open_task

_PLACES = {
    "Answers": "agents.learning.batch",
    "Batch": "agents.learning.batch",
    "GRPOConfig": "agents.learning.grpo",
    "GSPOConfig": "agents.learning.gspo",
    "Learned": "agents.learning.run",
    "OnPolicyConfig": "agents.learning.options",
    "Problems": "agents.learning.rollout",
    "RLOOConfig": "agents.learning.rloo",
    "ReinforceConfig": "agents.learning.reinforce",
    "ReuseConfig": "agents.learning.options",
    "Run": "agents.learning.run",
    "RunConfig": "agents.learning.options",
    "Step": "agents.learning.step",
    "Task": "agents.learning.task",
    "describe": "agents.learning.batch",
    "make_envs": "agents.learning.rollout",
    "open_task": "agents.learning.task",
    "register_learner": "agents.learning.registry",
    "roll_out": "agents.learning.rollout",
    "train": "agents.learning.run",
}
__all__ = [
    "Answers",
    "Batch",
    "GRPOConfig",
    "GSPOConfig",
    "Learned",
    "OnPolicyConfig",
    "Problems",
    "RLOOConfig",
    "ReinforceConfig",
    "ReuseConfig",
    "Run",
    "RunConfig",
    "Step",
    "Task",
    "describe",
    "make_envs",
    "open_task",
    "register_learner",
    "roll_out",
    "train",
]
__getattr__, __dir__ = lazy_names("reasonrl.agents.learning", _PLACES)
