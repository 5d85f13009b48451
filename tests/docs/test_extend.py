"""Every example of docs/extend.md runs and shows what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extend.md"
SECTIONS = re.findall(r"^## (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_does_what_it_shows(follow: Callable[..., str], section: str) -> None:
    follow("extend.md", section)


def test_each_thing_that_can_be_added_has_a_section_with_an_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"^\| \[(.*?)\]", page, re.MULTILINE)
    for thing in named:
        text = page.split(f"\n## {thing[0].upper()}{thing[1:]}\n")[1].split("\n## ")[0]
        assert "```python " in text, thing
        assert "```bash\n" in text, thing
    assert {"a family", "a data set", "a search", "a guide", "a learner", "a policy"} <= set(named)


def test_families_on_the_page_are_short() -> None:
    for file, text in re.findall(r"```python ((?!test_)[\w.]+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        assert text.count("\n") <= 60, file
