"""Follows a page as a reader would: its files are written, its Python and its commands are run in order."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from reasonrl.agents.search.guides.registry import GUIDES
from reasonrl.agents.search.registry import AGENTS
from reasonrl.envs.datasets import DATASETS
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.registry import environment_ids

from reasonrl.cli import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>[\w./-]+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

Follow = Callable[..., str]


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follow]:
    """Follows a page of docs/, or one section of it, in an empty folder, and returns all that its examples print.

    A block with a name after its kind (```python my.py, ```json rows.jsonl) is a file of that name; those of the whole
    page are written first. A block of Python without one is run, all of a page in one namespace. Of a block ```bash the
    lines that begin with `reasonrl` are run, and for `pytest test_my.py` the tests of that file are called. What a
    block ```text shows must have been printed by then: line by line, blanks apart, "..." for anything.
    """
    monkeypatch.chdir(tmp_path)
    for registry in (FAMILIES, DATASETS, AGENTS, GUIDES):
        for name, value in vars(registry).items():
            if isinstance(value, dict):  # what a page registers is gone after it
                monkeypatch.setattr(registry, name, dict(value))
    monkeypatch.setattr("reasonrl.envs.registry._IDS", environment_ids())
    registered = dict(gym.registry)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def go(name: str, section: str | None = None) -> str:
        page = (DOCS / name).read_text(encoding="utf-8")
        for block in _BLOCK.finditer(page):
            if block["file"]:
                Path(block["file"]).parent.mkdir(parents=True, exist_ok=True)
                Path(block["file"]).write_text(block["text"], encoding="utf-8")
        if section is not None:
            page = sections(name)[section]
        printed, space = io.StringIO(), {"__name__": name}
        with contextlib.redirect_stdout(printed):
            for block in _BLOCK.finditer(page):
                if block["file"]:
                    continue
                if block["kind"] == "python":
                    exec(compile(block["text"], f"{name}: {block['text'][:60]!r}", "exec"), space)
                elif block["kind"] == "bash":
                    _call(block["text"])
                elif block["kind"] == "text":
                    _has_shown(block["text"], printed.getvalue())
        return printed.getvalue()

    yield go
    gym.registry.clear()
    gym.registry.update(registered)
    for module in set(sys.modules) - before:
        file = getattr(sys.modules[module], "__file__", None)
        if file is not None and Path(file).is_relative_to(tmp_path):
            del sys.modules[module]


def sections(name: str) -> dict[str, str]:
    """Heading to text, of a page's headings of the second rank."""
    parts = re.split(r"^## ", (DOCS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


def _call(commands: str) -> None:
    for line in commands.replace("\\\n", " ").splitlines():
        if line.startswith("reasonrl "):
            run(shlex.split(line, comments=True)[1:])
        elif line.startswith("pytest "):
            path = Path(shlex.split(line)[-1]).resolve()
            spec = importlib.util.spec_from_file_location(path.stem, path)
            assert spec is not None
            assert spec.loader is not None
            module: Any = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            tests = [each for each in vars(module) if each.startswith("test_")]
            assert tests, f"{path} has no test"
            for test in tests:
                getattr(module, test)()


def _has_shown(shown: str, printed: str) -> None:
    lines = [" ".join(line.split()) for line in printed.split("\n")]
    for line in shown.strip().split("\n"):
        parts = [re.escape(part) for part in " ".join(line.split()).split("...")]
        assert any(re.search(".*".join(parts), each) for each in lines), (
            f"nothing printed looks like {line!r}:\n{printed}"
        )
