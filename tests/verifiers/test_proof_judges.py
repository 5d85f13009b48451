"""Whole proofs, refutations and assignments: what is right is accepted, any flaw is found, any text is judged."""

from __future__ import annotations

import math
import time
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.logic import (
    verify_assignment,
    verify_chain,
    verify_knights,
    verify_proof,
    verify_resolution,
)
from reasonrl.verifiers.logic.assignment import parse_puzzle, solve, violated
from reasonrl.verifiers.logic.resolution import parse_clause, resolvents

PREMISES, GOAL = ["A>B", "B>C", "A"], "C"
PROOF = "4 B MP 1 3\n5 C MP 2 4"

CLAUSES = ["a|b", "~a|c", "~b|c", "~c"]
REFUTATION = "5 b|c R 1 2\n6 c R 5 3\n7 [] R 6 4"

ZEBRA = """
nation: english spaniard ukrainian norwegian japanese
colour: red green ivory yellow blue
pet: dog snails fox horse zebra
drink: coffee tea milk juice water
smoke: gold kools chesterfield lucky parliament
english = red
spaniard = dog
coffee = green
ukrainian = tea
ivory + 1 = green
gold = snails
kools = yellow
milk = 3
norwegian = 1
|chesterfield - fox| = 1
|kools - horse| = 1
lucky = juice
japanese = parliament
|norwegian - blue| = 1
"""


def test_a_proof_is_accepted_as_text_and_as_lines() -> None:
    assert verify_proof(PREMISES, GOAL, PROOF).correct
    assert verify_proof(PREMISES, GOAL, PROOF.split("\n")).correct
    assert verify_proof(PREMISES, GOAL, f"\n{PROOF}\r\n\nAnswer: 5\n").correct


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("", Status.NO_ANSWER),
        ("Answer: 3", Status.NO_ANSWER),
        ("4 B MP 1 3", Status.WRONG),  # not the goal
        (f"{PROOF}\nAnswer: 4", Status.WRONG),
        (f"{PROOF}\nAnswer: 99", Status.WRONG),
        ("4 B MP 1 3\n5 C MP 2 5", Status.WRONG),  # cites itself
        ("4 B MT 1 3\n5 C MP 2 4", Status.WRONG),
        ("4 C MP 1 3", Status.WRONG),
        ("4 L MP 1 2\n5 B MP 1 3\n6 C MP 2 5", Status.WRONG),  # a flaw beside a right proof
        ("C follows", Status.UNPARSABLE),
        (f"{PROOF}\nso it is proved", Status.UNPARSABLE),
        ("4 " + "(" * 5000 + "C" + ")" * 5000 + " MP 1 3", Status.UNPARSABLE),
        ("x" * 1_000_000, Status.UNPARSABLE),
        ("4 B MP 1 3\n" * 1000, Status.UNPARSABLE),
    ],
)
def test_a_proof_with_a_flaw_is_rejected(lines: str, status: Status) -> None:
    verdict = verify_proof(PREMISES, GOAL, lines)
    assert (verdict.status, verdict.score) == (status, 0.0), verdict


def test_the_goal_may_be_a_premise_only_where_a_line_says_so() -> None:
    assert not verify_proof(["A", "B"], "A", "").correct
    assert verify_proof(["A", "B"], "A", "3 A&B AI 1 2\n4 A AE 3").correct


@pytest.mark.parametrize(("premises", "goal"), [(["A>"], "A"), (["A"], ""), (["A"] * 65, "A")])
def test_a_bad_reference_is_no_fault_of_the_proof(premises: list[str], goal: str) -> None:
    verdict = verify_proof(premises, goal, PROOF)
    assert verdict.status is Status.BAD_REFERENCE
    assert math.isnan(verdict.score)


def test_a_refutation_is_accepted() -> None:
    assert verify_resolution(CLAUSES, REFUTATION).correct
    assert verify_resolution(["~rain | wet", "rain", "~wet"], ["4 wet R 1 2", "5 [] R 3 4"]).correct


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "5 b|c R 1 2\n6 c R 5 3",  # does not end with the empty clause
        "5 [] R 1 2",
        "5 c R 1 2\n6 [] R 5 4",  # resolves on two atoms at once
        "5 b R 1 2\n6 c R 5 3\n7 [] R 6 4",  # drops a literal
        "5 [] R 5 5",
        "6 b|c R 1 2",
        "5 b|c R 1 9",
        "5 b|c X 1 2",
        "5 " + "a|" * 100_000 + "b R 1 2",
    ],
)
def test_a_refutation_with_a_flaw_is_rejected(lines: str) -> None:
    verdict = verify_resolution(CLAUSES, lines)
    assert not verdict.correct
    assert verdict.score == 0.0


def test_resolving_two_atoms_at_once_is_unsound_and_not_a_resolvent() -> None:
    one, other = parse_clause("a|b"), parse_clause("~a|~b")
    assert one is not None
    assert other is not None
    assert set(resolvents(one, other)) == {parse_clause("b|~b"), parse_clause("a|~a")}


LITERALS = st.sampled_from(["a", "~a", "b", "~b", "c", "~c"])
CLAUSE_TEXTS = st.lists(LITERALS, min_size=1, max_size=3).map("|".join)


@given(CLAUSE_TEXTS, CLAUSE_TEXTS)
def test_every_resolvent_follows_from_its_two_clauses(one: str, other: str) -> None:
    first, second = parse_clause(one), parse_clause(other)
    assert first is not None
    assert second is not None
    for resolvent in resolvents(first, second):
        for values in product((True, False), repeat=3):
            world = dict(zip("abc", values, strict=True))
            if all(any(world[atom] is positive for atom, positive in clause) for clause in (first, second)):
                assert any(world[atom] is positive for atom, positive in resolvent)


def test_the_zebra_puzzle_has_its_one_solution() -> None:
    puzzle = parse_puzzle(ZEBRA)
    assert puzzle is not None
    start = time.perf_counter()
    found, complete = solve(puzzle)
    assert time.perf_counter() - start < 5
    assert complete
    assert len(found) == 1
    assert (found[0]["zebra"], found[0]["water"]) == (5, 1)
    answer = ", ".join(f"{value}={place}" for value, place in found[0].items())
    assert verify_assignment(ZEBRA, f"Answer: {answer}").correct
    for one, other in (("zebra=5", "zebra=4"), ("zebra=5", "zebra=5, dog=5"), (", zebra=5", "")):
        assert not verify_assignment(ZEBRA, f"Answer: {answer.replace(one, other)}").correct
    swapped = answer.replace("zebra=5", "zebra=x").replace("dog=4", "dog=5").replace("zebra=x", "zebra=4")
    assert verify_assignment(ZEBRA, swapped).status is Status.WRONG


OPERATIONS = ("a = {}", "a != {}", "a < {}", "a > {}", "a + 1 = {}", "|a - {}| = 1", "b = 2", "c != 1")


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from("bxyz")), max_size=4))
def test_the_solver_finds_what_trying_everything_finds(drawn: list[tuple[str, str]]) -> None:
    puzzle = parse_puzzle("\n".join(["p: a b c", "q: x y z", *(text.format(value) for text, value in drawn)]))
    assert puzzle is not None
    worlds = [
        {**dict(zip("abc", p, strict=True)), **dict(zip("xyz", q, strict=True))}
        for p in permutations((1, 2, 3))
        for q in permutations((1, 2, 3))
    ]
    expected = [world for world in worlds if all(constraint.holds(world) for constraint in puzzle.constraints)]
    found, complete = solve(puzzle, limit=100)
    assert complete
    assert sorted(map(sorted, (w.items() for w in found))) == sorted(map(sorted, (w.items() for w in expected)))
    assert all(violated(puzzle, world) == "" for world in found)


def test_a_puzzle_without_solution_is_a_bad_reference_and_an_endless_search_is_cut_short() -> None:
    assert verify_assignment("p: a b\na < b\nb < a", "a=1, b=2").status is Status.BAD_REFERENCE
    hard = "\n".join(f"p{i}: " + " ".join(f"v{i}_{j}" for j in range(9)) for i in range(8))
    hard += "\n" + "\n".join(f"v0_{j} != v1_{(j + k) % 9}" for k in range(9) for j in range(9))
    puzzle = parse_puzzle(hard)
    assert puzzle is not None
    start = time.perf_counter()
    found, complete = solve(puzzle)
    assert (found, complete) == ([], False) or complete
    assert time.perf_counter() - start < 10


QUIZ = (
    "You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is a knave. "
    'According to Bob, "Ann is a knave and Bob is a knave".'
)


def judges(text: str) -> list[Verdict]:
    return [
        verify_proof(PREMISES, GOAL, text),
        verify_resolution(CLAUSES, text),
        verify_assignment(ZEBRA, text),
        verify_knights(QUIZ, text),
        verify_chain("Every tumpus is a wumpus. Alex is a tumpus.", "Alex is a wumpus.", text),
    ]


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_any_text_gets_a_verdict_and_none_is_accepted(text: str) -> None:
    assert not any(verdict.correct or not verdict.judged for verdict in judges(text))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "9" * 1_000_000,
        "\x00",
        "\ud800",
        "a|" * 500_000,
        "1. " * 300_000,
        "x is a y. " * 100_000,
        "Ann is a knight, " * 60_000,
        "<answer>" * 100_000,
        '"' * 1_000_000,
        "Answer:" * 100_000,
        "\n" * 1_000_000,
    ],
    ids=range(12),
)
def test_huge_and_broken_texts_are_rejected_at_once(text: str) -> None:
    start = time.perf_counter()
    assert not any(verdict.correct or not verdict.judged for verdict in judges(text))
    assert time.perf_counter() - start < 5
