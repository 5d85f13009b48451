"""Countdown: exact potentials, answers judged by substitution, steps judged by what is left."""

from __future__ import annotations

import csv
import functools
import itertools
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Frozen, View
from reasonrl.envs.families.math.countdown import Countdown
from reasonrl.envs.families.math.operations import reaches
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict

GAME24 = Path(__file__).resolve().parents[4] / "shared" / "data" / "game24" / "24.csv"
FAMILY = Countdown()


def puzzle(numbers: list[int], target: int) -> View:
    prompt = f"Use {' '.join(map(str, numbers))} to make {target}."
    return View("countdown", 0, 0, "train", 3, prompt, Frozen({"numbers": numbers, "target": target}))


VIEW = puzzle([2, 3, 5, 7], 24)


@functools.cache
def brute_force(numbers: tuple[Fraction, ...]) -> frozenset[Fraction]:
    """Every value, by joining two numbers at a time in all ways."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for i, j in itertools.permutations(range(len(numbers)), 2):
        rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
        a, b = numbers[i], numbers[j]
        for value in (a + b, a - b, a * b, *([a / b] if b else [])):
            found |= brute_force(tuple(sorted([*rest, value])))
    return frozenset(found)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_potential_agrees_with_brute_force(count: int) -> None:
    rng = random.Random(count)
    outcomes = set()
    for _ in range(12 if count == 4 else 40):
        numbers = sorted(rng.randint(0, 9) for _ in range(count))
        reachable = brute_force(tuple(map(Fraction, numbers)))
        for target in (0, *(rng.randint(1, 100) for _ in range(30))):
            outcome = FAMILY.potential(puzzle(numbers, target), ())
            assert outcome == float(target in reachable), (numbers, target)
            outcomes.add(outcome)
    assert outcomes == {0.0, 1.0}


def test_five_and_six_numbers_agree_with_reaching_through_a_first_step() -> None:
    rng = random.Random(0)
    for _ in range(6):
        numbers = tuple(Fraction(rng.randint(1, 4)) for _ in range(5))
        target = Fraction(rng.randint(100, 400))
        first = any(
            target in brute_force(tuple(sorted([*(n for k, n in enumerate(numbers) if k not in pair), value])))
            for pair in itertools.combinations(range(5), 2)
            for value in brute_force((numbers[pair[0]], numbers[pair[1]]))
        )
        assert reaches(tuple(sorted(numbers)), target) == first
    assert reaches(tuple(map(Fraction, (1, 1, 1, 1, 1, 1))), Fraction(9))
    assert not reaches(tuple(map(Fraction, (1, 1, 1, 1, 1, 1))), Fraction(10))


@pytest.mark.skipif(not GAME24.is_file(), reason="the game of 24 is not here")
def test_every_puzzle_of_the_game_of_24_can_be_solved() -> None:
    with GAME24.open() as file:
        puzzles = [tuple(map(int, row["Puzzles"].split())) for row in csv.DictReader(file)]
    assert len(puzzles) > 1000
    assert all(reaches(tuple(map(Fraction, sorted(numbers))), Fraction(24)) for numbers in puzzles)


def test_the_potential_falls_to_zero_at_a_dead_end_and_starting_again_brings_it_back() -> None:
    view = puzzle([1, 3, 4, 6], 24)
    lost = ("1*3=3 left 3 4 6",)
    assert FAMILY.potential(view, ()) == 1.0
    assert FAMILY.potential(view, ("4-1=3 left 3 3 6", "3*3=9 left 9 6")) == 0.0
    assert FAMILY.potential(puzzle([2, 3], 6), ("2+3=5",)) == 0.0
    assert FAMILY.potential(puzzle([2, 3], 6), ("2+3=5", "Or: 2*3=6")) == 1.0
    assert FAMILY.potential(view, lost) == float(Fraction(24) in brute_force((Fraction(3), Fraction(4), Fraction(6))))


def test_a_wrong_line_changes_nothing() -> None:
    view = puzzle([2, 3], 6)
    for line in ("2+3=6", "2*4=8", "2*2=4", "2*3=6 left 6 3", "hello", "Plan: 2+3=5", "Check: 2+3=5", "2/3=0", "2-3=1"):
        assert FAMILY.legal_steps(view, (line,)) == FAMILY.legal_steps(view, ()), line
        assert FAMILY.check_step(view, (), line) is not StepVerdict.USEFUL, line


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "3*7=21 left 21 2 5", StepVerdict.USEFUL),
        ((), "3 * 7 = 21 (left: 2 5 21)", StepVerdict.USEFUL),
        ((), "3 * 7 = 21 (left: 2 5)", StepVerdict.INVALID),
        ((), "3 * 7 = 21 (left: 2 5 21", StepVerdict.UNPARSABLE),
        ((), "3 * 7 = 21 left: 2 5 21)", StepVerdict.UNPARSABLE),
        ((), "3*7=21 left 2 5 21", StepVerdict.USEFUL),
        ((), "3*7=21", StepVerdict.USEFUL),
        ((), "3 * 7 = 21", StepVerdict.USEFUL),
        ((), "2*3=6 left 6 5 7", StepVerdict.USEFUL),
        ((), "3*7=22 left 22 2 5", StepVerdict.INVALID),
        ((), "3*7=21 left 21 2", StepVerdict.INVALID),
        ((), "3*7=21 left 21 2 5 5", StepVerdict.INVALID),
        ((), "3*8=24", StepVerdict.INVALID),
        ((), "3*3=9", StepVerdict.INVALID),
        ((), "7/2=3", StepVerdict.INVALID),
        ((), "3 times 7", StepVerdict.UNPARSABLE),
        ((), "Given: 4 numbers", StepVerdict.REDUNDANT),
        ((), "Check: (3*7)+5-2=24", StepVerdict.REDUNDANT),
        ((), "Check: 3*7=22", StepVerdict.INVALID),
        (("3*7=21",), "3*7=21", StepVerdict.REDUNDANT),
        (("3*7=21",), "Or: 3*7=21", StepVerdict.REDUNDANT),
        (("3*7=21",), "Or: 2*5=10 left 10 3 7", StepVerdict.USEFUL),
        (("3*7=21",), "2*5=10 left 10 21", StepVerdict.USEFUL),
        (("3*7=21",), "2*5=10 left 10 3 7", StepVerdict.INVALID),
        (("3*7=22",), "Wait: 3*7=21 left 21 2 5", StepVerdict.USEFUL),
        (("3*7=22",), "3*7=22", StepVerdict.INVALID),
        ((), "Answer: ((3*7)+5)-2", StepVerdict.USEFUL),
        ((), "Answer: 24", StepVerdict.INVALID),
    ],
)
def test_a_step_is_judged_by_its_arithmetic_and_what_is_left(
    steps: tuple[str, ...], step: str, verdict: StepVerdict
) -> None:
    assert FAMILY.check_step(VIEW, steps, step) is verdict


@pytest.mark.parametrize(
    "expression",
    [
        "((3*7)+5)-2",
        "3*7+5-2",
        "5 - 2 + 7*3",
        "3*7-(2-5)",
        "-2+5+3*7",
        "3*7+5-2=24",
        "7(3)+5-2",
        "3\N{MULTIPLICATION SIGN}7+5-2",
    ],
)
def test_any_right_expression_is_accepted(expression: str) -> None:
    problem = VIEW
    assert FAMILY.check_answer(problem, f"Answer: {expression}").correct  # type: ignore[union-attr]


def test_fractions_on_the_way_are_exact() -> None:
    view = puzzle([3, 3, 8, 8], 24)
    assert FAMILY.check_answer(view, "Answer: 8/(3-8/3)").correct is True  # type: ignore[union-attr]
    assert FAMILY.potential(view, ()) == 1.0


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ("3*7+5+2", Status.WRONG),
        ("3*7+3", Status.WRONG),
        ("3*7+5-2*1", Status.WRONG),
        ("27-3", Status.WRONG),
        ("25-3+7-5", Status.WRONG),
        ("3*7+5-2=25", Status.WRONG),
        ("3*7+5-2 or 24", Status.UNPARSABLE),
        ("3*7+5-2=24=24", Status.UNPARSABLE),
        ("3*7+5-2)", Status.UNPARSABLE),
        ("2**3+5+7", Status.UNPARSABLE),
        ("9**9**9**9", Status.UNPARSABLE),
        ("24/(5-5)", Status.UNPARSABLE),
        ("", Status.UNPARSABLE),
    ],
)
def test_wrong_expressions_are_told_from_unreadable_ones(expression: str, status: Status) -> None:
    verdict = FAMILY.check_answer(VIEW, f"Answer: {expression}")
    assert verdict is not None
    assert verdict.status is status


@given(st.text(alphabet="0123456789+-*/() =.x", max_size=40), st.text(max_size=40))
def test_garbage_is_never_accepted_unless_it_is_a_right_expression(symbols: str, anything: str) -> None:
    for text in (symbols, anything):
        verdict = FAMILY.check_answer(VIEW, f"Answer: {text}")
        assert verdict is not None
        if verdict.correct:
            assert sorted(filter(str.isdigit, text.split("=")[0])) == ["2", "3", "5", "7"]


def test_verify_equals_the_check_without_the_reference() -> None:
    for index in range(20):
        problem = generate(FAMILY, "test", index, 4)
        for answer in ("Answer: 1", FAMILY.demonstrate(problem, random.Random(0), frozenset()).text):
            assert FAMILY.verify(problem, answer) == FAMILY.check_answer(problem.view, answer)


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_every_line_of_every_menu_is_a_useful_step(difficulty: int) -> None:
    problem = generate(FAMILY, "train", 5, difficulty)
    steps: tuple[str, ...] = ()
    rng = random.Random(difficulty)
    while len(menu := FAMILY.legal_steps(problem.view, steps)) > 1:
        assert len(menu) <= FAMILY.max_choices
        # an operation such as 4-2=2, 2 gone, leaves what another one leaves: useful each, from here
        assert {FAMILY.check_step(problem.view, steps, line) for line in menu} == {StepVerdict.USEFUL}
        steps = (*steps, rng.choice(menu))
    assert menu[0].startswith("Answer: ")
    assert FAMILY.verify(problem, menu[0]).status in (Status.CORRECT, Status.WRONG)


def test_a_menu_ends_correct_exactly_when_the_potential_is_still_one() -> None:
    problem = generate(FAMILY, "train", 2, 3)
    ends = set()
    for first in FAMILY.legal_steps(problem.view, ()):
        for second in FAMILY.legal_steps(problem.view, (first,)):
            (answer,) = FAMILY.legal_steps(problem.view, (first, second))
            correct = FAMILY.verify(problem, answer).correct
            assert FAMILY.potential(problem.view, (first, second)) == float(correct)
            ends.add(correct)
    assert ends == {True, False}


def test_numbers_rise_in_the_prompt_so_that_splits_share_no_puzzle_in_another_order() -> None:
    for level in FAMILY.difficulties:
        numbers = generate(FAMILY, "train", 0, level).view.public["numbers"]
        assert list(numbers) == sorted(numbers)


def test_demonstrations_are_short_and_their_detours_lose_the_target() -> None:
    lost = 0
    for index in range(30):
        problem = generate(FAMILY, "train", index, 3)
        assert len(FAMILY.demonstrate(problem, random.Random(0), frozenset()).text) < 60
        trace = FAMILY.demonstrate(problem, random.Random(0), frozenset({Behaviour.ALTERNATIVE}))
        assert len(trace.text) < 100
        assert trace.behaviours[1] is Behaviour.ALTERNATIVE
        lost += FAMILY.potential(problem.view, trace.steps[:1]) == 0.0
        assert FAMILY.potential(problem.view, trace.steps[:2]) == 1.0
    assert lost > 15


def test_a_slip_is_invalid_and_its_correction_useful() -> None:
    for index in range(20):
        problem = generate(FAMILY, "train", index, 4)
        steps = FAMILY.demonstrate(
            problem, random.Random(index), frozenset({Behaviour.CORRECTION, Behaviour.ALTERNATIVE})
        ).steps
        at = next(i for i, step in enumerate(steps) if step.startswith("Wait:"))
        assert FAMILY.check_step(problem.view, steps[: at - 1], steps[at - 1]) is StepVerdict.INVALID
        assert FAMILY.check_step(problem.view, steps[:at], steps[at]) is StepVerdict.USEFUL
