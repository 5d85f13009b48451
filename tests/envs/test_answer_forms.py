"""A right answer counts in the forms in which chat models write it, in every family and at every level of text."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.core import END, Problem, Reference, View
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import MDP, Stop
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.answers import extract_answer

FAMILIES = ("chain_sum", "linear_equation", "countdown", "knights_knaves", "sudoku4", "entailment")
FINAL = [
    "Answer: {}",
    "**Answer:** {}",
    "**Answer: {}**",
    "Answer: **{}**",
    "Answer: `{}`",
    "Answer: ${}$",
    "Answer: \\({}\\)",
    "Final Answer: {}",
    "\\boxed{{{}}}",
    "\\[\\boxed{{{}}}\\]",
    "<answer>{}</answer>",
    "Answer: {}.",
]
READ_AT_THE_END = [
    "Answer:\n{}",
    "## Answer\n\n{}",
    "The answer is {}.",
    "Answer:\n\\[\n{}\n\\]",
    "Answer: {}\n\nI hope this helps!",
    "<think>\nAnswer: 3? no\n</think>\nAnswer: {}",
]


def solved(family: str) -> tuple[Problem, str, str]:
    """A problem, the lines of its solution, and its answer."""
    problem = generate(get_family(family), "train", 1)
    steps = get_family(family).demonstrate(problem, random.Random(0), frozenset()).steps
    answer = extract_answer(steps[-1])
    assert answer
    return problem, "\n".join(steps[:-1]), answer


def rules(family: str, level: str) -> MDP:
    vocabulary = get_vocabulary("char")
    return MDP(open_source(family), level=level, vocabulary=vocabulary, max_tokens=2000, max_steps=99)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", FINAL + READ_AT_THE_END)
def test_a_right_answer_in_a_common_form_is_right(family: str, form: str) -> None:
    problem, lines, answer = solved(family)
    text = f"{lines}\n{form.format(answer)}"
    assert get_family(family).verify(problem, text).correct
    solution = rules(family, "solution")
    end = solution.step(solution.initial(problem.view), text, lambda said: get_family(family).verify(problem, said))
    assert end.outcome == 1.0
    by_line = rules(family, "step")
    state, outcome = by_line.initial(problem.view), 0.0
    for line in [*text.split("\n")[:-1], text.split("\n")[-1] + END]:
        if not state.done:
            end = by_line.step(state, line, lambda said: get_family(family).verify(problem, said))
            state, outcome = end.state, end.outcome
    assert outcome == 1.0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", FINAL)
def test_a_marked_line_ends_the_episode_in_every_form(family: str, form: str) -> None:
    problem, _, answer = solved(family)
    by_line = rules(family, "step")
    state = by_line.step(by_line.initial(problem.view), form.format(answer)).state
    assert state.stop is Stop.ANSWER


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("first", ["Answer: 1", "**Answer: 1**", "\\boxed{{1}}", "Answer:\n1"])
def test_a_right_answer_behind_a_wrong_one_is_worth_nothing(family: str, first: str) -> None:
    problem, lines, answer = solved(family)
    verdict = get_family(family).verify(problem, f"{lines}\n{first}\nAnswer: {answer}")
    assert answer == "1" or not verdict.correct


def test_an_answer_line_in_a_thought_ends_nothing_at_any_level() -> None:
    problem, _, answer = solved("chain_sum")
    text = f"<think>\nAnswer: 3? no\n</think>\nAnswer: {answer}\nAnswer: 3"
    for level in ("solution", "step"):
        mdp = rules("chain_sum", level)
        state = mdp.initial(problem.view)
        for action in [text] if level == "solution" else text.split("\n")[:4]:
            assert not state.done
            state = mdp.step(state, action).state
        assert state.stop is Stop.ANSWER
        assert state.steps == ("<think>", "Answer: 3? no", "</think>", f"Answer: {answer}")
    assert get_family("chain_sum").verify(problem, state.answer).correct


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("56", True),
        ("= 56", True),
        ("68-12=56", True),
        ("56.0", True),
        ("x=56", True),
        ("56=56", False),
        ("55=56", False),
        ("68-11=56", False),
        ("23+45-12", False),
        ("56 or 57", False),
        ("not 56", False),
        ("-56", False),
    ],
)
def test_a_sum_may_say_how_it_was_reached_if_that_is_true(answer: str, right: bool) -> None:
    view = View("chain_sum", 0, 0, "train", 3, "Compute 23+45-12.", {"terms": [23, 45, -12]})
    assert get_family("chain_sum").verify(Problem(view, Reference(56)), f"Answer: {answer}").correct is right
