"""Values of scalars in double precision, each with a bound on its error: two that differ by more are different.

This only ever refutes. Unknowns get rational values, positive first, then of both signs; where a value is not defined
or its bound is too wide nothing is concluded.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.math.nodes import Node, symbols

_EPSILON = 2.0**-50
"""Eight times the rounding of one operation; complex products and library functions stay below it."""


class Undefined(Exception):
    """No value, or none that doubles can hold."""


class Ball(NamedTuple):
    """All complex numbers within `radius` of `centre`."""

    centre: complex
    radius: float


_POINTS = (
    (Fraction(17, 23), Fraction(29, 19), Fraction(41, 31), Fraction(7, 13), Fraction(53, 37)),
    (Fraction(61, 29), Fraction(11, 43), Fraction(83, 47), Fraction(71, 53), Fraction(5, 59)),
    (Fraction(-19, 11), Fraction(31, 37), Fraction(-43, 61), Fraction(-73, 17), Fraction(13, 7)),
    (Fraction(-7, 29), Fraction(-67, 41), Fraction(37, 11), Fraction(-3, 71), Fraction(-97, 83)),
)


def differ(a: Node, b: Node) -> bool:
    """True when some values of the unknowns give provably different results; False says nothing."""
    names = sorted(symbols(a) | symbols(b))
    for point in _POINTS if names else _POINTS[:1]:
        values = {name: point[i % len(point)] + i // len(point) for i, name in enumerate(names)}
        try:
            x, y = evaluate(a, values), evaluate(b, values)
        except (Undefined, OverflowError, ValueError, ZeroDivisionError):
            continue
        if abs(x.centre - y.centre) > 4 * (x.radius + y.radius):
            return True
    return False


def real_value(node: Node) -> float | None:
    """A real constant, roughly: for putting ends of intervals in order."""
    if node.op == "const" and node.args[0] == "inf":
        return math.inf
    if node.op == "neg" and node.args[0].op == "const" and node.args[0].args[0] == "inf":
        return -math.inf
    try:
        ball = evaluate(node, {})
    except (Undefined, OverflowError, ValueError, ZeroDivisionError):
        return None
    return ball.centre.real if abs(ball.centre.imag) <= ball.radius else None


def evaluate(node: Node, values: Mapping[str, Fraction]) -> Ball:
    """The value of a scalar.

    Raises:
        Undefined, OverflowError, ValueError, ZeroDivisionError: it has none, or doubles cannot hold it.
    """
    op, args = node
    match op:
        case "num":
            return _exact(args[0])
        case "sym":
            if args[0] not in values:
                raise Undefined
            return _exact(values[args[0]])
        case "const":
            constant = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j}.get(args[0])
            if constant is None:
                raise Undefined
            return Ball(constant, abs(constant) * _EPSILON)
        case "neg":
            inner = evaluate(args[0], values)
            return Ball(-inner.centre, inner.radius)
        case "add":
            parts = [evaluate(part, values) for part in args]
            centre = sum(part.centre for part in parts)
            size = sum(abs(part.centre) for part in parts)
            return _ball(centre, sum(part.radius for part in parts) + size * _EPSILON * len(parts))
        case "mul":
            return _product(evaluate(args[0], values), evaluate(args[1], values))
        case "div":
            return _product(evaluate(args[0], values), _inverse(evaluate(args[1], values)))
        case "pow":
            return _power(args[0], args[1], values)
        case "func":
            if args[1].op == "list":
                raise Undefined
            return _function(args[0], evaluate(args[1], values))
        case "log":
            base, inner = (_function("ln", evaluate(part, values)) for part in args)
            return _product(inner, _inverse(base))
    raise Undefined


def _ball(centre: complex, radius: float) -> Ball:
    if not (math.isfinite(centre.real) and math.isfinite(centre.imag) and math.isfinite(radius)):
        raise Undefined
    return Ball(centre, radius)


def _exact(value: Fraction) -> Ball:
    number = complex(value.numerator / value.denominator)
    return _ball(number, abs(number) * _EPSILON)


def _product(a: Ball, b: Ball) -> Ball:
    centre = a.centre * b.centre
    radius = abs(a.centre) * b.radius + abs(b.centre) * a.radius + a.radius * b.radius
    return _ball(centre, radius + abs(centre) * _EPSILON)


def _inverse(a: Ball) -> Ball:
    size = abs(a.centre)
    if size <= 2 * a.radius:
        raise Undefined
    return _ball(1 / a.centre, a.radius / (size * (size - a.radius)) + _EPSILON / size)


def _power(base: Node, exponent: Node, values: Mapping[str, Fraction]) -> Ball:
    power = evaluate(exponent, values)
    if base.op == "const" and base.args[0] == "e":
        return _function("exp", power)
    ball = evaluate(base, values)
    whole = round(power.centre.real) if power.radius < 1e-9 else 0
    if exponent.op in ("num", "neg") and abs(power.centre - whole) == 0 and abs(whole) <= 64:
        result = Ball(1 + 0j, 0.0)
        for _ in range(abs(whole)):
            result = _product(result, ball)
        return result if whole >= 0 else _inverse(result)
    if ball.centre == 0 and ball.radius == 0 and power.centre.real > 0:
        return ball
    return _function("exp", _product(_function("ln", ball), power))


def _function(name: str, ball: Ball) -> Ball:
    z, r = ball
    if name == "exp":
        if z.real > 600 or r > 1:
            raise Undefined
        value = cmath.exp(z)
        return _ball(value, abs(value) * (math.expm1(r) + _EPSILON * (1 + abs(z))))
    if name == "ln":
        size = abs(z)
        if size <= 2 * r or (z.real < 0 and 0 < abs(z.imag) <= r):
            raise Undefined
        value = cmath.log(z)
        return _ball(value, r / (size - r) + _EPSILON * (1 + abs(value)))
    if name in ("sin", "cos"):
        value = cmath.sin(z) if name == "sin" else cmath.cos(z)
        if r > 1e-3 or abs(z) > 1e6:
            raise Undefined
        return _ball(value, (r + _EPSILON * (1 + abs(z))) * math.cosh(abs(z.imag) + r) * 2)
    if name in ("tan", "cot", "sec", "csc"):
        sine, cosine = _function("sin", ball), _function("cos", ball)
        match name:
            case "tan":
                return _product(sine, _inverse(cosine))
            case "cot":
                return _product(cosine, _inverse(sine))
            case "sec":
                return _inverse(cosine)
        return _inverse(sine)
    if name == "abs":
        return _ball(complex(abs(z)), r + abs(z) * _EPSILON)
    if name == "arctan" and z.imag == 0:
        return _ball(complex(math.atan(z.real)), r + 2 * _EPSILON)
    if name in ("arcsin", "arccos") and z.imag == 0 and abs(z.real) + 2 * r < 1:
        slope = 1 / math.sqrt(1 - (abs(z.real) + r) ** 2)
        return _ball(complex(math.asin(z.real) if name == "arcsin" else math.acos(z.real)), (r + _EPSILON) * slope * 2)
    raise Undefined
