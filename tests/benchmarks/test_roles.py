"""What a label says of an agent, without loading what it names; and that nothing here knows an agent by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import reasonrl.benchmarks
from reasonrl.agents.search.registry import AGENTS, Role
from reasonrl.benchmarks.roles import base_name, is_independent, match, position_of, role_of


def test_the_base_name_has_no_options() -> None:
    assert base_name("best_of_n:feedback+logprob(samples=4)") == "best_of_n"
    assert base_name("greedy") == "greedy"


def test_a_label_is_looked_up_and_the_file_that_it_names_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("raise SystemExit('loaded')\n")
    label = f"{path}:search(width=2)"
    assert (role_of(label), is_independent(label), position_of(label)) == (Role.SEARCH, False, None)
    assert role_of("gone(width=2)") is Role.SEARCH


def test_settings_and_guides_change_no_role() -> None:
    for name, kind in AGENTS.items():
        assert role_of(name) is role_of(f"{name}(temperature=0.5)") is role_of(f"{name}:logprob") is kind.role
        assert is_independent(f"{name}(samples=4)") is kind.independent


def test_a_name_means_a_whole_label_before_one_without_settings_and_never_one_with_a_guide() -> None:
    assert match(["beam"], ["beam(width=2)", "beam"]) == {"beam": "beam"}
    assert match(["beam"], ["beam:logprob", "beam(width=2)"]) == {"beam": "beam(width=2)"}
    assert match(["beam", "beam:logprob"], ["beam:logprob(width=2)"]) == {"beam:logprob": "beam:logprob(width=2)"}


HERE = Path(reasonrl.benchmarks.__file__).parent
STUDIES = {"quickstart.py"}
FILES = [path for folder in (HERE, HERE / "views") for path in sorted(folder.glob("*.py")) if path.name not in STUDIES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_agent_is_known_by_name(path: Path) -> None:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    words = {word for text in texts if isinstance(text, str) for word in re.split(r"[^\w]+", text)}
    assert not words & set(AGENTS)
