"""Formulas are read, printed and tabulated rightly, every rule is sound, and the shortest proof is the shortest."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reasonrl.verifiers import verify_proof
from reasonrl.verifiers.logic import (
    RULES,
    Formula,
    ProofLine,
    check_proof_line,
    entails,
    format_formula,
    parse_formula,
    parse_proof_line,
    shortest_proof,
)
from reasonrl.verifiers.logic.formulas import (
    MAX_CHARS,
    NOT,
    VARIABLES,
    consistent,
    models,
    negation,
    subformulas,
    variables,
)
from reasonrl.verifiers.logic.proofs import buildable, derivations, follows

LETTERS = st.sampled_from("ABCD").map(Formula)
FORMULAS = st.recursive(
    LETTERS,
    lambda inner: st.one_of(
        inner.map(negation),
        st.builds(lambda op, one, other: Formula(op, (one, other)), st.sampled_from("&|>"), inner, inner),
    ),
    max_leaves=8,
)


def read(text: str) -> Formula:
    formula = parse_formula(text)
    assert formula is not None, text
    return formula


def holds(formula: Formula, world: dict[str, bool]) -> bool:
    """The meaning of a formula, without bitsets."""
    values = [holds(part, world) for part in formula.parts]
    match formula.op:
        case "~":
            return not values[0]
        case "&":
            return values[0] and values[1]
        case "|":
            return values[0] or values[1]
        case ">":
            return not values[0] or values[1]
    return world[formula.op]


def worlds(names: str = "ABCD") -> list[dict[str, bool]]:
    return [
        dict(zip(names, reversed(bits), strict=True)) for bits in itertools.product((False, True), repeat=len(names))
    ]


@given(FORMULAS)
def test_what_is_printed_is_read_back(formula: Formula) -> None:
    assert parse_formula(format_formula(formula)) == formula


@given(st.text(alphabet="ABZ~&|>()- \n\u200b\u04101", max_size=30))
def test_any_text_is_a_formula_that_prints_back_or_none(text: str) -> None:
    formula = parse_formula(text)
    assert formula is None or parse_formula(str(formula)) == formula


def test_negation_binds_tightest_then_and_then_or_then_implication() -> None:
    assert read("~A&B|C>D") == read("(((~A)&B)|C)>D")
    assert read("A>B>C") == read("A>(B>C)")
    assert read("A&B&C") == read("(A&B)&C")
    assert read("A -> ~ B") == read("A>~B")


@pytest.mark.parametrize(
    "text", ["", "M", "AB", "A&", "&A", "(A", "A)", "()", "A>>B", "~", "A=B", "a", "\uff21", "A\n"]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    assert parse_formula(text) is None


def test_deep_and_long_text_is_refused_at_once() -> None:
    start = time.perf_counter()
    for text in (
        "(" * 100_000 + "A" + ")" * 100_000,
        "~" * MAX_CHARS + "A",
        "~" * 80 + "A",
        "A>" * 50 + "A",
        "(" * 40 + "A" + ")" * 40,
    ):
        assert parse_formula(text) is None
    assert time.perf_counter() - start < 0.5


@given(st.lists(FORMULAS, max_size=4))
def test_bit_b_of_the_models_is_the_truth_in_world_b(formulas: list[Formula]) -> None:
    table = models(formulas, "ABCD")
    assert [bool(table >> b & 1) for b in range(16)] == [all(holds(f, world) for f in formulas) for world in worlds()]


@given(st.lists(FORMULAS, max_size=3), FORMULAS)
def test_entailment_agrees_with_trying_every_world(premises: list[Formula], goal: Formula) -> None:
    expected = all(holds(goal, world) for world in worlds() if all(holds(p, world) for p in premises))
    assert entails(premises, goal) is expected
    assert consistent(premises) is any(all(holds(p, world) for p in premises) for world in worlds())


def test_entailment_over_all_twelve_variables_is_fast() -> None:
    chain = [read(f"{one}>{other}") for one, other in itertools.pairwise(VARIABLES)]
    start = time.perf_counter()
    assert entails([*chain, read("A")], read("L"))
    assert not entails([*chain, read("B")], read("A"))
    assert time.perf_counter() - start < 0.05


SPELLED = "A B C ~A ~B ~C ~~A ~~B A>B B>A B>C A>C ~B>~A A>~B A&B B&A A|B B|A ~A|B A|~B ~(A&B) ~(A>B) ~~A|B"
SMALL = [read(text) for text in SPELLED.split()]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_accepts_only_what_is_entailed(rule: str) -> None:
    """Every choice of cited formulas and conclusion from a pool in which each rule has work."""
    accepted = 0
    for cited in itertools.product(SMALL, repeat=RULES[rule]):
        for conclusion in SMALL:
            if follows(rule, cited, conclusion):
                accepted += 1
                assert entails(cited, conclusion), (rule, list(map(str, cited)), str(conclusion))
    assert accepted >= 3


@settings(max_examples=60)
@given(st.lists(FORMULAS, min_size=1, max_size=5), FORMULAS)
def test_listed_derivations_are_entailed_and_pass_the_checker(lines: list[Formula], other: Formula) -> None:
    for formula, rule, premises in derivations(lines, buildable([*lines, other])):
        assert set(premises) <= set(lines)
        assert entails(premises, formula)
        cites = tuple(lines.index(premise) + 1 for premise in premises)
        assert check_proof_line(lines, ProofLine(len(lines) + 1, formula, rule, cites)) == ""


@settings(max_examples=40)
@given(st.lists(st.sampled_from(SMALL), min_size=2, max_size=4, unique=True), st.sampled_from(SMALL))
def test_no_derivation_within_the_pool_is_missing(lines: list[Formula], other: Formula) -> None:
    build = buildable([*lines, other])
    listed = {derivation.formula for derivation in derivations(lines, build)}
    for rule, arity in RULES.items():
        for cited in itertools.product(lines, repeat=arity):
            for conclusion in SMALL:
                if conclusion in build and follows(rule, cited, conclusion):
                    assert conclusion in listed, (rule, list(map(str, cited)), str(conclusion))


LINES = [read(text) for text in ("A>B", "A", "~B", "B|C", "A&C")]


@pytest.mark.parametrize("text", ["6 B MP 1 2", "6 B MP 2 1", "6. B MP 1, 2", "6 ~A MT 1 3", "6 C DS 4 3", "6 C AE 5"])
def test_a_sound_line_passes(text: str) -> None:
    line = parse_proof_line(text)
    assert line is not None
    assert check_proof_line(LINES, line) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("6 A MP 1 3", "MP does not give this"),  # affirming the consequent
        ("6 ~B MT 1 2", "MT does not give this"),  # denying the antecedent
        ("6 B DS 4 3", "DS does not give this"),
        ("6 B AE 4", "AE does not give this"),
        ("6 A|Z OI 2", None),
        ("6 C OI 4", "OI does not give this"),
        ("6 B MP 1 6", "line 6 is not there"),
        ("6 B MP 1 7", "line 7 is not there"),
        ("6 B MP 1 0", "line 0 is not there"),
        ("7 B MP 1 2", "the next line is number 6"),
        ("2 A AE 5", "the next line is number 6"),
        ("6 B MP 1", "MP cites 2"),
        ("6 C AE 5 5", "AE cites 1"),
        ("6 B QQ 1 2", "there is no rule QQ"),
        ("6 B 1 2", None),
        ("6 B MP one two", None),
        ("6 B MP 1 2 3", None),
        ("\uff16 B MP 1 2", None),
        ("6 \u0412 MP 1 2", None),
        ("6 " + "(" * 200 + "B" + ")" * 200 + " MP 1 2", None),
    ],
)
def test_an_unsound_line_is_refused_with_its_reason(text: str, reason: str | None) -> None:
    line = parse_proof_line(text)
    if reason is None:
        assert line is None
    else:
        assert line is not None
        assert reason in check_proof_line(LINES, line)


@given(FORMULAS, st.sampled_from(sorted(RULES)))
def test_a_line_is_read_back_as_it_is_printed(formula: Formula, rule: str) -> None:
    line = ProofLine(7, formula, rule, tuple(range(1, RULES[rule] + 1)))
    assert parse_proof_line(str(line)) == line


def proof_lengths(lines: frozenset[Formula], goal: Formula, build: tuple[Formula, ...], limit: int) -> int | None:
    """Breadth-first over sets of lines: the reference for the search under test."""
    frontier = {lines}
    for length in range(limit + 1):
        if any(goal in known for known in frontier):
            return length
        if length < limit:
            frontier = {
                known | {d.formula} for known in frontier for d in derivations(known, build) if d.formula not in known
            }
    return None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SMALL), min_size=2, max_size=4, unique=True), st.sampled_from(SMALL))
def test_the_shortest_proof_is_as_short_as_breadth_first_search_finds(lines: list[Formula], goal: Formula) -> None:
    build = buildable([*lines, goal])
    found = shortest_proof(lines, goal, build=build, limit=3)
    assert (None if found is None else len(found)) == proof_lengths(frozenset(lines), goal, build, 3)
    known = list(lines)
    for formula, rule, premises in found or ():
        assert set(premises) <= set(known)
        assert follows(rule, premises, formula)
        known.append(formula)
    assert found is None or goal in known


def test_a_formula_that_two_lines_need_is_proved_once() -> None:
    premises = [read(text) for text in ("A", "A>B", "B>C", "B>D")]
    found = shortest_proof(premises, read("C&D"), build=buildable([*premises, read("C&D")]), limit=6)
    assert found is not None
    assert [str(derivation.formula) for derivation in found].count("B") == 1
    assert len(found) == 4


def test_what_is_buildable_is_every_part_and_its_negation() -> None:
    formula = read("A>(B&~C)")
    parts = set(subformulas(formula))
    assert set(buildable([formula])) == parts | {Formula(NOT, (part,)) for part in parts}
    assert variables([formula]) == ["A", "B", "C"]


@pytest.mark.parametrize("response", [b"3 B MP 1 2", {"role": "assistant", "content": "3 B MP 1 2"}])
def test_a_proof_may_be_bytes_or_a_message(response: object) -> None:
    assert verify_proof(["A>B", "A"], "B", response).correct  # type: ignore[arg-type]


@pytest.mark.parametrize("response", [7, {}, {"content": None}])
def test_what_is_no_proof_is_judged_without_an_exception(response: object) -> None:
    assert not verify_proof(["A>B", "A"], "B", response).correct  # type: ignore[arg-type]
