"""Mistakes are sentences that say what is allowed, and change nothing."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from reasonrl.envs.environment import ReasonEnv


def chain_sum(**options: Any) -> ReasonEnv:
    env = gym.make("reasonrl/ChainSum-v0", **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"level": "word"}, "unknown level 'word': choose one of token, step, solution, choice"),
        ({"family": "chess"}, "draws from chain_sum only"),
        ({"difficulty": 99}, "chain_sum has difficulties 1 to 8, got 99"),
        ({"difficulty": []}, "difficulty is an empty list"),
        ({"split": "dev"}, "unknown split 'dev': choose one of train, validation, test"),
        ({"reward": "dense"}, "unknown reward 'dense': choose one of outcome, potential"),
        ({"vocabulary": "words"}, "unknown vocabulary 'words'"),
        ({"gamma": 0.0}, r"gamma must be in \(0, 1\], got 0.0"),
        ({"attempts": 0}, "attempts must be at least 1, got 0"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
        ({"max_steps": -1}, "max_steps must be at least 1, got -1"),
        ({"num_problems": 0}, "num_problems must be from 1"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        chain_sum(**options).reset(seed=0)


def test_an_unknown_family_of_a_domain_names_what_exists() -> None:
    with pytest.raises(ValueError, match="did you mean 'countdown'"):
        gym.make("MathReason-v0", family="countdwn")
    with pytest.raises(ValueError, match="sudoku4 is not a math family: choose one of chain_sum"):
        gym.make("MathReason-v0", family="sudoku4")


def test_stepping_before_a_reset_or_after_the_end_is_an_error() -> None:
    env = chain_sum(level="solution")
    for call in (lambda: env.step("x"), env.get_state):
        with pytest.raises(RuntimeError, match="call reset"):
            call()
    env.reset(seed=0)
    env.step("x")
    with pytest.raises(ValueError, match="the episode is over"):
        env.step("x")


@pytest.mark.parametrize("level", ["token", "choice"])
@pytest.mark.parametrize("action", [-1, 10**6])
def test_a_number_outside_the_space_is_an_error_and_changes_nothing(level: str, action: int) -> None:
    env = chain_sum(level=level)
    env.reset(seed=0)
    before = env.get_state()
    with pytest.raises(ValueError, match="is a number from 0 to"):
        env.step(action)
    assert env.get_state() == before


@pytest.mark.parametrize(
    ("level", "action"), [("token", "a"), ("token", 1.5), ("choice", None), ("step", 3), ("solution", b"x")]
)
def test_an_action_of_another_kind_is_an_error(level: str, action: Any) -> None:
    env = chain_sum(level=level)
    env.reset(seed=0)
    with pytest.raises(TypeError, match=f"an action at the {level} level is"):
        env.step(action)


def test_a_state_of_another_problem_is_refused() -> None:
    env = chain_sum()
    env.reset(options={"index": 1})
    state = env.get_state()
    env.reset(options={"index": 2})
    with pytest.raises(ValueError, match="belongs to another problem"):
        env.set_state(state)
    env.reset(options={"index": 1})
    env.set_state(state)


def test_an_unknown_reset_option_is_named() -> None:
    with pytest.raises(ValueError, match="unknown reset option 'idx': there are index, problem"):
        chain_sum().reset(options={"idx": 3})


def test_text_levels_have_no_mask() -> None:
    env = chain_sum(level="step")
    env.reset(seed=0)
    with pytest.raises(AttributeError, match="there is no mask"):
        env.action_masks()
