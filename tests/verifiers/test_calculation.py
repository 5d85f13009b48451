"""The first wrong step of a calculation: found where it is, as people found it in BIG-Bench Mistake."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.verifiers.logic.calculation import first_wrong_step

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "bigbench_mistake" / "multistep_arithmetic.jsonl"


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([], None),
        (["2 + 2 = 4", "so 4 * 3 = 12."], None),
        (["2 + 2 = 4", "4 * 3 = 13"], 1),
        (["A = 2 * 3 = 6.", "B = 4.", "Then A - B = 6 - 4 = 2. So the answer is 2"], None),
        (["A = 2 * 3 = 6.", "B = 4.", "Then A - B = 6 - 5 = 1."], 2),
        (["where A = (1 + 1), and B = (2 + 2)", "Let's calculate A = (1 + 2) = 3."], 1),
        (["A = 3 - -7 * 4 = 3 - 28 = -25"], 0),
        (["the cat sat on the mat = 5 or so", "x = y", "= = =", "5 = "], None),
        (["A = Z + 1"], None),
        (["1/0 = 5"], None),
        (["1 = 2 " * 1000], None),  # too long to be looked at
    ],
)
def test_the_first_step_whose_equality_does_not_hold(steps: list[str], wrong: int | None) -> None:
    assert first_wrong_step(steps) == wrong


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published BIG-Bench Mistake is not here")
def test_published_mistakes_are_found_where_people_found_them() -> None:
    rows = [json.loads(line) for line in PUBLISHED.read_text().splitlines()]
    wrong = [row for row in rows if row["mistake_index"] is not None]
    right = [row for row in rows if row["mistake_index"] is None]
    assert len(wrong) > 200
    assert sum(first_wrong_step(row["steps"]) == row["mistake_index"] for row in wrong) >= 0.98 * len(wrong)
    # of 62 traces labelled as without mistake 15 have one: -6+5-72 given as -67, and the like
    assert sum(first_wrong_step(row["steps"]) is None for row in right) >= 0.75 * len(right)


@given(st.lists(st.text(alphabet="AB0123456789+-*/()=. ,\ud800x", max_size=60), max_size=4))
def test_any_steps_are_judged(steps: list[str]) -> None:
    found = first_wrong_step(steps)
    assert found is None or 0 <= found < len(steps)


def test_hostile_steps_are_judged_at_once() -> None:
    start = time.perf_counter()
    for text in ("(" * 2000, "A" * 1_000_000, "9=" * 1000, "- " * 1000 + "=", "1+" * 999, "A=(B" * 400):
        first_wrong_step([text] * 20)
    assert time.perf_counter() - start < 5
