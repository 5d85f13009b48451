"""Values of expressions at a point, modulo a prime: two that differ belong to different expressions.

An identity of rational functions with rational coefficients holds at every point, also modulo a prime that divides no
denominator. So this refutes in microseconds what cannot be multiplied out, whatever the exponents; it never confirms.
"""

from __future__ import annotations

from fractions import Fraction

from reasonrl.verifiers.math.nodes import Node, symbols

PRIME = 2**61 - 1
_POINTS = (1_234_567_891_011, 998_244_353_987_654_321)


class _NoValue(Exception):
    """A division by zero, or something that is no rational function."""


def differ_modulo(a: Node, b: Node) -> bool:
    """True when two expressions certainly differ; False says nothing."""
    names = sorted(symbols(a) | symbols(b))
    for start in _POINTS if names else _POINTS[:1]:
        values = {name: pow(start, index + 1, PRIME) for index, name in enumerate(names)}
        try:
            if _value(a, values) != _value(b, values):
                return True
        except _NoValue:
            continue
    return False


def _value(node: Node, values: dict[str, int]) -> int:
    op, args = node
    match op:
        case "num":
            return _fraction(args[0])
        case "sym":
            return values[args[0]]
        case "neg":
            return -_value(args[0], values) % PRIME
        case "add":
            return sum(_value(part, values) for part in args) % PRIME
        case "mul":
            return _value(args[0], values) * _value(args[1], values) % PRIME
        case "div":
            return _value(args[0], values) * _inverse(_value(args[1], values)) % PRIME
        case "pow":
            exponent, sign = args[1], 1
            while exponent.op == "neg":
                exponent, sign = exponent.args[0], -sign
            if exponent.op != "num" or exponent.args[0].denominator != 1:
                raise _NoValue
            power = sign * int(exponent.args[0])
            base = _value(args[0], values)
            if base == 0 and power <= 0:
                raise _NoValue
            return pow(base, power, PRIME)
    raise _NoValue


def _fraction(value: Fraction) -> int:
    return value.numerator * _inverse(value.denominator % PRIME) % PRIME


def _inverse(value: int) -> int:
    if value == 0:
        raise _NoValue
    return pow(value, -1, PRIME)
