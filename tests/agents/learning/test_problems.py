"""What is learned from is not what is measured on; where that cannot be had, the run says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from reasonrl.agents.learning.problems import Part, describe_parts, find_parts
from reasonrl.envs.core import SPLITS, Problem, Reference, Rules, View
from reasonrl.envs.generation import split_of
from reasonrl.envs.registry import open_source


def write_rows(path: Path, count: int) -> Path:
    rows = [{"question": f"What is {n} plus {n}?", "answer": f"#### {2 * n}"} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class Splits:
    """A data set that comes in parts of its own."""

    name, levels, max_prompt_chars, max_choices = "gsm8k", ("token",), 99, 0

    def __init__(self, **sizes: int) -> None:
        self.sizes = sizes

    def size(self, split: str) -> int:
        if split not in self.sizes:
            raise ValueError(f"no {split!r} split")
        return self.sizes[split]

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        return Problem(View(self.name, 0, index, split, 0, f"{split} {index}?"), Reference("1"))

    def rules_of(self, view: View) -> Rules:
        raise NotImplementedError


def prompts(source: Splits, part: Part) -> set[str]:
    assert part.rows is not None
    return {source.problem(part.split, index).view.prompt for index in part.rows}


def test_generated_problems_are_split_by_themselves() -> None:
    source = open_source("reasonrl/ChainSum-v0")
    parts = find_parts(source)
    assert [parts[split] for split in SPLITS] == [Part(split, None, f"{split} problems") for split in SPLITS]
    assert (parts["test"].at(7), parts["test"].first(3)) == (7, [0, 1, 2])
    assert describe_parts(source, parts) == ""


def test_the_rows_of_one_file_go_by_their_content(tmp_path: Path) -> None:
    source = open_source("reasonrl/GSM8K-v0", data=str(write_rows(tmp_path / "train.jsonl", 160)))
    parts = find_parts(source)
    rows: list[Sequence[int]] = [part.rows or () for part in parts.values()]
    assert sorted(index for each in rows for index in each) == list(range(160))
    for split, part in parts.items():
        assert {split_of(source.problem(part.split, index).view.prompt) for index in part.rows or ()} == {split}
    assert parts["test"].called == "held-out test rows"
    assert describe_parts(source, parts) == (
        f"{len(rows[0])} rows to learn from; held out by their content: {len(rows[1])} for validation, {len(rows[2])} "
        "for the test"
    )


def test_too_few_rows_are_all_learned_from_and_the_run_says_so(tmp_path: Path) -> None:
    source = open_source("reasonrl/GSM8K-v0", data=str(write_rows(tmp_path / "few.jsonl", 3)))
    parts = find_parts(source)
    assert all(part.rows == (0, 1, 2) for part in parts.values())
    assert "test" not in parts["test"].called
    assert "3 rows are too few to hold any out" in describe_parts(source, parts)


def test_rows_that_leave_no_room_are_left_out(tmp_path: Path) -> None:
    source = open_source("reasonrl/GSM8K-v0", data=str(write_rows(tmp_path / "train.jsonl", 160)))
    parts = find_parts(source, fits=lambda view: len(view.prompt) < len("What is 100 plus 100?"))
    assert sum(len(part.rows or ()) for part in parts.values()) == 100
    assert describe_parts(source, parts).endswith("; 60 are too long for the model and left out")
    with pytest.raises(ValueError, match="no row leaves room for an answer"):
        find_parts(source, fits=lambda view: False)


def test_a_test_split_stays_the_test_and_validation_comes_out_of_training() -> None:
    source = Splits(train=80, test=20)
    parts = find_parts(source)
    assert (parts["test"].split, parts["test"].rows) == ("test", tuple(range(20)))
    train, validation = prompts(source, parts["train"]), prompts(source, parts["validation"])
    assert len(train | validation) == 80
    assert not train & validation
    assert {split_of(prompt) for prompt in validation} == {"validation"}


def test_three_splits_are_taken_as_they_are() -> None:
    parts = find_parts(Splits(train=8, validation=8, test=8))
    assert [(part.split, len(part.rows or ())) for part in parts.values()] == [(split, 8) for split in SPLITS]


def test_a_training_split_alone_is_parted_as_a_file_is() -> None:
    source = Splits(train=80)
    parts = find_parts(source)
    found = [prompts(source, parts[split]) for split in SPLITS]
    assert sum(map(len, found)) == len(set.union(*found)) == 80


def test_a_mistyped_id_is_one_sentence_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"unknown environment .*ChainSumm-v0': did you mean reasonrl/ChainSum-v0"):
        open_source("reasonrl/ChainSumm-v0")


def test_data_for_an_environment_that_reads_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"makes its own problems and reads no data: leave --data rows\.jsonl out"):
        open_source("reasonrl/ChainSum-v0", data="rows.jsonl")
