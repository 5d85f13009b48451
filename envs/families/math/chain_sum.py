"""Chain sum: add and subtract a row of integers, left to right.

Prompt      Compute 23+45-12.
Step        the next partial result: `23+45=68`, then `68-12=56`
Answer      `Answer: 56`
Potential   progress (not exact): the share of partial results that stand; a wrong line can always be restated
Menu        the next partial result and near misses of it; when all are done, answer lines
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.verifiers.answers import MARK, extract_answer
from reasonrl.verifiers.arithmetic import evaluate, is_true
from reasonrl.verifiers.core import Status, Verdict, accept, no_answer, reject
from reasonrl.verifiers.math import parse_number

_EQUATION = re.compile(r"(-?[0-9]{1,9})([+-][0-9]{1,9})=(-?[0-9]{1,9})")
_MISSES = (1, -1, 10, -10)

Values = tuple[int, ...]
"""The first term and every partial result so far."""
Sum = tuple[int, int, int]
"""Left, term, result."""


class ChainSum(Derivation[Values, Sum]):
    """Sums of 2 to 6 terms of one to three digits."""

    name = "chain_sum"
    domain = "math"
    difficulties = range(1, 9)
    default_difficulty = 3
    max_prompt_chars = 64
    max_choices = len(_MISSES) + 1
    instructions = (
        "Work left to right, one partial result per line, such as 23+45=68. "
        "Finish with a line 'Answer: ' and the number."
    )
    rests_on_lines = True
    slips_again = True

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        count = 2 + difficulty // 2
        digits = 1 if difficulty == 1 else 2 if difficulty <= 5 else 3
        terms = [rng.randrange(10 ** (digits - 1), 10**digits)]
        terms += [rng.choice((1, -1)) * rng.randrange(10 ** (digits - 1), 10**digits) for _ in range(count - 1)]
        return Content(f"Compute {_row(terms)}.", {"terms": terms}, sum(terms))

    def start(self, view: View) -> Values:
        return (view.public["terms"][0],)

    def read(self, line: str) -> Sum | None:
        match = _EQUATION.fullmatch(line)
        return None if match is None else (int(match[1]), int(match[2]), int(match[3]))

    def apply(self, view: View, state: Values, move: Sum) -> Values | None:
        terms = view.public["terms"]
        left, term, result = move
        follows = len(state) < len(terms) and (left, term) == (state[-1], terms[len(state)])
        return (*state, result) if follows and left + term == result else None

    def moves(self, view: View, state: Values, rng: random.Random) -> Sequence[str]:
        term = view.public["terms"][len(state)]
        return [f"{state[-1]}{term:+d}={state[-1] + term}"]

    def slips(self, view: View, state: Values, line: str) -> Sequence[str]:
        head, _, result = line.rpartition("=")
        return [f"{head}={int(result) + miss}" for miss in _MISSES]

    def answer(self, view: View, state: Values) -> str | None:
        return str(state[-1]) if len(state) == len(view.public["terms"]) else None

    def misses(self, view: View, state: Values, answer: str, rng: random.Random) -> Sequence[str]:
        return [str(int(answer) + miss) for miss in _MISSES]

    def menu_key(self, view: View, state: Values) -> Sequence[object]:
        return (len(state),)

    def holds(self, view: View, line: str) -> bool | None:
        return is_true(line)

    def value(self, view: View, state: Values) -> float:
        return (len(state) - 1) / (len(view.public["terms"]) - 1)

    def judge(self, view: View, state: Values, answer: str) -> Verdict:
        """Right when its last partial result stands on all terms and is the answer given: no reference needed."""
        if len(state) < len(view.public["terms"]):
            return reject(answer, method="steps", reason="not every partial result is there and right")
        return _compare(answer, state[-1])

    def verify(self, problem: Problem, answer: str) -> Verdict:
        said = extract_answer(answer)
        return no_answer() if said is None else _compare(said, problem.reference.value)

    def given(self, problem: Problem) -> str:
        return f"{len(problem.view.public['terms'])} numbers"

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return str(problem.reference.value + rng.choice(_MISSES))

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        yield f"{MARK} {_row(problem.view.public['terms'])}"
        yield f"{MARK} {right}={right}"


def _row(terms: Sequence[int]) -> str:
    return str(terms[0]) + "".join(f"{term:+d}" for term in terms[1:])


def _compare(answer: str, total: int) -> Verdict:
    sum_, equals, claimed = answer.rpartition("=")
    if equals and sum_.strip():  # -47+45=-2 says how; 5=5 says nothing
        value = evaluate(claimed)
        if value is None or evaluate(sum_) != value or not re.search(r"[0-9)]\s*[+*/-]", sum_):
            value = parse_number(answer) if re.fullmatch(r"\s*[a-z]\s*", sum_) else None
    else:
        value = parse_number(claimed)
    if value is None:
        return reject(answer[:80], method="integer", reason="the answer is not one number", status=Status.UNPARSABLE)
    if value != total:
        return reject(answer, method="integer", reason="another number")
    return accept(answer, method="integer")
