"""Linear equations: steps judged by their solution and by whether they are simpler, answers by substitution."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.behaviours import Behaviour, strip_behaviour
from reasonrl.envs.core import Frozen, View
from reasonrl.envs.families.math.equations import parse_equation
from reasonrl.envs.families.math.linear_equation import LinearEquation
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict

FAMILY = LinearEquation()


def problem_of(equation: str) -> View:
    return View("linear_equation", 0, 0, "train", 3, f"Solve {equation}.", Frozen({"equation": equation}))


VIEW = problem_of("5x+3=2x+15")


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "3x+3=15", StepVerdict.USEFUL),
        ((), "5x=2x+12", StepVerdict.USEFUL),
        ((), "3x=12", StepVerdict.USEFUL),
        ((), "12=3x", StepVerdict.USEFUL),
        ((), "3x = 15-3", StepVerdict.USEFUL),
        ((), "x=4", StepVerdict.USEFUL),
        ((), "x=8/2", StepVerdict.USEFUL),
        ((), "x=4.0", StepVerdict.USEFUL),
        ((), "5x+3=2x+15", StepVerdict.REDUNDANT),
        ((), "5x+4=2x+16", StepVerdict.REDUNDANT),
        ((), "10x+6=4x+30", StepVerdict.REDUNDANT),
        ((), "5x+3-2x=15", StepVerdict.REDUNDANT),
        (("3x=12",), "3x+3=15", StepVerdict.REDUNDANT),
        (("3x=12",), "3x=12", StepVerdict.REDUNDANT),
        (("3x=13",), "3x=12", StepVerdict.USEFUL),
        (("3x=13",), "Wait: 3x=12", StepVerdict.USEFUL),
        ((), "3x=13", StepVerdict.INVALID),
        ((), "x=-4", StepVerdict.INVALID),
        ((), "7x+3=15", StepVerdict.INVALID),
        ((), "x=x", StepVerdict.INVALID),
        ((), "15-3=12", StepVerdict.REDUNDANT),
        ((), "15-3=13", StepVerdict.INVALID),
        ((), "Check: 5*4+3=23=2*4+15", StepVerdict.REDUNDANT),
        ((), "Check: 5*4+3=22=2*4+15", StepVerdict.INVALID),
        ((), "Given: x on both sides", StepVerdict.REDUNDANT),
        ((), "subtract 3", StepVerdict.UNPARSABLE),
        ((), "x*x=16", StepVerdict.UNPARSABLE),
        ((), "3x=12=12", StepVerdict.UNPARSABLE),
        ((), "y=4", StepVerdict.UNPARSABLE),
        ((), "Answer: 4", StepVerdict.USEFUL),
        ((), "Answer: 5", StepVerdict.INVALID),
    ],
)
def test_a_step_must_keep_the_solution_and_be_simpler(steps: tuple[str, ...], step: str, verdict: StepVerdict) -> None:
    assert FAMILY.check_step(VIEW, steps, step) is verdict


@pytest.mark.parametrize("answer", ["4", "x=4", "x = 4", "8/2", "4.0", "+4", "12/3."])
def test_every_way_to_write_the_solution_is_accepted(answer: str) -> None:
    verdict = FAMILY.check_answer(VIEW, f"3x=12\nAnswer: {answer}")
    assert verdict is not None
    assert verdict.correct


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("5", Status.WRONG),
        ("-4", Status.WRONG),
        ("4.000000001", Status.WRONG),
        ("y=4", Status.UNPARSABLE),
        ("x", Status.UNPARSABLE),
        ("5x+3=2x+15", Status.UNPARSABLE),
        ("4=4", Status.UNPARSABLE),
        ("4 or 5", Status.UNPARSABLE),
        ("4/0", Status.UNPARSABLE),
        ("12/3+0", Status.UNPARSABLE),
    ],
)
def test_other_answers_are_rejected(answer: str, status: Status) -> None:
    verdict = FAMILY.check_answer(VIEW, f"Answer: {answer}")
    assert verdict is not None
    assert verdict.status is status


@given(st.text(alphabet="0123456789x+-*/()=. ", max_size=30))
def test_no_line_with_another_solution_is_ever_called_useful(line: str) -> None:
    if FAMILY.check_step(VIEW, (), line) is StepVerdict.USEFUL:
        equation = parse_equation(line)
        assert equation is not None
        assert equation.solution == 4


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_every_plain_step_is_useful_and_the_potential_rises_to_its_end(difficulty: int) -> None:
    for index in range(20):
        problem = generate(FAMILY, "train", index, difficulty)
        steps = FAMILY.demonstrate(problem, random.Random(index), frozenset()).steps
        rising = [FAMILY.potential(problem.view, steps[:at]) for at in range(len(steps))]
        assert rising[0] == 0.0
        assert rising == sorted(set(rising))
        for at, step in enumerate(steps):
            assert FAMILY.check_step(problem.view, steps[:at], step) is StepVerdict.USEFUL, (problem.view.prompt, step)


def test_wrong_and_padded_lines_earn_no_potential() -> None:
    for line in ("3x=13", "5x+4=2x+16", "0x+5x+3=2x+15", "hello", "Plan: 3x=12", "15-3=12"):
        assert FAMILY.potential(VIEW, (line,)) == 0.0, line
    assert FAMILY.potential(VIEW, ("3x=12", "5x+3=2x+15")) == FAMILY.potential(VIEW, ("3x=12",)) == 2 / 3


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_a_menu_holds_right_lines_and_slips(difficulty: int) -> None:
    view = generate(FAMILY, "train", 4, difficulty).view
    verdicts = {FAMILY.check_step(view, (), line) for line in FAMILY.legal_steps(view, ())}
    assert verdicts == {StepVerdict.USEFUL, StepVerdict.INVALID}


def test_answers_are_whole_up_to_difficulty_six_and_fractions_above() -> None:
    for level in FAMILY.difficulties:
        for index in range(10):
            solution = Fraction(generate(FAMILY, "train", index, level).reference.value)
            assert (solution.denominator > 1) == (level >= 7)


def test_a_check_puts_the_solution_into_the_equation() -> None:
    for level in FAMILY.difficulties:
        problem = generate(FAMILY, "train", 1, level)
        trace = FAMILY.demonstrate(problem, random.Random(0), frozenset({Behaviour.EVALUATION}))
        at = trace.behaviours.index(Behaviour.EVALUATION)
        assert "x" not in strip_behaviour(trace.steps[at])
        assert FAMILY.check_step(problem.view, trace.steps[:at], trace.steps[at]) is StepVerdict.REDUNDANT
