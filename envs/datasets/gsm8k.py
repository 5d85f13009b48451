"""GSM8K: grade-school word problems (Cobbe et al., arXiv 2110.14168), read from the published JSONL.

Prompt      the question, as published
Step        a line of reasoning; calculations in it (`3+4=7`, `<<3+4=7>>`) are checked, words are not
Answer      a line that starts with `Answer:` or `####`, or that holds a `\\boxed{}`; one number, compared exactly
Potential   none: nothing is known about how far a line is from the answer
Menu        none, so there is no choice level
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.datasets.rows import Published, texts
from reasonrl.verifiers import calculations
from reasonrl.verifiers.answers import up_to_first
from reasonrl.verifiers.canonical import canonical_response
from reasonrl.verifiers.core import StepVerdict, Verdict
from reasonrl.verifiers.math import parse_number, verify_number
from reasonrl.verifiers.percentages import asks_for_percent


class GSM8K(Published):
    name = "gsm8k"
    where = (
        "test.jsonl or train.jsonl from https://github.com/openai/grade-school-math/tree/master/grade_school_math/data,"
        " or --data openai/gsm8k to read it from the hub"
    )
    configuration = "main"
    instructions = "Solve it in a few short lines, one calculation a line. The last line is: Answer: <number>."

    def content(self, row: Mapping[str, Any]) -> Content:
        question, answer = texts(row, "question", "answer")
        _, mark, gold = answer.rpartition("####")
        if parse_number(gold) is None or (not mark and isinstance(row["answer"], str)):
            raise ValueError("its answer must end with '#### ' and a number")
        return Content(question, {}, gold.strip())

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Reads up to the first final line: whoever answers twice gains nothing."""
        percent = asks_for_percent(problem.view.prompt, odds=True)  # this data set gives chances in per cent
        return verify_number(problem.reference.value, up_to_first(answer), percent_is_unit=percent)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: its number, with or without the per cent sign that was asked for."""
        return canonical_response(answer, percent_is_unit=asks_for_percent(view.prompt, odds=True))

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        return calculations.check_step(steps, step)
