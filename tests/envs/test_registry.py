"""Every id is in Gymnasium's registry, and says so in JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import data_equivalence
from reasonrl.envs.families import DOMAINS, FAMILIES
from reasonrl.envs.registry import environment_ids, source_name


def test_every_domain_family_and_data_set_has_an_id() -> None:
    ids = environment_ids()
    assert list(ids.values()) == [*DOMAINS, *FAMILIES, "gsm8k"]
    assert {"MathReason-v0", "CodeReason-v0", "LogicReason-v0", "reasonrl/ChainSum-v0", "reasonrl/GSM8K-v0"} <= set(ids)
    assert all(":" not in id for id in ids)
    assert set(ids) <= set(gym.registry)


def test_a_spec_survives_json(env_id: str, options_of: Callable[[str], dict[str, Any]]) -> None:
    env = gym.make(env_id, level="step", attempts=2, max_tokens=60, **options_of(env_id))
    assert env.spec is not None
    again = EnvSpec.from_json(env.spec.to_json())
    assert again == env.spec
    copy = gym.make(again)
    assert copy.spec == env.spec
    assert copy.observation_space == env.observation_space
    assert copy.action_space == env.action_space
    assert data_equivalence(copy.reset(seed=4), env.reset(seed=4))
    assert data_equivalence(copy.step("Answer: 1"), env.step("Answer: 1"))


def test_the_registered_spec_survives_json(env_id: str) -> None:
    spec = gym.spec(env_id)
    assert EnvSpec.from_json(spec.to_json()) == spec
    assert isinstance(spec.entry_point, str)
    assert isinstance(spec.vector_entry_point, str)


def test_an_unknown_id_names_its_nearest_and_all() -> None:
    with pytest.raises(ValueError, match=r"unknown environment 'MathReasn-v0': did you mean MathReason-v0\? There are"):
        source_name("MathReasn-v0")
    with pytest.raises(gym.error.NameNotFound):
        gym.make("reasonrl/Nothing-v0")


def test_a_fresh_interpreter_needs_only_the_prefix_and_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "sympy", "stable_baselines3", "tyro", "rich")
    script = (
        "import sys, gymnasium; env = gymnasium.make('reasonrl:MathReason-v0'); env.reset(seed=0); env.step(20);"
        f"print(*(name for name in {heavy!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_the_vector_environment_is_the_default_of_make_vec() -> None:
    env = gym.make_vec("reasonrl/ChainSum-v0", num_envs=3)
    assert type(env).__name__ == "VectorReasonEnv"
    assert env.spec is not None
    assert env.num_envs == 3
    assert env.metadata["autoreset_mode"] is gym.vector.AutoresetMode.NEXT_STEP
