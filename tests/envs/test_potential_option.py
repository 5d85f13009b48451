"""`gym.make(..., potential=...)`: shaping by any potential changes no optimal action of the exact families."""

from __future__ import annotations

import functools
import hashlib
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, View
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import MDP, State, Transition
from reasonrl.envs.registry import open_source
from reasonrl.envs.vector import VectorReasonEnv
from reasonrl.envs.vocabulary import get_vocabulary

SHORT: dict[str, Any] = {"max_tokens": 40, "max_steps": 4, "difficulty": (1, 2)}


def hashed(view: View, steps: Sequence[str]) -> float:
    """A potential that nobody could guess."""
    digest = hashlib.blake2b(repr((view.prompt, tuple(steps))).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") / 2**31 - 1.0


def not_a_number(view: View, steps: Sequence[str]) -> float:
    return float("nan")


def test_a_potential_of_ones_own_takes_the_familys_place() -> None:
    env = ReasonEnv("chain_sum", level="step", reward="potential", gamma=0.9, potential=hashed)
    env.reset(seed=0)
    assert env.problem is not None
    view = env.problem.view
    line = env.mdp.menu(env.get_state())[0]
    reward = env.step(line)[1]
    assert reward == pytest.approx(0.9 * hashed(view, (line,)) - hashed(view, ()))
    assert env.step("Answer: 1")[4]["shaping"] == pytest.approx(-hashed(view, (line,)))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_vector_and_scalar_agree_on_a_potential_of_ones_own(mode: AutoresetMode) -> None:
    options: dict[str, Any] = {"level": "choice", "reward": "potential", "gamma": 0.9, "potential": hashed, **SHORT}
    many = VectorReasonEnv("countdown", num_envs=3, autoreset_mode=mode, **options)
    each = SyncVectorEnv([functools.partial(ReasonEnv, "countdown", **options)] * 3, autoreset_mode=mode)
    many.reset(seed=5)
    each.reset(seed=5)
    rng = np.random.default_rng(5)
    paid = 0
    for _ in range(40):
        actions = rng.integers(0, 4, 3)
        _, rewards, terminated, truncated, info = many.step(actions)
        _, expected, *_, expected_info = each.step(actions)
        np.testing.assert_array_equal(rewards, expected)
        np.testing.assert_array_equal(info["shaping"], expected_info["shaping"])
        paid += int((rewards != 0.0).sum())
        done: NDArray[np.bool_] = terminated | truncated
        if mode is AutoresetMode.DISABLED and done.any():
            many.reset(options={"reset_mask": done.copy()})
            each.reset(options={"reset_mask": done.copy()})
    assert paid > 40


def test_a_named_potential_leaves_the_spec_json_able_and_a_wrong_one_is_a_sentence() -> None:
    # any function that takes two values and gives a number will do: operator.eq is Phi = 0 here
    env = gym.make("reasonrl/ChainSum-v0", level="step", reward="potential", potential="operator:eq")
    env.reset(seed=0)
    assert env.step("1+1=2")[4]["shaping"] == 0.0
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    again.reset(seed=0)
    assert again.step("1+1=2")[4]["shaping"] == 0.0
    with pytest.raises(ValueError, match="write 'package"):
        ReasonEnv("chain_sum", reward="potential", potential="no.such:thing")
    with pytest.raises(ValueError, match="reward='potential'"):
        ReasonEnv("chain_sum", potential=hashed)
    with pytest.raises(ValueError, match="finite number"):
        ReasonEnv("chain_sum", reward="potential", potential=not_a_number).reset(seed=0)


def test_rules_with_a_potential_of_ones_own_pickle() -> None:
    env = ReasonEnv("chain_sum", level="step", reward="potential", potential=hashed)
    env.reset(seed=0)
    again = pickle.loads(pickle.dumps(env.mdp))
    assert again.initial(env.get_state().view).potential == env.get_state().potential


def test_a_vector_keeps_the_last_states_of_episodes_that_made_way() -> None:
    env = VectorReasonEnv("chain_sum", num_envs=2, level="step", autoreset_mode=AutoresetMode.SAME_STEP)
    env.reset(seed=0)
    env.step(("1+1=2", "1+1=2"))
    assert env.final_states == {}
    env.step(("Answer: 2", "2+2=4"))
    assert list(env.final_states) == [0]
    assert env.final_states[0].steps == ("1+1=2", "Answer: 2")
    assert env.final_states[0].done


# The optimum: value iteration over the menus of small problems

EXACT = {"countdown": 2, "knights_knaves": 1, "sudoku4": 1, "entailment": 1}
"""Families whose potential is V*, and a difficulty at which every line can be looked at."""
Pay = Callable[[Transition, float], float]
"""(transition, Phi of the state before) -> reward."""


def as_paid(transition: Transition, before: float) -> float:
    return transition.reward


def without_last_step(transition: Transition, before: float) -> float:
    return transition.outcome if transition.terminated else transition.reward


def without_truncation(transition: Transition, before: float) -> float:
    return -before if transition.truncated else transition.reward


def best_actions(rules: MDP, problem: Problem, *, pay: Pay = as_paid) -> dict[tuple[str, ...], frozenset[int]]:
    """Every reachable prefix with its optimal actions, by backward induction.

    Behind a truncation the learner expects V*, the family's exact potential; where rewards are shaped, V* - Phi.
    """
    family = rules.source.rules_of(problem.view)
    found: dict[tuple[str, ...], frozenset[int]] = {}

    def value(state: State) -> float:
        values = []
        for action in range(len(rules.menu(state))):
            after = rules.step(state, action, functools.partial(family.verify, problem))
            if after.terminated:
                later = 0.0
            elif after.truncated:
                later = family.potential(problem.view, after.state.steps) - after.state.potential
            else:
                later = value(after.state)
            values.append(pay(after, state.potential) + rules.gamma * later)
        best = max(values)
        found[state.steps] = frozenset(i for i, each in enumerate(values) if each > best - 1e-9)
        return best

    value(rules.initial(problem.view))
    return found


def rules_of(name: str, *, steps: int, **options: Any) -> MDP:
    source, chars = open_source(name), get_vocabulary("char")
    return MDP(source, level="choice", vocabulary=chars, max_steps=steps, max_tokens=1000, **options)


@pytest.mark.parametrize("gamma", [1.0, 0.95])
@pytest.mark.parametrize("name", EXACT)
def test_shaping_leaves_every_optimal_action_of_the_exact_families(name: str, gamma: float) -> None:
    family = get_family(name)
    choices = 0
    for index in range(3):
        problem = generate(family, "train", index, EXACT[name])
        for steps in (2, len(family.demonstrate(problem, random.Random(0), frozenset()).steps)):
            plain = best_actions(rules_of(name, steps=steps, gamma=gamma), problem)
            menus = rules_of(name, steps=steps)
            choices += sum(len(best) < len(menus.menu(State(problem.view, at))) for at, best in plain.items())
            for potential in (None, hashed):
                shaped = rules_of(name, steps=steps, gamma=gamma, shaped=True, potential=potential)
                assert best_actions(shaped, problem) == plain
    assert choices > 3  # in some states not every action is best, or nothing was tested


@pytest.mark.parametrize("gamma", [1.0, 0.95])
@pytest.mark.parametrize("wrong", [without_last_step, without_truncation])
@pytest.mark.parametrize("name", EXACT)
def test_the_same_search_finds_shaping_that_is_wrong(name: str, wrong: Pay, gamma: float) -> None:
    family = get_family(name)
    changed = False
    for index in range(3):
        problem = generate(family, "train", index, EXACT[name])
        for steps in (2, len(family.demonstrate(problem, random.Random(0), frozenset()).steps)):
            plain = best_actions(rules_of(name, steps=steps, gamma=gamma), problem)
            shaped = rules_of(name, steps=steps, gamma=gamma, shaped=True, potential=hashed)
            changed = changed or best_actions(shaped, problem, pay=wrong) != plain
    assert changed


def test_a_learner_that_only_adds_rewards_up_is_paid_for_running_out_of_steps() -> None:
    """Why `docs/rewards.md` says that such a learner must take a truncation for the end."""
    problem = generate(get_family("countdown"), "train", 3, 2)
    right = get_family("countdown").demonstrate(problem, random.Random(0), frozenset()).steps
    found = {}
    for name, lines in {"right": right, "idle": ("x",) * 5, "wrong": ("Answer: 1",)}.items():
        env = ReasonEnv("countdown", level="step", reward="potential", max_steps=5)
        env.reset(options={"problem": problem})
        paid = [env.step(line) for line in lines]
        found[name] = (sum(float(each[1]) for each in paid), paid[-1][2], paid[-1][3])
    assert found == {"right": (0.0, True, False), "idle": (0.0, False, True), "wrong": (-1.0, True, False)}


def test_a_potential_is_named_by_its_file_and_goes_to_other_processes_by_that_name(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def phi(view, steps):\n    return 0.25 * len(steps)\n")
    env = ReasonEnv("chain_sum", level="step", reward="potential", gamma=1.0, potential=f"{file}:phi")
    env.reset(seed=0)
    assert env.step("1+1=2")[4]["shaping"] == 0.25
    script = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1]))(None, ('a', 'b')))"
    pickled = pickle.dumps(env.mdp.potential).hex()
    ran = subprocess.run([sys.executable, "-c", script, pickled], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "0.5"
    with pytest.raises(ValueError, match=r"has no 'phy': did you mean 'phi'"):
        ReasonEnv("chain_sum", level="step", reward="potential", potential=f"{file}:phy")
    with pytest.raises(ValueError, match="there is no file"):
        ReasonEnv("chain_sum", level="step", reward="potential", potential="nowhere.py:phi")
