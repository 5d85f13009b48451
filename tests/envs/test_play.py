"""Playing by hand, with the lines of a script in a person's place."""

from __future__ import annotations

import gymnasium as gym
import pytest
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.play import play

import reasonrl  # noqa: F401


@pytest.fixture
def env() -> ReasonEnv:
    env = gym.make("reasonrl/ChainSum-v0", level="step", difficulty=3).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


def lines_of(env: ReasonEnv) -> list[str]:
    env.reset(options={"index": 5})
    first, second, third = env.source.problem("train", 5, 3).view.public["terms"]
    return [f"{first}{second:+d}={first + second}", f"{first + second}{third:+d}={first + second + third}"]


def test_the_right_lines_are_useful_and_the_answer_is_correct(env: ReasonEnv) -> None:
    said: list[str] = []
    first, second = lines_of(env)
    answer = f"Answer: {second.split('=')[1]}"
    assert play(env, [first, second, answer], said.append, reset={"options": {"index": 5}}) == "correct"
    assert sum("useful" in line for line in said) == 3


def test_undo_takes_a_wrong_answer_back_only_before_the_end(env: ReasonEnv) -> None:
    said: list[str] = []
    first, second = lines_of(env)
    answer = f"Answer: {second.split('=')[1]}"
    script = ["1+1=3", "u", "u", "?", first, second, answer]
    assert play(env, script, said.append, reset={"options": {"index": 5}}) == "correct"
    assert any("invalid" in line for line in said)
    assert any(first in line for line in said)


def test_leaving_ends_the_episode_without_a_status(env: ReasonEnv) -> None:
    assert play(env, ["q"], lambda _: None, reset={"options": {"index": 5}}) == ""


def test_a_number_says_the_line_of_the_menu_that_has_it(env: ReasonEnv) -> None:
    said: list[str] = []
    env.reset(options={"index": 5})
    menu = env.menu()
    play(env, ["?", str(len(menu)), "q"], said.append, reset={"options": {"index": 5}})
    assert any(f"   1  {menu[0]}" in line for line in said)
    assert env.get_state().steps == (menu[-1],)


def test_a_number_past_the_menu_is_a_line_like_any_other(env: ReasonEnv) -> None:
    play(env, ["999", "q"], lambda _: None, reset={"options": {"index": 5}})
    assert env.get_state().steps == ("999",)


def test_a_sudoku_is_shown_as_a_grid_that_fills() -> None:
    env = gym.make("reasonrl/Sudoku4-v0", level="step").unwrapped
    assert isinstance(env, ReasonEnv)
    said: list[str] = []
    play(env, ["r1c1=4", "u", "q"], said.append, reset={"seed": 0})
    empty, full = ". . | 1 2\n. 2 | 3 4\n----+----\n3 . | 2 1\n. . | 4 3", "4 . | 1 2"
    assert said.count(empty) == 2
    assert sum(line.startswith(full) for line in said) == 1


def test_the_end_says_why(env: ReasonEnv) -> None:
    said: list[str] = []
    assert play(env, ["Answer: 7 apples and a half"], said.append, reset={"options": {"index": 5}}) != "correct"
    assert ": " in said[-1]
