"""Shaping by wrapper equals shaping by option and telescopes in every autoreset mode; wrong wrappers are found out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit
from reasonrl.envs.core import END
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import Level
from reasonrl.envs.registry import open_source
from reasonrl.envs.vector import VectorReasonEnv
from reasonrl.envs.wrappers import PotentialShaping, VectorPotentialShaping, family_potential
from reasonrl.verifiers.shaping import discounted_return

FAMILIES = ("chain_sum", "countdown", "knights_knaves")
IDS = {"chain_sum": "reasonrl/ChainSum-v0", "countdown": "reasonrl/Countdown-v0"} | {
    "knights_knaves": "reasonrl/KnightsKnaves-v0"
}
MODES = list(AutoresetMode)
SHORT: dict[str, Any] = {"max_tokens": 40, "max_steps": 4, "difficulty": (1, 2)}


class Walk(gym.Env[Any, Any]):
    """From 3, one to the left or right; 0 and 6 are terminal, and 6 pays 1. The observation is the place."""

    observation_space = gym.spaces.Discrete(7)
    action_space = gym.spaces.Discrete(2)
    metadata = {"render_modes": []}  # noqa: RUF012

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.place = int(self.np_random.integers(2, 5))
        return self.place, {}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.place += 1 if action else -1
        return self.place, float(self.place == 6), self.place in (0, 6), False, {}


def phi(place: int) -> float:
    """Far from 0 everywhere, in terminal states too: what is left out or put in by mistake shows."""
    return 5.0 + float(place) ** 2


def walks(mode: AutoresetMode, lanes: int = 5) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: TimeLimit(Walk(), 6)] * lanes, autoreset_mode=mode)


def some_action(env: ReasonEnv, rng: np.random.Generator) -> Any:
    """One that often ends lines and episodes, sometimes right."""
    if env.mdp.level is Level.TOKEN:
        chars, said = env.mdp.vocabulary, env.mdp.unfinished(env.get_state())
        going = [line for line in env.mdp.menu(env.get_state()) if f"{line}\n".startswith(said)]
        if not going or rng.random() < 0.02:
            return int(rng.choice([*chars.encode("1\n"), chars.eos]))
        return chars.encode(f"{going[int(rng.integers(len(going)))]}\n")[len(said)]
    if env.mdp.level is Level.CHOICE:
        return int(rng.choice(np.flatnonzero(env.action_masks())))
    menu = env.mdp.menu(env.get_state())
    return str(rng.choice([*menu, "Answer: 3", "what?", f"3{END}"]))


@pytest.mark.parametrize("level", ["token", "step", "choice"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_wrapper_equals_the_option_step_for_step(family: str, level: str) -> None:
    options = {"level": level, **SHORT}
    wrapped = PotentialShaping(
        gym.make(IDS[family], **options), family_potential(open_source(family)), gamma=0.9, on="state"
    )
    shaped = gym.make(IDS[family], reward="potential", gamma=0.9, **options)
    rng = np.random.default_rng(0)
    nonzero = 0
    for episode in range(20):
        (_, one), (_, other) = wrapped.reset(seed=episode), shaped.reset(seed=episode)
        assert one.keys() == other.keys()
        done = False
        while not done:
            action = some_action(wrapped.unwrapped, rng)  # type: ignore[arg-type]
            _, reward, terminated, truncated, info = wrapped.step(action)
            _, expected, *flags, expected_info = shaped.step(action)
            assert [terminated, truncated] == flags
            assert reward == pytest.approx(expected, abs=1e-12)
            assert info["outcome"] == expected_info["outcome"]
            assert info["shaping"] == pytest.approx(expected_info["shaping"], abs=1e-12)
            assert reward == pytest.approx(info["outcome"] + info["shaping"], abs=1e-12)
            nonzero += info["shaping"] != 0.0
            done = terminated or truncated
    assert nonzero >= 4


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("level", ["token", "step", "choice"])
def test_the_vector_wrapper_equals_the_option_step_for_step(level: str, mode: AutoresetMode) -> None:
    lanes, options = 4, {"level": level, "autoreset_mode": mode, **SHORT}
    wrapped = VectorPotentialShaping(
        VectorReasonEnv("countdown", num_envs=lanes, **options),
        family_potential(open_source("countdown")),
        gamma=0.9,
        on="state",
    )
    shaped = VectorReasonEnv("countdown", num_envs=lanes, reward="potential", gamma=0.9, **options)
    bare = wrapped.unwrapped
    assert isinstance(bare, VectorReasonEnv)
    scalar = ReasonEnv("countdown", level=level, **SHORT)
    scalar.reset()
    wrapped.reset(seed=3)
    shaped.reset(seed=3)
    rng = np.random.default_rng(1)
    ended = 0
    for _ in range(200 if level == "token" else 60):
        actions: Any = []
        for lane in range(lanes):
            scalar.reset(options={"problem": bare.problems[lane]})
            scalar.set_state(bare.get_state(lane))
            actions.append(
                some_action(scalar, rng) if not bare.get_state(lane).done else ("" if level == "step" else 0)
            )
        actions = np.array(actions) if level != "step" else tuple(actions)
        _, rewards, terminated, truncated, info = wrapped.step(actions)
        _, expected, *flags, expected_info = shaped.step(actions)
        np.testing.assert_array_equal([terminated, truncated], flags)
        np.testing.assert_allclose(rewards, expected, atol=1e-12)
        for key in ("outcome", "shaping"):
            np.testing.assert_allclose(info[key], expected_info[key], atol=1e-12)
            assert ("final_info" in info) == ("final_info" in expected_info)
            if "final_info" in info:
                np.testing.assert_allclose(info["final_info"][key], expected_info["final_info"][key], atol=1e-12)
        done = terminated | truncated
        ended += int(done.sum())
        if mode is AutoresetMode.DISABLED and done.any():
            wrapped.reset(options={"reset_mask": done.copy()})
            shaped.reset(options={"reset_mask": done.copy()})
    assert ended > 10


def episodes_of(
    env: VectorEnv[Any, Any, Any], steps: int, seed: int = 0
) -> list[tuple[list[float], list[float], bool, float, int]]:
    """(rewards, outcomes, terminated, first place, last place) of whole episodes, whatever the mode."""
    mode = env.metadata["autoreset_mode"]
    rng = np.random.default_rng(seed)
    places, _ = env.reset(seed=seed)
    running: list[tuple[list[float], list[float], int]] = [([], [], int(place)) for place in places]
    over = np.zeros(env.num_envs, bool)
    found: list[tuple[list[float], list[float], bool, float, int]] = []
    for _ in range(steps):
        places, rewards, terminated, truncated, info = env.step(rng.integers(0, 2, env.num_envs))
        for lane in range(env.num_envs):
            if over[lane]:  # this step only began an episode
                assert rewards[lane] == 0.0
                running[lane] = ([], [], int(places[lane]))
                continue
            done, last = bool(terminated[lane] or truncated[lane]), int(places[lane])
            shown = info
            if done and mode is AutoresetMode.SAME_STEP:
                last, shown = int(info["final_obs"][lane]), info["final_info"]
                assert info["shaping"][lane] == info["outcome"][lane] == 0.0
            assert shown["_shaping"][lane]
            assert rewards[lane] == pytest.approx(shown["outcome"][lane] + shown["shaping"][lane], abs=1e-12)
            running[lane][0].append(float(rewards[lane]))
            running[lane][1].append(float(shown["outcome"][lane]))
            if done:
                found.append((*running[lane][:2], bool(terminated[lane]), phi(running[lane][2]), last))
                if mode is AutoresetMode.SAME_STEP:
                    running[lane] = ([], [], int(places[lane]))
        done_B = terminated | truncated
        over = done_B & (mode is AutoresetMode.NEXT_STEP)
        if mode is AutoresetMode.DISABLED and done_B.any():
            places, info = env.reset(options={"reset_mask": done_B.copy()})
            np.testing.assert_array_equal(info["_shaping"], done_B)
            for lane in np.flatnonzero(done_B).tolist():
                running[lane] = ([], [], int(places[lane]))
    return found


def telescopes(env: VectorEnv[Any, Any, Any], *, gamma: float) -> bool:
    """Whether every episode's shaped return is its return - Phi(s_0) + gamma^T Phi(s_T) if truncated."""
    kinds = set()
    right = True
    for rewards, outcomes, terminated, first, last in episodes_of(env, 80):
        kept = 0.0 if terminated else gamma ** len(rewards) * phi(last)
        expected = discounted_return(outcomes, gamma=gamma) - first + kept
        right = right and abs(discounted_return(rewards, gamma=gamma) - expected) < 1e-9
        kinds.add(terminated)
    assert kinds == {True, False}  # both ways to end were seen
    return right


@pytest.mark.parametrize("gamma", [1.0, 0.95])
@pytest.mark.parametrize("mode", MODES)
def test_the_return_telescopes_in_any_vector_environment(mode: AutoresetMode, gamma: float) -> None:
    assert telescopes(VectorPotentialShaping(walks(mode), phi, gamma=gamma), gamma=gamma)


class PhiOfTheReset(VectorPotentialShaping):
    """Wrong: takes what the observation shows, which in the SameStep mode is the next episode's start."""

    def _final_potential(self, info: Any, lane: int) -> float:
        return phi(int(self.shown[lane]))

    def step(self, actions: Any) -> Any:
        inner = self.env.step

        def spy(actions: Any) -> Any:
            result = inner(actions)
            self.shown = result[0]
            return result

        self.env.step = spy  # type: ignore[method-assign]
        try:
            return super().step(actions)
        finally:
            self.env.step = inner  # type: ignore[method-assign]


class PhiDroppedOnTruncation(VectorPotentialShaping):
    """Wrong: treats a truncation as the end."""

    def _final_potential(self, info: Any, lane: int) -> float:
        return 0.0


@pytest.mark.parametrize("wrong", [PhiOfTheReset, PhiDroppedOnTruncation])
def test_the_same_test_finds_wrappers_that_are_wrong(wrong: type[VectorPotentialShaping]) -> None:
    assert not telescopes(wrong(walks(AutoresetMode.SAME_STEP), phi, gamma=0.95), gamma=0.95)


def test_a_discount_other_than_the_learners_does_not_telescope() -> None:
    assert not telescopes(VectorPotentialShaping(walks(AutoresetMode.SAME_STEP), phi, gamma=0.9), gamma=0.95)


@pytest.mark.parametrize("mode", MODES)
def test_vector_and_scalar_wrappers_agree_step_for_step(mode: AutoresetMode) -> None:
    many = VectorPotentialShaping(walks(mode), phi, gamma=0.9)
    each = SyncVectorEnv([lambda: PotentialShaping(TimeLimit(Walk(), 6), phi, gamma=0.9)] * 5, autoreset_mode=mode)
    many.reset(seed=7)
    each.reset(seed=7)
    rng = np.random.default_rng(7)
    for _ in range(60):
        actions = rng.integers(0, 2, 5)
        observations, rewards, terminated, truncated, info = many.step(actions)
        expected_observations, expected, *flags, expected_info = each.step(actions)
        np.testing.assert_array_equal(observations, expected_observations)
        np.testing.assert_allclose(rewards, expected, atol=1e-12)
        np.testing.assert_array_equal([terminated, truncated], flags)
        for key in ("outcome", "shaping"):
            np.testing.assert_allclose(info[key], expected_info[key], atol=1e-12)
        done = terminated | truncated
        if mode is AutoresetMode.DISABLED and done.any():
            many.reset(options={"reset_mask": done.copy()})
            each.reset(options={"reset_mask": done.copy()})


def test_no_potential_is_asked_of_terminal_states() -> None:
    def not_at_the_ends(place: int) -> float:
        assert place not in (0, 6)
        return float(place)

    one = PotentialShaping(Walk(), not_at_the_ends, gamma=0.9)
    many = [VectorPotentialShaping(walks(mode), not_at_the_ends, gamma=0.9) for mode in MODES[:2]]
    one.reset(seed=0)
    while not one.step(1)[2]:
        pass
    ended = 0
    for vector in many:
        vector.reset(seed=0)
        ended += sum(int(vector.step(np.ones(5, int))[2].sum()) for _ in range(12))
    assert ended > 10


@pytest.mark.filterwarnings("ignore:.*most likely has a wrapper")
def test_a_wrapped_environment_passes_gymnasiums_own_check() -> None:
    check_env(PotentialShaping(Walk(), phi, gamma=0.99), skip_render_check=True)


def test_what_cannot_work_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="gamma must be the learner's discount"):
        PotentialShaping(Walk(), phi, gamma=1.5)
    with pytest.raises(ValueError, match="observation or state"):
        PotentialShaping(Walk(), phi, gamma=1.0, on="reward")
    with pytest.raises(ValueError, match="wrap each environment in PotentialShaping"):
        VectorPotentialShaping(walks(AutoresetMode.SAME_STEP), phi, gamma=1.0, on="state")
    with pytest.raises(RuntimeError, match="reset"):
        PotentialShaping(Walk(), phi, gamma=1.0).step(0)
    with pytest.raises(RuntimeError, match="reset"):
        VectorPotentialShaping(walks(AutoresetMode.SAME_STEP), phi, gamma=1.0).step(np.zeros(5, int))
    with pytest.raises(ValueError, match="finite"):
        PotentialShaping(Walk(), lambda place: float("inf"), gamma=1.0).reset()
    silent = walks(AutoresetMode.SAME_STEP)
    silent.metadata = {}
    with pytest.raises(ValueError, match="autoreset_mode"):
        VectorPotentialShaping(silent, phi, gamma=1.0)


def test_the_page_on_rewards_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Its blocks, in order, say what the comments behind them say."""
    pytest.importorskip("torch")
    page = (Path(__file__).resolve().parents[2] / "docs" / "rewards.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 8
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, "docs/rewards.md", "exec"), names)  # our own page, not a model's text
    said = capsys.readouterr().out
    for line in (
        "['useful', 'useful', 'invalid', 'unparsable']",
        "[1. 0.]",
        "rounded",
        "-0.3",
        "0.0 0.475 True",
        "(4,)",
    ):
        assert line in said
    assert "yes\nunknown\n" in said
    assert "[2, 1]" in said
    assert "['correct', 'wrong']" in said
