"""Exact arithmetic on text that an adversary may have written: + - * / and brackets, at most one unknown.

    parse("(3*7)+5-2")         Linear(slope=0, constant=24, literals=(3, 7, 5, 2))
    parse("3(x+2)", "x")       Linear(slope=3, constant=6, literals=(3, 2))

Nothing is evaluated by Python. Length, digits and nesting are bounded before a number is built, and every value is a
`Fraction`, so that equal means equal.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

MAX_CHARS = 200
MAX_DIGITS = 18
"""Digits of one literal, decimals included."""
MAX_NESTING = 16
MAX_SIDES = 8
"""Of an equation."""

_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+|[A-Za-z]|[()+\-*/]|\S")
_SIGNS = str.maketrans("\N{MINUS SIGN}\N{EN DASH}\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}", "--*/")


class Linear(NamedTuple):
    """slope * unknown + constant, and the numbers that were written, in order."""

    slope: Fraction
    constant: Fraction
    literals: tuple[Fraction, ...] = ()


class _Refused(Exception):
    """Outside the grammar, or without a value."""


def parse(text: str, unknown: str = "") -> Linear | None:
    """The value of an expression; None when it is outside the grammar, divides by zero, or is not linear.

    Args:
        text: what was written. A number before a bracket or the unknown multiplies: `3(x+2)`, `3x`.
        unknown: the one letter that may occur; empty for plain arithmetic.
    """
    if not 0 < len(text) <= MAX_CHARS:
        return None
    tokens = _TOKEN.findall(text.translate(_SIGNS))
    try:
        reader = _Reader(tokens, unknown)
        value = reader.sum(0)
        return value if reader.position == len(tokens) else None
    except _Refused:
        return None


def evaluate(text: str) -> Fraction | None:
    """The value of plain arithmetic, or None.

    >>> evaluate("8/(3-8/3)")
    Fraction(24, 1)
    """
    value = parse(text)
    return None if value is None else value.constant


def is_true(text: str) -> bool | None:
    """Whether an equation of plain arithmetic holds, of two sides or more; None where it is none.

    >>> is_true("5*4+3=23=2*4+15"), is_true("15-3=13"), is_true("3x=12")
    (True, False, None)
    """
    sides = text.split("=")
    values = [evaluate(side) for side in sides] if 1 < len(sides) <= MAX_SIDES else [None]
    return None if None in values else len(set(values)) == 1


class _Reader:
    """Recursive descent: sum, product, signed, atom. Each method reads one phrase and leaves `position` behind it."""

    def __init__(self, tokens: list[str], unknown: str) -> None:
        self.tokens = tokens
        self.unknown = unknown
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def sum(self, depth: int) -> Linear:
        value = self.product(depth)
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            other = self.product(depth)
            value = Linear(
                value.slope + sign * other.slope,
                value.constant + sign * other.constant,
                value.literals + other.literals,
            )
        return value

    def product(self, depth: int) -> Linear:
        value = self.signed(depth)
        while token := self.peek():
            if token in ("*", "/"):
                self.take()
                value = (_times if token == "*" else _over)(value, self.signed(depth))
            elif token == "(" or token == self.unknown:  # 3(x+2), 3x
                value = _times(value, self.atom(depth))
            else:
                break
        return value

    def signed(self, depth: int) -> Linear:
        """A sign may stand before an atom, once: `3*-2` is read, `3*--2` is not."""
        if self.peek() not in ("+", "-"):
            return self.atom(depth)
        sign = 1 if self.take() == "+" else -1
        value = self.atom(depth)
        return Linear(sign * value.slope, sign * value.constant, value.literals)

    def atom(self, depth: int) -> Linear:
        token = self.take()
        if token == "(" and depth < MAX_NESTING:
            value = self.sum(depth + 1)
            if self.take() != ")":
                raise _Refused
            return value
        if token and token == self.unknown:
            return Linear(Fraction(1), Fraction(0))
        if token[:1] not in tuple("0123456789.") or token == "." or len(token) > MAX_DIGITS:
            raise _Refused
        number = Fraction(token)
        return Linear(Fraction(0), number, (number,))


def _times(left: Linear, right: Linear) -> Linear:
    if left.slope and right.slope:
        raise _Refused
    slope = left.slope * right.constant + left.constant * right.slope
    return Linear(slope, left.constant * right.constant, left.literals + right.literals)


def _over(left: Linear, right: Linear) -> Linear:
    if right.slope or not right.constant:
        raise _Refused
    return Linear(left.slope / right.constant, left.constant / right.constant, left.literals + right.literals)
