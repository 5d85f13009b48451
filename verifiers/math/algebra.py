"""Scalars in a canonical form: quotients of polynomials over atoms, with exact rational coefficients.

Atoms        symbols; pi, e and i; prime numbers to a fractional power (sqrt(12) is 2 * 3^(1/2)); prime numbers or e
             to a symbolic power (4^x is (2^x)^2); logarithms of primes (ln 8 is 3 ln 2); sin and cos, and tan, sec, ...
             in terms of them; any other function of a canonical form
Equality     a/b = c/d is checked as ad = bc, so 1/(sqrt(2)-1) equals sqrt(2)+1

Two forms that are the same are equal. Two that differ are certainly different only where the atoms are independent over
the rationals: symbols, roots of primes (Besicovitch, 1940), i, and one of pi or e (each is transcendental). `compare`
says None in the other cases, and where a bound is reached.
"""

from __future__ import annotations

import functools
import math
import threading
from fractions import Fraction
from typing import Any, NamedTuple

from reasonrl.verifiers.math.nodes import Node

MAX_TERMS = 200
MAX_POWER = 24
"""Exponent up to which a sum is multiplied out."""
MAX_BITS = 100_000
"""Size of a numerator or denominator."""
MAX_FACTORIAL = 4_000
MAX_RADICAND = 10**12
"""Below this, a number under a root is factored."""

Atom = tuple[Any, ...]
Monomial = frozenset[tuple[Atom, Fraction]]
Polynomial = dict[Monomial, Fraction]

_ONE: Monomial = frozenset()
_I: Atom = ("i",)
_E: Atom = ("e",)
_PI: Atom = ("pi",)
_LOG_UNIT: Atom = ("log unit",)
"""`\\log` without a base is this times the natural one: which base is meant is not known."""


MAX_WORK = 100_000
"""Products of two terms (or of 256 bits of their coefficients) that one judgement may cost: well under a second."""

_work = threading.local()


class OutOfBounds(Exception):
    """The form would be too large, or the expression has no value."""


class Form(NamedTuple):
    """`top / bottom`; the bottom is never zero."""

    top: Polynomial
    bottom: Polynomial


_UNIT: Polynomial = {_ONE: Fraction(1)}


def start_work() -> None:
    """A new judgement begins in this thread: its work is counted from zero."""
    _work.left = MAX_WORK


def _spend(amount: int) -> None:
    left = getattr(_work, "left", MAX_WORK) - amount
    if left < 0:
        raise OutOfBounds
    _work.left = left


def compare(a: Node, b: Node) -> bool | None:
    """Whether two scalars are equal; None where this form cannot tell."""
    try:
        left, right = form(a), form(b)
        difference = _without_roots(_subtract(_multiply(left.top, right.bottom), _multiply(right.top, left.bottom)))
    except OutOfBounds:
        return None
    if not difference:
        return True
    return False if _independent(difference) else None


def constant_ratio(a: Node, b: Node) -> bool | None:
    """Whether a is a non-zero rational multiple of b: then a = 0 and b = 0 are the same equation."""
    try:
        left, right = form(a), form(b)
        x, y = _multiply(left.top, right.bottom), _multiply(right.top, left.bottom)
        if not x or not y:
            return not x and not y
        anchor = next(iter(x))
        if anchor not in y:
            return False if _independent(x) and _independent(y) else None
        factor = x[anchor] / y[anchor]
        difference = _subtract(x, {monomial: value * factor for monomial, value in y.items()})
    except OutOfBounds:
        return None
    if not difference:
        return True
    return False if _independent(difference) else None


def rational(node: Node) -> Fraction | None:
    """The exact value of a scalar that is rational, where this form finds it."""
    try:
        value = form(node)
    except OutOfBounds:
        return None
    if not value.top:
        return Fraction(0)
    if value.bottom == _UNIT and set(value.top) == {_ONE}:
        return value.top[_ONE]
    return None


@functools.lru_cache(maxsize=2048)
def form(node: Node) -> Form:
    """The canonical form of a scalar.

    Raises:
        OutOfBounds: too large, undefined (a division by zero), or not a scalar.
    """
    op, args = node
    match op:
        case "num":
            return _constant(args[0])
        case "sym":
            return _atom(("symbol", args[0]))
        case "const":
            if args[0] == "inf":
                raise OutOfBounds
            return _atom((args[0],))
        case "neg":
            inner = form(args[0])
            return Form({monomial: -value for monomial, value in inner.top.items()}, inner.bottom)
        case "add":
            total = form(args[0])
            for part in args[1:]:
                total = _sum(total, form(part))
            return total
        case "mul":
            left, right = form(args[0]), form(args[1])
            return _reduced(_multiply(left.top, right.top), _multiply(left.bottom, right.bottom))
        case "div":
            return _quotient(form(args[0]), form(args[1]))
        case "pow":
            return _power(form(args[0]), form(args[1]))
        case "fact":
            value = _whole(form(args[0]), MAX_FACTORIAL)
            return _constant(math.factorial(value))
        case "binom":
            n, k = _whole(form(args[0]), MAX_FACTORIAL), _whole(form(args[1]), MAX_FACTORIAL)
            return _constant(math.comb(n, k))
        case "log":
            return _quotient(_logarithm(form(args[1])), _logarithm(form(args[0])))
        case "func":
            return _function(args[0], args[1])
    raise OutOfBounds


def _function(name: str, inner: Node) -> Form:
    if inner.op == "list":
        values = [_whole(form(part), 10**9) for part in inner.args]
        match name:
            case "gcd":
                return _constant(math.gcd(*values))
            case "lcm":
                return _constant(math.lcm(*values))
            case "min" | "max":
                return _constant(min(values) if name == "min" else max(values))
        raise OutOfBounds
    argument = form(inner)
    value = _value(argument)
    if name == "ln":
        return _logarithm(argument)
    if name == "log":
        logarithm = _logarithm(argument)
        return _reduced(
            _multiply(logarithm.top, {frozenset({(_LOG_UNIT, Fraction(1))}): Fraction(1)}), logarithm.bottom
        )
    if name in ("tan", "sec", "csc", "cot"):
        sine, cosine = _function("sin", inner), _function("cos", inner)
        return _quotient(*{"tan": (sine, cosine), "cot": (cosine, sine), "sec": (_constant(1), cosine),
                           "csc": (_constant(1), sine)}[name])  # fmt: skip
    if value is not None:
        if name == "abs":
            return _constant(abs(value))
        if name in ("floor", "ceil"):
            return _constant(math.floor(value) if name == "floor" else math.ceil(value))
    if name in ("abs", "cos", "cosh") and _leads_negative(argument.top):  # even functions
        argument = Form({monomial: -value for monomial, value in argument.top.items()}, argument.bottom)
    elif name in ("sin", "sinh", "tanh", "arcsin", "arctan") and _leads_negative(argument.top):
        argument = Form({monomial: -value for monomial, value in argument.top.items()}, argument.bottom)
        positive = _atom((name, _key(argument)))
        return Form({monomial: -value for monomial, value in positive.top.items()}, positive.bottom)
    if name in ("gcd", "lcm", "min", "max", "det", "Re", "Im"):
        raise OutOfBounds
    return _atom((name, _key(argument)))


# polynomials -----------------------------------------------------------------------------------------------------


def _constant(value: int | Fraction) -> Form:
    value = Fraction(value)
    return Form({_ONE: value} if value else {}, _UNIT)


def _atom(atom: Atom, exponent: Fraction = Fraction(1)) -> Form:
    return Form({frozenset({(atom, exponent)}): Fraction(1)}, _UNIT)


def _key(value: Form) -> tuple[Any, ...]:
    """A form as a hashable atom part. Quotients with a proper bottom are scaled so that equal ones look alike."""
    top, bottom = value
    if bottom != _UNIT:
        scale = bottom[min(bottom, key=_order)]
        top = {monomial: part / scale for monomial, part in top.items()}
        bottom = {monomial: part / scale for monomial, part in bottom.items()}
    return (frozenset(top.items()), frozenset(bottom.items()))


def _order(monomial: Monomial) -> str:
    return repr(sorted(map(_describe, monomial)))


def _describe(part: Any) -> str:
    """A text that does not depend on the order inside frozen sets."""
    if isinstance(part, frozenset):
        return "{" + ",".join(sorted(map(_describe, part))) + "}"
    if isinstance(part, tuple):
        return "(" + ",".join(map(_describe, part)) + ")"
    return str(part)


def _leads_negative(top: Polynomial) -> bool:
    return bool(top) and top[min(top, key=_order)] < 0


def _subtract(a: Polynomial, b: Polynomial) -> Polynomial:
    result = dict(a)
    for monomial, value in b.items():
        total = result.get(monomial, Fraction(0)) - value
        if total:
            result[monomial] = total
        else:
            result.pop(monomial, None)
    return result


def _add(a: Polynomial, b: Polynomial) -> Polynomial:
    return _subtract(a, {monomial: -value for monomial, value in b.items()})


def _sum(a: Form, b: Form) -> Form:
    if a.bottom == b.bottom:
        return _reduced(_add(a.top, b.top), a.bottom)
    return _reduced(_add(_multiply(a.top, b.bottom), _multiply(b.top, a.bottom)), _multiply(a.bottom, b.bottom))


def _multiply(a: Polynomial, b: Polynomial) -> Polynomial:
    if len(a) * len(b) > MAX_TERMS * 20:
        raise OutOfBounds
    if b == _UNIT:
        return a
    if a == _UNIT:
        return b
    _spend(len(a) * len(b) * (1 + max(_bits(a), _bits(b)) // 256))
    result: Polynomial = {}
    for left, x in a.items():
        for right, y in b.items():
            monomial, factor = _join(left, right)
            total = result.get(monomial, Fraction(0)) + x * y * factor
            if total:
                result[monomial] = total
            else:
                result.pop(monomial, None)
    if len(result) > MAX_TERMS:
        raise OutOfBounds
    if _bits(result) > MAX_BITS:
        raise OutOfBounds
    return result


def _bits(polynomial: Polynomial) -> int:
    """Size of the largest numerator or denominator."""
    return max(
        (max(value.numerator.bit_length(), value.denominator.bit_length()) for value in polynomial.values()), default=0
    )


def _join(a: Monomial, b: Monomial) -> tuple[Monomial, Fraction]:
    """The product of two monomials and the rational number that falls out of it."""
    if not a:
        return b, Fraction(1)
    if not b:
        return a, Fraction(1)
    exponents = dict(a)
    for atom, exponent in b:
        exponents[atom] = exponents.get(atom, Fraction(0)) + exponent
    return _settle(exponents)


def _settle(exponents: dict[Atom, Fraction]) -> tuple[Monomial, Fraction]:
    factor = Fraction(1)
    kept: list[tuple[Atom, Fraction]] = []
    for atom, exponent in exponents.items():
        if atom[0] == "prime":
            whole = math.floor(exponent)
            if abs(whole) * atom[1].bit_length() > MAX_BITS:
                raise OutOfBounds
            factor *= Fraction(atom[1]) ** whole
            exponent -= whole
        elif atom == _I and exponent.denominator == 1:
            turns = int(exponent) % 4
            factor *= -1 if turns >= 2 else 1
            exponent = Fraction(turns % 2)
        if exponent:
            kept.append((atom, exponent))
    return frozenset(kept), factor


def _reduced(top: Polynomial, bottom: Polynomial) -> Form:
    """Divides by a bottom of one term."""
    if not bottom:
        raise OutOfBounds
    if not top:
        return Form({}, _UNIT)
    if len(bottom) == 1 and bottom != _UNIT:
        ((monomial, value),) = bottom.items()
        inverse, factor = _settle({atom: -exponent for atom, exponent in monomial})
        return Form(_multiply(top, {inverse: factor / value}), _UNIT)
    return Form(top, bottom)


def _quotient(a: Form, b: Form) -> Form:
    if not b.top:
        raise OutOfBounds
    return _reduced(_multiply(a.top, b.bottom), _multiply(a.bottom, b.top))


def _value(value: Form) -> Fraction | None:
    if not value.top:
        return Fraction(0)
    return value.top[_ONE] if value.bottom == _UNIT and len(value.top) == 1 and _ONE in value.top else None


def _whole(value: Form, most: int) -> int:
    number = _value(value)
    if number is None or number.denominator != 1 or not 0 <= number <= most:
        raise OutOfBounds
    return int(number)


# powers and logarithms -------------------------------------------------------------------------------------------


def _power(base: Form, exponent: Form) -> Form:
    power = _value(exponent)
    if power is None:
        return _symbolic_power(base, exponent)
    if power.denominator == 1:
        return _whole_power(base, int(power))
    if not base.top:
        if power > 0:
            return _constant(0)
        raise OutOfBounds
    return _root(base, power)


def _whole_power(base: Form, power: int) -> Form:
    if power < 0:
        if not base.top:
            raise OutOfBounds
        base, power = Form(base.bottom, base.top), -power
    if power == 0:
        return _constant(1)
    parts = []
    for polynomial in base:
        if len(polynomial) == 1:
            ((monomial, value),) = polynomial.items()
            if power * max(value.numerator.bit_length() - 1, value.denominator.bit_length() - 1) > MAX_BITS:
                raise OutOfBounds
            joined, factor = _settle({atom: exponent * power for atom, exponent in monomial})
            parts.append({joined: value**power * factor})
            continue
        if power > MAX_POWER:
            raise OutOfBounds
        result = _UNIT
        for _ in range(power):
            result = _multiply(result, polynomial)
        parts.append(result)
    return _reduced(parts[0], parts[1])


def _root(base: Form, power: Fraction) -> Form:
    """A fractional power. A positive rational factor leaves the root; what stays inside becomes an atom."""
    if base.bottom != _UNIT and len(base.bottom) > 1:
        raise OutOfBounds
    top = base.top
    if len(top) == 1:
        ((monomial, value),) = top.items()
        if monomial:
            atoms = list(monomial)
            # (x)^(1/3) stays a power of x; (x^2)^(1/2) is |x|; other powers of it become atoms of their own
            ((atom, exponent), *others) = atoms
            if value > 0 and power == Fraction(1, 2) and exponent == 2 and atom[0] == "symbol" and not others:
                size: Polynomial = {frozenset({(("abs", _key(_atom(atom))), Fraction(1))}): Fraction(1)}
                return Form(_multiply(_number_root(value, power), size), _UNIT)
            simple = len(atoms) == 1 and atoms[0][1] == 1 and atoms[0][0] != _I
            positive = all(atom[0] in ("prime", "pi", "e") for atom, _ in atoms)
            if value > 0 and (simple or positive):
                joined, factor = _settle({atom: exponent * power for atom, exponent in atoms})
                outside = _number_root(value, power)
                return Form(_multiply(outside, {joined: factor}), _UNIT)
        elif value > 0:
            return Form(_number_root(value, power), _UNIT)
        elif power.denominator == 2:  # the principal root: sqrt(-3) is i sqrt(3)
            turn, sign = _settle({_I: Fraction(power.numerator)})
            return Form(_multiply(_number_root(-value, power), {turn: sign}), _UNIT)
        else:
            raise OutOfBounds  # the cube root of -8: -2 or a complex number, as the author likes
    content = Fraction(
        math.gcd(*(abs(value.numerator) for value in top.values())),
        math.lcm(*(value.denominator for value in top.values())),
    )
    inside = {monomial: value / content for monomial, value in top.items()}
    whole = math.floor(power)
    root: Atom = ("root", frozenset(inside.items()))
    if whole:
        outer = _whole_power(Form(inside, _UNIT), whole)
        inner = Form(_multiply(_number_root(content, power), {frozenset({(root, power - whole)}): Fraction(1)}), _UNIT)
        return _reduced(_multiply(outer.top, inner.top), outer.bottom)
    return Form(_multiply(_number_root(content, power), {frozenset({(root, power)}): Fraction(1)}), _UNIT)


def _number_root(value: Fraction, power: Fraction) -> Polynomial:
    """A fractional power of a positive rational number."""
    exponents: dict[Atom, Fraction] = {}
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        for prime, count in _factor(number):
            atom = ("prime", prime)
            exponents[atom] = exponents.get(atom, Fraction(0)) + sign * count * power
    monomial, factor = _settle(exponents)
    return {monomial: factor}


@functools.lru_cache(maxsize=1024)
def _factor(number: int) -> tuple[tuple[int, int], ...]:
    """Primes and their exponents.

    Raises:
        OutOfBounds: a number above `MAX_RADICAND` that small primes do not break up.
    """
    found: dict[int, int] = {}
    rest, divisor = number, 2
    if number.bit_length() > 4096:
        raise OutOfBounds
    while divisor * divisor <= rest:
        while rest % divisor == 0:
            rest //= divisor
            found[divisor] = found.get(divisor, 0) + 1
        divisor += 1 if divisor == 2 else 2
        if divisor > 2_000 and rest > MAX_RADICAND:
            raise OutOfBounds
    if rest > 1:
        found[rest] = found.get(rest, 0) + 1
    return tuple(found.items())


def _symbolic_power(base: Form, exponent: Form) -> Form:
    """`b ^ (u + v)` is `b^u b^v`, and `(pq)^u` is `p^u q^u`, for positive numbers b, p, q."""
    if exponent.bottom != _UNIT:
        raise OutOfBounds
    value = _value(base)
    if value is not None and value > 0:
        bases = [(("prime", prime), count * sign)
                 for number, sign in ((value.numerator, 1), (value.denominator, -1))
                 for prime, count in _factor(number)]  # fmt: skip
    elif base.bottom == _UNIT and base.top == {frozenset({(_E, Fraction(1))}): Fraction(1)}:
        bases = [(_E, 1)]
    elif base.bottom == _UNIT and len(base.top) == 1:
        ((monomial, value),) = base.top.items()
        if value != 1 or len(monomial) != 1 or next(iter(monomial))[1] != 1:
            raise OutOfBounds
        bases = [(next(iter(monomial))[0], 1)]
    else:
        raise OutOfBounds
    exponents: dict[Atom, Fraction] = {}
    for atom, count in bases:
        for monomial, coefficient in exponent.top.items():
            key = atom if monomial == _ONE else ("power", atom, monomial)
            exponents[key] = exponents.get(key, Fraction(0)) + coefficient * count
    joined, factor = _settle(exponents)
    return Form({joined: factor}, _UNIT)


def _logarithm(value: Form) -> Form:
    number = _value(value)
    if number is not None:
        if number <= 0:
            raise OutOfBounds
        top: Polynomial = {}
        for whole, sign in ((number.numerator, 1), (number.denominator, -1)):
            for prime, count in _factor(whole):
                monomial = frozenset({(("ln", prime), Fraction(1))})
                top = _add(top, {monomial: Fraction(sign * count)})
        return Form(top, _UNIT)
    if value == _atom(_E):
        return _constant(1)
    return _atom(("ln", _key(value)))


def _without_roots(difference: Polynomial) -> Polynomial:
    """The polynomial with `root(p)^(k + r)` written as `p^k root(p)^r`, and `sin^2` as `1 - cos^2`.

    It is first multiplied by a power of each root and sine that stands in a denominator: zero stays zero.
    """
    for _ in range(8):
        lowest: dict[Atom, Fraction] = {}
        for monomial in difference:
            for atom, exponent in monomial:
                if atom[0] in ("root", "sin"):
                    lowest[atom] = min(lowest.get(atom, Fraction(0)), exponent)
        shift = frozenset((atom, -exponent) for atom, exponent in lowest.items() if exponent < 0)
        if shift:
            difference = _multiply(difference, {shift: Fraction(1)})
        if not any(
            (exponent >= 1 and atom[0] == "root") or (exponent >= 2 and atom[0] == "sin")
            for monomial in difference
            for atom, exponent in monomial
        ):
            return difference
        total: Polynomial = {}
        for monomial, value in difference.items():
            product: Polynomial = {frozenset(part for part in monomial if part[0][0] not in ("root", "sin")): value}
            for atom, exponent in monomial:
                if atom[0] == "sin":
                    pairs = min(math.floor(exponent / 2), MAX_POWER)
                    square = {_ONE: Fraction(1), frozenset({(("cos", atom[1]), Fraction(2))}): Fraction(-1)}
                    product = _multiply(product, _whole_power(Form(square, _UNIT), pairs).top)
                    if exponent != 2 * pairs:
                        product = _multiply(product, {frozenset({(atom, exponent - 2 * pairs)}): Fraction(1)})
                if atom[0] == "root":
                    whole = math.floor(exponent)
                    if whole > MAX_POWER:
                        raise OutOfBounds
                    product = _multiply(product, _whole_power(Form(dict(atom[1]), _UNIT), whole).top)
                    if exponent != whole:
                        product = _multiply(product, {frozenset({(atom, exponent - whole)}): Fraction(1)})
            total = _add(total, product)
        difference = total
    raise OutOfBounds


def _independent(difference: Polynomial) -> bool:
    """Whether the atoms of a polynomial obey no relation, so that it is zero only where it has no terms."""
    kinds = {atom if atom in (_I, _E, _PI) else atom[0] for monomial in difference for atom, _ in monomial}
    if _E in kinds and _PI in kinds:
        return False
    if not kinds <= {"symbol", "prime", _I, _E, _PI}:
        return False
    return all(
        exponent.denominator == 1 for monomial in difference for atom, exponent in monomial if atom[0] != "prime"
    )
