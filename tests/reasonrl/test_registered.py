"""A family from another package goes by its id through every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from reasonrl.envs.registry import register_family

from reasonrl.cli import run

PACKAGE = '''
from reasonrl.agents.policies.core import Finish, Proposal
from reasonrl.envs.behaviours import Behaviour, Trace
from reasonrl.envs.core import END, Content
from reasonrl.verifiers.answers import up_to_first
from reasonrl.verifiers.math import verify_number


class Doubles:
    """Twice a number."""

    name = "outside_doubles"

    def sample(self, rng, difficulty):
        number = rng.randrange(1000)
        return Content(f"Twice {number}?", {}, str(2 * number))

    def verify(self, problem, answer):
        return verify_number(problem.reference.value, up_to_first(answer))


class Shown(Doubles):
    name = "outside_shown"

    def demonstrate(self, problem, rng, behaviours):
        return Trace((f"Answer: {problem.reference.value}",), (Behaviour.COMPLETION,))


class Words(Doubles):
    name = "outside_words"

    def sample(self, rng, difficulty):
        prompt, public, gold = super().sample(rng, difficulty)
        return Content(prompt, public, ["twice", gold])

    def verify(self, problem, answer):
        return verify_number(problem.reference.value[1], up_to_first(answer))


class Doubler:
    """Knows how."""

    name = "doubler"

    def propose(self, states, counts, keys, sampling):
        numbers = [int(state.view.prompt.removeprefix("Twice ").removesuffix("?")) for state in states]
        return [
            [Proposal(f"Answer: {2 * number}{END}", 0.0, 4, 1, Finish.END)] * count
            for number, count in zip(numbers, counts, strict=True)
        ]


def register():
    from reasonrl import register_family

    for name, kind in (("outside_doubles", "Doubles"), ("outside_shown", "Shown"), ("outside_words", "Words")):
        register_family(name, f"outside_package:{kind}")
'''
ID = "reasonrl/OutsideDoubles-v0"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> Iterator[Path]:
    """The package as it lies when it is installed, and registered in this process, too."""
    (tmp_path / "outside_package.py").write_text(PACKAGE)
    info = tmp_path / "outside_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[reasonrl.suites]\noutside = outside_package:register\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, kind in (("outside_doubles", "Doubles"), ("outside_shown", "Shown"), ("outside_words", "Words")):
        register_family(name, f"outside_package:{kind}")
    yield tmp_path
    sys.modules.pop("outside_package", None)


@pytest.mark.usefixtures("outside")
def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["list", "--json"])
    assert ID in capsys.readouterr().out


@pytest.mark.usefixtures("outside")
def test_it_is_solved(capsys: pytest.CaptureFixture[str]) -> None:
    run(["solve", ID, "--agent", "mcts:feedback", "--policy", "outside_package.py:Doubler", "--tokens", "40"])
    assert "correct: " in capsys.readouterr().out


def test_it_is_benchmarked(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agents = ["--agents", "greedy,best_of_n", "--policy", "outside_package.py:Doubler"]
    run(["bench", "--env", ID, *agents, "--budgets", "32", "--limit", "4", "--store", "bench.sqlite"])
    assert "100" in capsys.readouterr().out
    assert (outside / "bench.sqlite").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("outside")
def test_it_is_audited_by_its_reference_or_told_what_that_needs(capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", ID, "--problems", "1"])
    assert "outside_doubles" in capsys.readouterr().out
    with pytest.raises(ValueError, match="outside_words has no demonstrations, nor accepts its reference"):
        run(["audit", "outside_words", "--problems", "1"])


def test_it_is_learned_from_where_it_has_demonstrations(outside: Path) -> None:
    small = ["--steps", "1", "--rows", "1", "--row-tokens", "64", "--precision", "fp32", "--out", str(outside / "sft")]
    run(["train", "sft", "--families", "outside_shown", "1", "--workers", "1", *small])
    assert (outside / "sft" / "policy").is_dir()
    with pytest.raises(ValueError, match="needs demonstrations, and outside_doubles has none: give it demonstrate"):
        run(["train", "sft", "--families", "outside_doubles", "1", "--workers", "0", *small])
