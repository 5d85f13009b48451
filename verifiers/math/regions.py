"""Sets of real numbers as pieces with exact ends: intervals, unions, what is left without a point, inequalities.

>>> from reasonrl.verifiers.math.parser import parse
>>> [piece.low_closed for piece in region(parse("[0, 1) \\\\cup (2, 3)"))]
[True, False]
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math.nodes import INFINITY, MINUS_INFINITY, Node, num, symbols
from reasonrl.verifiers.math.numeric import real_value
from reasonrl.verifiers.math.shapes import is_name, parts

MAX_PIECES = 40
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!=", "=": "="}


class Piece(NamedTuple):
    """All numbers between two ends; a single point has equal closed ends."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


_ALL = Piece(MINUS_INFINITY, INFINITY, False, False)


def region(node: Node) -> tuple[Piece, ...] | None:
    """The pieces in order, or None when the node is no set of reals that is understood."""
    pieces = _pieces(node)
    return None if pieces is None or len(pieces) > MAX_PIECES else _merged(pieces)


def unknown(node: Node) -> Node | None:
    """What an inequality or a membership speaks about."""
    if node.op == "member":
        name: Node = node.args[0]
        return name
    if node.op != "rel":
        return None
    for member in node.args[1]:
        inner = member.args[1] if member.op == "func" and member.args[0] == "abs" else member
        if isinstance(inner, Node) and is_name(inner):
            return inner
    return None


def _pieces(node: Node) -> list[Piece] | None:
    match node.op:
        case "interval":
            low, high, low_closed, high_closed = node.args
            return _one(low, high, low_closed, high_closed)
        case "tuple" if len(node.args) == 2:
            return _one(node.args[0], node.args[1], False, False)
        case "reals":
            return [_ALL]
        case "empty":
            return []
        case "set":
            return [Piece(part, part, True, True) for part in parts(node)]
        case "union":
            left, right = _pieces(node.args[0]), _pieces(node.args[1])
            return None if left is None or right is None else [*left, *right]
        case "without":
            whole, holes = region(node.args[0]), region(node.args[1])
            return None if whole is None or holes is None else _difference(whole, holes)
        case "member":
            return _pieces(node.args[1])
        case "rel":
            return _inequality(node)
        case "list":
            found: list[Piece] = []
            for part in node.args:
                endless = part.op == "tuple" and not {INFINITY, MINUS_INFINITY}.isdisjoint(part.args)
                if part.op not in ("rel", "interval", "member") and not endless:
                    return None
                pieces = _pieces(part)
                if pieces is None:
                    return None
                found += pieces
            names = {unknown(part) for part in node.args}
            return found if len(names) == 1 else None
    return None


def _one(low: Node, high: Node, low_closed: bool, high_closed: bool) -> list[Piece] | None:
    for end in (low, high):
        if end.op in ("interval", "tuple", "set", "list", "rel", "matrix", "union"):
            return None
    return [Piece(low, high, low_closed and low != MINUS_INFINITY, high_closed and high != INFINITY)]


def _inequality(node: Node) -> list[Piece] | None:
    operators, members = node.args
    if len(members) == 2:
        (operator,), (left, right) = operators, members
        if operator in ("=", "~"):
            return None
        if not is_name(left) and not _is_abs(left):
            if is_name(right) or _is_abs(right):
                left, right, operator = right, left, _TURNED[operator]
            else:
                solved = _linear(left, right)
                if solved is None:
                    return None
                left, bound, positive = solved
                right = num(bound)
                operator = operator if positive else _TURNED[operator]
        if symbols(left) & symbols(right):
            return None
        if _is_abs(left):
            negative = Node("neg", (right,))
            if operator in ("<", "<="):
                return [Piece(negative, right, operator == "<=", operator == "<=")]
            if operator in (">", ">="):
                closed = operator == ">="
                return [Piece(MINUS_INFINITY, negative, False, closed), Piece(right, INFINITY, closed, False)]
            return None
        match operator:
            case "<" | "<=":
                return [Piece(MINUS_INFINITY, right, False, operator == "<=" and right != INFINITY)]
            case ">" | ">=":
                return [Piece(right, INFINITY, operator == ">=" and right != MINUS_INFINITY, False)]
            case "!=":
                return [Piece(MINUS_INFINITY, right, False, False), Piece(right, INFINITY, False, False)]
        return None
    if len(members) == 3 and (set(operators) <= {"<", "<="} or set(operators) <= {">", ">="}):
        low, middle, high = members
        closed = [operator in ("<=", ">=") for operator in operators]
        if operators[0] in (">", ">="):
            low, high, closed = high, low, closed[::-1]
        if symbols(low) or symbols(high):
            return None
        if is_name(middle):
            return [Piece(low, high, closed[0], closed[1])]
        if _is_abs(middle):
            return [
                Piece(Node("neg", (high,)), Node("neg", (low,)), closed[1], closed[0]),
                Piece(low, high, closed[0], closed[1]),
            ]
    return None


def _is_abs(node: Node) -> bool:
    return node.op == "func" and node.args[0] == "abs" and is_name(node.args[1])


def _linear(left: Node, right: Node) -> tuple[Node, Fraction, bool] | None:
    """`left - right` as `a (x - bound)` for rational a and bound: x, the bound, and whether a is positive."""
    names = symbols(left) | symbols(right)
    if len(names) != 1:
        return None
    name = Node("sym", (names.pop(),))
    difference = Node("add", (left, Node("neg", (right,))))
    try:
        form = algebra.form(difference)
    except algebra.OutOfBounds:
        return None
    one, variable = frozenset[object](), frozenset({(("symbol", name.args[0]), Fraction(1))})
    if len(form.bottom) != 1 or set(form.top) - {one, variable} or variable not in form.top:
        return None
    slope = form.top[variable]
    return name, -form.top.get(frozenset(), Fraction(0)) / slope, slope > 0


def _difference(pieces: tuple[Piece, ...], removed: tuple[Piece, ...]) -> list[Piece] | None:
    """The pieces without single points and whole intervals whose ends can be put in order."""
    left = list(pieces)
    for hole in removed:
        kept: list[Piece] = []
        low, high = real_value(hole.low), real_value(hole.high)
        if low is None or high is None:
            return None
        for piece in left:
            start, end = real_value(piece.low), real_value(piece.high)
            if start is None or end is None:
                return None
            if high < start or low > end:
                kept.append(piece)
                continue
            if low > start or (low == start and piece.low_closed and not hole.low_closed):
                kept.append(Piece(piece.low, hole.low, piece.low_closed, not hole.low_closed))
            if high < end or (high == end and piece.high_closed and not hole.high_closed):
                kept.append(Piece(hole.high, piece.high, not hole.high_closed, piece.high_closed))
        left = kept
    return left


def _merged(pieces: list[Piece]) -> tuple[Piece, ...]:
    """In order, with pieces joined that touch; unordered where an end has no real value."""
    if len(pieces) < 2:
        return tuple(pieces)
    keyed = []
    for piece in pieces:
        low, high = real_value(piece.low), real_value(piece.high)
        if low is None or high is None:
            return tuple(pieces)
        keyed.append((low, not piece.low_closed, high, piece))
    keyed.sort(key=lambda item: item[:3])
    merged: list[Piece] = []
    top = float("-inf")
    for low, _, high, piece in keyed:
        touches = merged and low == top and (piece.low_closed or merged[-1].high_closed)
        if merged and (low < top or (touches and algebra.compare(piece.low, merged[-1].high))):
            last = merged[-1]
            if high > top or (high == top and piece.high_closed):
                merged[-1] = Piece(last.low, piece.high, last.low_closed, piece.high_closed)
                top = high
            continue
        merged.append(piece)
        top = high
    return tuple(merged)
