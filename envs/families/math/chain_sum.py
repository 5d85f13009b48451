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

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line
from reasonrl.verifiers.arithmetic import evaluate
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject
from reasonrl.verifiers.math import parse_number

_EQUATION = re.compile(r"(-?[0-9]{1,9})([+-][0-9]{1,9})=(-?[0-9]{1,9})")
_MISSES = (1, -1, 10, -10)
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)


class ChainSum:
    """Sums of 2 to 6 terms of one to three digits."""

    name = "chain_sum"
    domain = "math"
    version = 0
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = False
    max_prompt_chars = 64
    max_choices = len(_MISSES) + 1
    instructions = (
        "Work left to right, one partial result per line, such as 23+45=68. "
        "Finish with a line 'Answer: ' and the number."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        count = 2 + difficulty // 2
        digits = 1 if difficulty == 1 else 2 if difficulty <= 5 else 3
        terms = [rng.randrange(10 ** (digits - 1), 10**digits)]
        terms += [rng.choice((1, -1)) * rng.randrange(10 ** (digits - 1), 10**digits) for _ in range(count - 1)]
        return Content(f"Compute {_row(terms)}.", {"terms": terms}, sum(terms))

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(answer, problem.reference.value)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """Right when its last partial result stands on all terms and is the answer given: no reference needed."""
        steps = answer.split("\n")
        values = _standing(view, steps)
        if len(values) < len(view.public["terms"]):
            return reject(extract_answer(answer), method="steps", reason="not every partial result is there and right")
        return _judge(answer, values[-1])

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        values = _standing(view, steps)
        terms = view.public["terms"]
        if is_final_line(step):
            good = len(values) == len(terms) and _judge(step, values[-1]).correct
            return StepVerdict.USEFUL if good else StepVerdict.INVALID
        match = _EQUATION.fullmatch(strip_behaviour(step))
        if match is None:
            return StepVerdict.REDUNDANT if behaviour_of(step) in _TALK else StepVerdict.UNPARSABLE
        left, term, result = map(int, match.groups())
        if left + term != result:
            return StepVerdict.INVALID
        if len(values) < len(terms) and (left, term) == (values[-1], terms[len(values)]):
            return StepVerdict.USEFUL
        known = zip(values, terms[1:], values[1:], strict=False)
        return StepVerdict.REDUNDANT if (left, term, result) in known else StepVerdict.INVALID

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return (len(_standing(view, steps)) - 1) / (len(view.public["terms"]) - 1)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        values, terms = _standing(view, steps), view.public["terms"]
        if len(values) == len(terms):
            lines = [f"{MARK} {values[-1] + miss}" for miss in (0, *_MISSES)]
        else:
            term = terms[len(values)]
            lines = [f"{values[-1]}{term:+d}={values[-1] + term + miss}" for miss in (0, *_MISSES)]
        generator("menu", view.prompt, len(values)).shuffle(lines)
        return lines

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        terms = problem.view.public["terms"]
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"{PREFIXES[Behaviour.ANALYSIS]} {len(terms)} numbers")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {len(terms) - 1} step{'s' * (len(terms) > 2)}")
        slip = rng.randrange(1, len(terms)) if Behaviour.CORRECTION in behaviours else 0
        total = terms[0]
        for position, term in enumerate(terms[1:], start=1):
            line = f"{total}{term:+d}="
            prefix = ""
            if position == slip:
                lines.append(f"{line}{total + term + rng.choice(_MISSES)}")
                prefix = f"{PREFIXES[Behaviour.CORRECTION]} "
            total += term
            lines.append(f"{prefix}{line}{total}")
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {total - terms[-1]}{terms[-1]:+d}={total}")
        lines.append(f"{MARK} {total}")
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        total = problem.reference.value
        row = _row(problem.view.public["terms"])
        yield ""
        yield f"{MARK}"
        yield f"{MARK} {total + rng.choice(_MISSES)}"
        yield f"{MARK} {row}"
        yield f"{MARK} {total} or {total + 1}"
        yield f"{MARK} {total}={total}"
        yield f"{MARK} {total + 1}\n{MARK} {total}"
        yield f"{MARK} int('{total}')"
        yield f"The result is {total}."
        yield f"{MARK} {'9' * 10_000}"


def _row(terms: Sequence[int]) -> str:
    return str(terms[0]) + "".join(f"{term:+d}" for term in terms[1:])


def _standing(view: View, steps: Sequence[str]) -> list[int]:
    """The first term and every partial result that stands: lines that are wrong or out of turn are passed over."""
    terms: Sequence[int] = view.public["terms"]
    values = [terms[0]]
    for step in steps:
        match = _EQUATION.fullmatch(strip_behaviour(step))
        if match is None or len(values) == len(terms):
            continue
        left, term, result = map(int, match.groups())
        if (left, term) == (values[-1], terms[len(values)]) and left + term == result:
            values.append(result)
    return values


def _judge(response: str, total: int) -> Verdict:
    answer = extract_answer(response)
    if answer is None:
        return no_answer()
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
