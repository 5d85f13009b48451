"""The command: help for everything, a sentence for every mistake."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro
from reasonrl.agents.learning.registry import LEARNERS
from reasonrl.agents.policies.options import PolicyOptions

from reasonrl.cli import commands, explain, find_command, main, usage
from reasonrl.cli import run as run_here


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "reasonrl.cli", *arguments], capture_output=True, text=True, input="")


def test_the_usage_names_every_command() -> None:
    assert all(name in usage() for name in commands())


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run_here([*name.split(), "--help"])
    assert not stop.value.code
    assert "options" in capsys.readouterr().out


def test_help_is_printed_by_the_command_itself() -> None:
    done = run("train", "grpo", "--help")
    assert done.returncode == 0, done.stderr
    assert "options" in done.stdout


def test_the_help_of_a_command_is_a_sentence_under_a_heading() -> None:
    for name, command in commands().items():
        assert re.fullmatch(r"[A-Z][a-z]+ .+\.", command.help), name
        assert usage().count(f"\n{command.group}:\n") == 1, name
    assert usage().index("Learning:") < usage().index("train sft") < usage().index("Examples:")


def test_train_alone_lists_the_learners(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        find_command(["train"])
    said = capsys.readouterr().out
    assert all(f"train {name} " in said for name in LEARNERS)
    assert "reasonrl train my.py:Config" in said
    assert "bench" not in said


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
    module, config = commands()[name].place.split(":")
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


@pytest.mark.parametrize("name", commands())
def test_every_help_is_made_of_sentences(name: str) -> None:
    """The help of a command and of every field is there, says what is meant, and ends as a sentence does."""
    module, config = commands()[name].place.split(":")
    found = getattr(importlib.import_module(module), config)
    for text in [found.__doc__ or "", *helps_of(found).values()]:
        assert text, f"{name} has a field without help: {helps_of(found)}"
        assert not text.startswith("Of "), text
        assert text.rstrip().endswith((".", "?", ")", "`")), text


def helps_of(config: type) -> dict[str, str]:
    """Each field with its help: a field that is written again, for another default, keeps the help it had."""
    helps: dict[str, str] = {}
    for each in reversed([each for each in config.__mro__ if dataclasses.is_dataclass(each)]):
        (tree,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(tree, ast.ClassDef)
        for first, second in itertools.pairwise([*tree.body, ast.Pass()]):
            if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name):
                said = isinstance(second, ast.Expr) and isinstance(second.value, ast.Constant)
                helps[first.target.id] = str(second.value.value) if said else helps.get(first.target.id, "")  # type: ignore[attr-defined]
    return {field.name: helps[field.name] for field in dataclasses.fields(config)}


@pytest.mark.parametrize("name", ["solve", "bench", "quickstart"])
def test_whoever_takes_a_policy_takes_its_options(name: str) -> None:
    module, config = commands()[name].place.split(":")
    found = tyro.cli(getattr(importlib.import_module(module), config), args=["--device", "cpu", "--requests", "3"])
    assert found.policy_options == PolicyOptions(device="cpu", requests=3)


def test_the_options_of_a_policy_have_help_too() -> None:
    assert all(text.endswith((".", "}")) for text in helps_of(PolicyOptions).values())


@pytest.mark.parametrize("name", ["play", "solve", "bench", "verify"])
def test_help_shows_an_example_that_the_command_takes(name: str) -> None:
    module, config = commands()[name].place.split(":")
    found = getattr(importlib.import_module(module), config)
    examples = [part for part in found.__doc__.split("`")[1::2] if part.startswith("reasonrl")]
    assert examples
    for example in examples:
        command, rest = find_command(shlex.split(" ".join(example.split()))[1:])
        assert command == name
        tyro.cli(found, args=rest)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["solve", "reasonrl/Countdwn-v0"], "did you mean reasonrl/Countdown-v0"),
        (["solve", "--agent", "mtcs"], "did you mean 'mcts'"),
        (["solve", "--agent", "mcts:feedbak"], "did you mean 'feedback'"),
        (["solve", "--policy", "tinny"], "did you mean 'tiny'"),
        (["solve", "--policy", "openai:m@http://localhost:1/v1", "--device", "cpu"], "which runs at a server"),
        (["bench", "--timeout", "3"], "timeout cannot be set for the policy 'tiny', which runs in this process"),
        (["quickstart", "--device", "gpu", "--folder", "{folder}"], "unknown device 'gpu': use cpu"),
        (["solve", "nothing.py:Family"], "there is no file 'nothing.py'"),
        (["bench", "--agents", "nothing.py:search"], "there is no file 'nothing.py'"),
        (["bench", "--env", "mat"], "MathReason-v0"),
        (["train", "grpo", "--env", "reasonrl/KnightKnaves-v0", "--out", "{folder}"], "reasonrl/KnightsKnaves-v0"),
    ],
)
def test_a_mistake_in_a_name_or_an_option_says_what_to_do(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["reasonrl", *(each.format(folder=tmp_path) for each in arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
