"""What every environment promises, for each id and level."""

from __future__ import annotations

import copy
import pickle
import random
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from reasonrl.envs.core import END, Problem
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import RETRY, State, Stop

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
def test_gymnasiums_checker_has_nothing_to_say(made: Make) -> None:
    check_env(made().unwrapped)
    check_env(made(render_mode="ansi", attempts=2, reward="potential", gamma=0.9).unwrapped)


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


def test_observations_lie_in_their_space_and_infos_keep_their_schema(made: Make) -> None:
    env = made(max_tokens=40, attempts=2, reward="potential", gamma=0.9)
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


def test_a_restored_state_goes_on_as_before(made: Make, inner: Inner) -> None:
    env = made(max_tokens=60, reward="potential", gamma=0.9, attempts=2)
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


# The contract, on one family


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


# Mistakes are sentences


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
