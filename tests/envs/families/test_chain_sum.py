"""Chain sum: partial results left to right."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Frozen, Problem, Reference, View
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict

FAMILY = ChainSum()
VIEW = View("chain_sum", 0, 0, "train", 2, "Compute 23+45-12.", Frozen({"terms": [23, 45, -12]}))
PROBLEM = Problem(VIEW, Reference(56))


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "23+45=68", StepVerdict.USEFUL),
        ((), "23+45=69", StepVerdict.INVALID),
        ((), "45-12=33", StepVerdict.INVALID),
        (("23+45=68",), "68-12=56", StepVerdict.USEFUL),
        (("23+45=68",), "Check: 23+45=68", StepVerdict.REDUNDANT),
        (("23+45=69",), "69-12=57", StepVerdict.INVALID),
        (("23+45=69",), "Wait: 23+45=68", StepVerdict.USEFUL),
        ((), "Plan: 2 steps", StepVerdict.REDUNDANT),
        ((), "add them", StepVerdict.UNPARSABLE),
        ((), "Answer: 56", StepVerdict.INVALID),
        (("23+45=68", "68-12=56"), "Answer: 56", StepVerdict.USEFUL),
    ],
)
def test_a_step_must_be_right_and_next(steps: tuple[str, ...], step: str, verdict: StepVerdict) -> None:
    assert FAMILY.check_step(VIEW, steps, step) is verdict


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Answer: 56", Status.CORRECT),
        ("Answer: +56", Status.CORRECT),
        ("Answer: 57", Status.WRONG),
        ("Answer: 56.0", Status.CORRECT),
        ("Answer: 56.5", Status.WRONG),
        ("Answer: 56=56", Status.UNPARSABLE),
        ("Answer: 55+2=56", Status.UNPARSABLE),
        ("Answer: 55+1=56", Status.CORRECT),
        ("Answer: \u0665\u0666", Status.UNPARSABLE),
        ("56", Status.NO_ANSWER),
    ],
)
def test_the_answer_is_one_number_in_ascii(answer: str, status: Status) -> None:
    assert FAMILY.verify(PROBLEM, answer).status is status


def test_without_the_reference_every_partial_result_must_stand() -> None:
    right, lucky = "23+45=68\n68-12=56\nAnswer: 56", "23+45=68\nAnswer: 56"
    for text, correct in ((right, True), (lucky, False)):
        verdict = FAMILY.check_answer(VIEW, text)
        assert verdict is not None
        assert verdict.correct is correct


def test_the_potential_is_the_share_of_partial_results_that_stand() -> None:
    assert FAMILY.potential(VIEW, ()) == 0.0
    assert FAMILY.potential(VIEW, ("23+45=68", "68-12=57")) == 0.5
    assert FAMILY.potential(VIEW, ("23+45=68", "68-12=56")) == 1.0


def test_a_slip_is_invalid_and_its_correction_useful() -> None:
    for index in range(20):
        problem = generate(FAMILY, "train", index, 5)
        steps = FAMILY.demonstrate(problem, random.Random(index), frozenset({Behaviour.CORRECTION})).steps
        at = next(i for i, step in enumerate(steps) if step.startswith("Wait:"))
        assert FAMILY.check_step(problem.view, steps[: at - 1], steps[at - 1]) is StepVerdict.INVALID
        assert FAMILY.check_step(problem.view, steps[:at], steps[at]) is StepVerdict.USEFUL
