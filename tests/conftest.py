"""Settings of the property tests, and pages that hold what must not change unless somebody means it to.

Property tests: `make test` always tries the same examples, `make test-slow` tries new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from hypothesis import settings
from reasonrl.envs import registry
from reasonrl.envs.datasets import DATASETS
from reasonrl.envs.families import FAMILIES

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden pages anew (`make golden`)")


@pytest.fixture
def registries() -> Iterator[None]:
    """What a test registers is forgotten after it."""
    known: list[dict[str, Any]] = [gymnasium.registry, registry._IDS]
    known += [table for each in (FAMILIES, DATASETS) for table in (each._things, each._made, each._own)]
    before = [dict(table) for table in known]
    yield
    for table, kept in zip(known, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Iterable[str]], None]:
    """Compares lines with the page of this name in the folder `golden` beside the test, or writes the page anew."""
    folder = Path(request.path).with_name("golden")

    def compare(name: str, lines: Iterable[str]) -> None:
        page = folder / f"{name}.txt"
        if request.config.getoption("--write-golden"):
            folder.mkdir(exist_ok=True)
            page.write_text("".join(f"{line}\n" for line in lines))
        assert list(lines) == page.read_text().splitlines(), f"{page} differs; if that is meant: make golden"

    return compare
