"""Families and data sets from outside: by name, by id, by place, by entry point, before and after the import."""

from __future__ import annotations

import importlib.metadata
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from reasonrl.envs.catalogue import catalogue
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.datasets.rows import Published, texts
from reasonrl.envs.families import DOMAINS, FAMILIES, get_family
from reasonrl.envs.generation import Mixture, Share, make_mixture
from reasonrl.envs.registry import (
    environment_id,
    environment_ids,
    is_dataset,
    open_source,
    register_dataset,
    register_family,
    rules_of,
    source_name,
)
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.math import verify_number
from reasonrl.verifiers.registry import load_suites

import reasonrl

pytestmark = pytest.mark.usefixtures("registries")


class Doubles:
    """Twice a number."""

    name = "doubles"
    difficulties = range(1, 4)

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        number = rng.randrange(10**difficulty)
        return Content(f"Twice {number}?", {"number": number}, 2 * number)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return verify_number(str(problem.reference.value), answer)


class Questions(Published):
    """Questions with a number."""

    name = "questions"
    where = "questions.jsonl"

    def content(self, row: Any) -> Content:
        question, gold = texts(row, "question", "gold")
        return Content(question, {}, gold)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return verify_number(problem.reference.value, answer)


OWN = """
import random
from reasonrl.envs.core import Content
from reasonrl.verifiers.math import verify_number

class Doubles:
    name = "own_doubles"

    def sample(self, rng, difficulty):
        number = rng.randrange(100)
        return Content(f"Twice {number}?", {}, str(2 * number))

    def verify(self, problem, answer):
        return verify_number(problem.reference.value, answer)

class Other(Doubles):
    name = "other"
    version = 3

class Taken(Doubles):
    name = "math"
"""


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({"question": f"{n} and 1?", "gold": n + 1}) + "\n" for n in range(5)))
    return str(path)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module outside the project that can be imported by its name."""
    (tmp_path / "own_doubles_package.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_doubles_package"
    sys.modules.pop("own_doubles_package", None)


def test_a_registered_family_has_an_id_at_once_and_goes_by_it_and_by_its_name() -> None:
    assert register_family("doubles", Doubles) == "reasonrl/Doubles-v0"
    assert environment_ids()["reasonrl/Doubles-v0"] == "doubles"
    env = gym.make("reasonrl/Doubles-v0", level="solution", difficulty=2)
    env.reset(seed=0)
    problem = env.get_wrapper_attr("problem")
    assert env.step(f"Answer: {problem.reference.value}")[1] == 1.0
    for name in ("reasonrl/Doubles-v0", "doubles"):
        assert environment_id(name) == "reasonrl/Doubles-v0"
        assert open_source(name).problem("train", 5, 3) == open_source("doubles").problem("train", 5, 3)
    assert rules_of(problem.view) is get_family("doubles")
    assert not is_dataset("doubles")
    assert all("doubles" not in names for names in DOMAINS.values())
    spec = gym.spec("reasonrl/Doubles-v0")
    assert gym.envs.registration.EnvSpec.from_json(spec.to_json()) == spec


def test_a_class_an_object_and_a_place_register_alike(package: str) -> None:
    assert register_family(Doubles) == "reasonrl/Doubles-v0"
    assert register_family("doubles", Doubles) == "reasonrl/Doubles-v0"  # the same again changes nothing
    register_family("other", f"{package}:Other", version=3, written="TheOther")
    assert environment_ids()["reasonrl/TheOther-v3"] == "other"
    assert package not in sys.modules  # loaded when it is needed
    assert open_source("other").problem("test", 0).view.version == 3
    assert package in sys.modules


def test_a_clash_is_a_sentence_and_changes_nothing(package: str) -> None:
    before = environment_ids()
    with pytest.raises(ValueError, match="'countdown' is the name of a family that comes with reasonrl"):
        register_family("countdown", f"{package}:Doubles")
    for taken in ("math", "gsm8k"):
        with pytest.raises(ValueError, match=f"'{taken}' is already the name of another environment"):
            register_family(taken, f"{package}:Doubles")
    with pytest.raises(ValueError, match="reasonrl/Countdown-v0 is already the id of countdown: take another name, or"):
        register_family("count", f"{package}:Doubles", written="Countdown")
    with pytest.raises(ValueError, match="the family 'twice' calls itself 'doubles': register it by that name"):
        register_family("twice", Doubles)
    with pytest.raises(ValueError, match="is no family, it has no 'verify': see reasonrl"):
        register_family("none", type("None", (), {"name": "none", "sample": None}))
    with pytest.raises(ValueError, match="say which family 'doubles' is"):
        register_family("doubles")
    with pytest.raises(ValueError, match="'countdown' is already the name of another environment"):
        register_dataset("countdown", f"{package}:Doubles")
    assert environment_ids() == before
    register_family("wrong", f"{package}:Doubles")
    with pytest.raises(ValueError, match="the family 'wrong' calls itself 'own_doubles'"):
        open_source("wrong")


def test_replacing_is_meant_and_takes_the_old_id_away() -> None:
    class Newer(Doubles):
        version = 1

    register_family(Doubles)
    with pytest.raises(ValueError, match="'doubles' is the name of another family: take another name, or pass replace"):
        register_family(Newer)
    assert register_family(Newer, replace=True) == "reasonrl/Doubles-v1"
    assert "reasonrl/Doubles-v0" not in environment_ids()
    assert "reasonrl/Doubles-v0" not in gym.registry
    assert isinstance(open_source("doubles").families[0].plain, Newer)  # type: ignore[attr-defined]


def test_a_registered_data_set_goes_wherever_one_does(rows: str, tmp_path: Path) -> None:
    assert register_dataset("questions", Questions, written="QUESTIONS") == "reasonrl/QUESTIONS-v0"
    assert is_dataset("questions")
    env = gym.make("reasonrl/QUESTIONS-v0", level="solution", data=rows)
    env.reset(options={"index": 1})
    assert env.step("Answer: 2")[1] == 1.0
    assert open_source("questions", data=rows).problem("test", 6).view.prompt == "1 and 1?"
    view = View("questions", 0, 0, "test", 0, "?")
    assert rules_of(view).instructions
    assert rules_of(view) is Questions.rules()
    with pytest.raises(ValueError, match="reasonrl/Countdown-v0 makes its own problems and reads no data"):
        open_source("reasonrl/Countdown-v0", data=rows)
    row = next(row for row in catalogue() if row["id"] == "reasonrl/QUESTIONS-v0")
    assert row["domain"] == "data"


def test_own_files_hold_families_and_data_sets(tmp_path: Path, rows: str) -> None:
    (tmp_path / "own.py").write_text(OWN)
    place = f"{tmp_path / 'own.py'}:Doubles"
    assert source_name(place) == place
    assert not is_dataset(place)
    view = open_source(place).problem("train", 1).view
    assert rules_of(view) is get_family(place) is get_family("own_doubles")
    assert "own_doubles" not in FAMILIES
    with pytest.raises(ValueError, match="calls itself 'math', as another environment does: give it another name"):
        open_source(f"{tmp_path / 'own.py'}:Taken")
    (tmp_path / "mine.py").write_text(
        "from reasonrl.envs.core import Content\n"
        "from reasonrl.envs.datasets.rows import Published, texts\n"
        "from reasonrl.verifiers.math import verify_number\n"
        "class Mine(Published):\n"
        "    name, where = 'mine', 'mine.jsonl'\n"
        "    def content(self, row):\n"
        "        question, gold = texts(row, 'question', 'gold')\n"
        "        return Content(question, {}, gold)\n"
        "    def verify(self, problem, answer):\n"
        "        return verify_number(problem.reference.value, answer)\n"
    )
    mine = f"{tmp_path / 'mine.py'}:Mine"
    assert is_dataset(mine)
    source = open_source(mine, data=rows)
    assert rules_of(source.problem("test", 0).view).verify(source.problem("test", 0), "Answer: 1").correct
    assert gym.make(environment_id(mine), level="step", data=rows).reset(seed=0)


def test_an_unknown_problem_is_told_with_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"no family or data set 'nowhere' is known here: there are chain_sum.*gsm8k"):
        rules_of(View("nowhere", 0, 0, "test", 1, "?"))


def test_an_installed_package_registers_through_its_entry_point(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def register() -> None:
        reasonrl.register_family("own_doubles", f"{package}:Doubles")

    entry = importlib.metadata.EntryPoint("own", "somewhere:register", "reasonrl.suites")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry])
    monkeypatch.setattr(importlib.metadata.EntryPoint, "load", lambda self: register)
    load_suites.cache_clear()
    try:
        assert load_suites() == ("own",)
    finally:
        load_suites.cache_clear()
    assert gym.make("reasonrl/OwnDoubles-v0").reset(seed=0)


def test_the_entry_point_is_read_when_the_project_is_imported(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(
        OWN
        + "\ndef register():\n    import reasonrl\n    reasonrl.register_family('other', 'outside:Other', version=3)\n"
    )
    info = tmp_path / "outside-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[reasonrl.suites]\noutside = outside:register\n")
    script = (
        "import gymnasium as gym; env = gym.make('reasonrl:reasonrl/Other-v3'); print(env.reset(seed=0)[1]['steps'])"
    )
    paths = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
    done = subprocess.run([sys.executable, "-c", paths + script], capture_output=True, text=True)
    assert done.stdout.strip() == "0", done.stderr


def test_the_list_shows_what_was_registered_and_says_what_fails(package: str) -> None:
    register_family(Doubles)
    register_family("gone", "nowhere.at_all:Gone")
    rows = {row["id"]: row for row in catalogue()}
    assert rows["reasonrl/Doubles-v0"]["about"] == "Twice a number."
    assert rows["reasonrl/Doubles-v0"]["difficulties"] == "1-3"
    assert rows["reasonrl/Doubles-v0"]["example"].startswith("Twice ")
    assert "cannot be imported" in rows["reasonrl/Gone-v0"]["about"]
    assert list(rows)[-2:] == ["reasonrl/Doubles-v0", "reasonrl/Gone-v0"]


def test_a_mixture_is_by_index_or_drawn_and_knows_levels_and_weights() -> None:
    register_family(Doubles)
    even = Mixture((Share("doubles", (1, 3)), Share("chain_sum")))
    problems = [even.problem("train", index) for index in range(60)]
    assert {p.view.difficulty for p in problems if p.view.family == "doubles"} == {1, 3}
    assert {p.view.difficulty for p in problems if p.view.family == "chain_sum"} == {3}
    assert problems == [even.problem("train", index) for index in range(60)]
    assert {even.problem("train", index, 2).view.difficulty for index in range(9)} == {2}
    heavy = Mixture((Share("doubles", (1,), 9.0), Share("chain_sum", (1,), 1.0)))
    names = [heavy.at(index).name for index in range(400)]
    assert 320 < names.count("doubles") < 395
    rng = random.Random(0)
    drawn = [heavy.draw(rng) for _ in range(200)]
    assert 160 < sum(family.name == "doubles" for family, _ in drawn) < 200
    assert {problem.view.split for _, problem in drawn} == {"train"}
    assert make_mixture({"doubles": 2.0, "chain_sum": 0.0}, {"doubles": 2}).shares == (Share("doubles", (1, 2), 2.0),)
