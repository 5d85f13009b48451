"""How episodes look: as text, as pictures of one size, and printed as they go."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import AddRenderObservation, RenderCollection
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.vector import VectorReasonEnv

GREEN, RED = (24, 128, 56), (197, 34, 31)


def make(id: str = "reasonrl/ChainSum-v0", **options: Any) -> ReasonEnv:
    env = gym.make(id, **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


def marks(picture: Any) -> set[tuple[int, ...]]:
    """Which of the two colours of verdicts are there."""
    return {colour for colour in (GREEN, RED) if (picture == colour).all(-1).any()}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", ["ansi", "rgb_array", "human"])
@pytest.mark.parametrize("id", ["CodeReason-v0", "reasonrl/Sudoku4-v0"])
def test_gymnasiums_checker_has_nothing_to_say_in_any_mode(id: str, level: str, mode: str) -> None:
    check_env(make(id, level=level, render_mode=mode, max_tokens=64))


@pytest.mark.parametrize("id", ["MathReason-v0", "reasonrl/Sudoku4-v0"])
def test_pictures_are_of_one_size_whatever_is_said(id: str, level: str) -> None:
    env = make(id, level=level, render_mode="rgb_array", max_tokens=2000, max_steps=100)
    env.reset(seed=0)
    env.action_space.seed(0)
    shapes, previous = set(), None
    for number in range(40):
        action = env.action_space.sample()
        if isinstance(action, str):
            action = "long " * 60 + f"line {number}" if number % 3 == 0 else "\u4e2d\t\u0000 \\ [bold]"
        _, _, terminated, truncated, _ = env.step(action)
        picture: Any = env.render()
        assert picture.dtype == np.uint8
        assert previous is None or not np.shares_memory(picture, previous)
        shapes.add(picture.shape)
        previous = picture
        if terminated or truncated:
            env.reset()
    assert shapes == {(528, 800, 3)}


def test_a_picture_shows_what_each_line_is_worth() -> None:
    env = make(level="step", render_mode="rgb_array", difficulty=2)
    env.reset(options={"index": 5})
    assert marks(env.render()) == set()
    assert env.problem is not None
    first, second = env.problem.view.public["terms"][:2]
    env.step(f"{first}{second:+d}={first + second}")
    assert marks(env.render()) == {GREEN}
    env.step("1+1=3")
    assert marks(env.render()) == {GREEN, RED}


def test_text_says_how_the_answer_was_judged() -> None:
    env = make(level="solution", render_mode="ansi", attempts=2, difficulty=1)
    env.reset(options={"index": 3})
    assert env.problem is not None
    env.step("Answer: 0")
    env.step(f"Answer: {env.problem.reference.value}")
    prompt = env.problem.view.prompt
    shown = str(env.render()).split("\n")
    assert shown[0] == prompt
    assert shown[1] == "Answer: 0  [invalid]"
    assert shown[2] == "That is not correct. Try again."
    assert shown[-2:] == ["[answer: correct]", ""]


def test_a_restored_ending_is_shown_as_it_was() -> None:
    env = make(level="solution", render_mode="ansi")
    env.reset(seed=1)
    start = env.get_state()
    env.step("Answer: 0")
    ended, shown = env.get_state(), env.render()
    env.set_state(start)
    assert env.render() != shown
    env.set_state(ended)
    assert env.render() == shown


def test_a_sudoku_is_a_grid() -> None:
    env = make("reasonrl/Sudoku4-v0", level="step", render_mode="ansi")
    env.reset(seed=0)
    assert ". . | 1 2\n. 2 | 3 4\n----+----\n3 . | 2 1\n. . | 4 3" in str(env.render())
    env.step("r1c1=4")
    assert "4 . | 1 2\n. 2 | 3 4" in str(env.render())


def test_a_person_sees_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    env = make(render_mode="human", difficulty=1)
    env.reset(options={"index": 3})
    assert env.problem is not None
    for token in env.mdp.vocabulary.encode("a\nb\n"):
        env.step(token)
        assert env.render() is None
    env.step(env.mdp.vocabulary.eos)
    lines = ["a  [unparsable]", "b  [unparsable]", "[end: no_answer]"]
    assert capsys.readouterr().out == "\n".join([env.problem.view.prompt, *lines, ""])


def test_a_person_sees_the_lines_again_after_one_was_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    env = make(level="step", render_mode="human", difficulty=1)
    env.reset(options={"index": 3})
    saved = env.get_state()
    env.step("a")
    env.set_state(saved)
    capsys.readouterr()
    env.step("b")
    assert "b  [unparsable]" in capsys.readouterr().out


def test_many_lanes_are_drawn_as_one_is() -> None:
    for mode in ("ansi", "rgb_array"):
        options: dict[str, Any] = {"level": "choice", "render_mode": mode}
        native = gym.make_vec("reasonrl/Sudoku4-v0", num_envs=2, vectorization_mode="vector_entry_point", **options)
        sync = gym.make_vec("reasonrl/Sudoku4-v0", num_envs=2, vectorization_mode="sync", **options)
        assert isinstance(native, VectorReasonEnv)
        assert native.render() is None
        for env in (native, sync):
            env.reset(seed=3)
            env.step(np.array([0, 1]))
        for one, other in zip(native.render() or (), sync.render() or (), strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="'human' shows one environment"):
        gym.make_vec("reasonrl/Sudoku4-v0", vectorization_mode="vector_entry_point", render_mode="human")


def test_gymnasiums_wrappers_collect_and_show_the_pictures(level: str) -> None:
    frames = RenderCollection(make(level=level, render_mode="rgb_array", max_tokens=30))
    frames.reset(seed=0)
    frames.step(frames.action_space.sample())
    shown: Any = frames.render()
    assert [frame.shape for frame in shown] == [(528, 800, 3)] * 2
    seen = AddRenderObservation(make(level=level, render_mode="rgb_array"), render_only=True)
    observation, _ = seen.reset(seed=0)
    assert observation in seen.observation_space


def test_an_unknown_mode_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="unknown render mode 'video': choose one of ansi, rgb_array, human"):
        ReasonEnv("chain_sum", render_mode="video")
