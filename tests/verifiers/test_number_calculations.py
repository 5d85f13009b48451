"""A calculation that holds states its last number; one that does not, or says nothing, states none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from reasonrl.verifiers.canonical import canonical_response
from reasonrl.verifiers.math import stated_number, verify_math, verify_number
from reasonrl.verifiers.percentages import asks_for_percent


@pytest.mark.parametrize(
    "answer",
    [
        "Answer: 3+4=7",
        "Answer: $3+4=7$",
        "#### 3 + 4 = 7 apples",
        r"\boxed{3+4=7}",
        r"Answer: \(3+4=7\)",
        "Answer: 3 + 4 = **7**",
        "Answer: 3+4=<<3+4=7>>7",
        "Answer: total = 7",
        "Answer: total = 3 + 4 = 7.",
        "Answer: 8-1=3+4=7",
        r"Answer: 14 \div 2 = 7",
        "Answer: $3 x 2 + 1 = $7",
        "Answer: 1,400/200 = 7",
        "Answer: 10% * 70 = 7",
    ],
)
def test_a_calculation_that_holds_is_its_last_number(answer: str) -> None:
    assert verify_number("7", answer).correct
    assert canonical_response(answer) == "7"


@pytest.mark.parametrize(
    "text",
    ["3+4", "3+4=8", "3+5=7", "7=7", "7=8", "7 = 3+4", "3+4=7=8", "x=3=7", "2x = 7", "twice = 7", "a = b = 7", "=7"],
)
def test_anything_else_with_an_equals_sign_states_no_number(text: str) -> None:
    assert stated_number(text) is None


def test_a_percentage_may_be_worked_out_as_a_fraction() -> None:
    assert stated_number("2/8 = 25%") == Fraction(1, 4)
    assert stated_number("2/8 = 25%", percent_is_unit=True) == 25


def test_a_sum_may_be_asked_for_and_worked_out_in_the_answer() -> None:
    assert verify_math("7", "Answer: 3+4=7", question="What is 3+4?").correct
    assert not verify_math("7", "Answer: 3+4", question="What is 3+4?").correct


@pytest.mark.parametrize(
    "question",
    [
        "Work out the percentage profit.",
        "Figure out the percent discount.",
        "Convert 1/4 to a percentage.",
        "Turn 0.25 into a percent.",
        "2 of 8 are red. The percentage of red balls is what?",
        "How much larger is it, percentage-wise?",
    ],
)
def test_a_percentage_is_asked_for_in_many_ways(question: str) -> None:
    assert asks_for_percent(question)


@pytest.mark.parametrize(
    "question",
    [
        "Find the price if the percentage discount is 20.",
        "It rains in twenty percent of the cases. How many of 50?",
        "A 10% tax is added. Find the total.",
        "The percentage is 20. How many dollars does he pay?",
    ],
)
def test_a_percentage_that_is_given_is_not_asked_for(question: str) -> None:
    assert not asks_for_percent(question)
