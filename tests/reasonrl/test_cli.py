"""The command: help for everything, a sentence for every mistake."""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from reasonrl.cli import COMMANDS, explain, find_command, usage


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "reasonrl.cli", *arguments], capture_output=True, text=True, input="")


def test_the_usage_names_every_command() -> None:
    assert all(name in usage() for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "options" in done.stdout


def test_two_words_name_a_command_before_one() -> None:
    assert find_command(["train", "grpo", "--seed", "1"]) == ("train grpo", ["--seed", "1"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plya"], "did you mean 'play'"),
        (["train", "ppo"], "train grpo"),
        (["play", "reasonrl/ChainSun-v0"], "did you mean reasonrl/ChainSum-v0"),
        (["play", "reasonrl/ChainSum-v0", "--difficulty", "99"], "difficulties 1 to 8"),
        (["play", "reasonrl/GSM8K-v0"], "data"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(arguments: list[str], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_module_names_its_extra() -> None:
    assert "reasonrl[torch]" in explain(ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert "reasonrl[train]" in explain(ModuleNotFoundError("No module", name="tensorboard.summary"))


README = (Path(__file__).parents[2] / "README.md").read_text()
COMMAND_LINES = [line for line in README.split("\n") if line.startswith("reasonrl ")]


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_the_readme_shows_commands_that_exist(line: str) -> None:
    name, rest = find_command(shlex.split(line, comments=True)[1:])
    module, config = COMMANDS[name].place.split(":")
    tyro.cli(getattr(importlib.import_module(module), config), args=rest)  # exits where an argument is unknown


def test_the_readme_shows_every_kind_of_command() -> None:
    assert {line.split()[1] for line in COMMAND_LINES} >= {
        "list",
        "play",
        "solve",
        "bench",
        "report",
        "train",
        "policy",
    }
