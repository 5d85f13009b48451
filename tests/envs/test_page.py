"""The page on environments says what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from reasonrl.envs.abilities import CHOICES, PROMPT_CHARS, Ability, complete
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.families import DOMAINS, FAMILIES, camel
from reasonrl.envs.registry import environment_ids

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading."""
    below = PAGE.split(f"\n{heading}\n")[1]
    rows = re.search(r"\|---.*?\n((?:\|.*\n)+)", below)
    assert rows is not None
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1].strip().split("\n")]


def test_every_option_stands_there_with_its_default() -> None:
    options = {
        name: parameter.default
        for name, parameter in inspect.signature(ReasonEnv.__init__).parameters.items()
        if name not in ("self", "source")
    }
    said = {row[0].strip("`"): row[1].strip("`") for row in table("## Options of `gym.make`")}
    shown = {name: f'"{default}"' if isinstance(default, str) else str(default) for name, default in options.items()}
    assert said == shown


def test_every_key_of_the_info_stands_there() -> None:
    _, info = gym.make("MathReason-v0").reset(seed=0)
    assert [row[0].strip("`") for row in table("## Info")] == list(info)


def test_every_id_stands_there() -> None:
    assert all(f"`{id}`" in PAGE for id in environment_ids())
    for domain, names in DOMAINS.items():
        row = next(line for line in PAGE.split("\n") if line.startswith(f"| `{domain.capitalize()}Reason-v0`"))
        assert re.findall(r"reasonrl/(\w+)-v0", row) == [camel(name) for name in names if name in FAMILIES]


@pytest.mark.usefixtures("registries")
def test_its_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, "docs/environments.md", "exec"), names)  # our own page, not a model's text
    said = capsys.readouterr().out
    assert said.startswith("Use 3 3 6 to make 6.\nUse every number exactly once")
    assert "r1c1=4  [useful]" in said
    assert "4 . | 1 2" in said
    assert said.endswith("reasonrl/Dice-v0 1.0\n")


def test_every_ability_and_default_stands_there() -> None:
    said = " ".join(row[0] for row in table("## Your own families and data sets"))
    assert all(f"`{each.value}(" in said for each in Ability)
    defaults = " ".join(row[1] for row in table("## Your own families and data sets"))
    family = complete(type("Plain", (), {"name": "plain", "sample": None, "verify": None})())
    assert all(str(each) in defaults for each in (CHOICES, PROMPT_CHARS, family.domain, family.instructions))
