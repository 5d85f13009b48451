"""A data set of one's own: every container, splits, faults with their place, and all that takes a source by name."""

from __future__ import annotations

import csv
import importlib.util
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from reasonrl.agents.learning.problems import find_parts
from reasonrl.envs.abilities import Ability, abilities
from reasonrl.envs.core import Content, Problem, Source
from reasonrl.envs.datasets.rows import Published, texts
from reasonrl.envs.registry import environment_id, open_source, rules_of
from reasonrl.verifiers.answers import final_answer
from reasonrl.verifiers.core import Status, Verdict, accept, reject


class Capitals(Published):
    """Texts as answers, and something that a solver may see."""

    name = "capitals"
    where = "capitals.csv from anywhere"

    def content(self, row: Mapping[str, Any]) -> Content:
        country, capital = texts(row, "country", "capital")
        if len(country) < 3:
            raise ValueError(f"{country!r} is no country")
        return Content(f"What is the capital of {country}?", {"letters": [len(capital), int(row["more"])]}, [capital])

    def verify(self, problem: Problem, answer: str) -> Verdict:
        found = final_answer(answer)
        right = found in problem.reference.value
        return accept(found or "", method="text") if right else reject(found, method="text", reason="another city")


ROWS = [
    {"country": "Peru", "capital": "Lima", "more": 1},
    {"country": "Mali", "capital": "Bamako", "more": 2},
    {"country": "Fiji", "capital": "Suva", "more": 3},
]
MINE = """
from reasonrl.envs.core import Content
from reasonrl.envs.datasets.rows import Published, texts
from reasonrl.verifiers.answers import up_to_first
from reasonrl.verifiers.math import verify_number

class MySums(Published):
    name = "my_sums_of_rows"
    where = "rows"

    def content(self, row):
        question, gold = texts(row, "question", "answer")
        return Content(question, {}, gold)

    def verify(self, problem, answer):
        return verify_number(problem.reference.value, up_to_first(answer))

class Thief(MySums):
    name = "gsm8k"
"""


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.tsv"])
def test_a_file_of_any_kind_gives_the_same_problems(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "rows.json":
        path.write_text(json.dumps(ROWS))
    elif name == "rows.jsonl":
        path.write_text(lines(ROWS))
    else:
        table(path, ROWS, "," if name.endswith("csv") else "\t")
    source = Capitals.open(str(path))
    assert isinstance(source, Source)
    problem = source.problem("validation", 4)
    assert problem.view.prompt == "What is the capital of Mali?"
    assert (problem.view.split, problem.view.index, problem.id) == ("validation", 1, "capitals-v0/validation/0/1")
    assert problem.view.public == {"letters": (6, 2)}
    assert problem.reference.value == ("Bamako",)
    assert pickle.loads(pickle.dumps(problem)) == problem == Problem.from_json(problem.to_json())
    rules = source.rules_of(problem.view)
    assert rules.verify(problem, "It is on the Niger.\nAnswer: Bamako").correct
    assert rules.verify(problem, "Answer: Lima").status is Status.WRONG


def test_a_folder_has_a_split_for_each_file_that_is_named_after_one(tmp_path: Path) -> None:
    (tmp_path / "train-00000-of-00002.jsonl").write_text(lines(ROWS[:1]))
    (tmp_path / "train-00001-of-00002.jsonl").write_text(lines(ROWS[1:2]))
    table(tmp_path / "dev.csv", ROWS[2:])
    (tmp_path / "notes.jsonl").write_text("no rows")
    source = Capitals.open(str(tmp_path))
    assert (source.size("train"), source.size("validation"), len(source)) == (2, 1, 3)
    assert source.problem("train", 1).reference.value == ("Bamako",)
    with pytest.raises(ValueError, match="capitals has no 'test' split: choose one of validation, train"):
        source.problem("test", 0)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"country": "Chad"}, "line 2: it needs the texts 'country' and 'capital'"),
        ({"country": "X", "capital": "Y", "more": 1}, "line 2: 'X' is no country"),
        ({"country": "Chad", "capital": "N'Djamena"}, "line 2: it has no 'more', it has country, capital"),
        (
            {"country": "Chad", "capital": "N'Djamena", "more": []},
            "line 2: TypeError in capitals.content",
        ),
    ],
)
def test_a_fault_of_a_row_is_told_with_its_place(tmp_path: Path, row: dict[str, Any], says: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines([ROWS[0], row, ROWS[1]]))
    with pytest.raises(ValueError, match=f"rows.jsonl, {says}"):
        Capitals.open(str(path))


def test_files_are_read_once_until_they_change(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines(ROWS))
    assert Capitals.open(str(path)) is Capitals.open(str(path))
    path.write_text(lines(ROWS[:1]))
    assert len(Capitals.open(str(path))) == 1


def test_it_can_do_what_its_class_can_and_says_what_it_cannot(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines(ROWS))
    source = Capitals.open(str(path))
    assert abilities(source) == abilities(Capitals.rules()) == frozenset()
    assert Capitals.rules().check_step(source.problem("test", 0).view, (), "Lima, I think") is None
    assert Capitals.rules().instructions == "Finish with a line 'Answer: ' and the answer."

    class Checked(Capitals):
        def potential(self, view: object, steps: object) -> float:
            return 0.5

    assert abilities(Checked.open(str(path))) == {Ability.POTENTIAL}


def test_one_of_a_file_is_played_and_learned_from_by_its_place(tmp_path: Path) -> None:
    mine, rows = tmp_path / "mine.py", tmp_path / "rows.jsonl"
    mine.write_text(MINE)
    rows.write_text(lines([{"question": f"{n}+1?", "answer": n + 1} for n in range(200)]))
    place = f"{mine}:MySums"
    with pytest.raises(ValueError, match="my_sums_of_rows needs its data: pass --data <file>"):
        open_source(place)
    with pytest.raises(ValueError, match="calls itself 'gsm8k', as a shipped data set does"):
        open_source(f"{mine}:Thief", data=str(rows))
    env = gym.make(environment_id(place), data=str(rows), level="step")
    env.reset(options={"index": 6})
    assert env.step("Answer: 7")[1] == 1.0
    vector = gym.make_vec(environment_id(place), num_envs=3, data=str(rows), level="token")
    vector.reset(seed=1)
    source = open_source(place, data=str(rows))
    problem = source.problem("test", 3)
    assert rules_of(problem.view).verify(problem, "Answer: 4").correct
    parts = find_parts(source)
    prompts = {
        split: {source.problem(part.split, index).view.prompt for index in part.rows or ()}
        for split, part in parts.items()
    }
    assert all(prompts.values())
    assert not prompts["train"] & prompts["validation"]


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_without_pyarrow_a_parquet_file_is_told_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "test.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"Parquet file: to read it, pip install 'reasonrl\[parquet\]'"):
        Capitals.open(str(path))


def test_rows_of_a_parquet_file_are_those_of_its_table(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    parquet.write_table(arrow.Table.from_pylist(ROWS), str(tmp_path / "test-00000-of-00001.parquet"))
    source = Capitals.open(str(tmp_path))
    assert [source.problem("test", index).reference.value for index in range(3)] == [("Lima",), ("Bamako",), ("Suva",)]
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="is a broken Parquet file"):
        Capitals.open(str(broken))
