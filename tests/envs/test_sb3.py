"""Stable-Baselines3 and sb3-contrib take the environments as they are."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
pytest.importorskip("sb3_contrib")

from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

Make = Callable[..., gym.Env[Any, Any]]


@pytest.mark.parametrize("level", ["token", "choice"])
def test_its_checker_has_nothing_to_say(made: Make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(made(max_tokens=64), warn=True, skip_render_check=True)


def test_masks_come_through_wrappers_and_batches() -> None:
    def make() -> gym.Env[Any, Any]:
        return Monitor(gym.wrappers.FlattenObservation(gym.make("reasonrl/Countdown-v0", level="choice")))

    env = make()
    _, info = env.reset(seed=0)
    np.testing.assert_array_equal(get_action_masks(env), info["action_mask"].astype(bool))
    assert get_action_masks(env).dtype == np.bool_
    batch = DummyVecEnv([make, make])
    batch.reset()
    assert is_masking_supported(batch)
    assert get_action_masks(batch).shape == (2, env.action_space.n)  # type: ignore[attr-defined]


def test_maskable_ppo_never_takes_a_masked_action() -> None:
    taken: list[bool] = []

    class Watch(gym.Wrapper[Any, Any, Any, Any]):
        def step(self, action: Any) -> Any:
            taken.append(bool(self.get_wrapper_attr("action_masks")()[action]))
            return super().step(action)

    env = Watch(gym.make("reasonrl/Countdown-v0", level="choice", max_tokens=64))
    MaskablePPO("MultiInputPolicy", env, n_steps=64, batch_size=32, n_epochs=1, seed=0).learn(128)
    assert len(taken) == 128
    assert all(taken)


@pytest.mark.slow
def test_the_example_learns() -> None:
    path = Path(__file__).parents[2] / "examples" / "maskable_ppo.py"
    spec = importlib.util.spec_from_file_location("maskable_ppo", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    sys.modules["maskable_ppo"] = example
    spec.loader.exec_module(example)
    before, after = example.main(example.ExampleConfig())
    assert after > before + 0.2
