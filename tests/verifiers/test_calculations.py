"""Calculations in the lines of a solution: what is read, what is left alone, and what a line is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.verifiers.annotations import Calculation
from reasonrl.verifiers.calculations import check_step, find_calculations
from reasonrl.verifiers.core import StepVerdict
from reasonrl.verifiers.steps import judge_steps


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("She has 3 + 4 = 7 apples.", [("3+4", "7", Calculation.RIGHT)]),
        ("She has 3+4=<<3+4=8>>8 apples.", [("3+4", "8", Calculation.WRONG), ("3+4", "8", Calculation.WRONG)]),
        ("80,000+50,000=$130,000", [("80000+50000", "130000", Calculation.RIGHT)]),
        ("<<10%*70=7>>", [("10%*70", "7", Calculation.RIGHT)]),
        ("10/3=3.33 each", [("10/3", "3.33", Calculation.ROUNDED)]),
        ("<<11/18*162=99.00000000000001>>99", [("11/18*162", "99.00000000000001", Calculation.ROUNDED)]),
        ("20% of 50 + 3 = 13", []),
        ("100/5 = 5A/5", []),
        ("5=5", []),
        ("<<a+1=2>>", []),
        ("1+1=3" + " " * 1000, []),
    ],
)
def test_calculations_that_can_be_read_are_judged(line: str, found: list[tuple[str, str, Calculation]]) -> None:
    assert [each[:3] for each in find_calculations(line)] == found


def test_a_chain_of_lines_is_judged_line_by_line() -> None:
    answer = "3+4=7\nso 3 + 4 = 7\n2*7=15\nShe eats some.\n...\n#### 14\nAnswer: many"
    useful, redundant, invalid = StepVerdict.USEFUL, StepVerdict.REDUNDANT, StepVerdict.INVALID
    expected = [useful, redundant, invalid, redundant, StepVerdict.UNPARSABLE, useful, invalid]
    assert judge_steps(answer, check_step) == expected


@given(st.text("<>=0123456789.+-*/()%$, x\n", max_size=80))
def test_any_line_gets_a_verdict(text: str) -> None:
    assert check_step(text.split("\n"), text) in StepVerdict
