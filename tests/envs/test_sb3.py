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

from reasonrl.envs.sb3 import NativeVecEnv
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecCheckNan, VecMonitor, VecNormalize

ID = "reasonrl/Countdown-v0"
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


# By id, as its helpers make an environment: with render_mode="rgb_array"


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("algorithm", "id", "options"),
    [
        (PPO, "MathReason-v0", {"n_steps": 16, "batch_size": 16, "n_epochs": 1}),
        (A2C, "reasonrl/ChainSum-v0", {}),
        (DQN, "LogicReason-v0", {"buffer_size": 50, "learning_starts": 8}),
    ],
)
def test_an_algorithm_takes_an_id(algorithm: type[BaseAlgorithm], id: str, options: dict[str, Any]) -> None:
    model = algorithm("MultiInputPolicy", id, **options)
    model.learn(16)
    assert model.num_timesteps >= 16


def test_its_helper_makes_a_vector_by_id_that_can_be_seen() -> None:
    env = make_vec_env(ID, n_envs=2, env_kwargs={"level": "choice"})
    env.reset()
    picture: Any = env.render()
    assert picture.shape[-1] == 3
    assert MaskablePPO("MultiInputPolicy", env, n_steps=8, batch_size=8, n_epochs=1).learn(8).num_timesteps == 16


@pytest.mark.slow
def test_its_helper_makes_workers_by_id() -> None:
    id = f"reasonrl:{ID}"  # a worker imports what stands before the colon
    env = make_vec_env(id, n_envs=2, env_kwargs={"level": "choice"}, vec_env_cls=SubprocVecEnv)
    try:
        env.seed(0)
        env.reset()
        assert env.step(np.zeros(2, np.int64))[1].shape == (2,)
        assert get_action_masks(env).shape == (2, 64)
    finally:
        env.close()


# The lanes as its own kind of vector


def assert_same(one: Any, other: Any, place: str = "") -> None:
    """Equal in types, keys, dtypes and values."""
    assert type(one) is type(other), (place, one, other)
    if isinstance(one, dict):
        assert set(one) == set(other), place
        for key in one:
            assert_same(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, list):
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{place}[{number}]")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, place
        np.testing.assert_array_equal(one, other, err_msg=place)
    else:
        assert one == other, place


@pytest.mark.parametrize("level", ["token", "choice"])
def test_the_lanes_are_what_its_own_loop_is(level: str) -> None:
    options: dict[str, Any] = {
        "level": level, "max_tokens": 24, "max_steps": 4, "difficulty": 2, "reward": "potential", "gamma": 0.9
    }  # fmt: skip
    lanes = NativeVecEnv(ID, num_envs=3, **options)
    loop = DummyVecEnv([lambda: gym.make(ID, **options)] * 3)
    assert lanes.observation_space == loop.observation_space
    rng, ended = np.random.default_rng(0), 0
    for seed in (5, 6):
        for env in (lanes, loop):
            env.seed(seed)
            env.set_options([{"index": 4}, {}, {"index": 9}])
        first: Any = loop.reset()
        assert_same(lanes.reset(), dict(first), "reset")
        for _ in range(60):
            assert_same(lanes.reset_infos, loop.reset_infos, "reset_infos")
            assert_same(lanes.env_method("action_masks"), loop.env_method("action_masks"), "masks")
            actions = rng.integers(0, lanes.action_space.n, 3)  # type: ignore[attr-defined]
            one, (seen, *other) = lanes.step(actions), loop.step(actions)
            assert isinstance(seen, dict)
            assert_same([*one], [dict(seen), *other], "step")
            assert lanes.env_method("get_state") == loop.env_method("get_state")
            ended += int(one[2].sum())
    assert ended > 10


def test_what_the_lanes_give_is_the_callers_to_keep() -> None:
    env = NativeVecEnv(ID, num_envs=2, level="choice", difficulty=2)
    first: Any = env.reset()
    kept, mask = first["tokens"].copy(), env.reset_infos[0]["action_mask"].copy()
    env.step(np.zeros(2, np.int64))
    np.testing.assert_array_equal(first["tokens"], kept)
    np.testing.assert_array_equal(env.reset_infos[0]["action_mask"], mask)


def test_maskable_ppo_trains_on_the_lanes_and_sees_no_masked_action_taken() -> None:
    env = VecMonitor(NativeVecEnv(ID, num_envs=4, level="choice", difficulty=2, illegal="error", max_steps=8))
    assert is_masking_supported(env)
    model = MaskablePPO("MultiInputPolicy", env, n_steps=64, batch_size=64, n_epochs=1, seed=0).learn(256)
    assert model.num_timesteps == 256
    assert len(model.ep_info_buffer or ()) > 10


def test_its_wrappers_take_the_lanes() -> None:
    env = VecCheckNan(VecNormalize(NativeVecEnv(ID, num_envs=2), norm_obs=False), raise_exception=True)
    model = PPO("MultiInputPolicy", env, n_steps=8, batch_size=8, n_epochs=1, seed=1).learn(16)
    assert model.num_timesteps == 16


def test_the_lanes_answer_questions_lane_by_lane() -> None:
    env = NativeVecEnv(ID, num_envs=3, level="choice", difficulty=2, render_mode="rgb_array")
    env.seed(0)
    env.reset()
    views = env.get_attr("view")
    assert [view.id for view in views] == [problem.id for problem in env.get_attr("problem")]
    assert len({view.prompt for view in views}) > 1
    assert env.get_attr("vocabulary", indices=[1])[0].name == "char"
    menus = env.env_method("menu", indices=[0, 2])
    assert [len(menu) for menu in menus] == [int(mask.sum()) for mask in env.env_method("action_masks", indices=[0, 2])]
    state = env.env_method("get_state", indices=1)[0]
    env.step(np.zeros(3, np.int64))
    env.env_method("set_state", state, indices=1)
    assert env.env_method("get_state", indices=1)[0] == state
    assert [image.shape for image in env.get_images() if image is not None] == [(528, 800, 3)] * 3
    assert env.env_is_wrapped(Monitor) == [False] * 3
    with pytest.raises(AttributeError, match="lanes share their rules: pass gamma="):
        env.set_attr("gamma", 0.5)


def test_levels_of_text_are_refused_with_those_that_work() -> None:
    with pytest.raises(ValueError, match="choose level='token' or level='choice'"):
        NativeVecEnv(ID, level="step")


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
