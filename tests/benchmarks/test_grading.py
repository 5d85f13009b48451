"""What lines and answers are called after the search: no more than was looked at."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from reasonrl.benchmarks.grading import line_verdicts
from reasonrl.benchmarks.tasks import find_problem, make_suite
from reasonrl.envs.core import Frozen, View
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.registry import open_source


def countdown(*lines: str) -> list[str]:
    """Make 10 from 2, 3 and 4 (2*3+4, and no other way through 3-2 or 4-3)."""
    view = View("countdown", 0, 0, "test", 1, "Use 2 3 4 to make 10.", Frozen({"numbers": (2, 3, 4), "target": 10}))
    return [step.verdict for step in line_verdicts(get_family("countdown"), view, lines)]


def test_a_true_line_from_which_nothing_can_follow_is_a_dead_end_and_not_useful() -> None:
    assert countdown("2*3=6 left 4 6", "6+4=10 left 10", "Answer: 2*3+4") == ["useful", "useful", "useful"]
    assert countdown("4-3=1 left 2 1", "2+1=3 left 3") == ["dead_end", "dead_end"]
    assert countdown("4-3=2 left 2 2")[0] in ("invalid", "unparsable")


def test_a_wrong_answer_line_is_invalid_and_never_a_dead_end_or_useful() -> None:
    assert countdown("4-3=1 left 2 1", "Answer: 4-3")[-1] == "invalid"
    assert countdown("Answer: 2*3+4")[-1] == "useful"


def test_an_answer_without_lines_has_no_verdicts() -> None:
    assert countdown() == []


@pytest.fixture
def data(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "Ann has 3 apples and buys 4. How many?", "answer": "3+4=<<3+4=7>>7\\n#### 7"}\n')
    return str(path)


@pytest.mark.parametrize("answer", ["Answer: 7", "Answer: 8", "#### 8", "\\boxed{8}"])
def test_of_a_data_set_no_answer_line_is_called_useful_for_nobody_held_it_against_the_reference(
    data: str, answer: str
) -> None:
    source = open_source("gsm8k", data=data)
    view = source.problem("test", 0).view
    lines = ["She has some apples.", "3+4=7", "3+4=8", answer]
    verdicts = [step.verdict for step in line_verdicts(source.rules_of(view), view, lines)]
    assert verdicts == ["unchecked", "holds", "invalid", "unchecked"]


def test_a_stored_id_leads_back_to_its_problem_and_a_missing_one_to_none(data: str) -> None:
    suite = make_suite("reasonrl/GSM8K-v0", "test", 5, data=data)
    assert find_problem(suite.source, suite.env, suite.problems[0].id) == suite.problems[0]
    assert find_problem(suite.source, suite.env, "gsm8k-v0/test/0/1") is None
    mixed = make_suite("MathReason-v0", "test", 6, difficulty=(1, 3))
    assert all(find_problem(mixed.source, mixed.env, problem.id) == problem for problem in mixed.problems)
    assert find_problem(mixed.source, mixed.env, "sudoku4-v0/test/1/0") is None
    family, split, _, index = mixed.problems[0].id.split("/")
    assert find_problem(mixed.source, mixed.env, f"{family}/{split}/99/{index}") is None


@pytest.mark.parametrize("name", FAMILIES)
def test_no_line_of_a_demonstration_is_called_a_dead_end_or_unchecked(name: str) -> None:
    family = get_family(name)
    for index in range(4):
        problem = generate(family, "test", index)
        lines = family.demonstrate(problem, random.Random(index), frozenset()).steps
        assert {step.verdict for step in line_verdicts(family, problem.view, lines)} <= {"useful", "redundant"}
