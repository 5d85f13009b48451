"""`gym.make` and `gym.make_vec` for everything that goes by a name here, code of your own included.

env = reasonrl.make("countdown", level="step")          # also "reasonrl/Countdown-v0", or "my.py:Family"
envs = reasonrl.make_vec("math", 64, level="token")     # the native vector environment
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.vector import VectorEnv
from reasonrl.envs.registry import environment_id


def make(name: str, **options: Any) -> gym.Env[Any, Any]:
    """An environment.

    Args:
        name: an id, the name of a domain, family or data set, or `file.py:Class` of either of the latter.
        options: those of `gym.make` and of `ReasonEnv`.
    """
    return gym.make(environment_id(name), **options)


def make_vec(name: str, num_envs: int, **options: Any) -> VectorEnv[Any, Any, Any]:
    """So many environments side by side: `VectorReasonEnv`, which steps them together.

    Args:
        name: as for `make`.
        num_envs: how many.
        options: those of `gym.make_vec` and of `VectorReasonEnv`.
    """
    return gym.make_vec(environment_id(name), num_envs, vectorization_mode="vector_entry_point", **options)
