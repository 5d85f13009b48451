"""Every environment by id and level, with the data that some of them need."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from reasonrl.envs.abilities import Ability, abilities
from reasonrl.envs.core import View
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import Level
from reasonrl.envs.registry import environment_ids, is_dataset, open_source, source_name

ROWS = [
    {"question": "Ann has 3 apples and buys 4 more. How many has she?", "answer": "3+4=<<3+4=7>>7\n#### 7"},
    {"question": "A pen costs 2 dollars. What do 6 pens cost?", "answer": "2*6=<<2*6=12>>12\n#### 12"},
    {
        "question": "Bob reads 1,200 words in 4 minutes. How many in one?",
        "answer": "1200/4=<<1200/4=300>>300\n#### 300",
    },
]

Make = Callable[..., gym.Env[Any, Any]]


@pytest.fixture(scope="session")
def data_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture(scope="session")
def options_of(data_file: Path) -> Callable[[str], dict[str, Any]]:
    """What an id needs at `gym.make`."""
    return lambda id: {"data": str(data_file)} if is_dataset(source_name(id)) else {}


@pytest.fixture(params=environment_ids())
def env_id(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(Level))
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param.value)


def lines_said(view: View, steps: Sequence[str]) -> float:
    """A potential for those who have none of their own."""
    return min(len(steps), 8) / 8


@pytest.fixture
def shaped(env_id: str, options_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """What asks for shaped rewards at `gym.make`, with a potential where `env_id` has none of its own."""
    source = open_source(source_name(env_id), **options_of(env_id))
    own = Ability.POTENTIAL in abilities(source)
    return {"reward": "potential", **({} if own else {"potential": lines_said})}


@pytest.fixture
def made(env_id: str, level: str, options_of: Callable[[str], dict[str, Any]]) -> Make:
    """Makes the environment of `env_id` at `level`; levels that its source does not have are skipped."""
    options = options_of(env_id)
    if level not in open_source(source_name(env_id), **options).levels:
        pytest.skip(f"{env_id} has no {level} level")
    return lambda **more: gym.make(env_id, level=level, **options, **more)


@pytest.fixture
def inner() -> Callable[[gym.Env[Any, Any]], ReasonEnv]:
    """The environment inside its wrappers."""

    def unwrap(env: gym.Env[Any, Any]) -> ReasonEnv:
        assert isinstance(env.unwrapped, ReasonEnv)
        return env.unwrapped

    return unwrap
