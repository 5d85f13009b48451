"""A constant must be evaluated, and a chain states one value."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.math import verify_math
from reasonrl.verifiers.math.modular import differ_modulo
from reasonrl.verifiers.math.parser import parse

CLOSED = r"""
    3+\sqrt 2 ~ \sqrt2+3|2+3i ~ 3i+2|2\sqrt{113} ~ \sqrt{452}|\sqrt2+1 ~ \frac1{\sqrt2-1}|e^2-1 ~ -1+e^2
    \frac{\pi}{3}+\frac{\sqrt3}{4} ~ \frac{4\pi+3\sqrt3}{12}|\ln 2+1 ~ 1+\ln 2
    \frac{1+\sqrt5}{2} ~ \frac12+\frac{\sqrt5}2|2\cos 20^\circ ~ 2\cos(20^\circ)|6+2\sqrt3 ~ 2(3+\sqrt3)
    \frac{\sqrt6}{2} ~ \frac{\sqrt3}{\sqrt2}|-1 ~ i^2|\frac{\sqrt3}{3} ~ \frac{1}{\sqrt3}
    4\sqrt3 ~ \frac{12}{\sqrt3}|3\sqrt[3]{2} ~ \sqrt[3]{54}|9\pi-18 ~ 9(\pi-2)
    \frac{\sqrt6+\sqrt2}{4} ~ \frac{\sqrt2(\sqrt3+1)}{4}|12\pi ~ 12 \times \pi
    2e^{i\pi/3} ~ 2 e^{\frac{i\pi}{3}}|120 ~ 5!|1024 ~ 2^{10}|42 ~ \sqrt{1764}|6\cdot3^4 ~ 2\cdot3^5
    10\binom{5}{2} ~ 100
"""
LEFT = r"""
    7\pi ~ 3\pi+4\pi|7\pi ~ 10\pi - 3\pi|5i ~ 2i+3i|3+4i ~ (2+i)^2|1+i ~ \frac{2}{1-i}|2 ~ (\sqrt3-1)(\sqrt3+1)
    \sqrt6 ~ \sqrt2\cdot\sqrt3|3\sqrt2 ~ \sqrt2+\sqrt8|\pi^2 ~ \pi\cdot\pi|3+2\sqrt2 ~ (1+\sqrt2)^2
    2 ~ \sqrt{2}^2|\frac{\pi}{6} ~ \arcsin\frac12|\frac{\sqrt3}{2} ~ \sin 60^\circ|\sqrt2 ~ |1+i|
    3 ~ \frac{3\pi}{\pi}|e^3 ~ e\cdot e^2|2 ~ \frac{\sqrt{8}}{\sqrt2}|1 ~ \sin^2 1+\cos^2 1|-1 ~ e^{i\pi}
    2 ~ \log_3 9|5+i ~ (1+i)+4|4+7i ~ (2+3i)2+i|\ln 8 ~ \ln 2+\ln 4|1+\sqrt2 ~ \sqrt{2+\sqrt{1}+2\sqrt2}
    5\sqrt3 ~ \sqrt{12}+\sqrt{27}|\pi ~ \frac{\pi}{2}+\frac{\pi}{2}|42 ~ \frac{42n}{n}|8 ~ (2\sqrt2)^2
    \frac{\pi}{4} ~ \arctan\frac12+\arctan\frac13|0 ~ \sqrt2-\sqrt2
"""


def pairs(text: str) -> list[tuple[str, str]]:
    lines = text.replace("|1+i|", "\\left\\vert 1+i\\right\\vert ").strip().splitlines()
    found = [piece.split(" ~ ") for line in lines for piece in line.split("|")]
    return [(gold.strip(), answer.strip()) for gold, answer in found]


@pytest.mark.parametrize(("gold", "answer"), pairs(CLOSED))
def test_another_closed_form_is_accepted(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize(("gold", "answer"), pairs(LEFT))
def test_arithmetic_that_is_left_to_do_is_no_answer(gold: str, answer: str) -> None:
    verdict = verify_math(gold, f"\\boxed{{{answer}}}")
    assert not verdict.correct
    assert verdict.reason == "it is not evaluated"


@pytest.mark.parametrize(
    ("gold", "answer"), [("7\\pi", "3\\pi+4\\pi"), ("3+4i", "(2+i)^2"), ("\\frac{\\pi}{6}", "\\arcsin\\frac12")]
)
def test_the_rule_can_be_lifted(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}", evaluated=False).correct
    assert verify_math(answer, f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize("chain", ["x=5+6=11", "x=11", "x = \\frac{22}{2} = 11", "11 \\approx 11.0", "5+6 = 11"])
def test_a_chain_that_holds_states_its_last_member(chain: str) -> None:
    assert verify_math("11", f"\\boxed{{{chain}}}").correct


@pytest.mark.parametrize("chain", ["x=10=11", "N=1=2=11", "10=11", "11=11", "x=\\frac12=11", "x=3+7=10=11", "5+7=11"])
def test_a_chain_of_two_values_states_none(chain: str) -> None:
    assert not verify_math("11", f"\\boxed{{{chain}}}").correct


@pytest.mark.parametrize(
    ("gold", "answer"),
    [("(4-x)^2", "(4-x)^{99999}"), ("x^{100}+1", "(x+1)^{100}"), ("(a+b)^{500}", "(a-b)^{500}"), ("x^9", "x^{10^9}")],
)
def test_values_at_a_point_settle_high_powers_at_once(gold: str, answer: str) -> None:
    start = time.perf_counter()
    verdict = verify_math(gold, f"\\boxed{{{answer}}}")
    assert time.perf_counter() - start < 0.5
    assert verdict.status is Status.WRONG


@pytest.mark.parametrize(
    ("left", "right"), [("x^2-1", "(x-1)(x+1)"), ("\\frac{x}{2}+\\frac{x}{3}", "\\frac{5x}{6}"), ("x^{-2}", "1/x^2")]
)
def test_equal_expressions_never_differ_at_a_point(left: str, right: str) -> None:
    a, b, c = parse(left), parse(right), parse("x+7")
    assert a is not None
    assert b is not None
    assert c is not None
    assert not differ_modulo(a, b)
    assert differ_modulo(a, c)


def test_what_is_neither_proved_nor_refuted_is_undecided_and_not_another_value() -> None:
    angles = verify_math("\\frac{\\pi}{4}", "\\boxed{\\arctan\\frac12+\\arctan\\frac13}", evaluated=False)
    assert angles.reason != "another value"
    assert angles.correct or angles.status is Status.TIMEOUT


def test_more_threads_than_processes_wait_for_their_turn() -> None:
    cases = [(f"\\sqrt{{{i + 3}+2\\sqrt{{{i + 2}}}}}", f"1+\\sqrt{{{i + 2}}}") for i in range(40)]
    with ThreadPoolExecutor(16) as threads:
        verdicts = list(
            threads.map(
                lambda case: verify_math(case[0], case[1], extract=False, deadline=20.0, evaluated=False), cases
            )
        )
    assert all(verdict.correct for verdict in verdicts)


UNCOLLECTED = r"""
    12y-28 ~ 17y+2-5y-30|6x ~ 2\cdot3x|6x ~ 3x+3x|x+5 ~ x+2+3|3x+2y ~ x+2x+2y|x^2+2x+1 ~ x^2+x+x+1|3m+4 ~ (5m+1)+(3-2m)
    x-1 ~ 1-(2-x)|6x ~ 2x \cdot 3|x^5 ~ x^{2+3}|2\sin x ~ \sin x+\sin x|y=2x+3 ~ y=2x+1+2|f(x)=2x ~ f(x)=x+x
    \frac{5x}{6} ~ \frac{x}{2}+\frac{x}{3}|\frac{3}{x} ~ \frac1x+\frac2x|2xy ~ xy+yx|24n ~ 4\cdot3\cdot2\cdot n
    x+5 ~ x+5+0|6x,2 ~ 2\cdot3x,2|\frac{6x}{5} ~ \frac{2\cdot3x}{5}
"""
COLLECTED = r"""
    xy+3x+2y+6 ~ (x+2)(y+3)|(x+2)(y+3) ~ xy+3x+2y+6|x^2+2x+4 ~ (x+1)^2+3|x^2+2x+1 ~ x(x+2)+1|2x+5 ~ 2(x+1)+3
    17y+2-5y-30 ~ 12y-28|17y+2-5y-30 ~ 2-30+17y-5y|6x ~ x \cdot 6|2^{n+1} ~ 2\cdot 2^n|\frac{x}{2}+1 ~ \frac{x+2}{2}
    x^2+C ~ C+x^2|1-\frac1{n+1} ~ \frac{n}{n+1}|x^2-4 ~ (x-2)(x+2)|\sin^2x+\cos x ~ \cos x+\sin^2 x|y=2x+3 ~ y-1=2(x+1)
    3000x ~ 3 \cdot 10^3 x|x^3 ~ x\cdot x^2|x-3 ~ -(3-x)|2x+3y=6 ~ 2x+3y-6=0
    (x-1)^2+(y-2)^2=9 ~ x^2-2x+1+y^2-4y+4=9
"""


@pytest.mark.parametrize(("gold", "answer"), pairs(UNCOLLECTED))
def test_like_terms_and_numbers_are_put_together_beside_unknowns_too(gold: str, answer: str) -> None:
    assert not verify_math(gold, f"\\boxed{{{answer}}}").correct
    assert verify_math(gold, f"\\boxed{{{answer}}}", evaluated=False).correct


@pytest.mark.parametrize(("gold", "answer"), pairs(COLLECTED))
def test_an_expression_may_be_factored_or_expanded_as_it_likes(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").correct
