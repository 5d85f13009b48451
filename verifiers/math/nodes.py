"""The syntax tree of an answer: plain tuples, so that they hash, compare and travel as JSON.

Scalars      num(Fraction) sym(name) const(pi|e|i|inf) add(...) mul(...) div(a, b) pow(a, b) neg(a) fact(a) binom(n, k)
             func(name, a) log(base, a)
Marked       percent(a) deg(a) unit(a, name) pm(a, b) mp(a, b)
Collections  list(...) tuple(...) set(...) interval(low, high, low_closed, high_closed) union(...) without(a, b)
             matrix(rows) ratio(...) reals() empty()
Statements   rel(operators, members) member(a, set) mod(a, modulus)
Others       based(digits, base)
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

SETS = frozenset(["interval", "tuple", "set", "union", "without", "reals", "empty"])


class Node(NamedTuple):
    """`op` names the kind; `args` are nodes, or what the kind's line above says."""

    op: str
    args: tuple[Any, ...] = ()


def num(value: int | Fraction) -> Node:
    return Node("num", (Fraction(value),))


INFINITY = Node("const", ("inf",))
MINUS_INFINITY = Node("neg", (INFINITY,))
PI = Node("const", ("pi",))
SCALARS = frozenset(["num", "sym", "const", "add", "mul", "div", "pow", "neg", "fact", "binom", "func", "log"])
_LEAVES = frozenset(["num", "sym", "const"])


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes inside it, outermost first."""
    stack: list[Any] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Node):
            yield part
            if part.op not in _LEAVES:
                stack.extend(part.args)
        elif isinstance(part, tuple):
            stack.extend(part)


def symbols(node: Node) -> set[str]:
    return {part.args[0] for part in walk(node) if part.op == "sym"}


def is_scalar(node: Node) -> bool:
    """Whether the node is one value, with no mark and no collection inside."""
    return all(part.op in SCALARS for part in walk(node))


def too_deep(node: Node, levels: int) -> bool:
    """Whether a tree has more levels than that; found level by level, without recursion."""
    layer: list[Any] = [node]
    for _ in range(levels):
        following: list[Any] = []
        for part in layer:
            if isinstance(part, Node):
                following.extend(part.args)
            elif isinstance(part, tuple):
                following.extend(part)
        if not following:
            return False
        layer = following
    return True
