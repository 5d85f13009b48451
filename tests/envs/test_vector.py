"""The vector environment is equal, step for step, to scalar environments in a loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reasonrl.envs.core import END
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import Level
from reasonrl.envs.registry import open_source, source_name
from reasonrl.envs.vector import VectorReasonEnv

LANES = 4
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"max_tokens": 20, "max_steps": 3},
    {"attempts": 3, "reward": "potential", "gamma": 0.9, "max_tokens": 60},
)


def make_vector(id: str = "reasonrl/ChainSum-v0", **options: Any) -> VectorReasonEnv:
    env = gym.make_vec(id, **{"num_envs": LANES, "vectorization_mode": "vector_entry_point", **options})
    assert isinstance(env, VectorReasonEnv)
    return env


def make_sync(id: str, mode: AutoresetMode, **options: Any) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: gym.make(id, **options)] * LANES, autoreset_mode=mode)


def scalar(sync: SyncVectorEnv, lane: int) -> ReasonEnv:
    env = sync.envs[lane].unwrapped
    assert isinstance(env, ReasonEnv)
    return env


def assert_equal(one: Any, other: Any, place: str = "") -> None:
    """Equal in types, keys, shapes, dtypes and values."""
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray), place
        assert (one.dtype, one.shape) == (other.dtype, other.shape), place
        if one.dtype == object:
            for position, pair in enumerate(zip(one, other, strict=True)):
                assert_equal(*pair, f"{place}[{position}]")
        else:
            np.testing.assert_array_equal(one, other, err_msg=place)
        return
    assert type(one) is type(other), place
    if isinstance(one, dict):
        assert set(one) == set(other), place
        for key in one:
            assert_equal(one[key], other[key], f"{place}/{key}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), place
        for position, pair in enumerate(zip(one, other, strict=True)):
            assert_equal(*pair, f"{place}({position})")
    else:
        assert one == other, place


def some_actions(env: VectorReasonEnv, rng: np.random.Generator) -> Any:
    """Actions that often end lines and episodes, and sometimes solve them."""
    lanes, vocabulary = env.num_envs, env.mdp.vocabulary
    if env.mdp.level is Level.TOKEN:
        letters = vocabulary.encode("Answer: 1\n")
        return rng.choice([*letters, *letters, letters[-1], vocabulary.eos, 5], lanes)
    if env.mdp.level is Level.CHOICE:
        return rng.integers(0, env.single_action_space.n, lanes)  # type: ignore[attr-defined]
    texts = []
    for problem in env.problems:
        has_menu = Level.CHOICE in env.source.levels
        menu = env.source.rules_of(problem.view).legal_steps(problem.view, ()) if has_menu else ()
        lines = ["Answer: 1", "Answer: 2\nmore", "", "1+1=2", f"x{END}", *menu[:3]]
        texts.append(str(rng.choice(lines)))
    return tuple(texts)


def compare(id: str, level: str, mode: AutoresetMode, options: dict[str, Any], *, seed: int, steps: int) -> int:
    """Steps both side by side and returns how many episodes ended."""
    sync = make_sync(id, mode, level=level, **options)
    native = make_vector(id, level=level, autoreset_mode=mode, **options)
    assert native.observation_space == sync.observation_space
    assert native.action_space == sync.action_space
    assert_equal(native.reset(seed=seed), sync.reset(seed=seed), "reset")
    rng, ended = np.random.default_rng(seed), 0
    for step in range(steps):
        actions = some_actions(native, rng)
        here = native.step(actions)
        assert_equal(here, sync.step(actions), f"step {step}")
        over_B = here[2] | here[3]
        ended += int(over_B.sum())
        if mode is AutoresetMode.DISABLED and over_B.any():
            mask = {"reset_mask": over_B.copy()}
            assert_equal(native.reset(options=dict(mask)), sync.reset(options=dict(mask)), f"reset after {step}")
        for lane in range(LANES):
            assert native.get_state(lane) == scalar(sync, lane).get_state()
    return ended


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=[mode.name for mode in AutoresetMode])
@pytest.mark.parametrize("level", [level.value for level in Level])
@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**20), options=st.sampled_from(OPTIONS), difficulty=st.sampled_from([1, [2, 4]]))
def test_equal_to_the_loop_in_every_mode(
    level: str, mode: AutoresetMode, seed: int, options: dict[str, Any], difficulty: int | list[int]
) -> None:
    options = {**options, "difficulty": difficulty}
    assert compare("reasonrl/ChainSum-v0", level, mode, options, seed=seed, steps=64) > 0  # more than any `max_tokens`


def test_equal_to_the_loop_for_every_id(
    env_id: str, level: str, options_of: Callable[[str], dict[str, Any]], shaped: dict[str, Any]
) -> None:
    options = options_of(env_id)
    if level not in open_source(source_name(env_id), **options).levels:
        pytest.skip(f"{env_id} has no {level} level")
    options |= {"attempts": 2, "max_tokens": 50, "max_steps": 6, **shaped}
    assert compare(env_id, level, AutoresetMode.SAME_STEP, options, seed=1, steps=25) > 0


def test_a_full_row_does_not_spill_into_the_next() -> None:
    """A prompt of the greatest length and an answer that uses all tokens fill a row to its last column."""
    env, sync = make_vector(max_tokens=5), make_sync("reasonrl/ChainSum-v0", AutoresetMode.NEXT_STEP, max_tokens=5)
    env.reset(seed=0)
    problem = env.problems[0]
    longest = replace(problem, view=replace(problem.view, prompt="x" * env.source.max_prompt_chars))
    options = {"problem": longest}
    assert_equal(env.reset(seed=0, options=options), sync.reset(seed=0, options=options))
    for _ in range(8):
        here = env.step(np.full(LANES, 40))
        assert_equal(here, sync.step(np.full(LANES, 40)))
        if here[3].all():
            assert (here[0]["tokens"] != env.mdp.vocabulary.pad).all()


def test_lanes_of_a_group_share_one_problem() -> None:
    env = make_vector(num_envs=6)
    env.reset(seed=0, options={"index": [7, 7, 7, 9, 9, 9]})
    assert [problem.view.index for problem in env.problems] == [7, 7, 7, 9, 9, 9]
    shared = env.problems[0]
    env.reset(options={"problem": [shared] * 5 + [None]})
    assert all(problem is shared for problem in env.problems[:5])
    env.reset(options={"index": 3})
    assert {problem.view.index for problem in env.problems} == {3}


def test_a_named_problem_is_equal_to_the_scalars() -> None:
    one, many = gym.make("reasonrl/ChainSum-v0"), make_vector()
    observation, _ = one.reset(options={"index": 11})
    batch, _ = many.reset(options={"index": [11, 12, 11, 12]})
    for lane in (0, 2):
        np.testing.assert_array_equal(batch["tokens"][lane], observation["tokens"])
        np.testing.assert_array_equal(batch["length"][lane], observation["length"])


def test_a_seed_for_each_lane_gives_each_lane_its_own_problems() -> None:
    env = make_vector()
    env.reset(seed=[5, 5, 6, None])
    same, other, different, _ = env.problems
    assert same == other != different
    env.reset(seed=[None, 5, None, None])
    assert env.problems[1] == same
    assert env.np_random_seed[:3] == (5, 5, 6)


def test_the_batch_size_does_not_change_a_lane() -> None:
    small, large = make_vector(num_envs=2), make_vector(num_envs=9)
    first, _ = small.reset(seed=3)
    second, _ = large.reset(seed=3)
    np.testing.assert_array_equal(first["tokens"], second["tokens"][:2])


@pytest.mark.parametrize("level", [level.value for level in Level])
def test_restored_states_go_on_as_before(level: str) -> None:
    env = make_vector(level=level, difficulty=2, reward="potential", gamma=0.9, attempts=5, autoreset_mode="Disabled")
    env.reset(seed=0)
    rng = np.random.default_rng(1)
    for _ in range(2):
        env.step([25] * LANES if level == "token" else [0] * LANES if level == "choice" else ["1+1=2"] * LANES)
    saved = env.get_states()
    actions = some_actions(env, rng)
    future = env.step(actions)
    env.set_states(saved)
    assert env.get_states() == saved
    assert_equal(env.step(actions), future)


def test_a_state_moves_between_scalar_and_vector() -> None:
    one, many = gym.make("reasonrl/ChainSum-v0").unwrapped, make_vector()
    assert isinstance(one, ReasonEnv)
    one.reset(options={"index": 4})
    many.reset(options={"index": 4})
    for token in one.mdp.vocabulary.encode("12+3=15\n15-"):
        one.step(token)
    many.set_state(2, one.get_state())
    observation = one.step(30)[0]
    batch = many.step(np.full(LANES, 30))[0]
    assert isinstance(observation, dict)
    np.testing.assert_array_equal(batch["tokens"][2], observation["tokens"])
    assert batch["length"][2] == observation["length"] == batch["length"][1] + len("12+3=15\n15-")


def test_copies_stay_as_they_were_and_views_do_not() -> None:
    for copy in (True, False):
        env = make_vector(copy=copy)
        first, _ = env.reset(seed=0)
        before = first["length"].tolist()
        env.step(np.full(LANES, 40))
        assert (first["length"].tolist() == before) is copy
        assert first["tokens"].flags.writeable is copy


def test_infos_of_past_steps_stay_as_they_were() -> None:
    env = make_vector(max_tokens=30, autoreset_mode="SameStep")
    env.reset(seed=0)
    rng, kept = np.random.default_rng(0), []
    for _ in range(60):
        info = env.step(some_actions(env, rng))[-1]
        kept.append((info, {key: np.copy(value) for key, value in info.items() if isinstance(value, np.ndarray)}))
    for info, copied in kept:
        for key, value in copied.items():
            np.testing.assert_array_equal(info[key], value, err_msg=key)


def test_masks_say_what_is_legal() -> None:
    env = make_vector("reasonrl/Countdown-v0", level="choice")
    _, info = env.reset(seed=0)
    masks_BK = env.action_masks()
    assert masks_BK.dtype == np.bool_
    np.testing.assert_array_equal(masks_BK, info["action_mask"].astype(bool))
    for lane in range(LANES):
        assert masks_BK[lane].sum() == len(env.mdp.menu(env.get_state(lane)))


def test_rendering_gives_a_text_for_each_lane() -> None:
    env = make_vector(render_mode="ansi")
    env.reset(seed=0)
    texts = env.render()
    assert texts is not None
    assert [text.split("\n")[0] for text in texts] == [problem.view.prompt for problem in env.problems]


def test_an_over_lane_must_be_reset_where_nobody_else_does() -> None:
    env = make_vector(level="solution", autoreset_mode="Disabled")
    env.reset(seed=0)
    env.step(["x"] * LANES)
    with pytest.raises(RuntimeError, match="lane 0 is over: reset"):
        env.step(["x"] * LANES)


def wrong_actions() -> list[tuple[Any, str]]:
    return [
        (np.full(LANES, -1), "from 0 to 98, got -1"),
        (np.full(LANES, 99), "from 0 to 98, got 99"),
        (np.zeros(LANES + 1, int), "actions are 4 whole numbers"),
        (np.zeros(LANES), "actions are 4 whole numbers"),
    ]


@pytest.mark.parametrize(("actions", "sentence"), wrong_actions())
def test_actions_outside_the_space_are_an_error_and_change_nothing(actions: NDArray[Any], sentence: str) -> None:
    env = make_vector()
    env.reset(seed=0)
    before = env.get_states()
    with pytest.raises(ValueError, match=sentence):
        env.step(actions)
    assert env.get_states() == before


@pytest.mark.parametrize("actions", ["four", ["x"] * 3])
def test_texts_must_be_one_for_each_lane(actions: Sequence[str]) -> None:
    env = make_vector(level="step")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="actions are 4 texts"):
        env.step(actions)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_envs": 0}, "num_envs must be at least 1, got 0"),
        ({"autoreset_mode": "Never"}, "unknown autoreset mode 'Never': choose one of NextStep, SameStep, Disabled"),
        ({"level": "word"}, "unknown level 'word'"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_vector(**options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"idx": 1}, "unknown reset option 'idx'"),
        ({"index": [1, 2]}, "give one index, or one for each of the 4 lanes, got 2"),
        ({"reset_mask": np.zeros(LANES, bool)}, "at least one of them true"),
        ({"reset_mask": [True] * LANES}, "must be a numpy array of 4 bools"),
    ],
)
def test_a_wrong_reset_option_is_named(options: dict[str, Any], sentence: str) -> None:
    env = make_vector()
    env.reset(seed=0)
    with pytest.raises(ValueError, match=sentence):
        env.reset(options=options)


def test_stepping_before_a_reset_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="call reset"):
        make_vector().step(np.zeros(LANES, int))
    with pytest.raises(RuntimeError, match="the first reset"):
        make_vector().reset(options={"reset_mask": np.array([True, False, False, False])})
