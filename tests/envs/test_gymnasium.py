"""Gymnasium's own wrappers and vector environments take every level as it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces, wrappers
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.utils import create_zero_array
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.spaces import TextSpace
from reasonrl.envs.vector import VectorReasonEnv

Env = gym.Env[Any, Any]
ID = "reasonrl/Countdown-v0"


def make(**options: Any) -> Env:
    return gym.make(ID, **{"max_tokens": 40, "max_steps": 6, "difficulty": 2, **options})


def flat(env: Env) -> Env:
    return wrappers.FlattenObservation(env)


ANY_LEVEL: dict[str, Callable[[Env], Env]] = {
    "Autoreset": wrappers.Autoreset,
    "ClipReward": lambda env: wrappers.ClipReward(env, 0.0, 0.5),
    "DelayObservation": lambda env: wrappers.DelayObservation(env, delay=2),
    "DtypeObservation": lambda env: wrappers.DtypeObservation(flat(env), np.float32),
    "FlattenObservation": wrappers.FlattenObservation,
    "FrameStackObservation": lambda env: wrappers.FrameStackObservation(env, 3),
    "FrameStackObservation of zeros": lambda env: wrappers.FrameStackObservation(env, 3, padding_type="zero"),
    "MaxAndSkipObservation": lambda env: wrappers.MaxAndSkipObservation(flat(env), 2),
    "NormalizeObservation": lambda env: wrappers.NormalizeObservation(flat(env)),
    "NormalizeReward": wrappers.NormalizeReward,
    "OrderEnforcing": wrappers.OrderEnforcing,
    "PassiveEnvChecker": wrappers.PassiveEnvChecker,
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "RescaleObservation": lambda env: wrappers.RescaleObservation(flat(env), np.float64(0), np.float64(1)),
    "StickyAction": lambda env: wrappers.StickyAction(env, 0.5),
    "TimeAwareObservation": wrappers.TimeAwareObservation,
    "TimeAwareObservation in a dict": lambda env: wrappers.TimeAwareObservation(env, flatten=False),
    "TimeLimit": lambda env: wrappers.TimeLimit(env, 3),
    "TransformAction": lambda env: wrappers.TransformAction(env, lambda action: action, env.action_space),
    "TransformObservation": lambda env: wrappers.TransformObservation(env, lambda seen: seen, env.observation_space),
    "TransformReward": lambda env: wrappers.TransformReward(env, lambda reward: 2 * float(reward)),
}


@pytest.mark.parametrize("name", ANY_LEVEL)
def test_every_wrapper_takes_every_level(name: str, level: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*precision lowered by casting.*")  # RescaleObservation of Gymnasium
        env = ANY_LEVEL[name](make(level=level))
        observation, _ = env.reset(seed=0)
        env.action_space.seed(0)
        for _ in range(12):
            assert observation in env.observation_space
            observation, _, terminated, truncated, info = env.step(env.action_space.sample())
            if (terminated or truncated) and name != "Autoreset":
                assert observation in env.observation_space
                observation, _ = env.reset()
        assert "stop_reason" in info


def test_stacked_texts_are_the_last_ones_seen() -> None:
    env = wrappers.FrameStackObservation(make(level="step"), 2, padding_type="zero")
    (before, now), _ = env.reset(seed=0)
    assert (before, now.startswith("Use ")) == ("", True)
    stacked = env.step("a")[0]
    assert stacked == (now, f"{now}a\n")


def test_delayed_texts_are_empty_at_first() -> None:
    env = wrappers.DelayObservation(make(level="step"), delay=1)
    late, _ = env.reset(seed=0)
    assert late == ""
    assert env.step("a")[0].startswith("Use ")


@given(text=st.text(max_size=20))
def test_a_flattened_text_comes_back(text: str) -> None:
    space = TextSpace(20)
    codes = spaces.flatten(space, text)
    assert codes in spaces.flatten_space(space)
    assert spaces.unflatten(space, codes) == text
    assert create_zero_array(space) in space


# Vectors


@pytest.mark.parametrize("level", ["token", "choice", "step", "solution"])
def test_workers_show_what_a_loop_shows(level: str) -> None:
    text = level in ("step", "solution")
    functions = [lambda: make(level=level)] * 2
    workers = AsyncVectorEnv(functions, shared_memory=not text)
    loop = SyncVectorEnv(functions)
    try:
        first = workers.reset(seed=4)[0], loop.reset(seed=4)[0]
        actions: Any = ("4/2=2 left 2 1", "Answer: 1") if text else np.array([1, 2])
        second = workers.step(actions)[0], loop.step(actions)[0]
    finally:
        workers.close()
    for one, other in (first, second):
        if text:
            assert one == other
        else:
            np.testing.assert_equal(one, other)


def test_texts_refuse_shared_memory_with_the_option_that_helps() -> None:
    with pytest.raises(ValueError, match="shared_memory=False"):
        AsyncVectorEnv([lambda: make(level="step")] * 2)


def step_limits() -> list[Any]:
    return [(level, mode) for level in ("token", "choice", "step", "solution") for mode in AutoresetMode]


@pytest.mark.parametrize(("level", "mode"), step_limits())
def test_a_step_limit_in_the_lanes_is_gymnasiums_time_limit(level: str, mode: AutoresetMode) -> None:
    options: dict[str, Any] = {"level": level, "max_tokens": 60, "reward": "potential", "gamma": 0.9, "attempts": 9}
    native = gym.make_vec(ID, num_envs=3, max_episode_steps=4, autoreset_mode=mode, **options)
    loop = SyncVectorEnv([lambda: gym.make(ID, max_episode_steps=4, **options)] * 3, autoreset_mode=mode)
    assert isinstance(native, VectorReasonEnv)
    native.reset(seed=1)
    loop.reset(seed=1)
    rng, cut = np.random.default_rng(0), 0
    for _ in range(25):
        if level in ("step", "solution"):
            actions: Any = tuple(rng.choice(["Answer: 1", "1+1=2", "x"], 3).tolist())
        else:
            actions = rng.integers(0, 4, 3) if level == "choice" else rng.choice([2, 3, 30, 31], 3)
        one, other = native.step(actions), loop.step(actions)
        for info in (one[4], other[4]):
            info["final_obs"] = list(info.get("final_obs", ()))
        np.testing.assert_equal(one, other)
        cut += int(one[3].sum())
        over_B = one[2] | one[3]
        if mode is AutoresetMode.DISABLED and over_B.any():
            native.reset(options={"reset_mask": over_B.copy()})
            loop.reset(options={"reset_mask": over_B.copy()})
    assert cut


def test_a_step_limit_below_one_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="max_episode_steps must be at least 1, got 0"):
        gym.make_vec(ID, max_episode_steps=0)


# The spec


@pytest.mark.parametrize(
    ("options", "longest"),
    [
        ({"level": "token", "max_tokens": 40}, 40),
        ({"level": "step", "max_steps": 6}, 6),
        ({"level": "choice", "max_steps": 6}, 6),
        ({"level": "solution", "attempts": 3}, 3),
        ({"level": "solution", "attempts": 3, "max_steps": 2}, 2),
    ],
)
def test_the_spec_says_how_long_an_episode_can_be_and_a_copy_is_never_cut(
    options: dict[str, Any], longest: int
) -> None:
    env = make(**options)
    assert env.spec is not None
    assert env.spec.max_episode_steps == longest + 1
    copy = gym.make(env.spec)
    assert copy.spec == env.spec
    ends = []
    for each in (env, copy):
        each.reset(seed=0)
        action: Any = 30 if options["level"] == "token" else 63 if options["level"] == "choice" else "x"
        steps: list[Any] = []
        while not steps or not (steps[-1][2] or steps[-1][3]):
            steps.append(each.step(action))
        assert len(steps) == longest
        ends.append((steps[-1][2], steps[-1][3], steps[-1][4]["stop_reason"]))
    assert ends[0] == ends[1]


def test_a_time_limit_of_make_stands_in_the_spec_and_cuts() -> None:
    env = gym.make(ID, level="step", max_episode_steps=2)
    assert env.spec is not None
    assert env.spec.max_episode_steps == 2
    env.reset(seed=0)
    assert [env.step("x")[3] for _ in range(2)] == [False, True]


# What callers really pass


@pytest.mark.parametrize("action", [np.int64(0), np.int32(0), np.uint8(0), np.array(0), np.array([0]), 0])
def test_whole_numbers_of_any_kind_are_choices(action: Any) -> None:
    env = make(level="choice")
    env.reset(seed=0)
    assert env.step(action)[4]["steps"] == 1


@pytest.mark.parametrize("action", ["0", -1, 64, 0.0, None, np.array([0.0]), np.array([0, 1]), np.float32(0), [0]])
def test_anything_else_is_a_sentence_and_changes_nothing(action: Any) -> None:
    env = make(level="choice").unwrapped
    env.reset(seed=0)
    before = env.get_state()  # type: ignore[attr-defined]
    with pytest.raises((TypeError, ValueError), match=r"an action at the choice level is|a choice is a number"):
        env.step(action)
    assert env.get_state() == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "a\nb", "é\r\nAnswer: 1", "\x00", "x" * 10_000, np.str_("Answer: 1"), "\u2028"])
@pytest.mark.parametrize("level", ["step", "solution"])
def test_any_text_is_an_action(level: str, text: str) -> None:
    env = make(level=level)
    env.reset(seed=0)
    observation, *_ = env.step(text)
    assert observation in env.observation_space


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**100])
def test_whole_numbers_of_any_size_are_seeds(seed: Any) -> None:
    first, second = make(level="step").reset(seed=seed)[0], make(level="step").reset(seed=seed)[0]
    assert first == second


@pytest.mark.parametrize("seed", [-1, 1.0, "1", np.int64(3)])
def test_anything_else_is_no_seed_here_and_there(seed: Any) -> None:
    lanes = gym.make_vec(ID, num_envs=1, level="step")
    for env in (make(level="step"), lanes):
        with pytest.raises(gym.error.Error, match="Seed must be"):
            env.reset(seed=seed)


# Wrappers of vectors


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("name", ["RecordEpisodeStatistics", "NormalizeReward", "ClipReward", "TransformReward"])
def test_wrappers_of_vectors_take_the_lanes_as_they_take_the_loop(name: str, mode: AutoresetMode, level: str) -> None:
    arguments: dict[str, tuple[Any, ...]] = {
        "ClipReward": (0.0, 0.5),
        "TransformReward": (lambda rewards_B: 2 * rewards_B,),
    }
    options: dict[str, Any] = {"level": level, "max_tokens": 20, "max_steps": 3}
    native = gym.make_vec(ID, num_envs=2, autoreset_mode=mode, **options)
    loop = SyncVectorEnv([lambda: gym.make(ID, **options)] * 2, autoreset_mode=mode)
    wrap = getattr(wrappers.vector, name)
    one, other = wrap(native, *arguments.get(name, ())), wrap(loop, *arguments.get(name, ()))
    one.reset(seed=0)
    other.reset(seed=0)
    one.action_space.seed(0)
    lengths = []
    for _ in range(30):
        actions = one.action_space.sample()
        here, there = one.step(actions), other.step(actions)
        for place in range(1, 4):
            np.testing.assert_array_equal(here[place], there[place])
        if name == "RecordEpisodeStatistics" and "episode" in here[4]:
            np.testing.assert_array_equal(here[4]["episode"]["l"], there[4]["episode"]["l"])
            lengths += here[4]["episode"]["l"][here[4]["_episode"]].tolist()
    assert name != "RecordEpisodeStatistics" or (len(lengths) > 1 and max(lengths) <= (20 if level == "token" else 3))


def test_flattened_lanes_are_the_flattened_loop() -> None:
    native = gym.make_vec(ID, num_envs=2, level="choice")
    loop = SyncVectorEnv([lambda: gym.make(ID, level="choice")] * 2)
    one, other = wrappers.vector.FlattenObservation(native), wrappers.vector.FlattenObservation(loop)
    assert one.observation_space == other.observation_space
    np.testing.assert_array_equal(one.reset(seed=0)[0], other.reset(seed=0)[0])


@pytest.mark.parametrize("index", ["3", 1.5, True, [1]])
def test_the_index_of_a_problem_is_a_whole_number(index: Any) -> None:
    with pytest.raises(TypeError, match=r"the index of a problem is one whole number, got"):
        make(level="step").reset(options={"index": index})


def test_a_problem_to_play_is_a_problem() -> None:
    with pytest.raises(TypeError, match=r"the option 'problem' is a Problem"):
        make(level="step").reset(options={"problem": 3})
