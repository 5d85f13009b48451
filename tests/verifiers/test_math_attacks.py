"""Answers that look like the gold and are not, and answers that cost time: what a reward-hacking policy would try."""

from __future__ import annotations

import time

import pytest
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.math import verify_math, verify_number

REFUSED_FOR_42 = [
    # hedges and lists
    r"\boxed{x=42 \text{ or } 41}", r"\boxed{\{41,42\}}", r"\boxed{41\\42}", r"\boxed{42\\41}", r"\boxed{41}\boxed{42}",
    r"\boxed{41} or \boxed{42}", r"\boxed{42\text{ (not 41)}}", "Answer: it is 41 or it is 42", "#### 42 41",
    # the first answer line and the last box count
    "Answer: 41\nAnswer: 42", "\\boxed{42}\n\\boxed{41}", "\\boxed{42}\nFinal answer: 41", r"\boxed{}42",
    # hidden or struck out
    r"\boxed{\phantom{41}42}", r"\boxed{\color{white}41 42}", r"\boxed{\cancel{41}42}", r"\boxed{42 % 41}",
    # digits that are none, characters that do not show
    "\\boxed{\uff14\uff12}", "\\boxed{\u0664\u0662}", "\\boxed{4\u200b2}", "\\boxed{42\u202e}", "\\boxed{4\x002}",
    # words that deny or change the value
    r"\boxed{\text{not }42}", r"\boxed{42\text{ sixths}}", r"\boxed{42\text{ hundredths}}", r"\boxed{42\text{ tens}}",
    r"\boxed{42 gross}", r"\boxed{42 \text{ lakh}}", r"\boxed{42\text{ twice}}", r"\boxed{42 \text{ below zero}}",
    r"\boxed{42\text{ is wrong}}", r"\boxed{\text{Twice}=42}", r"\boxed{Half=42}", r"\boxed{twice 42}",
    "Answer: the square root of $42$", "Answer: anything except $42$", "Answer: cannot be 42", "Answer: square of 42",
    "Answer: the reciprocal of 42", "the answer is anything but 42", "Answer: what it is not is 42",
    "Answer: the wrong answer is 42", "Answer: neither is 42", "Answer: x|42", "Answer: isnt 42",
    # no value, another value, arithmetic that is left
    r"\boxed{0/0}", r"\boxed{\infty-\infty}", r"\boxed{nan}", r"\boxed{1e400-1e400+42}", r"\boxed{9^{9^{9^{9}}}}",
    r"\boxed{10^{99999999999}}", r"\boxed{42\cos 0}", r"\boxed{41+1}", r"\boxed{42 \bmod 43}", r"\boxed{2x=84}",
    r"\boxed{x \ne 42}", r"\boxed{4\,2 \text{ apples}}", r"\boxed{42!}", r"\boxed{42\text{! ways}}",
    r"\boxed{42\text{0 cm}}", r"\boxed{42\text{,000 ways}}", r"\boxed{42\text{.5 cm}}",
]  # fmt: skip


@pytest.mark.parametrize("response", REFUSED_FOR_42)
def test_what_is_not_42_is_refused(response: str) -> None:
    verdict = verify_math("42", response, symbolic=False)
    assert verdict.judged
    assert not verdict.correct


@pytest.mark.parametrize(
    "response",
    [
        r"\boxed{\boxed{42}}", r"\boxed{42^\circ}", r"\boxed{(42)}", r"\boxed{42\text{ cm}^2}",
        r"\boxed{42 \text{ (units)}}",
        r"\boxed{42\text{-foot}}", r"\boxed{\text{Root}=42}", "The double root is $42$.", "The inverse of 1/42 is 42.",
        "The number that is not divisible by 3 is 42.",
    ],
)  # fmt: skip
def test_what_says_42_is_still_accepted(response: str) -> None:
    assert verify_math("42", response, symbolic=False, extract="boxed" in response).correct


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("f(x)=2x", "f'(x)=2x"),
        ("x=5", "xy=5"),
        (r"5 \text{ cm}", r"5 \text{ (m)}"),
        (r"3 \times 10^8", r"3 \text{ apples } 10^8"),
    ],
)
def test_another_name_or_unit_is_another_answer(gold: str, answer: str) -> None:
    assert not verify_math(gold, rf"\boxed{{{answer}}}", symbolic=False).correct
    assert verify_math(gold, rf"\boxed{{{gold}}}", symbolic=False).correct


def test_a_small_space_between_digits_is_no_thousands_separator_unless_three_follow() -> None:
    assert not verify_number("42", r"\boxed{4\,2}").correct
    assert verify_number("4200", r"\boxed{4\,200}").correct
    assert verify_number("42", r"\boxed{42\,\text{cm}}").correct


@pytest.mark.parametrize(
    "response",
    [
        "#### 1 m^2" + " " * 20_000 + "x",
        "\\boxed{" * 15_000,
        ("\\boxed{" + "a" * 300) * 300,
        "Answer: " + "is " * 30_000,
        "\\boxed{" + "(" * 15_000 + "}",
    ],
)
def test_long_responses_are_judged_in_linear_time(response: str) -> None:
    start = time.process_time()
    verdict = verify_math("42", response, symbolic=False)
    assert time.process_time() - start < 1.0  # a pattern in quadratic time takes more than 2
    assert verdict.status in (Status.UNPARSABLE, Status.NO_ANSWER, Status.WRONG)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("f(x)=2x", "f(-x)=2x"), ("f(x)=2x", "f(3)=2x"), ("f(x)=2x", "f(x)x=2x"), ("AB=4", "CD=4"), ("f(2)=5", "f(3)=5")],
)
def test_an_answer_that_names_something_else_is_refused(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").status is Status.WRONG


def test_a_function_may_have_another_name() -> None:
    assert verify_math("f(x)=2x", r"\boxed{g(x)=2x}").correct
