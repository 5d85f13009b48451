"""A package outside the tree brings a family, a data set, a search and a guide, and every command takes them by id."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "reasonrl-dice"
_RUN = """import sys, shlex
from reasonrl.cli import main
for line in sys.argv[1:]:
    sys.argv = ["reasonrl", *shlex.split(line)]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""
"""Several commands in one process: importing torch is what takes longest."""


class Installed(NamedTuple):
    python: Path
    folder: Path
    """Where commands are called; `source` in it is the package as it was installed."""

    def reasonrl(self, *lines: str) -> str:
        """All that these commands print."""
        return _call([self.python, "-c", _RUN, *lines], self.folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment that sees what this one has installed, and beside it the example package."""
    folder = tmp_path_factory.mktemp("dice")
    shutil.copytree(EXAMPLE, folder / "source")
    venv.create(folder / "venv", with_pip=False)
    packages = next((folder / "venv" / "lib").glob("python*")) / "site-packages"
    seen = [path for path in sys.path if path and not path.startswith(sys.base_prefix + os.sep)]
    (packages / "seen.pth").write_text("".join(f"{path}\n" for path in seen))
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    _call([sys.executable, "-m", "pip", "install", *options, "--target", packages, folder / "source"], folder)
    return Installed(folder / "venv" / "bin" / "python", folder)


def _call(arguments: list[str | Path], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"COLUMNS": "200"}
    ended = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=500)
    assert ended.returncode == 0, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def test_list_shows_what_an_installed_package_brings(installed: Installed) -> None:
    said = installed.reasonrl("list")
    assert "reasonrl/Dice-v0" in said
    assert "reasonrl/DiceRolls-v0" in said
    assert "could not be loaded" not in said


@pytest.mark.slow
def test_solve_takes_environment_search_and_guide_by_name(installed: Installed) -> None:
    said = installed.reasonrl(
        "solve reasonrl/Dice-v0 --difficulty 1 --agent agree --tokens 300",
        "solve reasonrl/DiceRolls-v0 --agent best_of_n:spread --tokens 200 --index 1",
    )
    assert "How many pips?" in said
    assert "Bob rolls three sixes." in said


@pytest.mark.slow
def test_bench_measures_them(installed: Installed) -> None:
    said = installed.reasonrl(
        "bench --env reasonrl/Dice-v0 --agents greedy,agree,mcts:spread --limit 3 --budgets 100 --store dice.db",
        "bench --env reasonrl/DiceRolls-v0 --agents greedy,agree --limit 3 --budgets 100 --store rolls.db",
    )
    assert "reasonrl/Dice-v0 test" in said
    assert "reasonrl/DiceRolls-v0 test" in said
    assert "mcts:spread" in said
    assert "agree" in said


@pytest.mark.slow
def test_the_audit_finds_no_fault(installed: Installed) -> None:
    rolls = "source/reasonrl_dice/rolls.jsonl"
    said = installed.reasonrl(
        "audit reasonrl/Dice-v0 --problems 1 --difficulty 1",
        f"audit reasonrl/DiceRolls-v0 --problems 1 --data dice_rolls={rolls}",
    )
    assert "dice: 0 faults" in said
    assert "dice_rolls: 0 faults" in said


@pytest.mark.slow
def test_learners_take_them(installed: Installed) -> None:
    installed.reasonrl(
        "train grpo --env reasonrl/Dice-v0 --steps 1 --prompts 2 --group-size 2 --evaluate-problems 4 --out grpo",
        "train sft --families dice 1 --steps 2 --rows 4 --out sft",
    )
    for run in ("grpo", "sft"):
        assert (installed.folder / run / "policy").is_dir()


@pytest.mark.slow
def test_its_own_tests_pass(installed: Installed) -> None:
    said = _call([installed.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "source/tests"], installed.folder)
    assert "2 passed" in said


def test_the_family_is_short() -> None:
    assert (EXAMPLE / "reasonrl_dice" / "family.py").read_text(encoding="utf-8").count("\n") <= 60
