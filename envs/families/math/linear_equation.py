"""Linear equation: find the x that makes both sides equal.

Prompt      Solve 5x+3=2x+15.
Step        an equation with the same solution, simpler than all before it: `3x+3=15`, then `3x=12`
Answer      `Answer: 4` or `Answer: x=4`; fractions and decimals are compared exactly
Potential   progress (not exact): how much of the equation has been simplified away; a wrong line can always be restated
Menu        the right next equations and slips in sign and sum; at `3x=12`, answer lines
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line
from reasonrl.verifiers.arithmetic import evaluate, parse
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject
from reasonrl.verifiers.math import parse_number

_NUM = r"[0-9]+(?:/[0-9]+|\.[0-9]+)?"
_COLLECTED = re.compile(rf"[+-]?(?:(?:{_NUM})?x(?:[+-]{_NUM})?|{_NUM}(?:[+-](?:{_NUM})?x)?)")
"""A side with at most one x and one number, and no brackets."""
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)


class _Equation(NamedTuple):
    """slope * x + constant on each side. The texts only say how much of it is still to be collected."""

    left: tuple[Fraction, Fraction]
    right: tuple[Fraction, Fraction]
    uncollected: int = 0
    """Sides that are not yet one x and one number."""

    @property
    def solution(self) -> Fraction | None:
        """The only x that solves it; None when there is none or any."""
        slope = self.left[0] - self.right[0]
        return (self.right[1] - self.left[1]) / slope if slope else None

    @property
    def moves(self) -> int:
        """What keeps x from standing alone, as it does in `3x=12`: brackets, x twice, a number beside it."""
        (a, b), (c, d) = self.left, self.right
        both = bool(a and c)
        beside = bool(b and d) if both else bool(b if a else d)
        return self.uncollected + both + beside

    @property
    def rank(self) -> int:
        """What is still in the way of `x=number`: 0 there, 1 for `3x=12`, up to 5."""
        return self.moves + ({self.left[0], self.right[0]} != {0, 1})


class LinearEquation:
    """One unknown; from `x+3=7` to brackets on both sides and fractions as answers."""

    name = "linear_equation"
    domain = "math"
    version = 0
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = False
    max_prompt_chars = 64
    max_choices = 8
    instructions = (
        "Write one simpler equation per line, such as 3x=12. Finish with a line 'Answer: ' and the value of x, a whole "
        "number or a fraction such as 7/2."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        while True:
            left, right = _draw(rng, difficulty)
            solution = _read(f"{left}={right}").solution
            if solution is None or not solution or (solution.denominator > 1) != (difficulty >= 7):
                continue
            if abs(solution) <= 20 and solution.denominator <= 9:
                return Content(f"Solve {left}={right}.", {"equation": f"{left}={right}"}, str(solution))

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(problem.view, answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """Substitution needs no reference: this is the whole judgement."""
        return _judge(view, answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """Useful: the same solution in a simpler form than any before, so that padding and repeating earn nothing."""
        if is_final_line(step):
            return StepVerdict.USEFUL if _judge(view, step).correct else StepVerdict.INVALID
        if behaviour_of(step) in _TALK:
            return StepVerdict.REDUNDANT
        line = strip_behaviour(step)
        values = [evaluate(side) for side in line.split("=")]
        if len(values) > 1 and None not in values:  # arithmetic without x: a substitution, or a sum on the side
            return StepVerdict.REDUNDANT if len(set(values)) == 1 else StepVerdict.INVALID
        equation = _parse(line)
        if equation is None:
            return StepVerdict.UNPARSABLE
        if equation.solution != _read(view.public["equation"]).solution:
            return StepVerdict.INVALID
        return StepVerdict.USEFUL if equation.rank < _standing(view, steps).rank else StepVerdict.REDUNDANT

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        start = _read(view.public["equation"]).rank
        return (start - _standing(view, steps).rank) / start if start else 1.0

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        equation = _standing(view, steps)
        solution = equation.solution
        if not equation.moves and solution is not None:
            values = dict.fromkeys(
                (solution, solution + 1, solution - 1, -solution, 1 / solution if solution else Fraction(0))
            )
            lines = [f"{MARK} {value}" for value in values]
        else:
            right = _next(equation)
            lines = list(dict.fromkeys([*right, *(slip for line in right for slip in _slips(line))]))[
                : self.max_choices
            ]
        generator("menu", view.prompt, *lines).shuffle(lines)
        return lines

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        equation = _read(problem.view.public["equation"])
        lines: list[str] = []
        while equation.moves:
            options = _next(equation)
            if Behaviour.ALTERNATIVE in behaviours and len(options) > 1:
                lines += [options[1], f"{PREFIXES[Behaviour.ALTERNATIVE]} {options[0]}"]
            else:
                lines.append(options[0])
            equation = _read(options[0])
        count = sum(behaviour_of(line) is not Behaviour.ALTERNATIVE for line in lines)
        if Behaviour.CORRECTION in behaviours and lines:
            position = rng.choice([i for i, line in enumerate(lines) if behaviour_of(line) is Behaviour.COMPLETION])
            slip = rng.choice(_slips(lines[position]))
            lines[position : position + 1] = [slip, f"{PREFIXES[Behaviour.CORRECTION]} {lines[position]}"]
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {_substituted(problem)}")
        opening = []
        if Behaviour.ANALYSIS in behaviours:
            opening.append(f"{PREFIXES[Behaviour.ANALYSIS]} {_kind(problem.view.public['equation'])}")
        if Behaviour.DECOMPOSITION in behaviours:
            opening.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {count} step{'s' * (count > 1)}")
        lines = [*opening, *lines, f"{MARK} {problem.reference.value}"]
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        solution = Fraction(problem.reference.value)
        equation = problem.view.public["equation"]
        yield ""
        yield f"{MARK}"
        yield f"{MARK} x"
        yield f"{MARK} {equation}"
        yield f"{MARK} {solution + rng.choice((1, -1))}"
        yield f"{MARK} {-solution}"
        yield f"{MARK} {solution} or {solution + 1}"
        yield f"{MARK} {solution}={solution}"
        yield f"{MARK} y={solution}"
        yield f"{MARK} {float(solution) + 1e-9:.12f}"
        yield f"{MARK} {solution + 1}\n{MARK} {solution}"
        yield f"{MARK} int('{solution}')"
        yield f"x={solution}"
        yield f"{MARK} {'9' * 10_000}"


def _draw(rng: random.Random, difficulty: int) -> tuple[str, str]:
    """The two sides as texts; `sample` throws away what has no solution of the kind it wants."""

    def signed(most: int) -> int:
        return rng.choice((1, -1)) * rng.randint(1, most)

    if difficulty == 1:
        term, x = signed(12), rng.randint(1, 20)
        return _side(1, term), str(x + term)
    if difficulty == 2:
        a, b, x = rng.randint(2, 9), rng.randint(1, 12), rng.randint(1, 9)
        return _side(a, b), str(a * x + b)
    if difficulty == 3:
        a, b, x = rng.randint(2, 12), signed(20), signed(12)
        return _side(a, b), str(a * x + b)
    if difficulty == 4:
        c, b, x = rng.randint(2, 7), rng.randint(1, 9), rng.randint(1, 9)
        a = c + rng.randint(1, 5)
        return _side(a, b), _side(c, (a - c) * x + b)
    if difficulty == 5:
        a, b, c, x = rng.randint(2, 12), signed(20), signed(9), signed(12)
        return _side(a, b), _side(c, (a - c) * x + b)
    if difficulty == 6:
        p, q, c, x = rng.randint(2, 9), signed(9), rng.randint(0, 6), signed(9)
        return f"{p}({_side(1, q)})", _side(c, p * (x + q) - c * x)
    if difficulty == 7:
        return _side(rng.randint(2, 12), signed(20)), _side(rng.choice((0, 0, signed(9))), signed(30))
    return f"{rng.randint(2, 9)}({_side(1, signed(9))})", f"{rng.randint(2, 9)}({_side(1, signed(9))})"


def _side(slope: Fraction | int, constant: Fraction | int) -> str:
    """
    >>> _side(-1, 4), _side(0, -2), _side(Fraction(1, 2), 0)
    ('-x+4', '-2', '1/2x')
    """
    if not slope:
        return str(constant)
    factor = {1: "", -1: "-"}.get(int(slope)) if slope in (1, -1) else str(slope)
    tail = f"{'+' if constant > 0 else '-'}{abs(constant)}" if constant else ""
    return f"{factor}x{tail}"


def _parse(line: str) -> _Equation | None:
    """Two sides of at most one x to the first power; None for anything else, and for an equation without x."""
    texts = line.split("=")
    if len(texts) != 2 or "x" not in line:
        return None
    left, right = (parse(text, "x") for text in texts)
    if left is None or right is None:
        return None
    uncollected = sum(_COLLECTED.fullmatch(text.replace(" ", "")) is None for text in texts)
    return _Equation((left.slope, left.constant), (right.slope, right.constant), uncollected)


def _read(line: str) -> _Equation:
    equation = _parse(line)
    if equation is None:
        raise ValueError(f"{line!r} is not a linear equation in x")
    return equation


def _standing(view: View, steps: Sequence[str]) -> _Equation:
    """The simplest equation so far that has the right solution; others are passed over."""
    best = _read(view.public["equation"])
    solution = best.solution
    for step in steps:
        if is_final_line(step) or behaviour_of(step) in _TALK:
            continue
        equation = _parse(strip_behaviour(step))
        if equation is not None and equation.solution == solution and equation.rank < best.rank:
            best = equation
    return best


def _next(equation: _Equation) -> list[str]:
    """The equations one move further, the one that demonstrations take first."""
    (a, b), (c, d) = equation.left, equation.right
    if equation.uncollected:
        return [f"{_side(a, b)}={_side(c, d)}"]
    if a and c:
        move_x = f"{_side(a - c, b)}={d}"
        return [move_x, f"{_side(a, 0)}={_side(c, d - b)}"] if b and d else [move_x]
    if not a:
        (a, b), (c, d) = (c, d), (a, b)
    return [f"{_side(a, 0)}={d - b}"]


def _slips(line: str) -> list[str]:
    """The same equation with a wrong number on the right, and with a wrong sign on it."""
    equation = _read(line)
    c, d = equation.right
    left = line.split("=")[0]
    return [f"{left}={_side(c, wrong)}" for wrong in dict.fromkeys((d + 1, d - 1, -d)) if wrong != d]


def _substituted(problem: Problem) -> str:
    """The equation with its solution in place of x: `3*5+5=20`; between two sides that have x stands their value."""
    value = Fraction(problem.reference.value)
    shown = str(value) if value > 0 and value.denominator == 1 else f"({value})"
    left, right = (
        re.sub(r"([0-9]?)x", lambda m: f"{m[1]}*{shown}" if m[1] else shown, side)
        for side in problem.view.public["equation"].split("=")
    )
    common = evaluate(left)
    return f"{left}={right}" if right == str(common) else f"{left}={common}={right}"


def _kind(equation: str) -> str:
    if "(" in equation:
        return "brackets"
    return f"x on {'both sides' if 'x' in equation.split('=')[1] else 'one side'}"


def _judge(view: View, response: str) -> Verdict:
    answer = extract_answer(response)
    if answer is None:
        return no_answer()
    name, equals, _ = answer.partition("=")
    value = None if equals and name.strip() != "x" else parse_number(answer)
    if value is None:
        return reject(
            answer[:80], method="substitution", reason="the answer is not one number", status=Status.UNPARSABLE
        )
    (a, b), (c, d), _ = _read(view.public["equation"])
    if a * value + b != c * value + d:
        return reject(answer, method="substitution", reason="the two sides differ there")
    return accept(answer, method="substitution")
