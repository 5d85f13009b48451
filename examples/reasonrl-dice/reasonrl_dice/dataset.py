"""Dice rolls: word problems about dice, as rows of a file that comes with the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reasonrl.envs.core import Content, Problem
from reasonrl.envs.datasets.rows import Published, RowSource, texts
from reasonrl.verifiers.answers import up_to_first
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.math import verify_number

ROLLS = Path(__file__).with_name("rolls.jsonl")


class DiceRolls(Published):
    name = "dice_rolls"
    where = str(ROLLS)

    @classmethod
    def open(cls, data: str | None) -> RowSource:
        """The rows of the package, unless others are named."""
        return super().open(data or str(ROLLS))

    def content(self, row: Mapping[str, Any]) -> Content:
        question, pips = texts(row, "question", "pips")
        return Content(question, {}, pips)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return verify_number(problem.reference.value, up_to_first(answer))
