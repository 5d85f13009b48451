"""Exact arithmetic on intervals of fractions, bounded in size. A number that was rounded is an interval."""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import NamedTuple

MAX_BITS = 256
"""Size of a power's value."""


class Interval(NamedTuple):
    low: Fraction
    high: Fraction


class Refused(Exception):
    """Outside what is computed here, or without a value."""


def scaled(value: Interval, scale: Fraction) -> Interval:
    return Interval(value.low * scale, value.high * scale)


def plus(a: Interval, b: Interval) -> Interval:
    return Interval(a.low + b.low, a.high + b.high)


def minus(a: Interval, b: Interval) -> Interval:
    return Interval(a.low - b.high, a.high - b.low)


def times(a: Interval, b: Interval) -> Interval:
    corners = (a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high)
    return _bounded(Interval(min(corners), max(corners)))


def divided_by(a: Interval, b: Interval) -> Interval:
    if b.low <= 0 <= b.high:
        raise Refused
    return times(a, Interval(1 / b.high, 1 / b.low))


def raised_to(base: Interval, exponent: int) -> Interval:
    size = max(abs(base.low), abs(base.high))
    if exponent > MAX_BITS or (size.numerator.bit_length() + size.denominator.bit_length()) * exponent > 2 * MAX_BITS:
        raise Refused
    corners = (base.low**exponent, base.high**exponent)
    low = Fraction(0) if base.low < 0 < base.high and exponent % 2 == 0 else min(corners)
    return Interval(low, max(corners))


def factorial_of(value: Interval) -> Interval:
    if value.low != value.high or value.low.denominator != 1 or not 0 <= value.low <= 20:
        raise Refused
    result = Fraction(factorial(int(value.low)))
    return Interval(result, result)


def _bounded(value: Interval) -> Interval:
    if max(value.low.numerator.bit_length(), value.low.denominator.bit_length()) > 64 * MAX_BITS:
        raise Refused
    return value
