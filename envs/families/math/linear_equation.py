"""Linear equation: find the x that makes both sides equal.

Prompt      Solve 5x+3=2x+15.
Step        an equation with the same solution, simpler than all before it: `3x+3=15`, then `3x=12`
Answer      `Answer: 4` or `Answer: x=4`; fractions and decimals are compared exactly
Potential   progress (not exact): how much of the equation has been simplified away; a wrong line can always be restated
Menu        the right next equations and slips in sign and sum; at `3x=12`, answer lines
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.math import equations
from reasonrl.envs.families.math.equations import Equation, following, parse_equation, read_equation
from reasonrl.verifiers.answers import MARK
from reasonrl.verifiers.arithmetic import is_true
from reasonrl.verifiers.core import Status, Verdict, accept, reject
from reasonrl.verifiers.math import parse_number


class LinearEquation(Derivation[Equation, Equation]):
    """One unknown; from `x+3=7` to brackets on both sides and fractions as answers."""

    name = "linear_equation"
    domain = "math"
    difficulties = range(1, 9)
    default_difficulty = 3
    max_prompt_chars = 64
    max_choices = 8
    instructions = (
        "Write one simpler equation per line, such as 3x=12. Finish with a line 'Answer: ' and the value of x, a whole "
        "number or a fraction such as 7/2."
    )
    slips_again = True

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        while True:
            left, right = equations.draw(rng, difficulty)
            solution = read_equation(f"{left}={right}").solution
            if solution is None or not solution or (solution.denominator > 1) != (difficulty >= 7):
                continue
            if abs(solution) <= 20 and solution.denominator <= 9:
                return Content(f"Solve {left}={right}.", {"equation": f"{left}={right}"}, str(solution))

    def start(self, view: View) -> Equation:
        return read_equation(view.public["equation"])

    def read(self, line: str) -> Equation | None:
        return parse_equation(line)

    def apply(self, view: View, state: Equation, move: Equation) -> Equation | None:
        """The simpler one of two with the same solution, so that padding and repeating earn nothing."""
        if move.solution != state.solution:
            return None
        return move if move.rank < state.rank else state

    def key(self, view: View, state: Equation) -> int:
        return state.rank

    def moves(self, view: View, state: Equation, rng: random.Random) -> Sequence[str]:
        return following(state)

    def slips(self, view: View, state: Equation, line: str) -> Sequence[str]:
        return equations.wrong_right_sides(line)

    def answer(self, view: View, state: Equation) -> str | None:
        return None if state.moves or state.solution is None else str(state.solution)

    def misses(self, view: View, state: Equation, answer: str, rng: random.Random) -> Sequence[str]:
        x = Fraction(answer)
        values = dict.fromkeys((x, x + 1, x - 1, -x, 1 / x if x else Fraction(0)))
        return [str(value) for value in values if value != x]

    def menu_key(self, view: View, state: Equation) -> Sequence[object]:
        """The lines themselves."""
        answer = self.answer(view, state)
        if answer is not None:
            return [f"{MARK} {each}" for each in (answer, *self.misses(view, state, answer, random.Random(0)))]
        right = following(state)
        slips = [slip for line in right for slip in equations.wrong_right_sides(line)]
        return list(dict.fromkeys([*right, *slips]))[: self.max_choices]

    def holds(self, view: View, line: str) -> bool | None:
        """Of a sum, such as a substitution, and of an equation with the right solution."""
        equation = parse_equation(line)
        return is_true(line) if equation is None else equation.solution == self.start(view).solution

    def value(self, view: View, state: Equation) -> float:
        start = self.start(view).rank
        return (start - state.rank) / start if start else 1.0

    def judge(self, view: View, state: Equation, answer: str) -> Verdict:
        """By substitution, which needs no reference: this is the whole judgement."""
        name, equals, _ = answer.partition("=")
        value = None if equals and name.strip() != "x" else parse_number(answer)
        if value is None:
            reason = "the answer is not one number"
            return reject(answer[:80], method="substitution", reason=reason, status=Status.UNPARSABLE)
        (a, b), (c, d), _ = state
        if a * value + b != c * value + d:
            return reject(answer, method="substitution", reason="the two sides differ there")
        return accept(answer, method="substitution")

    def given(self, problem: Problem) -> str:
        equation = problem.view.public["equation"]
        sides = "both sides" if "x" in equation.split("=")[1] else "one side"
        return "brackets" if "(" in equation else f"x on {sides}"

    def checked(self, problem: Problem, lines: Sequence[str], rng: random.Random) -> str:
        return equations.substituted(problem.view.public["equation"], Fraction(problem.reference.value))

    told = Derivation.told_aside_first

    def aside(self, view: View, state: Equation, line: str, rng: random.Random) -> str | None:
        return next((other for other in following(state) if other != line), None)

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return str(Fraction(problem.reference.value) + rng.choice((1, -1)))

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        solution = Fraction(right)
        for answer in ("x", problem.view.public["equation"], -solution, f"{right}={right}", f"y={right}"):
            yield f"{MARK} {answer}"
        yield f"{MARK} {float(solution) + 1e-9:.12f}"
        yield f"x={right}"
