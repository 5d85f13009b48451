"""First-order logic: the parser's bounds and round trip, and labels that brute force over small domains confirms."""

from __future__ import annotations

import importlib.util
import itertools
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.logic import first_order
from reasonrl.verifiers.logic.first_order import (
    MAX_ARITY,
    MAX_CHARS,
    MAX_DEPTH,
    MAX_HEIGHT,
    MAX_QUANTIFIERS,
    Formula,
    entails_first_order,
    format_first_order,
    parse_first_order,
    verify_first_order,
)

LABELS = ("True", "False", "Uncertain")
SOCRATES = ("all x (Human(x) > Mortal(x))", "Human(socrates)")
CONNECTIVES = ("&", "|", "^", ">", "<->")
LONG = 60.0
"""A deadline that a busy machine does not reach."""


def atoms(scope: Sequence[str]) -> st.SearchStrategy[Formula]:
    return st.builds(lambda p, n: Formula("atom", (), (p, n)), st.sampled_from("PQ"), st.sampled_from([*scope, "a"]))


def formulas(depth: int, scope: tuple[str, ...] = ()) -> st.SearchStrategy[Formula]:
    """Monadic formulas over P, Q and the constant a; a variable stands only in the reach of its quantifier."""
    if depth == 0:
        return atoms(scope)
    inner = formulas(depth - 1, scope)
    variable = f"x{len(scope)}"
    body = formulas(depth - 1, (*scope, variable))
    return st.one_of(
        atoms(scope),
        st.builds(lambda part: Formula("~", (part,)), inner),
        st.builds(lambda op, a, b: Formula(op, (a, b)), st.sampled_from(CONNECTIVES), inner, inner),
        st.builds(lambda op, part: Formula(op, (part,), (variable,)), st.sampled_from(["all", "some"]), body),
    )


Kind = tuple[bool, bool]
"""Whether a thing is P, and whether it is Q."""


def holds(formula: Formula, domain: Sequence[Kind], named: Mapping[str, Kind]) -> bool:
    op, parts, names = formula
    if op == "atom":
        return named[names[1]]["PQ".index(names[0])]
    if op in ("all", "some"):
        found = (holds(parts[0], domain, {**named, names[0]: thing}) for thing in domain)
        return all(found) if op == "all" else any(found)
    values = [holds(part, domain, named) for part in parts]
    match op:
        case "~":
            return not values[0]
        case "&":
            return values[0] and values[1]
        case "|":
            return values[0] or values[1]
        case "^":
            return values[0] != values[1]
        case ">":
            return not values[0] or values[1]
        case _:
            return values[0] == values[1]


def models() -> Iterator[tuple[tuple[Kind, ...], dict[str, Kind]]]:
    """Without equality, monadic formulas cannot tell things of one kind apart: one thing of each kind is enough."""
    kinds: list[Kind] = [(False, False), (False, True), (True, False), (True, True)]
    for size in range(1, 5):
        for domain in itertools.combinations(kinds, size):
            yield from ((domain, {"a": thing}) for thing in domain)


def judge(conclusion: str, answer: str, *premises: str, deadline: float = LONG) -> Verdict:
    return verify_first_order(premises, conclusion, answer, deadline=deadline)


@given(formulas(4))
def test_what_is_printed_parses_back_to_the_same_formula(formula: Formula) -> None:
    text = format_first_order(formula)
    assert len(text) > MAX_CHARS or parse_first_order(text) == formula


@given(st.text(alphabet="all some xP()~&|^>=<-!,∀∃¬∧⊕∨→↔≠_9\n\ud800é", max_size=60))  # noqa: RUF001
def test_any_text_is_a_formula_that_can_be_printed_or_none(text: str) -> None:
    formula = parse_first_order(text)
    assert formula is None or parse_first_order(str(formula)) == formula


@pytest.mark.parametrize(
    ("signs", "plain"),
    [
        ("∀x∃y (Likes(x, y) → ¬Human(y))", "all x some y (Likes(x, y) > ~Human(y))"),
        ("A ∧ B ∨ C ⊕ D ↔ E", "((A & B) | (C ^ D)) <-> E"),  # noqa: RUF001
        ("A -> B -> C", "A > (B > C)"),
        ("A | B | C", "(A | B) | C"),
        ("~A & B", "(~A) & B"),
        ("all x P(x) & A", "(all x P(x)) & A"),
        ("a ≠ b", "~(a = b)"),
        ("~a = b", "~(a = b)"),
        ("A ⟷ B", "A <-> B"),
        ("A ⇔ B", "A <-> B"),
        ("A ⟺ B", "A <-> B"),
        ("∀x (A(x) ⇒ B(x))", "all x (A(x) > B(x))"),
        ("A ⟶ B ⟹ C", "A > B > C"),
        ("Companies\N{RIGHT SINGLE QUOTATION MARK}Stocks(x)", "Companies'Stocks(x)"),
        ("Joe\N{MODIFIER LETTER APOSTROPHE}sCat(x)", "Joe'sCat(x)"),
        ("Cafe\N{COMBINING ACUTE ACCENT}(x)", "Caf\N{LATIN SMALL LETTER E WITH ACUTE}(x)"),
    ],
)
def test_signs_and_binding(signs: str, plain: str) -> None:
    assert parse_first_order(signs) is not None
    assert parse_first_order(signs) == parse_first_order(plain)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Kraków(münchen)", ("Kraków", "münchen")),
        ("Visits(zoë, São_Paulo)", ("Visits", "zoë", "São_Paulo")),
        ("首都(東京)", ("首都", "東京")),
        ("Works(o'neill, Dr.Smith)", ("Works", "o'neill", "Dr.Smith")),
        ("Runs(v1.0, st.louis.mo)", ("Runs", "v1.0", "st.louis.mo")),
        ("Score(3.5)", ("Score", "3.5")),
    ],
)
def test_names_of_any_script_with_apostrophes_and_points_inside(text: str, names: tuple[str, ...]) -> None:
    formula = parse_first_order(text)
    assert formula == Formula("atom", (), names)
    assert parse_first_order(str(formula)) == formula


@pytest.mark.parametrize(
    "text",
    [
        "∀x.P(x)",
        "A.B(c)",
        "P(x.)",
        "P(.x)",
        "P(a..b)",
        "P('a)",
        "P(a')",
        "P(a''b)",
        "P(x\N{SUPERSCRIPT TWO})",
        "P(\N{ARABIC-INDIC DIGIT THREE})",
        "P(\N{SLIGHTLY SMILING FACE})",
        "P(a-b)",
        "P(a b)",
        "P(\N{LEFT SINGLE QUOTATION MARK}a\N{RIGHT SINGLE QUOTATION MARK})",
        "P(x).",
        "A ≡ B",
        "A ⟵ B",
    ],
)
def test_points_and_apostrophes_elsewhere_are_not_read(text: str) -> None:
    assert parse_first_order(text) is None


@pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed")
def test_names_of_any_script_are_judged() -> None:
    premises = (
        "∀x (Companies\N{RIGHT SINGLE QUOTATION MARK}Stocks(x) → Volatile(x))",
        "Companies'Stocks(münchner.rück)",
    )
    assert judge("Volatile(münchner.rück)", "Answer: True", *premises).correct


@pytest.mark.parametrize(
    "text",
    [
        "",
        "()",
        "P(",
        "P()",
        "P(x",
        "P(x,)",
        "P(,x)",
        "P(Q(x))",
        "all",
        "all x",
        "all all P(x)",
        "A B",
        "A &",
        "~",
        "a =",
        "all x P(x) > Q(x)",
        "x = (y)",
        "_A",
        "A # B",
        "P(x))",
        "a = b = c",
        "all (P(x))",
        "A, B",
        "P(all)",
    ],
)
def test_what_is_not_a_formula_is_none(text: str) -> None:
    assert parse_first_order(text) is None


@pytest.mark.parametrize(
    ("build", "bound"),
    [
        (lambda n: "(" * n + "A" + ")" * n, MAX_DEPTH - 1),
        (lambda n: "~" * n + "A", MAX_HEIGHT - 1),
        (lambda n: "A" + "&A" * n, MAX_HEIGHT - 1),
        (lambda n: "A" + ">A" * n, MAX_HEIGHT - 1),
        (lambda n: "".join(f"all x{i} " for i in range(n)) + "A", MAX_QUANTIFIERS),
        (lambda n: f"P({', '.join('a' * n)})", MAX_ARITY),
        (lambda n: "A".ljust(n), MAX_CHARS),
        (lambda n: "A" * n, 64),
    ],
)
def test_bounds_are_exact_and_far_beyond_them_nothing_breaks(build: Any, bound: int) -> None:
    assert parse_first_order(build(bound)) is not None
    assert parse_first_order(build(bound + 1)) is None
    assert parse_first_order(build(bound * 5)) is None


def test_without_z3_the_judge_fails_with_a_sentence_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    verdict = judge("Mortal(socrates)", "True", *SOCRATES)
    assert verdict.status is Status.ERROR
    assert math.isnan(verdict.score)
    assert "pip install 'reasonrl[z3]'" in verdict.reason
    with pytest.raises(ModuleNotFoundError, match="needs z3"):
        entails_first_order(SOCRATES, "Mortal(socrates)")


@pytest.mark.parametrize(
    "answer", ["", "maybe", "True or False", "Answer: True False", "Answer:", "\x00", "T" * 200_000]
)
def test_an_answer_that_is_no_label_is_no_answer(answer: str) -> None:
    assert judge("Mortal(socrates)", answer, *SOCRATES).status is Status.NO_ANSWER


@pytest.mark.parametrize(
    ("premises", "reason"),
    [
        (["A &"], "premise 1"),
        (["P(a)", "P(a, b)"], "1 and 2 arguments"),
        (["A"] * 61, "at most 60"),
        ([f"P{i}(c{i})" for i in range(51)], "more than 100"),
    ],
)
def test_premises_that_cannot_be_read_are_a_bad_reference(premises: list[str], reason: str) -> None:
    verdict = judge("A", "True", *premises)
    assert verdict.status is Status.BAD_REFERENCE
    assert reason in verdict.reason


@pytest.mark.parametrize("deadline", [0.0, -1.0, math.nan, math.inf])
def test_a_deadline_out_of_bounds_is_the_judges_failure(deadline: float) -> None:
    assert judge("A", "True", "A", deadline=deadline).status is Status.ERROR
    with pytest.raises(ValueError, match="deadline must be"):
        entails_first_order(["A"], "A", deadline=deadline)


@pytest.mark.parametrize(
    ("premises", "conclusion", "truth"),
    [
        (SOCRATES, "Mortal(socrates)", "True"),
        (SOCRATES, "¬Mortal(socrates)", "False"),
        (SOCRATES, "Mortal(plato)", "Uncertain"),
        (("some x all y Likes(x, y)",), "all y some x Likes(x, y)", "True"),
        (("all y some x Likes(x, y)",), "some x all y Likes(x, y)", "Uncertain"),
        (("P(a)", "~P(b)"), "a = b", "False"),
        (("a = b", "P(a)"), "P(b)", "True"),
        (("P(a)",), "a = b", "Uncertain"),
        (("all x some x P(x)",), "all x P(x)", "Uncertain"),
        ((), "(A <-> B) <-> ((A & B) | (~A & ~B))", "True"),
        ((), "(A ^ B) <-> ((A & ~B) | (~A & B))", "True"),
        ((), "(A > B) <-> (~A | B)", "True"),
        (("A", "~B"), "A & B", "False"),
    ],
)
def test_exactly_one_label_is_right(premises: tuple[str, ...], conclusion: str, truth: str) -> None:
    pytest.importorskip("z3")
    right = [label for label in LABELS if judge(conclusion, f"Answer: {label}", *premises).correct]
    assert right == [truth]


def test_premises_that_contradict_each_other_are_a_bad_reference() -> None:
    pytest.importorskip("z3")
    for label in LABELS:
        verdict = judge("Mortal(plato)", label, *SOCRATES, "~Mortal(socrates)")
        assert verdict.status is Status.BAD_REFERENCE
        assert math.isnan(verdict.score)


@settings(max_examples=25)
@given(st.lists(formulas(3), max_size=2), formulas(3))
def test_labels_agree_with_every_model_of_monadic_formulas(premises: list[Formula], goal: Formula) -> None:
    pytest.importorskip("z3")
    seen = {holds(goal, *model) for model in models() if all(holds(premise, *model) for premise in premises)}
    texts = [str(premise) for premise in premises]
    if any(len(text) > MAX_CHARS for text in (*texts, str(goal))):
        return
    verdict = judge(str(goal), "True", *texts)
    if not seen:
        assert verdict.status is Status.BAD_REFERENCE
    else:
        assert verdict.status is (Status.CORRECT if seen == {True} else Status.WRONG)
        assert verdict.correct or f"is {'False' if seen == {False} else 'Uncertain'}" in verdict.reason
    assert entails_first_order(texts, str(goal), deadline=LONG) is (False not in seen)


HARD = (
    "all x some y R(x, y)",
    "all x ~R(x, x)",
    "all x all y all z (R(x, y) & R(y, z) > R(x, z))",
)
"""An order without an end: true only in infinite domains, which no search through finite models finds."""


def test_what_is_not_decided_in_time_is_the_judges_failure_from_any_thread() -> None:
    pytest.importorskip("z3")
    verdicts: list[Verdict] = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(judge("P(a)", "Uncertain", *HARD, deadline=4.0)))
        for _ in range(2)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 30
    assert [verdict.status for verdict in verdicts] == [Status.ERROR] * 2
    assert all(math.isnan(verdict.score) and "did not decide" in verdict.reason for verdict in verdicts)
    assert entails_first_order(HARD, "P(a)", deadline=4.0) is None
    assert first_order.entails_first_order(HARD, "some x some y R(x, y)", deadline=LONG) is True
