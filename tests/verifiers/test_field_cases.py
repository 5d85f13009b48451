"""Every labelled row of the three tables of field cases that a judge of mathematics or a family decides.

What we do not follow is listed here and argued in docs/math.md and docs/answers.md. A row that newly disagrees is
noticed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reasonrl.envs.core import Problem
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.verifiers import Verdict, verify_math, verify_number

TABLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance"
pytestmark = pytest.mark.skipif(not TABLES.is_dir(), reason="the conformance data is not here")

DISPUTED = {
    ("5", "\\boxed{5 = 5}"),  # says nothing about what is 5
    ("42", "\\fbox{42}"),  # a frame is a box
    ("42", "42"),  # nothing but one short expression is the answer
    ("(x+2)(y+3)", "\\boxed{xy+3x+2y+6}"),  # equal; refused with the question, or with form="gold"
    ("20", "\\boxed{20\\%}"),  # right where the question asks for a percentage
}


def rows(table: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (TABLES / f"{table}.jsonl").read_text("utf-8").splitlines()]


def pairs() -> Iterator[tuple[str, str, str, bool]]:
    """Judge, gold, prediction, label."""
    for row in rows("math_attacks_2"):
        yield "math", row["gold"], row["pred"], row["expected"]
    for row in rows("verifier_cases_2"):
        if row["area"] == "math" and row["expected"] in ("wrong", "correct"):
            yield "math", row["input"]["gold"], row["input"]["pred"], row["expected"] == "correct"
    for row in rows("field_cases"):
        if row["area"] == "math" and "family" not in row["input"]:
            yield row["input"].get("verify", "math"), row["input"]["gold"], row["input"]["pred"], row["expected"]


def test_the_judges_agree_with_the_labels() -> None:
    judges: dict[str, Callable[..., Verdict]] = {"math": verify_math, "number": verify_number}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        cases = list(pairs())
        wrong = {(gold, text) for judge, gold, text, label in cases if judges[judge](gold, text).correct is not label}
    assert len(cases) > 780
    assert wrong <= DISPUTED


@pytest.mark.parametrize(
    ("gold", "text", "options"),
    [
        ("(x+2)(y+3)", "\\boxed{xy+3x+2y+6}", {"form": "gold"}),
        ("(x+2)(y+3)", "\\boxed{xy+3x+2y+6}", {"question": "Factor $xy + 3x + 2y + 6$."}),
        ("12y-28", "\\boxed{17y+2-5y-30}", {"question": "Simplify 17y + 2 - 5y - 30."}),
    ],
)
def test_what_restates_its_question_is_refused_where_the_question_or_the_form_is_known(
    gold: str, text: str, options: dict[str, Any]
) -> None:
    assert not verify_math(gold, text, **options).correct


def problem(family: str, prompt: str) -> Problem:
    """The problem with this prompt."""
    for difficulty in (1, 2, 3):
        found = generate(get_family(family), "train", 3, difficulty)
        if found.view.prompt == prompt:
            return found
    raise LookupError(prompt)


def test_the_families_agree_with_the_labels() -> None:
    cases = [row for row in rows("field_cases") if "family" in row["input"]]
    wrong = [
        row
        for row in cases
        if get_family(row["input"]["family"])
        .verify(problem(row["input"]["family"], row["input"]["prompt"]), row["input"]["answer"])
        .correct
        is not row["expected"]
    ]
    assert len(cases) >= 38
    assert not wrong
