"""What counts as the same number, and what never does."""

from __future__ import annotations

import json
import math
import operator
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.verifiers.arithmetic import Linear, evaluate, parse
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.math import boxed, final_answer, parse_number, verify_number

CONFORMANCE = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", "42"),
        ("-5", "-5"),
        ("+7", "7"),
        ("007", "7"),
        ("1,234,567", "1234567"),
        ("1 000", "1000"),
        ("1,000.0", "1000"),
        (".4", "2/5"),
        ("18.", "18"),
        ("3/4", "3/4"),
        ("-10 / 4", "-5/2"),
        ("2 1/2 cups", "5/2"),
        ("-2 1/2", "-5/2"),
        ("25%", "1/4"),
        ("25 percent", "1/4"),
        ("$1,200.50", "2401/2"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("\\$10", "10"),
        ("$9$", "9"),
        ("1,000.99€", "100099/100"),
        ("18 dollars per day.", "18"),
        ("5kg", "5"),
        ("12 m", "12"),
        ("x = 7/2", "7/2"),
        ("-\\frac{10}{9}", "-10/9"),
        ("5\\text{ meters}", "5"),
        ("1{,}000", "1000"),
        ("\N{MINUS SIGN}3", "-3"),
    ],
)
def test_a_number_is_read_exactly(text: str, value: str) -> None:
    assert parse_number(text) == Fraction(value)


@pytest.mark.parametrize(
    "text",
    """40+2|41 or 42|{41,42}|41=42|6*7|7-|3 -5|42 - one|--2|-$-5|1/0|1/0/2|1,00|12,34|1000,99|1_000|0x2A|1e3|5x|2ab
    5k|5M|5 M|5 dozen|2 million|3 half|minus 4|not 42|between 4 and 5|42 squared|9^9|9**9|\\sqrt{4}|52_8|(10^9)!
    \\int_0^{42} 1 dx|\u0665|\u216b|\u00bd|nan|inf|.|$|-||__import__('os')|twelve""".replace("\n", "|").split("|"),
)
def test_what_is_not_one_number_is_not_read(text: str) -> None:
    assert parse_number(text.strip()) is None


@pytest.mark.parametrize(
    ("response", "final"),
    [
        ("6*7=42\n#### 42", "42"),
        ("so\nAnswer: 42", "42"),
        ("Answer: 41\nAnswer: 42", None),
        ("#### 41\n#### 42", "42"),
        ("\\boxed{41}\nthen \\boxed{42}", "42"),
        ("Answer: \\boxed{42} #### 7", "42"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{41\nAnswer: 42", "42"),
        ("blah 7 and then 42", None),
        ("That makes 42.", None),
        ("", None),
    ],
)
def test_the_final_answer_is_the_marked_one_and_never_the_last_number(response: str, final: str | None) -> None:
    assert final_answer(response) == final


def test_boxes_on_one_line_that_differ_are_a_hedge() -> None:
    assert verify_number("42", "\\boxed{41} or \\boxed{42}").status is Status.UNPARSABLE
    assert verify_number("42", "\\boxed{42}, that is \\boxed{42}").correct


def test_unclosed_and_deep_boxes_are_handled() -> None:
    assert boxed("\\boxed{a{b}c} \\boxed{d") == ["a{b}c"]
    assert boxed("\\boxed{" * 5000) == []


def test_values_are_compared_as_rationals() -> None:
    assert verify_number("1/2", "Answer: 0.5").correct
    assert verify_number("1,200", "Answer: $1200.00").correct
    assert not verify_number("1/3", "Answer: 0.3333333333").correct
    assert not verify_number("100000000000000000000", "Answer: 100000000000000000001").correct


def test_percent_is_a_hundredth_unless_the_question_asks_for_one() -> None:
    assert not verify_number("42", "Answer: 42%").correct
    assert verify_number("0.42", "Answer: 42%").correct
    assert verify_number("42", "Answer: 42%", percent_is_unit=True).correct
    assert verify_number("42%", "Answer: 42", percent_is_unit=True).correct


def test_each_failure_has_its_own_status() -> None:
    assert verify_number("5", "Answer: 6").status is Status.WRONG
    assert verify_number("5", "five").status is Status.NO_ANSWER
    assert verify_number("5", "Answer: five").status is Status.UNPARSABLE
    bad = verify_number("about five", "Answer: 5")
    assert bad.status is Status.BAD_REFERENCE
    assert math.isnan(bad.score)


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6), st.fractions(max_denominator=50))
def test_two_fractions_match_exactly_when_they_are_equal(a: Fraction, b: Fraction) -> None:
    assert verify_number(str(a), f"Answer: {a}").correct
    assert verify_number(str(a), f"Answer: {b}").correct == (a == b)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["{}", "{:,}", "{}.0", "{} apples", "{}."]))
def test_the_way_an_integer_is_written_does_not_matter(value: int, form: str) -> None:
    assert verify_number(str(value), f"Answer: {form.format(value)}").correct


@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert verify_number("42", text).judged
    assert verify_number(text, "Answer: 42").status in (Status.CORRECT, Status.WRONG, Status.BAD_REFERENCE)
    evaluate(text)


@pytest.mark.parametrize(
    "piece", ["9", "1,", "1 ", "a ", "\\boxed{", "{", "#### ", "Answer: ", "-", " ", "9**", "(", "1/"]
)
def test_long_texts_are_refused_quickly(piece: str) -> None:
    text = piece * 20_000
    start = time.perf_counter()
    assert not verify_number("42", text).correct
    assert not verify_number("42", f"Answer: {text}").correct
    assert evaluate(text) is None
    assert time.perf_counter() - start < 1.0


@pytest.mark.skipif(not CONFORMANCE.is_dir(), reason="the conformance data is not here")
def test_no_adversarial_answer_to_a_plain_number_is_accepted() -> None:
    for line in (CONFORMANCE / "math_adversarial.jsonl").read_text().splitlines():
        case = json.loads(line)
        if not case["expected"]:
            for response in (case["pred"], f"Answer: {case['pred']}"):
                assert not verify_number(case["gold"], response).correct, case


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2+3*4", 14),
        ("(2+3)*4", 20),
        ("7-2-1", 4),
        ("8/2/2", 2),
        ("8/(3-8/3)", 24),
        ("2(3+4)", 14),
        ("-3+5", 2),
        ("3*-2", -6),
        ("1.5*2", 3),
        ("6 \N{DIVISION SIGN} 3 \N{MULTIPLICATION SIGN} 2", 4),
    ],
)
def test_arithmetic_follows_the_usual_order(text: str, value: int) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text", ["", "1/0", "2/(3-3)", "3 5", "2**3", "2//3", "3*--2", "(1", "1)", "()", "x", "1e3", "1,000"]
)
def test_what_has_no_value_is_refused(text: str) -> None:
    assert evaluate(text) is None


def test_an_unknown_may_occur_to_the_first_power_only() -> None:
    assert parse("3(x+2)-x/2", "x") == Linear(Fraction(5, 2), Fraction(6), (Fraction(3), Fraction(2), Fraction(2)))
    for text in ("x*x", "xx", "x(x+1)", "1/x", "y"):
        assert parse(text, "x") is None


_OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_LEAVES = st.integers(0, 99).map(lambda number: (str(number), number))


@st.composite
def sums(draw: st.DrawFn, depth: int = 3) -> tuple[str, int]:
    """An expression in brackets, and its value."""
    if depth == 0 or draw(st.booleans()):
        return draw(_LEAVES)
    (left, a), (right, b) = draw(sums(depth - 1)), draw(sums(depth - 1))
    symbol = draw(st.sampled_from(sorted(_OPERATIONS)))
    return f"({left}{symbol}{right})", _OPERATIONS[symbol](a, b)


@given(sums())
def test_arithmetic_finds_the_value_an_expression_was_built_with(case: tuple[str, int]) -> None:
    text, value = case
    assert evaluate(text) == value


@pytest.mark.parametrize(
    ("response", "final"),
    [
        ("6*7=42\nSo, the answer is 42 eggs.", "42 eggs."),
        ("The answer is: $42", "$42"),
        ("The answer is 41. No, the answer is 42", "42"),
        ("The answer is 42.\nOr so.", None),
        ("The answer is 42\nAnswer: 41", "41"),
    ],
)
def test_an_unmarked_answer_counts_only_as_the_last_line_says_it(response: str, final: str | None) -> None:
    assert final_answer(response) == final


def test_a_hedge_in_a_sentence_is_no_answer() -> None:
    assert not verify_number("42", "The answer is 41 or 42.").correct
    assert not verify_number("42", "The answer is not 42.").correct
