"""Spellings of one answer, and signs that make another one of it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.math import verify_math, verify_number

FIELD = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance" / "field_cases.jsonl"
SAME = [
    ("\\frac12", "{1 \\over 2}"), ("\\frac12", "1\\over 2"), ("\\frac13", "0.3333..."),
    ("\\frac17", "0.142857142857..."), ("\\frac16", "0.1666\\ldots"), ("3", "3 \\pmod 7"), ("3 \\pmod 7", "3"),
    ("3 \\pmod 7", "3 \\pmod{7}"), ("x\\equiv 2 \\pmod 5", "x \\equiv 2 \\ (\\text{mod } 5)"),
    ("\\infty", "\\text{infinity}"), ("-\\infty", "\\text{negative infinity}"), ("1234567.5", "1.234.567,5"),
    ("12345.6", "12'345.6"), ("1234567", "12,34,567"), ("1,2", "x=1 \\lor x=2"),
    ("\\mathbb{R}", "\\text{all real numbers}"),
    ("(-\\infty,2)\\cup(2,\\infty)", "\\text{all real numbers except } 2"), ("\\{1,2\\}", "\\{2,1\\}"),
    ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "[[1,2],[3,4]]"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)^T"),
    ("\\frac{\\pi}{6}+2k\\pi", "\\frac{\\pi}{6}+2n\\pi, n\\in\\mathbb{Z}"), ("x^2+C", "x^2+K"),
    ("f(x)=2x", "f(t)=2t"), ("7", "|AB|=7"), ("7", "a+b=7"), ("7", "P(X=2)=7"), ("\\frac{PQ}{RQ}=7", "7"),
    ("|x|", "\\sqrt{x^2}"), ("(-\\infty,-1)\\cup(2,\\infty)", "(-\\infty,-1) \\text{ and } (2,\\infty)"),
    ("2021-03-04", "2021-03-04"), ("3-2", "3-2"), ("15th", "15"), ("3:4", "3 \\text{ to } 4"),
    ("\\text{no real solutions}", "\\text{No real solution}"), ("\\vec{AB}", "\\overrightarrow{AB}"),
    ("5", "\\large 5"), ("x=42", "x\N{FULLWIDTH EQUALS SIGN}42"),
]  # fmt: skip
SAME += [
    ("1500", "1.5e3"), ("0.5", "\N{VULGAR FRACTION ONE HALF}"), ("10\\binom{5}{2}", "10{5 \\choose 2}"),
    ("\\sin x", "\\text{sin}(x)"), ("h(n)=n, k(n)=2", "(h(n),k(n))=(n,2)"), ("\\emptyset", "\\text{no solution}"),
    ("[0,1)", "\\{x\\in\\mathbb{R}: 0\\le x<1\\}"),
]  # fmt: skip
OTHER = [
    ("3", "10 \\pmod 7"), ("42", "42 \\pmod 5"), ("3 \\pmod 7", "3 \\pmod 8"), ("y", "\\hat{y}"), ("z", "\\bar{z}"),
    ("\\vec{CD}", "\\vec{DC}"), ("2020-10-05", "2005"), ("4-1", "3"), ("(3,4)", "3,4"),
    ("\\{1,2\\}", "\\{\\{1,2\\}\\}"), ("\\{1,2\\}", "\\{\\{1\\},\\{2\\}\\}"), ("\\emptyset", "\\{\\emptyset\\}"),
    ("6", "x+y=6"), ("6", "2a=6"), ("6", "n+1=6"), ("a+b=6", "6"), ("a+b=6", "c+d=6"), ("0.33", "0.333..."),
    ("\\infty", "\\text{negative infinity}"), ("x^2+C", "x^2"), ("x^2+a", "x^2+b"), ("f(x)=2x", "f(x)=2t"),
    ("1.234", "1.235"), ("12", "12^{\\mathrm{th}} grade"), ("(1,2)", "(2,1)^T"), ("15", "42 \\bmod 27"),
    ("\\frac{\\pi}{6}+2k\\pi", "\\frac{\\pi}{6}+n\\pi, n\\in\\mathbb{Z}"), ("|x|", "\\sqrt{x^3}"),
    ("\\mathbb{R}", "\\text{all real numbers except } 2"), ("1,20,000", "1,20"),
]  # fmt: skip


SAME += [
    ("3m+4", "(3-2m)+(5m+1)=3m+4"), ("x^2+5x+6", "(x+2)(x+3)=x^2+3x+2x+6=x^2+5x+6"),
    ("(x+2)(x+3)", "x^2+5x+6=(x+2)(x+3)"),
]  # fmt: skip
OTHER += [
    ("3m+4", "(3-2m)+(5m+1)=3m+5"), ("3m+4", "(3-2m)+(5m+2)=3m+4"), ("3m+4", "3m+4=(3-2m)+(5m+1)"),
    ("3m+4", "3m+4=3m+4"), ("x", "x+y=x"), ("x^2", "x^2=4"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_another_spelling_is_accepted(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize(("gold", "answer"), OTHER)
def test_another_answer_that_looks_alike_is_refused(gold: str, answer: str) -> None:
    assert not verify_math(gold, f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize(
    "text", ["[" + "[1]  " * 300, "(" * 900, "0." + "12" * 900 + "...", "\\bar{" * 300, "...".join("1" * 400)]
)
def test_patterns_stay_fast_on_repetitive_text(text: str) -> None:
    assert not verify_math("42", f"\\boxed{{{text}}}").correct


KINDS = (
    "a word", "an English word", "another unit", "units", "currency", "number formats", "mixed numbers", "percentages",
    "own-language units", "residues", "dates and scores", "order of the letters", "name of a bound",
    "infinity in words", "the gold's own spelling", "LaTeX and plain", "sets, lists",
)  # fmt: skip
DISPUTED = {("5", "\\boxed{5 = 5}")}
"""A chain of one number says nothing; the other tables have it as wrong."""


@pytest.mark.skipif(not FIELD.exists(), reason="the conformance data is not here")
def test_cases_from_the_field_are_judged_as_labelled() -> None:
    wrong = []
    for line in FIELD.read_text("utf-8").splitlines():
        row: dict[str, Any] = json.loads(line)
        case = row["input"]
        if row["area"] != "math" or not row["kind"].startswith(KINDS) or (case["gold"], case["pred"]) in DISPUTED:
            continue
        judge = verify_number if case.get("verify") == "number" else verify_math
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if judge(case["gold"], case["pred"]).correct is not row["expected"]:
                wrong.append(case)
    assert not wrong


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("10^{-3}", "10\u207b\u00b3"), ("x^{12}", "x\u00b9\u00b2"), ("x_1", "x\u2081"), ("1/2", "1\u20442"),
        ("\\lambda", "\u03bb"), ("1234567", "1.234.567"), ("1234.5", "1 234,5"), ("10\\text{ cm}^2", "10 cm\u00b2"),
    ],
)  # fmt: skip
def test_raised_digits_letters_and_groups_mean_what_they_show(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").correct
    assert not verify_math("42", f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize("answer", ["4\u00b2", "4\u2082", "42\u00b9", "4\u2070\u00b2", "1.234.56", "12 34,5"])
def test_raised_and_lowered_digits_are_not_read_as_plain_ones(answer: str) -> None:
    assert not verify_math("42", f"\\boxed{{{answer}}}").correct
    assert not verify_math("1234.5", f"\\boxed{{{answer}}}").correct
