"""What an episode promises, shown on one family: outcomes, limits, masks, attempts, shaping, rendering."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from reasonrl.envs.core import END, Problem
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import RETRY


def chain_sum(**options: Any) -> ReasonEnv:
    env = gym.make("reasonrl/ChainSum-v0", **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


def problem_and_answers() -> tuple[Problem, list[str]]:
    env = chain_sum(difficulty=1)
    env.reset(options={"index": 3})
    assert env.problem is not None
    total = env.problem.reference.value
    return env.problem, [f"Answer: {total}", f"so\nAnswer: {total}\nAnswer: 99", f"Answer: {total + 1}", "nothing", ""]


def outcomes(level: str, problem: Problem, text: str) -> tuple[float, str]:
    env = chain_sum(level=level, difficulty=1)
    env.reset(options={"problem": problem})
    info: dict[str, Any] = {}
    if level == "token":
        actions: list[Any] = [*env.mdp.vocabulary.encode(text), env.mdp.vocabulary.eos]
    elif level == "step":
        lines = text.split("\n")
        actions = [*lines[:-1], lines[-1] + END]
    else:
        actions = [text]
    for action in actions:
        _, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            break
    return info["outcome"], info["status"]


def test_the_same_text_has_the_same_outcome_at_every_level() -> None:
    problem, texts = problem_and_answers()
    expected = [(1.0, "correct"), (1.0, "correct"), (0.0, "wrong"), (0.0, "no_answer"), (0.0, "no_answer")]
    for level in ("token", "step", "solution"):
        assert [outcomes(level, problem, text) for text in texts] == expected


def test_the_outcome_at_the_choice_level_is_that_of_its_text() -> None:
    env = chain_sum(level="choice", difficulty=2)
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(40):
        env.reset(seed=int(rng.integers(99)))
        info: dict[str, Any] = {"stop_reason": ""}
        while not info["stop_reason"]:
            _, _, _, _, info = env.step(int(rng.choice(np.flatnonzero(env.action_masks()))))
        problem = env.problem
        assert problem is not None
        assert outcomes("solution", problem, info["text"]) == (info["outcome"], info["status"])
        found.add(info["outcome"])
    assert found == {0.0, 1.0}


def test_a_truncated_episode_has_outcome_zero_even_with_the_right_answer() -> None:
    problem, texts = problem_and_answers()
    room = len(texts[0])
    for level, text in (("step", texts[0]), ("solution", texts[0])):
        for max_tokens, expected in ((room + 1, (1.0, True, False)), (room, (0.0, False, True))):
            env = chain_sum(level=level, difficulty=1, max_tokens=max_tokens)
            env.reset(options={"problem": problem})
            _, reward, terminated, truncated, info = env.step(text)
            assert (reward, terminated, truncated) == expected
            assert info["stop_reason"] == ("answer" if terminated else "tokens")


@pytest.mark.parametrize("level", ["step", "solution"])
def test_text_past_every_limit_truncates_and_stays_in_the_space(level: str) -> None:
    env = chain_sum(level=level, max_tokens=50)
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step("Answer: 1\n" * 10_000)
    assert (reward, terminated, truncated, info["stop_reason"]) == (0.0, False, True, "tokens")
    assert observation in env.observation_space


def test_a_choice_past_the_token_limit_truncates() -> None:
    env = chain_sum(level="choice", max_tokens=3)
    env.reset(seed=0)
    observation, _, terminated, truncated, info = env.step(0)
    assert (terminated, truncated, info["stop_reason"]) == (False, True, "tokens")
    assert observation in env.observation_space


def test_a_masked_choice_says_nothing_and_uses_a_step() -> None:
    env = gym.make("reasonrl/Countdown-v0", level="choice", max_steps=2).unwrapped
    assert isinstance(env, ReasonEnv)
    for seed in range(20):
        env.reset(seed=seed)
        masked = np.flatnonzero(~env.action_masks())
        if masked.size:
            before = env.get_state()
            assert env.step(int(masked[0]))[4]["steps"] == 0
            assert env.get_state().tokens == before.tokens
            assert env.step(int(masked[0]))[4]["stop_reason"] == "steps"
            return
    pytest.fail("every menu is full")


def test_a_wrong_attempt_is_told_and_a_later_right_one_counts() -> None:
    problem, texts = problem_and_answers()
    env = chain_sum(level="solution", difficulty=1, attempts=3)
    env.reset(options={"problem": problem})
    observation, reward, terminated, truncated, info = env.step(texts[2])
    assert (reward, terminated, truncated, info["status"]) == (0.0, False, False, "wrong")
    assert observation == f"{problem.view.prompt}\n{texts[2]}\n{RETRY}\n"
    _, reward, terminated, _, info = env.step(texts[0])
    assert (reward, terminated, info["text"]) == (1.0, True, f"{texts[2]}\n{RETRY}\n{texts[0]}")


def test_the_last_attempt_is_the_last_even_when_more_were_allowed() -> None:
    """An attempt that uses up the tokens or steps ends the episode with its own outcome."""
    problem, texts = problem_and_answers()
    wrong = texts[2]
    for limits in ({"max_steps": 1}, {"max_tokens": len(wrong) + 1}):
        env = chain_sum(level="token", difficulty=1, attempts=5, **limits)
        env.reset(options={"problem": problem})
        for token in env.mdp.vocabulary.encode(wrong + "\n"):
            _, _, terminated, truncated, info = env.step(token)
        assert (terminated, truncated, info["status"]) == (True, False, "wrong")


@pytest.mark.parametrize("level", ["token", "step", "choice"])
def test_shaping_sums_to_what_the_start_is_worth(level: str) -> None:
    """Sum of gamma^t * shaping over an episode is -Phi(s0), whatever was done: nothing that an agent could gain."""
    env = chain_sum(level=level, difficulty=3, reward="potential", gamma=0.9)
    _, info = env.reset(options={"index": 3})
    assert env.problem is not None
    term, *_ = env.problem.view.public["terms"]
    right = f"{term}{env.problem.view.public['terms'][1]:+d}={sum(env.problem.view.public['terms'][:2])}"
    text = f"{right}\n1+1=2\nAnswer: 3\n"
    script = iter(text.split("\n") if level == "step" else env.mdp.vocabulary.encode(text))
    rng = np.random.default_rng(0)
    total, seen, discount, over = 0.0, 0.0, 1.0, False
    while not over:
        action = int(rng.choice(np.flatnonzero(info["action_mask"]))) if level == "choice" else next(script)
        _, _, over, _, info = env.step(action)
        total, seen, discount = total + discount * info["shaping"], max(seen, env.get_state().potential), discount * 0.9
    assert total == pytest.approx(0.0)
    assert seen > 0.0 or level == "choice"


def test_rendering_shows_prompt_lines_their_worth_and_the_ending() -> None:
    env = chain_sum(render_mode="ansi", difficulty=1)
    assert env.render() is None
    env.reset(seed=0)
    for token in env.mdp.vocabulary.encode("a\nb"):
        env.step(token)
    assert env.problem is not None
    assert env.render() == f"{env.problem.view.prompt}\na  [unparsable]\nb"
    env.step(env.mdp.vocabulary.eos)
    assert env.render() == f"{env.problem.view.prompt}\na  [unparsable]\nb  [unparsable]\n[end: no_answer]\n"
    assert chain_sum().render() is None


def test_problems_can_be_drawn_from_a_fixed_set() -> None:
    env = chain_sum(num_problems=3)
    env.reset(seed=0)
    drawn = set()
    for _ in range(40):
        env.reset()
        assert env.problem is not None
        drawn.add(env.problem.view.index)
    assert drawn == {0, 1, 2}


def test_several_difficulties_are_mixed() -> None:
    env = chain_sum(difficulty=[1, 4])
    found = set()
    for index in range(20):
        env.reset(options={"index": index})
        assert env.problem is not None
        found.add(env.problem.view.difficulty)
    assert found == {1, 4}


def test_what_is_given_is_the_callers_to_change() -> None:
    env = chain_sum()
    observation, info = env.reset(options={"index": 0})
    expected = observation["tokens"].copy(), info["action_mask"].copy()  # type: ignore[index, union-attr]
    observation["tokens"][:] = 9  # type: ignore[index]
    info["action_mask"][:] = 9
    again, info = env.reset(options={"index": 0})
    np.testing.assert_array_equal(again["tokens"], expected[0])  # type: ignore[index]
    np.testing.assert_array_equal(info["action_mask"], expected[1])


def test_no_warning_comes_from_ordinary_use() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gym.make("reasonrl/ChainSum-v0", level="choice", render_mode="ansi")
        env.reset(seed=0)
        env.step(0)
        env.render()
        env.close()
