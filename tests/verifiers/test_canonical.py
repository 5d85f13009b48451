"""One spelling for answers that a judge takes for the same: what votes count by."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.agents.search.selection import ballot
from reasonrl.envs.core import Problem, Reference, View
from reasonrl.envs.datasets.gsm8k import GSM8K
from reasonrl.envs.families import get_family
from reasonrl.verifiers.canonical import canonical_answer, canonical_program, canonical_roles

CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance" / "field_cases.jsonl"


@pytest.mark.skipif(not CASES.is_file(), reason="the conformance cases are not here")
def test_the_cases_of_votes_hold() -> None:
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    cases = [row for row in rows if row["area"] == "search" and row["kind"].startswith("votes")]
    assert cases
    for row in cases:
        judge = get_family("knights_knaves") if row["input"]["problem"].startswith("knights") else None
        view = View("", 0, 0, "test", 1, "")
        one, other = (ballot(view, row["input"][key], judge) for key in ("a", "b"))
        assert (one == other) is (row["expected"] == "one ballot"), row


@pytest.mark.parametrize(
    "spellings",
    [
        ("1/2", "0.5", r"\frac12", r"$\frac{1}{2}$", r"\(0.50\)", ".5"),
        ("x=5", "5", "x = 5.", "5.0", "**5**", r"\boxed{5}", "5 dollars", "$5"),
        ("1,200", "1200", "1200.00"),
        ("(B)", "B", "b", "B.", r"\text{B}"),
        ("(3 * 7) + 5", "(3*7)+5", r"(3 \times 7) + 5", "(3 \N{MULTIPLICATION SIGN} 7)+5"),
        (r"\dfrac{\pi}{2}", r"\frac{\pi}{2}", r"\frac{ \pi }{ 2 }"),
        ("True", "true", "TRUE."),
        ("(1, 2)", "(1,2)", r"\left(1, 2\right)"),
        ("east  wing", "East wing"),
    ],
)
def test_spellings_of_one_answer_are_one_ballot(spellings: tuple[str, ...]) -> None:
    assert len({canonical_answer(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1/2", "1/3"),
        ("5", "-5"),
        ("25%", "25"),
        ("x=5", "x>5"),
        ("x=5, y=3", "5"),
        ("x=5=6", "5"),
        ("5 or 6", "5"),
        ("5 dozen", "5"),
        ("A", "B"),
        ("(1, 2)", "(2, 1)"),
        ("(1, 2)", "[1, 2]"),
        ("ab", "a b"),
        ("red and blue", "redandblue"),
        ("12", "1 2"),
        ("3^2", "32"),
    ],
)
def test_other_answers_are_other_ballots(one: str, other: str) -> None:
    assert canonical_answer(one) != canonical_answer(other)


@given(st.text(max_size=80))
def test_blanks_around_an_answer_do_not_count(text: str) -> None:
    once = canonical_answer(text)
    assert canonical_answer(f" {text}\n") == once


@given(st.fractions(max_denominator=50), st.sampled_from(["{}", "${}$", "x = {}", "**{}**", r"\({}\)", "{}."]))
def test_a_number_is_itself_in_any_dress(number: object, dress: str) -> None:
    assert canonical_answer(dress.format(number)) == str(number)


def test_roles_are_sorted_and_only_lists_of_roles_are() -> None:
    family = get_family("knights_knaves")
    view = View("knights_knaves", 0, 0, "test", 2, "")
    same = (
        "Answer: D knight, E knave, G knight",
        "Answer: G knight, D knight, E knave",
        "Answer: D is a knight, E is a knave, and G is a knight.",
        "E says so.\nAnswer: D=knight, G=knight, E=knave",
    )
    assert len({ballot(view, text, family) for text in same}) == 1
    assert canonical_roles(same[0]) == "D knight, E knave, G knight"
    for other in (
        "Answer: D knight, E knight, G knight",
        "Answer: D knight, E knave",
        "Answer: not D knight, E knave, G knight",
    ):
        assert ballot(view, other, family) != ballot(view, same[0], family)
    assert canonical_roles("Answer: D knight, D knave") != canonical_roles("Answer: D knave")


def test_a_program_is_the_same_with_and_without_its_fence_and_comments() -> None:
    plain = "def f(x):\n    return x + 1"
    fenced = "Here it is:\n```python\n# adds one\ndef f(x):\n\n    return x + 1  # done\n```\nIt adds one."
    assert canonical_program(plain) == canonical_program(fenced) == plain
    assert canonical_program("def f(x):\n    return x + 2") != plain
    view = View("list_program", 0, 0, "test", 1, "")
    for name in ("list_program", "bug_repair"):
        assert ballot(view, plain, get_family(name)) == ballot(view, fenced, get_family(name))


def test_a_grid_is_the_same_however_its_rows_are_set_apart() -> None:
    view, family = View("sudoku4", 0, 0, "test", 1, ""), get_family("sudoku4")
    one, other = "Answer: 3142/4231/1324/2413", "Answer: 3142 4231 1324 2413"
    assert ballot(view, one, family) == ballot(view, other, family)
    assert ballot(view, one, family) != ballot(view, "Answer: 3142/4231/1324/2431", family)


ASKS = [
    "What percent of the balls are red?",
    "What percentage of 40 is 10?",
    "How many percent of the pupils are girls?",
    "How much, in percent, did it grow?",
    "By what percent did the price rise?",
    "What is the share of girls in %?",
    "Calculate the percentage of girls.",
    "Express the growth as a percent.",
    "What was her percentage profit?",
    "Find the percent increase.",
    "What are the odds that it rains?",
]
ASKS_NOT = [
    "If 20% of them are red, how many are blue?",
    "How many apples are left if 20 percent are eaten?",
    "What is 20 percent of 50?",
    "How much is twenty percent of 50?",
    "The price rose by 25 percent. What is it now?",
    "There are 3 percentages on the board. How many pens are there?",
]


@pytest.mark.parametrize(
    ("question", "asks"), [*((text, True) for text in ASKS), *((text, False) for text in ASKS_NOT)]
)
def test_a_per_cent_sign_may_be_left_out_where_the_question_asks_for_a_percentage(question: str, asks: bool) -> None:
    rules = GSM8K.rules()
    problem = Problem(View("gsm8k", 0, 0, "test", 0, question), Reference("25"))
    assert rules.verify(problem, "Answer: 25").correct
    assert rules.verify(problem, "Answer: 25%").correct is asks
    assert not rules.verify(problem, "Answer: 24%").correct
    assert (ballot(problem.view, "#### 25%", rules) == ballot(problem.view, "Answer: 25", rules)) is asks


def test_hostile_answers_are_spelt_at_once() -> None:
    start = time.process_time()
    for text in (
        "(" * 200_000,
        "1," * 100_000,
        "x=" * 1000,
        " " * 200_000,
        "$" * 1999,
        "A knight " * 220,
        "`" * 1999,
        "\\text{" * 300,
    ):
        canonical_answer(text)
        canonical_roles(f"Answer: {text}")
        canonical_program(text)
    assert time.process_time() - start < 5
