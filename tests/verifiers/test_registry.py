"""One way from a name to a thing, for families, data sets, searches, guides, policies and learners."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest
from reasonrl.verifiers.registry import Registry, load_suites, must_have


@pytest.fixture
def numbers() -> Registry:
    return Registry("number", "numbers", {"tau": "math:tau", "two": 2})


def test_a_place_is_imported_when_it_is_asked_for_and_a_thing_is_itself(numbers: Registry) -> None:
    assert numbers.place("tau") == "math:tau"
    assert 6.28 < numbers.find("tau") < 6.29
    assert numbers.find("two") == numbers["two"] == 2
    assert list(numbers) == ["tau", "two"]


def test_what_is_registered_is_found_like_what_ships(numbers: Registry) -> None:
    numbers.register("e", "math:e")
    assert numbers.find("e") > 2.7
    assert "e" in numbers
    assert "e" not in numbers.shipped


def test_a_name_is_not_taken_twice_unless_it_is_meant(numbers: Registry) -> None:
    numbers.register("two", 2)
    with pytest.raises(ValueError, match="comes with reasonrl"):
        numbers.register("two", 3)
    numbers.register("e", "math:e")
    with pytest.raises(ValueError, match="another number"):
        numbers.register("e", 3)
    assert numbers.find("e") != 3
    numbers.register("e", 3, replace=True)
    assert numbers.find("e") == 3


@pytest.mark.parametrize("name", ["", "a b", "x:y", "a.py"])
def test_a_name_is_a_word(numbers: Registry, name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        numbers.register(name, 1)


def test_an_unknown_name_is_told_with_the_nearest_one(numbers: Registry) -> None:
    with pytest.raises(ValueError, match=r"did you mean 'tau'.*There are tau, two"):
        numbers.find("tua")
    with pytest.raises(KeyError):
        numbers["tua"]


def test_a_file_is_a_name(numbers: Registry, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("five = 5\n")
    assert numbers.find(f"{tmp_path / 'mine.py'}:five") == 5


def test_what_is_missing_is_named() -> None:
    must_have("text", ("upper",), name="it", kind="text", see="str")
    with pytest.raises(ValueError, match=r"it is no text, it has no 'fly': see str"):
        must_have("text", ("upper", "fly"), name="it", kind="text", see="str")


@pytest.fixture
def fresh() -> Iterator[None]:
    load_suites.cache_clear()
    yield
    load_suites.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_installed_suites_register_themselves_and_a_broken_one_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        importlib.metadata.EntryPoint("gone", "reasonrl_nowhere:register", "reasonrl.suites"),
        importlib.metadata.EntryPoint("counted", f"{Counter.__module__}:nothing", "reasonrl.suites"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)
    monkeypatch.setattr(importlib.metadata.EntryPoint, "load", load)
    with pytest.warns(UserWarning, match="gone .reasonrl_nowhere:register. could not be loaded"):
        assert load_suites() == ("counted",)
    assert load_suites() == ("counted",)
    assert Counter.calls == 1


class Counter:
    calls = 0


def load(entry: importlib.metadata.EntryPoint) -> object:
    if entry.name == "gone":
        raise ImportError("No module named 'reasonrl_nowhere'")

    def register() -> None:
        Counter.calls += 1

    return register
