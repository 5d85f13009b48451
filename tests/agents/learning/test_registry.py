"""Learners by name, and learners of one's own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from reasonrl.agents.learning.metrics import read_metrics
from reasonrl.agents.learning.registry import LEARNERS, Learner, find_learner, register_learner

from reasonrl.cli import commands, find_command, load_command

from .toys import toy_policy, weights_of, whatever_ends_is_right

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "learning.md"
MINE = '''"""A learner of one's own: the policy stays as it came."""
from dataclasses import dataclass
from pathlib import Path

from reasonrl.agents.learning.options import RunConfig


@dataclass(frozen=True)
class Idle(RunConfig):
    """Learns nothing."""

    out: Path = Path("runs/idle")
    patience: int = 3
    """How long it waits."""


def main(config: Idle) -> None:
    print(f"waited {config.patience} with {config.policy}")
'''


@pytest.mark.parametrize("name", LEARNERS.shipped)
def test_every_row_leads_to_a_config_and_a_main(name: str) -> None:
    config, main = load_command(f"train {name}")
    assert config.__doc__
    assert main.__doc__
    assert config().out == Path("runs") / name


def test_a_registered_learner_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LEARNERS, "_things", dict(LEARNERS._things))
    register_learner("idle", "my_package.idle:Config", summary="learn nothing")
    assert find_learner("idle") == Learner("my_package.idle:Config", "learn nothing")
    assert commands()["train idle"].help == "learn nothing"
    assert find_command(["train", "idle", "--steps", "1"]) == ("train idle", ["--steps", "1"])
    with pytest.raises(ValueError, match="that comes with reasonrl: take another name"):
        register_learner("grpo", "my_package.idle:Config", summary="another")
    with pytest.raises(ValueError, match="name its config as package"):
        register_learner("other", "Config", summary="nowhere")


def test_a_file_of_ones_own_is_trained_without_being_registered(tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text(MINE)
    run = [sys.executable, "-m", "reasonrl.cli", "train", f"{tmp_path}/my.py:Idle", "--patience", "5"]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.stdout == "waited 5 with tiny\n", done.stderr
    (tmp_path / "my.py").write_text(MINE.replace("def main", "def other"))
    with pytest.raises(ValueError, match=r"its module has no main\(config\)"):
        load_command(f"train {tmp_path}/my.py:Idle")


def test_the_learner_that_the_documentation_shows_learns(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    (tmp_path / "mine.py").write_text(block[1])
    config, main = load_command(f"train {tmp_path}/mine.py:MineConfig")
    learn = sys.modules[config.__module__].learn
    policy = toy_policy("0123456789+-=")
    before = weights_of(policy)
    with whatever_ends_is_right():
        learn(policy, config(tmp_path / "run", steps=2, prompts=2, group_size=4, max_tokens=12, evaluate_problems=2))
    assert [line["step"] for line in read_metrics(tmp_path / "run")] == [0, 1, 2]
    assert any(not torch.equal(before[name], value) for name, value in weights_of(policy).items())
    assert callable(main)


def test_an_unknown_learner_is_a_sentence_that_lists_what_there_is() -> None:
    with pytest.raises(ValueError, match="unknown learner 'gropo': did you mean 'grpo'"):
        find_learner("gropo")
