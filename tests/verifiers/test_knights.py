"""Published knights and knaves: every quiz is understood and its solution is the only one; variants are rejected."""

from __future__ import annotations

import ast
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.logic.knights import Puzzle, parse_quiz, parse_roles, solutions, verify_knights

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "knights_knaves"
QUIZ = (
    "A very special island is inhabited only by knights and knaves. Knights always tell the truth, and knaves always "
    'lie. You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is a knave. "If Ann is a knight then Bob is a '
    'knight," Bob claimed. Bob said, "Ann is a knave and Bob is a knave." So who is a knight and who is a knave?'
)
RIGHT = "Ann is a knight, and Bob is a knave."


def published() -> list[dict[str, Any]]:
    files = sorted(PUBLISHED.glob("*.jsonl"))
    if not files:
        pytest.skip("the published knights and knaves are not here")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def holds(statement: Any, world: tuple[bool, ...]) -> Any:
    """The data set's own form of a statement, under one world."""
    match statement:
        case ("telling-truth", person):
            return world[person]
        case ("lying", person):
            return not world[person]
        case ("not", one):
            return not holds(one, world)
        case ("and", one, other):
            return holds(one, world) and holds(other, world)
        case ("or", one, other):
            return holds(one, world) or holds(other, world)
        case ("->", one, other):
            return not holds(one, world) or holds(other, world)
        case ("<=>", one, other):
            return holds(one, world) == holds(other, world)
    raise ValueError(statement)


def test_every_published_quiz_has_the_one_published_solution() -> None:
    rows = published()
    assert len(rows) >= 200
    for row in rows:
        puzzle = parse_quiz(row["quiz"])
        assert puzzle is not None, row["quiz"]
        truth = dict(zip(row["names"], row["solution"], strict=True))
        assert solutions(puzzle) == [truth], row["quiz"]
        for text in (row["solution_text"], row["solution_text_format"]):
            assert verify_knights(row["quiz"], text).correct
            assert verify_knights(row["quiz"], f"So it must be.\n<answer>\n{text}\n</answer>").correct


def test_the_quiz_in_words_means_what_the_published_statements_mean() -> None:
    for row in published():
        puzzle = parse_quiz(row["quiz"])
        assert puzzle is not None
        statements = ast.literal_eval(row["statements"])
        for speaker, (name, claim) in enumerate(puzzle.claims):
            assert name == row["names"][speaker]
            alone = Puzzle(puzzle.names, ((name, claim),))
            worlds = itertools.product((True, False), repeat=len(puzzle.names))
            expected = [world for world in worlds if world[speaker] == holds(statements[speaker], world)]
            found = [tuple(world[each] for each in puzzle.names) for world in solutions(alone)]
            assert sorted(found) == sorted(expected), (row["quiz"], name)


def test_no_published_solution_stands_with_one_role_changed() -> None:
    for row in published():
        roles = parse_roles(row["solution_text"])
        assert roles is not None
        for name in roles:
            changed = roles | {name: not roles[name]}
            text = ", ".join(f"{each} is a {'knight' if value else 'knave'}" for each, value in changed.items())
            assert verify_knights(row["quiz"], text).status is Status.WRONG


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        RIGHT.removesuffix("."),
        "(1) Ann is a knight\n(2) Bob is a knave",
        "Bob says so.\nAnswer: Bob is a knave, Ann is a knight",
        "<answer> (1) Ann is a knight\n(2) Bob is a knave </answer>",
    ],
)
def test_the_right_roles_are_accepted_however_they_are_listed(answer: str) -> None:
    assert verify_knights(QUIZ, answer).correct


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Ann is a knight",
        f"{RIGHT} Bob is a knight",
        "Ann is a knight, Bob is a knave, Bob is a knave",
        "Ann is a knight, Bob is a knave, Ann is a knave",
        "Ann is a knight, Bob is a knave, Eve is a knight",
        "Ann is a knight, Bob is a knight or a knave",
        "<answer>Ann is a knight, Bob is a knave</answer><answer>Ann is a knave, Bob is a knight</answer>",
        "Ann is not a knave, Bob is a knave",
        "\uff21nn is a knight, Bob is a knave",
        QUIZ,
        "Answer: Ann is a knave, Bob is a knight\nAnswer: Ann is a knight, Bob is a knave",
    ],
)
def test_anything_else_is_rejected(answer: str) -> None:
    verdict = verify_knights(QUIZ, answer)
    assert not verdict.correct
    assert verdict.score == 0.0


@pytest.mark.parametrize(
    "quiz",
    [
        "",
        "You meet 2 inhabitants: Ann, and Bob. Ann said that Bob is tall. So who is a knight and who is a knave?",
        "You meet 2 inhabitants: Ann, and Bob. Eve said that Bob is a knave. So who is a knight and who is a knave?",
        "You meet 1 inhabitants: Ann. Ann said that Ann is a knave. ",
        "You meet 2 inhabitants: Ann, and Bob. Ann said that Ann is a knight. ",
        "You meet 1 inhabitants: Ann. Ann said that Ann is a knight.",
    ],
)
def test_a_quiz_that_is_unclear_or_has_not_one_solution_is_a_bad_reference(quiz: str) -> None:
    assert verify_knights(quiz, RIGHT).status is Status.BAD_REFERENCE
