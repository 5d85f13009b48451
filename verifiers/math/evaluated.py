"""Whether a constant is evaluated. A model may box the question, so arithmetic that is left to do is no answer.

Left to do   like terms in a sum (2 pi + 3 pi, sqrt 8 + sqrt 18, 40 + 2); a product of numbers, sums or roots, and
             a power of a sum; a quotient that cancels, or by a complex number; a function where the gold has none;
             roots nested deeper than the gold's; anything but a number where the gold is a rational number
Closed       fractions, powers, roots, factorials, binomials and scientific notation; a sum of unlike terms (3 + sqrt 2,
             2 + 3i, pi/3 + sqrt 3/4); a number times a sum; a root in a denominator
Unknowns     of an expression with unknowns only the plainest of this is asked: like terms in a sum are collected
             (2x + 3x, x + 2 + 3) and numbers beside each other multiplied (2 . 3x); a product of sums may stay one
A gold that leaves arithmetic to do lifts the rule.
"""

from __future__ import annotations

import itertools

from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math.nodes import Node, num, symbols, walk
from reasonrl.verifiers.math.shapes import factors

_I = Node("const", ("i",))
_CONSTANTS = ("prime", "pi", "e", "i")
_ONE: algebra.Monomial = frozenset()


def is_evaluated(prediction: Node, gold: Node, *, rounded: bool = False) -> bool:
    """Whether the prediction leaves no arithmetic to do that the gold, a constant, has done.

    `rounded`: the gold may be a rounded value, so that a closed form of another kind may be meant by it.
    """
    if prediction == gold or work_left(gold):
        return True
    if symbols(prediction) or work_left(prediction):
        return False
    if has_function(gold):
        return True
    if has_function(prediction):
        return False
    exact = algebra.rational(gold) is not None and not rounded
    if exact and not _is_number(prediction) and not _is_unit_power(prediction):
        return False
    return _nesting(prediction) <= max(1, _nesting(gold))


def work_left(node: Node) -> bool:
    """Whether arithmetic is left to do in a constant."""
    return any(_WORK[part.op](part) for part in walk(node) if part.op in _WORK)


def terms_left(node: Node) -> bool:
    """Whether an expression with unknowns has like terms that are not collected, or numbers that are not multiplied.

    >>> from reasonrl.verifiers.math.parser import parse
    >>> [terms_left(parse(text)) for text in ("17y+2-5y-30", r"2\\cdot3x", "2(x+1)+3", "x^2+C")]
    [True, True, False, False]
    """
    return any(
        _like_terms(part) if part.op == "add" else _numbers_left(part)
        for part in walk(node)
        if part.op in ("add", "mul")
    )


def _like_terms(node: Node) -> bool:
    """A term that is a product of sums is passed over: `(x+1)^2+3` is finished, though it could be expanded."""
    keys = [key for term in _summands(node) if (key := _unlike(term)) is not None]
    return len(set(keys)) < len(keys)


def _summands(node: Node) -> list[Node]:
    """The terms of a sum and of the sums in it, without their signs."""
    while node.op == "neg":
        node = node.args[0]
    return [term for part in node.args for term in _summands(part)] if node.op == "add" else [node]


def _unlike(term: Node) -> tuple[algebra.Monomial, algebra.Monomial] | None:
    """What a term is a rational multiple of; None where it is no single term."""
    try:
        form = algebra.form(term)
    except algebra.OutOfBounds:
        return None
    if len(form.top) > 1 or len(form.bottom) != 1:
        return None
    return next(iter(form.top), _ONE), next(iter(form.bottom))


def _numbers_left(node: Node) -> bool:
    numbers = [part for part in factors(node) if _is_number(part)]
    return len(numbers) > 1 and not _is_scientific(numbers)


def has_function(node: Node) -> bool:
    """Whether a function other than a root or a power occurs."""
    return any(part.op in ("func", "log") for part in walk(node))


def _sum(node: Node) -> bool:
    """Like terms, not collected."""
    seen: set[algebra.Monomial] = set()
    for part in node.args:
        monomials = {_ONE} if _is_number(part) else set(_terms(part))
        if monomials & seen:
            return True
        seen |= monomials
    return False


def _product(node: Node) -> bool:
    several = factors(node)
    if sum(map(_is_number, several)) > 1 and not _is_scientific(several):
        return True
    if sum(part.op == "add" for part in several) > 1:
        return True
    if any(part.op == "add" and _I in walk(part) for part in several) and _I in several:
        return True
    roots = [part.args[1] for part in several if _is_root(part)]
    if len(set(roots)) < len(roots):
        return True
    return any(_share(left, right) for left, right in itertools.combinations(several, 2))


def _quotient(node: Node) -> bool:
    top, bottom = node.args
    if top.op == bottom.op == "div" or _I in walk(bottom):
        return True
    return _share(top, bottom)


def _power(node: Node) -> bool:
    base, exponent = node.args
    power = algebra.rational(exponent)
    if power == 1:  # 42^1; but 3 x 10^1 is scientific notation
        return bool(base != num(10))
    if power is None or power.denominator != 1 or abs(power) < 2:
        return False
    while base.op in ("neg", "div"):
        base = base.args[0]
    return (
        base.op == "add" or (base.op == "pow" and not _is_number(base)) or (base.op == "mul" and not _is_number(base))
    )


_WORK = {"add": _sum, "mul": _product, "div": _quotient, "pow": _power}


def _terms(node: Node) -> list[algebra.Monomial]:
    """The parts that a constant is a rational combination of: pi, sqrt 2, i; none where they cannot be told."""
    try:
        form = algebra.form(node)
    except algebra.OutOfBounds:
        return []
    return list(form.top) if len(form.bottom) == 1 else []


def _share(left: Node, right: Node) -> bool:
    """Whether two factors of one term each hold the same pi, e, i or root, so that they can be put together."""
    if left.op in ("num", "neg") or right.op in ("num", "neg"):
        return False
    mine, other = _terms(left), _terms(right)
    if len(mine) != 1 or len(other) != 1:
        return False
    return not {atom for atom, _ in mine[0]}.isdisjoint(atom for atom, _ in other[0] if atom[0] in _CONSTANTS)


def _is_root(node: Node) -> bool:
    if node.op != "pow" or not _is_number(node.args[0]):
        return False
    exponent = algebra.rational(node.args[1])
    return exponent is not None and exponent.denominator > 1


def _nesting(node: Node) -> int:
    """How deep roots stand in roots."""
    inner = max((_nesting(part) for part in node.args if isinstance(part, Node)), default=0)
    if node.op != "pow":
        return inner
    exponent = algebra.rational(node.args[1])
    return inner + (exponent is not None and exponent.denominator > 1)


def _is_unit_power(node: Node) -> bool:
    """`i^2`, also with a sign."""
    while node.op == "neg":
        node = node.args[0]
    return node.op == "pow" and node.args[0] == _I


def _is_number(node: Node) -> bool:
    """Whether a node is a rational number however it is written: without roots, constants and unknowns."""
    if node.op == "pow":
        return (
            _is_number(node.args[0])
            and algebra.rational(node.args[1]) is not None
            and algebra.rational(node) is not None
        )
    if node.op in ("func", "log"):
        return algebra.rational(node) is not None
    return node.op in ("num", "fact", "binom") or (
        node.op in ("neg", "div", "mul", "add") and all(map(_is_number, node.args))
    )


def _is_scientific(factors: list[Node]) -> bool:
    return (
        len(factors) == 2
        and factors[0].op in ("num", "div")
        and factors[1].op == "pow"
        and factors[1].args[0] == num(10)
    )
