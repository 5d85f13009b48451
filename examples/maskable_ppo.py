"""MaskablePPO of sb3-contrib on the choice level: `python examples/maskable_ppo.py`, under a minute on a laptop.

At the choice level an action picks one line from the family's menu of next lines, so that an agent without a language
model can play. It sees the text so far but not the menu, whose order says nothing: what it can learn is which lines to
pick on a fixed set of problems (`num_problems`), as here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from stable_baselines3.common.env_util import make_vec_env

import reasonrl  # noqa: F401 (registers the ids)


@dataclass(frozen=True)
class ExampleConfig:
    """Trains on a few problems and prints how many it solves before and after."""

    env: str = "reasonrl/ChainSum-v0"
    """Environment id."""
    difficulty: int = 2
    """Level of difficulty."""
    num_problems: int = 8
    """Problems to learn."""
    steps: int = 12_000
    """Environment steps of training."""
    seed: int = 0
    """Seeds the weights and the order of problems."""


class OneHot(gym.ObservationWrapper[Any, Any, Any]):
    """The last tokens as one-hot rows: an MLP cannot read token ids as quantities."""

    def __init__(self, env: gym.Env[Any, Any], last: int = 24) -> None:
        super().__init__(env)
        tokens = env.observation_space["tokens"]  # type: ignore[index]
        self.last, self.rows = last, np.eye(int(tokens.high.max()) + 1, dtype=np.float32)
        self.observation_space = gym.spaces.Box(0.0, 1.0, (last * len(self.rows),), np.float32)

    def observation(self, observation: dict[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        length = int(observation["length"][0])
        window = np.zeros(self.last, np.int64)
        seen = observation["tokens"][max(0, length - self.last) : length]
        window[self.last - len(seen) :] = seen
        return self.rows[window].reshape(-1)


def make(config: ExampleConfig) -> gym.Env[Any, Any]:
    return OneHot(
        gym.make(
            config.env,
            level="choice",
            difficulty=config.difficulty,
            num_problems=config.num_problems,
            max_tokens=64,
            max_steps=6,
        )
    )


def success(model: MaskablePPO, config: ExampleConfig) -> float:
    """Share of the problems that the policy solves, taking its most probable choices."""
    env = make(config)
    solved = 0.0
    for index in range(config.num_problems):
        observation, info = env.reset(options={"index": index})
        over = False
        while not over:
            action, _ = model.predict(observation, action_masks=info["action_mask"].astype(bool), deterministic=True)
            observation, _, terminated, truncated, info = env.step(int(action))
            over = terminated or truncated
        solved += info["outcome"]
    return solved / config.num_problems


def main(config: ExampleConfig) -> tuple[float, float]:
    env = make_vec_env(lambda: make(config), n_envs=8, seed=config.seed)
    model = MaskablePPO(
        "MlpPolicy",
        env,
        n_steps=128,
        batch_size=256,
        n_epochs=8,
        learning_rate=1e-3,
        gamma=1.0,
        ent_coef=0.01,
        seed=config.seed,
    )
    before = success(model, config)
    model.learn(config.steps)
    after = success(model, config)
    print(
        f"solved {before:.0%} of {config.num_problems} problems before training, {after:.0%} after {config.steps} steps"
    )
    return before, after


if __name__ == "__main__":
    import tyro

    main(tyro.cli(ExampleConfig, description=__doc__))
