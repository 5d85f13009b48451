"""What every environment promises, for each id and level."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from reasonrl.envs.core import END
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import State, Stop

Make = Callable[..., gym.Env[Any, Any]]
Inner = Callable[[gym.Env[Any, Any]], ReasonEnv]

INFO = {
    "outcome": float,
    "shaping": float,
    "status": str,
    "stop_reason": str,
    "reason": str,
    "tokens": int,
    "steps": int,
    "text": str,
}


def play(env: gym.Env[Any, Any], count: int, *, seed: int, answer: str = "Answer: 1") -> list[tuple[Any, ...]]:
    """Random actions, and final answers now and then at the text levels; resets where an episode ends."""
    env.action_space.seed(seed)
    rng = random.Random(seed)
    seen: list[tuple[Any, ...]] = [env.reset(seed=seed)]
    for _ in range(count):
        action = env.action_space.sample()
        if isinstance(action, str) and rng.random() < 0.3:
            action = rng.choice((answer, f"{action}\n{answer}", action + END))
        step = env.step(action)
        seen.append(step)
        if step[2] or step[3]:
            seen.append(env.reset())
    return seen


def chain_sum(**options: Any) -> ReasonEnv:
    env = gym.make("reasonrl/ChainSum-v0", **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


# Each id at each level


@pytest.mark.filterwarnings("error")
def test_gymnasiums_checker_has_nothing_to_say(made: Make, shaped: dict[str, Any]) -> None:
    check_env(made().unwrapped)
    check_env(made(render_mode="ansi", attempts=2, gamma=0.9, **shaped).unwrapped)


@pytest.mark.filterwarnings("error")
def test_the_same_seed_gives_the_same_episodes(made: Make) -> None:
    first, second, other = (play(made(max_tokens=40), 60, seed=seed) for seed in (1, 1, 2))
    assert data_equivalence(tuple(first), tuple(second))
    assert not data_equivalence(first[0], other[0]) or "data" in made().spec.kwargs  # type: ignore[union-attr]


def test_neither_reset_nor_step_touches_a_global_generator(made: Make) -> None:
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    play(made(max_tokens=30), 40, seed=3)
    assert (random.getstate(), repr(np.random.get_state())) == before  # noqa: NPY002


def test_global_seeds_change_nothing(made: Make) -> None:
    runs = []
    for seed in (0, 1):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        runs.append(play(made(max_tokens=30), 20, seed=5))
    assert data_equivalence(tuple(runs[0]), tuple(runs[1]))


def test_observations_lie_in_their_space_and_infos_keep_their_schema(made: Make, shaped: dict[str, Any]) -> None:
    env = made(max_tokens=40, attempts=2, gamma=0.9, **shaped)
    discrete = isinstance(env.action_space, gym.spaces.Discrete)
    for seen in play(env, 80, seed=4):
        observation, info = seen[0], seen[-1]
        assert observation in env.observation_space
        kinds = {key: type(value) for key, value in info.items() if key != "action_mask"}
        assert kinds == INFO
        if discrete:
            mask = info["action_mask"]
            assert mask.dtype == np.int8
            assert mask.shape == (env.action_space.n,)  # type: ignore[attr-defined]
            assert mask.sum() >= 1
        else:
            assert "action_mask" not in info


def test_an_episode_ends_in_one_way_and_says_which(made: Make) -> None:
    env = made(max_tokens=40, max_steps=6)
    ended = 0
    for seen in play(env, 150, seed=6):
        if len(seen) == 2:
            continue
        _, reward, terminated, truncated, info = seen
        assert not (terminated and truncated)
        assert bool(info["stop_reason"]) == (terminated or truncated) == bool(info["status"])
        assert terminated == (info["stop_reason"] in (Stop.ANSWER, Stop.END))
        assert reward == info["outcome"] + info["shaping"]
        assert info["outcome"] == 0.0 or terminated
        ended += terminated or truncated
    assert ended > 2


def test_an_episode_leaves_nothing_behind(made: Make, inner: Inner) -> None:
    used, fresh = made(max_tokens=40), made(max_tokens=40)
    play(used, 30, seed=8)
    assert data_equivalence(used.reset(options={"index": 5}), fresh.reset(options={"index": 5}))
    used.action_space.seed(0)
    for _ in range(10):
        action = used.action_space.sample()
        one, two = used.step(action), fresh.step(action)
        assert data_equivalence(one, two)
        if one[2] or one[3]:
            break
    assert inner(used).get_state() == inner(fresh).get_state()


def test_a_restored_state_goes_on_as_before(made: Make, inner: Inner, shaped: dict[str, Any]) -> None:
    env = made(max_tokens=60, gamma=0.9, attempts=2, **shaped)
    env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(3):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    saved = inner(env).get_state()
    saved = pickle.loads(pickle.dumps(saved))
    futures = []
    for _ in range(2):
        inner(env).set_state(saved)
        assert inner(env).get_state() == saved
        env.action_space.seed(7)
        future = []
        for _ in range(12):
            future.append(env.step(env.action_space.sample()))
            if future[-1][2] or future[-1][3]:
                break
        futures.append(tuple(future))
    assert data_equivalence(futures[0], futures[1])


def test_states_are_values(made: Make, inner: Inner) -> None:
    env = made(max_tokens=60)
    states: dict[State, int] = {}
    for _ in range(2):
        env.reset(seed=2)
        env.action_space.seed(2)
        for step in range(4):
            state = inner(env).get_state()
            assert states.setdefault(state, step) == step
            assert pickle.loads(pickle.dumps(state)) == state
            if state.done:
                break
            env.step(env.action_space.sample())
    assert len(states) >= 2


@pytest.mark.parametrize("reward", ["outcome", "potential"])
def test_a_deep_copy_lives_its_own_life(reward: str) -> None:
    env = chain_sum(reward=reward)
    env.reset(seed=0)
    other = copy.deepcopy(env)
    env.step(20)
    assert env.get_state() != other.get_state()
    assert data_equivalence(env.step(21), (other.step(20), other.step(21))[1])
