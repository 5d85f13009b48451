"""Rewrites a syntax tree into the shape that is compared: what a reader sees as the same answer gets the same shape.

Units        leave (a known one is kept aside, so that 5 cm is not 5 m); percent and degrees are marks; "million" counts
Signs        `a \\pm b` becomes the list of both values
Chains       `x = 3/2 \\approx 1.5` claims 3/2 for x; `41 = 42` is a contradiction; `5 < x < 7` stays an inequality
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math.nodes import Node, is_scalar, num, symbols, walk
from reasonrl.verifiers.math.numeric import differ
from reasonrl.verifiers.math.units import DEGREE, Unit
from reasonrl.verifiers.math.words import read_tail


class Contradiction(Exception):
    """The answer says that two different numbers are equal, or uses a word that changes the value."""


class Claim(NamedTuple):
    """An item of an answer."""

    name: Node | None
    """What the value is claimed for: `x`, `f(x)`, `(p, q)`; None for a bare value."""
    value: Node
    statement: Node
    """The item as it was written."""


class Measure(NamedTuple):
    """What the value of an answer is measured in, or counted as."""

    unit: Unit | None
    """None: what is counted is named, and it is no unit."""


def measures(node: Node) -> set[Measure]:
    """The units and nouns that stand behind the values of an answer."""
    found: set[Measure] = set()
    for part in walk(node):
        if part.op == "deg":
            found.add(Measure(DEGREE))
        elif part.op == "unit":
            tail = read_tail(part.args[1], quoted=True)
            if tail is not None and (tail.unit is not None or tail.noun):
                found.add(Measure(tail.unit))
    return found


def bare(node: Node) -> Node:
    """The tree without units; percent and degrees stay as marks.

    Raises:
        Contradiction: words behind the value change it ("5 dozen").
    """
    if node.op != "unit":
        return _mapped(node, bare)
    tail = read_tail(node.args[1], quoted=True)
    if tail is None:
        raise Contradiction
    inner = bare(node.args[0])
    if tail.percent:
        return Node("percent", (inner,))
    if tail.unit == DEGREE:
        return Node("deg", (inner,))
    if tail.factor != 1:
        if inner.op != "num":
            raise Contradiction
        return num(inner.args[0] * tail.factor)
    return inner


def _mapped(node: Node, change: Any) -> Node:
    if not any(isinstance(part, (Node, tuple)) for part in node.args):
        return node
    if node.op == "matrix":
        return Node("matrix", (tuple(tuple(change(entry) for entry in row) for row in node.args[0]),))
    if node.op == "rel":
        return Node("rel", (node.args[0], tuple(change(part) for part in node.args[1])))
    return Node(node.op, tuple(change(part) if isinstance(part, Node) else part for part in node.args))


def substituted(node: Node, name: str, other: str) -> Node:
    """The tree with one symbol called otherwise."""
    if node == Node("sym", (name,)):
        return Node("sym", (other,))
    return _mapped(node, lambda part: substituted(part, name, other))


def both_signs(node: Node) -> list[Node]:
    """The values that `\\pm` stands for, or the node alone."""
    if not any(part.op in ("pm", "mp") for part in walk(node)):
        return [node]

    def chosen(part: Node, upper: bool) -> Node:
        if part.op in ("pm", "mp"):
            left, right = (chosen(inner, upper) for inner in part.args)
            signed = right if (part.op == "pm") == upper else Node("neg", (right,))
            return signed if left == num(0) else Node("add", (left, signed))
        return _mapped(part, lambda inner: chosen(inner, upper))

    return [chosen(node, True), chosen(node, False)]


def parts(node: Node) -> list[Node]:
    """The items of a list or set (nested lists flattened, both signs written out); a single item otherwise."""
    if node.op == "set":  # a set in a set is an element
        elements = [Node("nested", (part,)) if part.op in ("set", "empty") else part for part in node.args]
        return [inner for part in elements for inner in parts(part)]
    if node.op == "list":
        return [inner for part in node.args for inner in parts(part)]
    if node.op == "rel" and set(node.args[0]) == {"="} and node.args[1][-1].op in ("list", "set"):
        members = node.args[1]
        found = parts(members[-1])
        first = Node("rel", (node.args[0], (*members[:-1], found[0])))
        return [first, *found[1:]]
    return both_signs(node)


def is_name(node: Node) -> bool:
    """Whether a side of an equation only names what is asked for: `x`, `AB`, `f(x)`, `S_1:S_2`, `(p, q)`."""
    match node.op:
        case "sym":
            return True
        case "mul":
            left, right = node.args
            if left.op == "pow":  # f^{-1}(x)
                left = left.args[0]
            if left.op == "sym" and right.op in ("num", "add", "sym", "neg", "tuple", "rel"):
                return right.op != "add" or (len(left.args[0]) == 1 and left.args[0] in "fghFGHPQpq")
            return is_name(left) and right.op == "sym"
        case "ratio" | "tuple":
            return all(is_name(part) for part in node.args)
    return False


def is_quantity(node: Node) -> bool:
    """Whether the left side of an equation is a quantity that letters make up: `a + b`, `|PQ|`, `PQ/RQ`.

    Not one with x, y or z, which are unknowns (x + y = 6 is a line), nor with numbers (2a = 10 is to be solved).
    """
    if node.op not in ("add", "div", "func") or not symbols(node).isdisjoint("xyz") or not symbols(node):
        return False
    return all(part.op in ("add", "neg", "div", "func", "mul", "sym") for part in walk(node))


def claim(node: Node, *, judged: bool = True) -> Claim:
    """What an item claims; whether the steps of a chain hold is only asked where it is `judged`.

    Raises:
        Contradiction: a chain of different numbers.
    """
    if node.op == "member":
        return Claim(node.args[0] if is_name(node.args[0]) else None, node.args[1], node)
    if node.op != "rel":
        return Claim(None, node, node)
    operators, members = node.args
    if "~" in operators:  # what is only near is not claimed, unless nothing else is
        cut = operators.index("~")
        if cut == 0:
            cut = 1
        operators, members = operators[:cut], members[: cut + 1]
        operators = tuple("=" if operator == "~" else operator for operator in operators)
        if len(operators) == 1 and len(members) == 2 and node.args[0][0] == "~" and not is_name(members[0]):
            return Claim(None, members[0], members[0])
        node = Node("rel", (operators, members))
    if set(operators) != {"="}:
        return Claim(None, node, node)
    names = [member for member in members if is_name(member)]
    if names:
        if judged:
            _hold([member for member in members if not is_name(member)], named=True)
        value = members[-1]
        if is_name(value) and value == names[-1] and not all(map(is_name, members)):
            value = next(member for member in members if not is_name(member))
        return Claim(names[0], value, node)
    if len(members) == 2 and is_quantity(members[0]) and not symbols(members[1]):
        return Claim(members[0], members[1], node)
    if any(symbols(member) for member in members):
        return Claim(None, node, node)
    if len(set(members)) < len(members):  # 5 = 5 says nothing
        return Claim(None, node, node)
    if judged:
        _hold(members, named=False)
    return Claim(None, members[-1], members[-1])


def _hold(members: Sequence[Node], *, named: bool) -> None:
    """Raises a contradiction where a chain states another value than its last.

    Without a name each step must hold. Behind a name a step that was not worked out is only sloppy (`z = 3+3 = 2`), but
    a finished number states a value (`x = 41 = 42`), unless the chain sets out from what it ends with.
    """
    constants = [member for member in members if is_scalar(member) and not symbols(member)]
    if not named:
        if any(itertools.starmap(_differ, itertools.pairwise(constants))):
            raise Contradiction
        return
    if len(constants) < 2 or not _differ(constants[0], constants[-1]):
        return
    if any(_is_finished(member) and _differ(member, constants[-1]) for member in constants):
        raise Contradiction


def _differ(left: Node, right: Node) -> bool:
    return left != right and (algebra.compare(left, right) is False or differ(left, right))


def _is_finished(node: Node) -> bool:
    """Whether nothing is added or multiplied in a constant."""
    return all(part.op not in ("add", "mul") for part in walk(node))


def factors(node: Node) -> list[Node]:
    """The parts of a product, from left to right."""
    return [*factors(node.args[0]), *factors(node.args[1])] if node.op == "mul" else [node]
