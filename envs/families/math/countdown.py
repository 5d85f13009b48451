"""Countdown: reach a target with each given number used exactly once.

Prompt      Use 2 3 5 7 to make 24.
Step        one operation on two of the numbers left, and what is left then: `3*7=21 left 21 2 5`. Partial results are
            whole and not negative
Answer      `Answer: ((3*7)+5)-2`
Potential   V*: 1 if some expression over what is left equals the target, else 0. Exact, fractions on the way included.
Menu        every operation on what is left; when one number is left, the answer line that its operations make
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.math import operations
from reasonrl.envs.families.math.operations import Left, Operation, values_of
from reasonrl.envs.families.math.puzzles import LEVELS, build
from reasonrl.verifiers.answers import MARK
from reasonrl.verifiers.arithmetic import evaluate, is_true, parse
from reasonrl.verifiers.core import Status, Verdict, accept, reject

_MISSES = (1, -1, 10, -10)


class Countdown(Derivation[Left, Operation]):
    """Two to six numbers, one target."""

    name = "countdown"
    domain = "math"
    difficulties = range(1, len(LEVELS) + 1)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 64
    max_choices = 64  # 15 pairs of six numbers, four operations on each
    instructions = (
        "Use every number exactly once with + - * / and brackets. One operation per line, then the numbers left, such "
        "as 3*7=21 left 21 2 5. Finish with a line 'Answer: ' and the whole expression, such as Answer: ((3*7)+5)-2"
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        level = LEVELS[difficulty - 1]
        while True:
            # in rising order, so that no two splits share a puzzle with its numbers in another order
            numbers = sorted(rng.randint(1, level.largest) for _ in range(level.size))
            if (built := build(numbers, level, rng)) is not None:
                lines, target = built
                prompt = f"Use {' '.join(map(str, numbers))} to make {target}."
                return Content(prompt, {"numbers": numbers, "target": target}, lines)

    def start(self, view: View) -> Left:
        return operations.start(view.public["numbers"])

    def read(self, line: str) -> Operation | None:
        return operations.read_operation(line)

    def apply(self, view: View, state: Left, move: Operation) -> Left | None:
        return operations.take(state, move)

    def key(self, view: View, state: Left) -> tuple[int, ...]:
        return values_of(state)

    def menu_key(self, view: View, state: Left) -> Sequence[object]:
        return values_of(state)

    def moves(self, view: View, state: Left, rng: random.Random) -> Sequence[str]:
        return operations.lines(state)

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
        return float(operations.reaches(tuple(map(Fraction, values_of(state))), Fraction(view.public["target"])))

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

    told = Derivation.told_aside_first

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
