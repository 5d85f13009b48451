"""The page on search: what it shows runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from reasonrl.agents.search.guides.registry import GUIDES
from reasonrl.agents.search.registry import AGENTS
from reasonrl.agents.search.selection import Select

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "search.md").read_text()


def test_the_examples_of_the_page_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(AGENTS, "_things", dict(AGENTS._things))
    space: dict[str, Any] = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "docs/search.md", "exec", dont_inherit=True), space)
    said = capsys.readouterr().out.split("\n")
    assert "certain" in said[0] + said[1]
    assert "Answer" in "".join(said[2:])


def test_the_page_names_every_guide_and_every_way_to_choose() -> None:
    for name in (*GUIDES, *Select):
        assert f"`{name}`" in PAGE or f"`{name}:" in PAGE
