"""Learning from rewards: rollouts in the vector environment, losses, GRPO."""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.learning.grpo import GRPOConfig, learn
    from reasonrl.agents.learning.losses import kl_loss, policy_loss
    from reasonrl.agents.learning.rollout import Rollout, make_envs, roll_out

__all__ = [
    "GRPOConfig",
    "Rollout",
    "kl_loss",
    "learn",
    "make_envs",
    "policy_loss",
    "roll_out",
]

_PLACES = {
    "GRPOConfig": "agents.learning.grpo",
    "Rollout": "agents.learning.rollout",
    "kl_loss": "agents.learning.losses",
    "learn": "agents.learning.grpo",
    "make_envs": "agents.learning.rollout",
    "policy_loss": "agents.learning.losses",
    "roll_out": "agents.learning.rollout",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.learning", _PLACES)
