"""Linear equations in x as they are written on one line: drawn, read, made simpler, made wrong by a slip.

>>> equation = read_equation("5x+3=2x+15")
>>> equation.solution, following(equation)
(Fraction(4, 1), ('3x+3=15', '5x=2x+12'))
"""

from __future__ import annotations

import functools
import random
import re
from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.arithmetic import evaluate, parse

_NUM = r"[0-9]+(?:/[0-9]+|\.[0-9]+)?"
_COLLECTED = re.compile(rf"[+-]?(?:(?:{_NUM})?x(?:[+-]{_NUM})?|{_NUM}(?:[+-](?:{_NUM})?x)?)")
"""A side with at most one x and one number, and no brackets."""


class Equation(NamedTuple):
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


def parse_equation(line: str) -> Equation | None:
    """Two sides of at most one x to the first power; None for anything else, and for an equation without x."""
    texts = line.split("=")
    if len(texts) != 2 or "x" not in line:
        return None
    left, right = (parse(text, "x") for text in texts)
    if left is None or right is None:
        return None
    uncollected = sum(_COLLECTED.fullmatch(text.replace(" ", "")) is None for text in texts)
    return Equation((left.slope, left.constant), (right.slope, right.constant), uncollected)


@functools.lru_cache(maxsize=4096)
def read_equation(line: str) -> Equation:
    """The equation of a line that is known to be one."""
    equation = parse_equation(line)
    if equation is None:
        raise ValueError(f"{line!r} is not a linear equation in x")
    return equation


def side(slope: Fraction | int, constant: Fraction | int) -> str:
    """
    >>> side(-1, 4), side(0, -2), side(Fraction(1, 2), 0)
    ('-x+4', '-2', '1/2x')
    """
    if not slope:
        return str(constant)
    factor = {1: "", -1: "-"}.get(int(slope)) if slope in (1, -1) else str(slope)
    tail = f"{'+' if constant > 0 else '-'}{abs(constant)}" if constant else ""
    return f"{factor}x{tail}"


@functools.lru_cache(maxsize=4096)
def following(equation: Equation) -> tuple[str, ...]:
    """The equations one move further, the one that demonstrations take first."""
    (a, b), (c, d) = equation.left, equation.right
    if equation.uncollected:
        return (f"{side(a, b)}={side(c, d)}",)
    if a and c:
        move_x = f"{side(a - c, b)}={d}"
        return (move_x, f"{side(a, 0)}={side(c, d - b)}") if b and d else (move_x,)
    if not a:
        (a, b), (c, d) = (c, d), (a, b)
    return (f"{side(a, 0)}={d - b}",)


@functools.lru_cache(maxsize=4096)
def wrong_right_sides(line: str) -> tuple[str, ...]:
    """The same equation with a wrong number on the right, and with a wrong sign on it."""
    c, d = read_equation(line).right
    left = line.split("=")[0]
    return tuple(f"{left}={side(c, wrong)}" for wrong in dict.fromkeys((d + 1, d - 1, -d)) if wrong != d)


def substituted(equation: str, value: Fraction) -> str:
    """The equation with a number in place of x: `3*5+5=20`; between two sides that have x stands their value."""
    shown = str(value) if value > 0 and value.denominator == 1 else f"({value})"
    left, right = (
        re.sub(r"([0-9]?)x", lambda m: f"{m[1]}*{shown}" if m[1] else shown, each) for each in equation.split("=")
    )
    common = evaluate(left)
    return f"{left}={right}" if right == str(common) else f"{left}={common}={right}"


def draw(rng: random.Random, difficulty: int) -> tuple[str, str]:
    """The two sides as texts; some have no solution, or not one of the kind wanted."""

    def signed(most: int) -> int:
        return rng.choice((1, -1)) * rng.randint(1, most)

    if difficulty == 1:
        term, x = signed(12), rng.randint(1, 20)
        return side(1, term), str(x + term)
    if difficulty == 2:
        a, b, x = rng.randint(2, 9), rng.randint(1, 12), rng.randint(1, 9)
        return side(a, b), str(a * x + b)
    if difficulty == 3:
        a, b, x = rng.randint(2, 12), signed(20), signed(12)
        return side(a, b), str(a * x + b)
    if difficulty == 4:
        c, b, x = rng.randint(2, 7), rng.randint(1, 9), rng.randint(1, 9)
        a = c + rng.randint(1, 5)
        return side(a, b), side(c, (a - c) * x + b)
    if difficulty == 5:
        a, b, c, x = rng.randint(2, 12), signed(20), signed(9), signed(12)
        return side(a, b), side(c, (a - c) * x + b)
    if difficulty == 6:
        p, q, c, x = rng.randint(2, 9), signed(9), rng.randint(0, 6), signed(9)
        return f"{p}({side(1, q)})", side(c, p * (x + q) - c * x)
    if difficulty == 7:
        return side(rng.randint(2, 12), signed(20)), side(rng.choice((0, 0, signed(9))), signed(30))
    return f"{rng.randint(2, 9)}({side(1, signed(9))})", f"{rng.randint(2, 9)}({side(1, signed(9))})"
