"""What every family of programs means by a line, on a family that says no more than it must, and a little more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import END, Content, Problem, View
from reasonrl.envs.generation import generate
from reasonrl.envs.program import UNKNOWN, Lines, Program, Slip
from reasonrl.verifiers.core import Status, StepVerdict


class StraightLine(Program):
    """f(n)=an+b, from two examples."""

    name = "straight_line"

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        a, b = rng.randint(2, 9), rng.randint(1, 9)
        examples: list[list[Any]] = [[[n], a * n + b] for n in (1, 2)]
        prompt = "Write f: " + "; ".join(self.example(*each) for each in examples)
        tests = [[[n], a * n + b] for n in (3, 10)]
        return Content(prompt, {"examples": examples}, {"tests": tests, "program": ["def f(n):", f" return {a}*n+{b}"]})

    def start(self, view: View) -> str:
        return "def f(n):"

    def menu(self, view: View, lines: Lines) -> Sequence[str]:
        return [f" return {a}*n+{b}{END}" for a in range(2, 10) for b in range(1, 10)][:64]


class Erring(StraightLine):
    """Says a mistake, in a block or in the last line."""

    last = False

    def slip(self, problem: Problem, rng: random.Random) -> Slip:
        return Slip(1, " return n", "more") if self.last else Slip(1, " if n>1:", "no branch")


FAMILY = StraightLine()
PROBLEM = generate(FAMILY, "train", 0)
RIGHT = FAMILY.program(PROBLEM)


def test_a_family_says_at_least_what_to_ask_and_what_may_follow() -> None:
    with pytest.raises(TypeError, match="menu"):
        type("Half", (Program,), {"sample": StraightLine.sample})()


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "def f(n):", StepVerdict.USEFUL),
        (("def f(n):", " m=n"), "def f(n):", StepVerdict.REDUNDANT),
        (("def f(n):",), "def f(n):", StepVerdict.INVALID),
        (("def f(n):",), " m=2*n", StepVerdict.USEFUL),
        (("def f(n):",), "  if n:", StepVerdict.USEFUL),
        ((), " m=2*n", StepVerdict.INVALID),
        (("def f(n):",), " m=(2*n", StepVerdict.UNPARSABLE),
        (("def f(n):",), RIGHT[1], StepVerdict.USEFUL),
        (("def f(n):",), " return n", StepVerdict.INVALID),
        (("def f(n):",), "# Plan: multiply", StepVerdict.REDUNDANT),
        (("def f(n):",), "# Or: if n>1:", StepVerdict.REDUNDANT),
        (("def f(n):", " m=n"), "# Wait: m=2*n", StepVerdict.REDUNDANT),
        ((), "# whatever", StepVerdict.REDUNDANT),
        ((), "# a\x00", StepVerdict.UNPARSABLE),
        ((), "#" * 201, StepVerdict.UNPARSABLE),
        ((), "# Check: f(1)=0", StepVerdict.INVALID),
        ((), "# Check: f(12)=0", StepVerdict.REDUNDANT),
        ((), "# Check: so far so good", StepVerdict.REDUNDANT),
    ],
)
def test_a_line_means_what_the_table_says(steps: tuple[str, ...], step: str, verdict: StepVerdict) -> None:
    assert FAMILY.check_step(PROBLEM.view, steps, step) is verdict


def test_a_true_check_is_talk() -> None:
    truth = FAMILY.example(*PROBLEM.view.public["examples"][0])
    assert FAMILY.check_step(PROBLEM.view, (), f"# Check: {truth}") is StepVerdict.REDUNDANT


def test_the_potential_is_unknown_until_the_examples_tell() -> None:
    view = PROBLEM.view
    assert FAMILY.potential(view, ()) == FAMILY.potential(view, ("# Plan: add", "def f(n):", " m=n")) == UNKNOWN
    assert FAMILY.potential(view, RIGHT) == 1.0
    assert FAMILY.potential(view, ("def f(n):", " return n")) == 0.0
    assert FAMILY.potential(view, ("Let me think",)) == 0.0


def test_the_menu_begins_with_the_function() -> None:
    assert FAMILY.legal_steps(PROBLEM.view, ("# Plan: add",)) == ("def f(n):",)
    assert len(FAMILY.legal_steps(PROBLEM.view, ("def f(n):",))) == 64


def test_a_mistake_is_written_with_the_block_that_it_opens_and_taken_back_by_a_new_beginning() -> None:
    trace = Erring().demonstrate(PROBLEM, random.Random(0), frozenset({Behaviour.CORRECTION}))
    assert trace.steps == ("def f(n):", " if n>1:", "  pass", "# Wait: no branch", *RIGHT)


def test_a_mistake_in_the_last_line_is_taken_back_while_it_is_planned() -> None:
    family = Erring()
    family.last = True
    trace = family.demonstrate(PROBLEM, random.Random(0), frozenset({Behaviour.CORRECTION}))
    assert trace.steps == ("# Or: return n", "# Wait: more", *RIGHT)


def test_behaviours_that_a_family_does_not_say_are_left_out() -> None:
    trace = FAMILY.demonstrate(PROBLEM, random.Random(0), frozenset(Behaviour))
    assert [behaviour.name for behaviour in trace.behaviours] == ["ANALYSIS", "COMPLETION", "EVALUATION", "COMPLETION"]
    assert FAMILY.verify(PROBLEM, trace.text).correct


def test_common_impostors_are_rejected_and_cover_every_kind_of_cheating() -> None:
    impostors = list(FAMILY.impostors(PROBLEM, random.Random(0)))
    verdicts = [FAMILY.verify(PROBLEM, each) for each in impostors]
    assert all(verdict.judged and not verdict.correct for verdict in verdicts)
    assert {verdict.status for verdict in verdicts} >= {Status.WRONG, Status.NO_ANSWER, Status.TIMEOUT}
    everything = "\n".join(impostors)
    for trick in ("__eq__", "exit", "while True", "builtins.len", "f=lambda", "open(", "if [n]==[1]", "f_locals"):
        assert trick in everything
    assert max(map(len, impostors)) > 30_000


def test_a_lookup_of_the_examples_passes_them_and_no_more() -> None:
    lookup = next(each for each in FAMILY.impostors(PROBLEM, random.Random(0)) if "return None" in each)
    checked = FAMILY.check_answer(PROBLEM.view, lookup)
    assert checked is not None
    assert checked.correct
    assert not FAMILY.verify(PROBLEM, lookup).correct
