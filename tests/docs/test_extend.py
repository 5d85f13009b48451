"""Every example of docs/extend.md runs and shows what the page says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = "extend.md"


@pytest.fixture(scope="module")
def folder(page: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("extend")
    page(PAGE).write(made)
    return made


@pytest.mark.parametrize(
    "heading",
    [
        "A family",
        "A family that goes line by line",
        "A family of programs",
        "A data set",
        "A search",
        "A guide",
        "A policy",
        "A learner",
        "A package of your own",
    ],
)
def test_a_section_does_what_it_shows(page: Callable[[str], Any], folder: Path, heading: str) -> None:
    said = page(PAGE).run(heading, folder)
    assert page(PAGE).missing(heading, said) == [], said


def test_every_section_is_tried(page: Callable[[str], Any]) -> None:
    marks = test_a_section_does_what_it_shows.pytestmark  # type: ignore[attr-defined]
    assert list(page(PAGE).sections) == marks[0].args[1]


@pytest.mark.parametrize("file", ["dice.py", "dice_steps.py", "straight_line.py"])
def test_a_family_of_the_page_is_short(page: Callable[[str], Any], file: str) -> None:
    assert page(PAGE).files[file].count("\n") <= 60
