"""ProntoQA's language: theories are read, queries decided, chains checked step by step; the published ones all hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.logic.ontology import check_chain, decide, parse_theory, verify_chain

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "prontoqa"
CONTEXT = "Every tumpus is a wumpus. Wumpuses are not brown. Each wumpus is an impus. Alex is a tumpus. Sally is happy."
CHAIN = ["Alex is a tumpus.", "Every tumpus is a wumpus.", "Alex is a wumpus.", "Wumpuses are not brown."]


def published() -> list[dict[str, Any]]:
    files = sorted(PUBLISHED.glob("*.jsonl"))
    if not files:
        pytest.skip("the published ProntoQA is not here")
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def query(row: dict[str, Any]) -> str:
    return str(row["question"]).split("? ", 1)[1]


def test_every_published_chain_holds_step_by_step_and_its_answer_is_ours() -> None:
    rows = published()
    assert len(rows) >= 200
    for row in rows:
        theory = parse_theory(row["context"])
        assert theory is not None, row["id"]
        assert check_chain(theory, row["explanation"]) is None, row["id"]
        assert decide(theory, query(row)) is (row["answer"] == "A"), row["id"]
        assert verify_chain(row["context"], query(row), "\n".join(row["explanation"])).correct, row["id"]


def test_no_published_chain_holds_once_a_sentence_is_left_out_or_denied() -> None:
    for row in published():
        theory = parse_theory(row["context"])
        assert theory is not None
        steps = row["explanation"]
        for position in range(len(steps) - 1):
            assert check_chain(theory, [*steps[:position], *steps[position + 1 :]]) is not None, (row["id"], position)
        for position, step in enumerate(steps):
            denied = step.replace(" not ", " ") if " not " in step else step.replace(" is ", " is not ", 1)
            denied = denied if denied != step else step.replace(" are ", " are not ", 1)
            flaw = check_chain(theory, [*steps[:position], denied, *steps[position + 1 :]])
            assert flaw is not None, (row["id"], denied)
            assert flaw.step == position


def test_a_chain_with_a_made_up_or_premature_step_is_flawed_there() -> None:
    theory = parse_theory(CONTEXT)
    assert theory is not None
    assert check_chain(theory, [*CHAIN, "Alex is not brown."]) is None
    flaws = {
        ("Alex is a wumpus.",): 0,  # before its reasons
        (*CHAIN[:3], "Alex is not brown."): 3,  # its rule was not said
        (*CHAIN, "Alex is brown."): 4,
        (*CHAIN, "Sally is not brown."): 4,
        ("Every wumpus is a tumpus.",): 0,  # the converse
        ("Alex is happy.",): 0,
        (*CHAIN, "therefore"): 4,
    }
    for steps, position in flaws.items():
        flaw = check_chain(theory, steps)
        assert flaw is not None
        assert flaw.step == position


@pytest.mark.parametrize(
    ("sentence", "truth"),
    [
        ("Alex is an impus.", True),
        ("Alex is not a wumpus.", False),
        ("Alex is brown.", False),
        ("Alex is not brown.", True),
        ("Alex is happy.", None),
        ("Sally is happy.", True),
        ("Bob is a tumpus.", None),
        ("Every tumpus is a wumpus.", None),
        ("nonsense", None),
    ],
)
def test_a_query_is_true_false_or_open(sentence: str, truth: bool | None) -> None:
    theory = parse_theory(CONTEXT)
    assert theory is not None
    assert decide(theory, sentence) is truth


def test_a_contradiction_decides_nothing() -> None:
    theory = parse_theory("Every tumpus is brown. Every tumpus is not brown. Alex is a tumpus.")
    assert theory is not None
    assert decide(theory, "Alex is brown.") is None


def test_what_is_said_must_be_what_is_shown() -> None:
    chain = "\n".join([*CHAIN, "Alex is not brown."])
    assert verify_chain(CONTEXT, "Alex is brown.", chain).correct
    assert verify_chain(CONTEXT, "Alex is brown.", f"{chain}\nAnswer: False").correct
    assert verify_chain(CONTEXT, "Alex is not brown.", f"{chain}\nTrue").correct
    assert verify_chain(CONTEXT, "Alex is brown.", f"{chain}\nTrue").status is Status.WRONG
    assert verify_chain(CONTEXT, "Alex is brown.", "False").status is Status.NO_ANSWER
    assert verify_chain(CONTEXT, "Alex is brown.", "\n".join(CHAIN)).status is Status.WRONG
    assert verify_chain(CONTEXT, "Alex is brown.", "It is false because of the rules.").status is Status.WRONG
    assert verify_chain(CONTEXT, "Alex is happy.", chain).status is Status.BAD_REFERENCE
    assert verify_chain("What?", "Alex is happy.", chain).status is Status.BAD_REFERENCE
