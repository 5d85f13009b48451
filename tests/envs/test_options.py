"""What the options of `gym.make` do beyond the levels: masks, reasons, instructions, difficulties, menus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.observation import INSTRUCTIONS_ROOM
from reasonrl.envs.vector import VectorReasonEnv

Make = Callable[..., gym.Env[Any, Any]]
MASKED = 63
"""A choice that no menu of an easy countdown reaches."""


def make(id: str = "reasonrl/Countdown-v0", **options: Any) -> ReasonEnv:
    env = gym.make(id, **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


# Masked choices


def test_a_masked_choice_says_so_and_uses_a_step() -> None:
    env = make(level="choice", difficulty=2)
    env.reset(seed=0)
    before = env.get_state()
    _, reward, terminated, truncated, info = env.step(MASKED)
    assert (reward, terminated, truncated, info["steps"], info["status"]) == (0.0, False, False, 0, "")
    assert info["reason"] == "choice 63 is masked: the menu has 12 lines"
    assert env.get_state() == before._replace(moves=1)
    assert env.step(0)[4]["reason"] == ""


def test_a_masked_choice_can_end_the_episode() -> None:
    env = make(level="choice", difficulty=2, illegal="end", reward="potential", gamma=0.9)
    env.reset(seed=0)
    worth = env.get_state().potential
    assert worth > 0
    _, reward, terminated, truncated, info = env.step(MASKED)
    assert (reward, terminated, truncated) == (-worth, True, False)
    assert (info["outcome"], info["shaping"], info["stop_reason"]) == (0.0, -worth, "illegal")
    assert "is masked" in info["reason"]
    assert env.action_masks().any()
    with pytest.raises(ValueError, match="the episode is over"):
        env.step(0)


def test_a_masked_choice_can_be_an_error_that_changes_nothing() -> None:
    env = make(level="choice", difficulty=2, illegal="error")
    env.reset(seed=0)
    before = env.get_state()
    with pytest.raises(ValueError, match=r"choice 63 is masked: the menu has 12 lines; info\['action_mask'\]"):
        env.step(MASKED)
    assert env.get_state() == before


@pytest.mark.parametrize("illegal", ["noop", "end"])
def test_lanes_treat_masked_choices_as_the_loop_does(illegal: str) -> None:
    options: dict[str, Any] = {"level": "choice", "difficulty": 2, "illegal": illegal, "max_steps": 4}
    native = gym.make_vec("reasonrl/Countdown-v0", num_envs=3, **options)
    loop = SyncVectorEnv([lambda: gym.make("reasonrl/Countdown-v0", **options)] * 3)
    native.reset(seed=0)
    loop.reset(seed=0)
    rng, told = np.random.default_rng(0), 0
    for _ in range(30):
        actions = rng.choice([0, 1, MASKED], 3)
        one, other = native.step(actions), loop.step(actions)
        np.testing.assert_equal(one, other)
        told += int((one[4]["reason"] != "").sum())
    assert told


# Why


def test_the_reason_tells_why_an_answer_was_refused() -> None:
    env = make("reasonrl/ChainSum-v0", level="solution", difficulty=1)
    for text, status in (("Answer: 0", "wrong"), ("no idea", "no_answer"), ("Answer: x", "unparsable")):
        env.reset(options={"index": 3})
        info = env.step(text)[4]
        assert info["status"] == status
        assert 0 < len(info["reason"]) <= 200
    env.reset(options={"index": 3})
    assert env.problem is not None
    info = env.step(f"Answer: {env.problem.reference.value}")[4]
    assert (info["status"], info["reason"]) == ("correct", "")


@pytest.mark.parametrize(("limit", "reason"), [("max_tokens", "out of tokens"), ("max_steps", "out of steps")])
def test_the_reason_names_the_limit(limit: str, reason: str) -> None:
    env = make("reasonrl/ChainSum-v0", level="step", **{limit: 1})
    env.reset(seed=0)
    info = env.step("x")[4]
    assert info["reason"].startswith(f"{reason}: {limit}")


# Instructions


def test_instructions_stand_below_the_prompt_and_stay() -> None:
    family = get_family("countdown")
    for level in ("step", "solution"):
        env = make(level=level, instructions=True, attempts=2)
        observation, _ = env.reset(seed=0)
        assert env.view is not None
        assert observation == f"{env.view.prompt}\n{family.instructions}\n"
        assert observation in env.observation_space
        told, *_ = env.step("Answer: 1")
        assert str(told).startswith(str(observation))
        assert env.get_state().transcript.startswith(f"{env.view.prompt}\nAnswer: 1")


def test_instructions_change_nothing_but_what_is_seen() -> None:
    plain, told = make(level="step"), make(level="step", instructions=True)
    plain.reset(seed=2)
    told.reset(seed=2)
    assert plain.step("Answer: 1")[1:] == told.step("Answer: 1")[1:]
    assert plain.get_state() == told.get_state()


def test_lanes_tell_instructions_as_the_loop_does() -> None:
    options: dict[str, Any] = {"level": "step", "instructions": True}
    native = gym.make_vec("LogicReason-v0", num_envs=3, **options)
    loop = SyncVectorEnv([lambda: gym.make("LogicReason-v0", **options)] * 3)
    assert native.reset(seed=0)[0] == loop.reset(seed=0)[0]
    assert native.observation_space == loop.observation_space


@pytest.mark.parametrize("name", FAMILIES)
def test_no_familys_instructions_are_longer_than_the_space_expects(name: str) -> None:
    assert 0 < len(get_family(name).instructions) < INSTRUCTIONS_ROOM


def test_instructions_of_the_problem_can_be_read_at_every_level(made: Make) -> None:
    env = made()
    assert env.get_wrapper_attr("instructions") == ""
    env.reset(seed=0)
    family = env.get_wrapper_attr("rules")
    assert env.get_wrapper_attr("instructions") == family.instructions != ""


# Difficulties


@pytest.mark.parametrize("level", [2.5, 99, "hard", True, 0, [1, 99], [2, 2.5], None])
def test_a_level_that_is_not_there_is_refused_in_make(level: Any) -> None:
    for id in ("reasonrl/ChainSum-v0", "MathReason-v0"):
        if level is None:
            gym.make(id, difficulty=None)
            continue
        with pytest.raises(ValueError, match=r"1 to 8"):
            gym.make(id, difficulty=level)
        with pytest.raises(ValueError, match=r"1 to 8"):
            gym.make_vec(id, difficulty=level)


@pytest.mark.parametrize("level", [3, np.int64(3), (3,), np.array([3, 3]), range(3, 4)])
def test_whole_numbers_of_any_kind_are_levels(level: Any) -> None:
    env = make("reasonrl/ChainSum-v0", difficulty=level)
    env.reset(seed=0)
    assert env.view is not None
    assert env.view.difficulty == 3


def test_a_data_set_without_levels_says_so_in_make(data_file: Any) -> None:
    with pytest.raises(ValueError, match="gsm8k has no difficulties"):
        gym.make("reasonrl/GSM8K-v0", data=str(data_file), difficulty=2)


# What can be asked of an environment


def test_the_menu_is_what_the_choices_say() -> None:
    chosen, said = make(level="choice", difficulty=2), make(level="step", difficulty=2)
    for env in (chosen, said):
        env.reset(seed=3)
    menu = chosen.menu()
    assert menu == said.menu()
    assert len(menu) == chosen.action_masks().sum()
    chosen.step(1)
    said.step(menu[1])
    assert chosen.get_state().steps == said.get_state().steps == (menu[1],)
    assert chosen.menu() == said.menu() != menu


def test_there_is_no_menu_where_there_is_no_choice(data_file: Any) -> None:
    env = make("reasonrl/GSM8K-v0", data=str(data_file), level="step")
    env.reset(seed=0)
    assert env.menu() == ()
    done = make(level="solution")
    done.reset(seed=0)
    done.step("Answer: 1")
    assert done.menu() == ()
    with pytest.raises(RuntimeError, match="call reset"):
        make().menu()


def test_the_view_shows_no_reference() -> None:
    env = make()
    assert env.view is None
    env.reset(seed=0)
    assert env.view is not None
    assert env.problem is not None
    assert env.view is env.problem.view
    assert not hasattr(env.view, "reference")


def test_tokens_can_be_read_and_written_from_outside_the_wrappers() -> None:
    env = gym.make("reasonrl/Countdown-v0")
    vocabulary = env.get_wrapper_attr("vocabulary")
    observation, _ = env.reset(seed=0)
    length = int(observation["length"][0])
    assert vocabulary.decode(observation["tokens"][:length].tolist()).startswith("Use ")
    native = gym.make_vec("reasonrl/Countdown-v0", num_envs=2)
    assert isinstance(native, VectorReasonEnv)
    assert native.vocabulary is vocabulary


def test_lanes_have_the_menus_of_their_problems() -> None:
    native = gym.make_vec("reasonrl/Countdown-v0", num_envs=2, level="choice")
    loop = SyncVectorEnv([lambda: gym.make("reasonrl/Countdown-v0", level="choice")] * 2)
    assert isinstance(native, VectorReasonEnv)
    native.reset(seed=0)
    loop.reset(seed=0)
    assert tuple(native.menus()) == loop.call("menu")
    assert native.views == loop.get_attr("view")


# Mistakes are sentences


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"level": "choice", "illegal": "ignore"}, "unknown illegal='ignore': choose one of noop, end, error"),
        ({"level": "token", "illegal": "end"}, "illegal='end' is for the choice level"),
        ({"level": "choice", "instructions": True}, "instructions=True is for the step and solution levels"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make(**options)
