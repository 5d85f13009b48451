"""An answer that repeats what stands in the question is none, and a form that was asked for is asked for."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.verifiers import verify_math
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.math.question import MAX_QUESTION, restates
from reasonrl.verifiers.percentages import asks_for_percent
from reasonrl.verifiers.trl import reward_function

MATH500 = Path(__file__).resolve().parents[3] / "shared" / "data" / "math500" / "first_half.jsonl"
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\$(.+?)\$", re.DOTALL)

REPEATED = [
    ("Simplify (3-2m)+(5m+1).", "3m+4", "(3-2m)+(5m+1)"),
    ("Simplify $(3-2m)+(5m+1)$.", "3m+4", "(5m + 1) + (3 - 2m)"),
    ("Simplify\n\\[(3-2m)+(5m+1).\\]", "3m+4", "1+5m+3-2m"),
    ("Factor $xy+3x+2y+6$.", "(x+2)(y+3)", "6+3x+xy+2y"),
    ("Expand: (x+2)(y+3)", "xy+3x+2y+6", "(y+3)(x+2)"),
    ("Let $f(x)=(x+2)(x+3)$. Expand $f(x)$.", "x^2+5x+6", "f(x)=(x+2)(x+3)"),
    ("Let $f(x)=(x+2)(x+3)$. Expand $f(x)$.", "x^2+5x+6", "(x+3)(x+2)"),
    ("Write $0.5$ as a fraction.", r"\frac12", "0.5"),
    ("Write 25% as a decimal.", "0.25", r"25\%"),
    ("Write $2x-y+3=0$ in slope-intercept form.", "y=2x+3", "2x-y+3=0"),
    ("Write $2x-y+3=0$ in slope-intercept form.", "y=2x+3", "0 = 2x-y+3"),
    ("Simplify $\\frac{x^2-1}{x-1}$.", "x+1", "(x^2-1)/(x-1)"),
    ("Solve $|x| < 3$.", "(-3,3)", "|x|<3"),
    ("Compute $2^{10}$.", "1024", "2^{10}"),
    ("Rationalize $\\frac{1}{\\sqrt{2}-1}$.", "\\sqrt2+1", "\\frac{1}{\\sqrt2-1}"),
]
"""Question, gold, and a prediction of the same value that stands in the question."""

ANSWERED = [
    ("Simplify (3-2m)+(5m+1).", "3m+4", "4+3m"),
    ("Factor $xy+3x+2y+6$.", "(x+2)(y+3)", "(y+3)(x+2)"),
    ("Write $0.5$ as a fraction.", r"\frac12", "1/2"),
    ("Which is larger at 3, $x^2$ or $2x$?", "x^2", "x^2"),
    ("Are there 41 or 42 of them?", "42", "42"),
    ("He has 12 apples and eats none. How many are left?", "12", "12 apples"),
    ("A train goes at $2.50$ dollars a ride. What is the price?", "2.5", r"\$2.50"),
    ("Is $y=2x+3$ or $y=2x$ through $(0,3)$?", "y=2x+3", "y = 3+2x"),
    ("What is $2+3$?", "5", "5"),
    ("Compute $2^{10}$.", "2^{10}", "2^{10}"),
]


@pytest.mark.parametrize(("question", "gold", "prediction"), REPEATED)
def test_what_stands_in_the_question_is_no_answer(question: str, gold: str, prediction: str) -> None:
    assert verify_math(gold, rf"\boxed{{{prediction}}}", evaluated=False).correct  # equal, so nothing else refuses it
    verdict = verify_math(gold, rf"\boxed{{{prediction}}}", question=question, evaluated=False)
    assert (verdict.status, verdict.score, verdict.method) == (Status.WRONG, 0.0, "question")


@pytest.mark.parametrize(("question", "gold", "prediction"), ANSWERED)
def test_an_answer_counts_where_it_is_another_or_the_gold_stands_in_the_question(
    question: str, gold: str, prediction: str
) -> None:
    assert verify_math(gold, rf"\boxed{{{prediction}}}", question=question).correct


@given(st.permutations(["x^2", "3x", "-5", "2y"]), st.booleans())
def test_order_and_spacing_make_no_other_answer(terms: list[str], spaced: bool) -> None:
    blank = " " if spaced else ""
    text = blank.join(
        term if term.startswith("-") or not place else f"+{blank}{term}" for place, term in enumerate(terms)
    )
    assert restates("Rewrite $x^2+3x+2y-5$.", text, "x(x+3)+2y-5")
    assert not restates("Rewrite $x^2+3x+2y-5$.", text, "2y-5+3x+x^2")


@pytest.mark.skipif(not MATH500.is_file(), reason="the data is not here")
def test_no_question_of_math500_is_won_with_its_own_formulas() -> None:
    for line in MATH500.read_text("utf-8").splitlines():
        row = json.loads(line)
        question, gold = row["problem"], row["answer"]
        assert verify_math(gold, row["solution"], question=question).correct
        formulas = [next(each for each in match if each) for match in _FORMULA.findall(question)]
        for formula in (*formulas, *(side for each in formulas for side in re.split(r"=|\\\\|&|<|>|\\le|\\ge", each))):
            if verify_math(gold, rf"\boxed{{{formula}}}", question=question).correct:
                assert re.sub(r"\W", "", gold) in re.sub(r"\W", "", question)  # the gold stands there


@pytest.mark.parametrize("family", ["chain_sum", "linear_equation"])
def test_a_generated_problem_is_not_answered_by_its_own_prompt(family: str) -> None:
    rules = get_family(family)
    for index in range(20):
        problem = generate(rules, "train", index, 2)
        shown = problem.view.prompt.split(" ", 1)[1].rstrip(".")
        assert not rules.verify(problem, f"Answer: {shown}").correct
        assert not rules.verify(problem, rf"\boxed{{{shown}}}").correct


@pytest.mark.parametrize(
    ("gold", "prediction", "form", "right"),
    [
        ("12y-28", "17y+2-5y-30", "gold", False),
        ("12y-28", "-28+12y", "gold", True),
        ("(x+2)(y+3)", r"\boxed{xy+3x+2y+6}", "gold", False),
        ("(x+2)(y+3)", "(3+y)(2+x)", "gold", True),
        ("(x+2)^2(x-1)", "(x+2)(x+2)(x-1)", "factored", True),
        ("(x+2)^2(x-1)", "(x^2+4x+4)(x-1)", "factored", False),
        ("7x(8x^2+3)", "7(8x^3+3x)", "gold", False),
        ("x^2-4", "(x-2)(x+2)", "expanded", False),
        ("x^2+5x+6", "x(x+5)+6", "expanded", False),
        ("x^2+2", "x^2+1+1", "expanded", False),
        ("x^3-3x+4", "4+x^3-3x", "expanded", True),
        ("x^2+2", r"x^2+\sqrt4", "any", True),
        ("3/4", "0.75", "number", True),
        ("1024", "2^{10}", "number", False),
        ("1024", "2^{10}", "gold", False),
        (r"2\sqrt2", r"\sqrt8", "gold", True),
        (r"2\sqrt2", r"\sqrt8", "number", False),
        ("300000000", r"3 \times 10^8", "number", True),
    ],
)
def test_an_equal_answer_must_have_the_form_that_is_asked_for(
    gold: str, prediction: str, form: str, right: bool
) -> None:
    boxed = prediction if "boxed" in prediction else rf"\boxed{{{prediction}}}"
    assert verify_math(gold, boxed, form=form).correct is right


def test_a_form_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="form must be one of any, gold, expanded, factored, number"):
        verify_math("1", "1", form="simple")


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("What percentage of them is red?", True),
        ("What percent is that?", True),
        ("Express the ratio as a percent.", True),
        ("Find the percent increase.", True),
        ("What is $20\\%$ of 50?", False),
        ("If 20 percent are eaten, how many are left?", False),
        ("What is the probability of rain?", False),
    ],
)
def test_a_question_that_asks_for_a_percentage_takes_it_with_its_sign(question: str, asks: bool) -> None:
    assert asks_for_percent(question) is asks
    assert verify_math("25", r"\boxed{25\%}", question=question).correct is asks


def test_the_reward_for_trl_knows_the_question() -> None:
    rows = {"gold": ["m^2+4m+3"] * 2, "completions": [r"\boxed{(m+1)(m+3)}", r"\boxed{3+4m+m^2}"]}
    prompts = ["Expand (m+1)(m+3)."] * 2
    chats = [[{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}] for prompt in prompts]
    assert reward_function(verify_math)(prompts=prompts, **rows) == [1.0, 1.0]
    assert reward_function(verify_math, question="prompts")(prompts=prompts, **rows) == [0.0, 1.0]
    assert reward_function(verify_math, question="prompts")(prompts=chats, **rows) == [0.0, 1.0]
    assert reward_function(verify_math, question="task")(prompts=prompts, task=prompts, **rows) == [0.0, 1.0]
    with pytest.raises(ValueError, match="no column 'task'"):
        reward_function(verify_math, question="task")(prompts=prompts, **rows)


@pytest.mark.parametrize(
    "text", ["$" * 20_000, "(" * 20_000, "$x$ " * 10_000, "1+" * 20_000, "\\[" * 9_000, "a " * 30_000]
)
def test_a_hostile_question_is_read_at_once(text: str) -> None:
    assert len(text) >= MAX_QUESTION - 2_000
    start = time.process_time()
    restates(text, "x+1", "1+x+0")
    assert time.process_time() - start < 1.0
