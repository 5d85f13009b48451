r"""The form of an answer, where a task asks for one: expanded, factored, a single number, or whatever the gold is.

number     one number: 3/4, -1.5, 1\frac12, 25\%, 3 \times 10^8
expanded   a sum of terms with unlike unknowns, and no product of sums or power of a sum in it
factored   a product that is split as far as the gold's: as many factors that are no numbers
"""

from __future__ import annotations

from typing import Literal

from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math.nodes import Node, num, symbols, walk
from reasonrl.verifiers.math.question import normal

Form = Literal["any", "gold", "expanded", "factored", "number"]
FORMS: tuple[str, ...] = ("any", "gold", "expanded", "factored", "number")


def has_form(answer: Node, gold: Node, form: str) -> bool:
    """Whether an answer, which is equal to the gold, is written in the form that is asked for."""
    wanted = form_of(gold) if form == "gold" else form
    value = _value(answer)
    match wanted:
        case "number":
            return is_number(value)
        case "expanded":
            return is_expanded(value)
        case "factored":
            return _is_product(value) and factor_count(value) >= factor_count(_value(gold))
    return True


def form_of(gold: Node) -> str:
    """The form of a gold: "any" where it is none of those that have a name.

    >>> from reasonrl.verifiers.math.parser import parse
    >>> [form_of(parse(text)) for text in ("3/4", "x^2+3x+2", "(x+1)(x+2)", "x")]
    ['number', 'expanded', 'factored', 'any']
    """
    value = _value(gold)
    if is_number(value):
        return "number"
    if _is_product(value) and any(part.op == "add" for part in walk(value)):
        return "factored"
    return "expanded" if value.op == "add" and is_expanded(value) else "any"


def is_number(node: Node) -> bool:
    """Whether this is one number, with no arithmetic to do but a sign, a fraction or a power of ten."""
    match node.op:
        case "num" | "based":
            return True
        case "neg" | "percent" | "deg" | "unit":
            return isinstance(node.args[0], Node) and is_number(node.args[0])
        case "div":
            return all(part.op == "num" or (part.op == "neg" and part.args[0].op == "num") for part in node.args)
        case "mul":
            left, right = node.args[0], node.args[-1]
            return len(node.args) == 2 and left.op == "num" and right.op == "pow" and right.args[0] == num(10)
    return False


def is_expanded(node: Node) -> bool:
    """Whether no sum with unknowns stands in a product or power, and no two terms have the same unknowns."""
    for part in walk(node):
        inner = part.args if part.op == "mul" else part.args[:1] if part.op in ("pow", "neg", "div") else ()
        if any(each.op == "add" and symbols(each) for each in inner) and not _is_root(part):
            return False
    flat = normal(node)
    terms = flat.args if flat.op == "add" else (flat,)
    unknowns = [_unknowns(term) for term in terms if symbols(term)]
    constants = [term for term in terms if _is_rational(term)]
    return len(set(unknowns)) == len(unknowns) and len(constants) < 2


def factor_count(node: Node) -> int:
    """How many factors with unknowns a product has, each as often as its power says."""
    flat = normal(node)
    count = 0
    for part in flat.args if flat.op == "mul" else (flat,):
        power = part.args[1].args[0] if part.op == "pow" and part.args[1].op == "num" else None
        if symbols(part):
            count += int(power) if power is not None and power.denominator == 1 and power < 1000 else 1
    return count


def _is_rational(term: Node) -> bool:
    """Whether a flat term is a number without roots, constants and unknowns."""
    return all(
        part.op in ("num", "mul") or (part.op == "pow" and part.args[1].op in ("num", "mul") and not _is_root(part))
        for part in walk(term)
    )


def _value(node: Node) -> Node:
    """What is claimed: the last side of `f(x) = ...`."""
    return node.args[1][-1] if node.op == "rel" and set(node.args[0]) <= {"=", "~"} else node


def _is_product(node: Node) -> bool:
    while node.op == "neg":
        node = node.args[0]
    return node.op in ("mul", "pow", "div") and bool(symbols(node)) and not _is_root(node)


def _is_root(node: Node) -> bool:
    power = algebra.rational(node.args[1]) if node.op == "pow" else None
    return power is not None and power.denominator > 1


def _unknowns(term: Node) -> tuple[Node, ...]:
    """The factors of a term that hold unknowns."""
    parts = term.args if term.op == "mul" else (term,)
    return tuple(part for part in parts if symbols(part))
