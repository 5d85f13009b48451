"""Countdown: reach a target with each given number used exactly once.

Prompt      Use 2 3 5 7 to make 24.
Step        one operation on two of the numbers left, and what is left then: `3*7=21 left 21 2 5`. Partial results are
            whole and not negative. `Or:` takes back what it has no room beside: it can start again from the numbers given
Answer      `Answer: ((3*7)+5)-2`
Potential   V*: 1 if some expression over what is left equals the target, else 0. Exact, fractions on the way included.
Menu        every operation on what is left; when one number is left, the answer line that its operations make
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.math.operations import (
    Left,
    Operation,
    operations,
    reaches,
    read_operation,
    results,
    start,
    take,
    values_of,
    written,
)
from reasonrl.verifiers.answers import MARK
from reasonrl.verifiers.arithmetic import evaluate, is_true, parse
from reasonrl.verifiers.core import Status, Verdict, accept, reject

_LARGEST_TARGET = 100
_MISSES = (1, -1, 10, -10)


class _Level(NamedTuple):
    size: int
    """How many numbers there are."""
    largest: int
    """They are 1 to this."""
    most: int
    """No partial result of the built solution is larger."""
    chain: bool
    """Some solution works on the last result in every step."""


_LEVELS = (
    _Level(2, 12, 100, True),
    _Level(3, 9, 100, True),
    _Level(3, 15, 100, True),
    _Level(4, 9, 100, True),
    _Level(4, 20, 200, False),
    _Level(5, 10, 200, False),
    _Level(5, 25, 400, False),
    _Level(6, 25, 400, False),
)


class Countdown(Derivation[Left, Operation]):
    """Two to six numbers, one target."""

    name = "countdown"
    domain = "math"
    difficulties = range(1, len(_LEVELS) + 1)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 64
    max_choices = 64  # 15 pairs of six numbers, four operations on each
    instructions = (
        "Use every number exactly once with + - * / and brackets. One operation per line, then the numbers left, such "
        "as 3*7=21 left 21 2 5. Finish with a line 'Answer: ' and the whole expression, such as Answer: ((3*7)+5)-2"
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        level = _LEVELS[difficulty - 1]
        while True:
            # in rising order, so that no two splits share a puzzle with its numbers in another order
            numbers = sorted(rng.randint(1, level.largest) for _ in range(level.size))
            if (built := _build(numbers, level, rng)) is not None:
                lines, target = built
                prompt = f"Use {' '.join(map(str, numbers))} to make {target}."
                return Content(prompt, {"numbers": numbers, "target": target}, lines)

    def start(self, view: View) -> Left:
        return start(view.public["numbers"])

    def read(self, line: str) -> Operation | None:
        return read_operation(line)

    def apply(self, view: View, state: Left, move: Operation) -> Left | None:
        return take(state, move)

    def key(self, view: View, state: Left) -> tuple[int, ...]:
        return values_of(state)

    def menu_key(self, view: View, state: Left) -> Sequence[object]:
        return values_of(state)

    def moves(self, view: View, state: Left, rng: random.Random) -> Sequence[str]:
        return operations(state)

    def tempting(self, view: View, state: Left, moves: Sequence[str]) -> Sequence[str]:
        """None: most of the right operations are bad ideas."""
        return ()

    def slips(self, view: View, state: Left, line: str) -> Sequence[str]:
        """The same step with a wrong result, carried over to what is left."""
        equation, _, left = line.partition(" left ")
        head, _, result = equation.rpartition("=")
        wrong = [str(int(result) + miss) for miss in _MISSES if int(result) + miss > 0]
        return [f"{head}={each}" + (f" left {each}{left[len(result) :]}" if left else "") for each in wrong]

    def answer(self, view: View, state: Left) -> str | None:
        return state[0].text if len(state) == 1 else None

    def holds(self, view: View, line: str) -> bool | None:
        return is_true(line)

    def value(self, view: View, state: Left) -> float:
        return float(reaches(tuple(map(Fraction, values_of(state))), Fraction(view.public["target"])))

    def judge(self, view: View, state: Left, answer: str) -> Verdict:
        """By substitution, which needs no reference: this is the whole judgement."""
        target = view.public["target"]
        expression, equals, claimed = answer.partition("=")
        value = parse(expression)
        if value is None or (equals and evaluate(claimed) is None):
            reason = "not one expression of numbers, + - * / and brackets"
            return reject(answer[:80], method="substitution", reason=reason, status=Status.UNPARSABLE)
        if sorted(value.literals) != sorted(view.public["numbers"]):
            return reject(answer, method="substitution", reason="not each given number exactly once")
        if value.constant != target or (equals and evaluate(claimed) != target):
            return reject(answer, method="substitution", reason=f"it does not equal {target}")
        return accept(answer, method="substitution")

    def derive(self, problem: Problem) -> Sequence[str]:
        return list(problem.reference.value)

    def given(self, problem: Problem) -> str:
        return f"{len(problem.view.public['numbers'])} numbers"

    def told(
        self, problem: Problem, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]
    ) -> list[str]:
        return self.told_aside_first(problem, lines, rng, behaviours)

    def aside(self, view: View, state: Left, line: str, rng: random.Random) -> str | None:
        """A step that loses the target where there is one, else any other."""
        others = [other for other in self.legal_steps(view, ()) if other != line]
        lost = [other for other in others if self.potential(view, (other,)) == 0.0]
        return rng.choice(lost or others)

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return str(problem.view.public["target"])

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        target, number = problem.view.public["target"], rng.choice(problem.view.public["numbers"])
        for answer in (f"{target}={target}", f"{right}+{number}-{number}", f"{right}*1", f"({right}", f"{right})#"):
            yield f"{MARK} {answer}"
        for answer in (f"{right}={target + 1}", "9**9**9**9", f"{'(' * 5_000}{right}{')' * 5_000}"):
            yield f"{MARK} {answer}"


def _build(numbers: Sequence[int], level: _Level, rng: random.Random) -> tuple[list[str], int] | None:
    """Lines of random operations until one number is left, and that number; None when it is out of range."""
    left = start(numbers)
    lines: list[str] = []
    while len(left) > 1:
        first = 0 if lines and level.chain else rng.randrange(len(left))
        second = rng.choice([i for i in range(len(left)) if i != first])
        pair = (left[min(first, second)].value, left[max(first, second)].value)  # one order only: less to learn
        # not a result that was there before, as 5*1=5 is: puzzles full of them are all alike
        options = [each for each in results(*pair) if 0 < each.result <= level.most and each.result not in pair]
        operation = rng.choice(options) if options else None
        after = None if operation is None else take(left, operation)
        if operation is None or after is None:
            return None
        lines.append(written(left, operation))
        left = after
    return (lines, left[0].value) if left[0].value <= _LARGEST_TARGET else None
