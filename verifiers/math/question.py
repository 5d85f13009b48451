r"""What a question shows already: an answer that repeats it is none, unless the gold stands there, too.

    restates("Expand $(x+2)(y+3)$.", r"(y + 3)(x + 2)", "xy+3x+2y+6")     True
    restates("Is $x^2$ or $2x$ larger at 3?", "x^2", "x^2")                False: the gold stands in the question

Looked at    the question's formulas, also those without dollar signs, with their parts: sides, items, factors, terms
Alike        up to order, spacing, brackets and the spelling of a fraction; 0.5 and 1/2 are different things to write
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from reasonrl.verifiers.math.nodes import Node, num, walk
from reasonrl.verifiers.math.parser import parse
from reasonrl.verifiers.math.readings import candidates
from reasonrl.verifiers.math.spellings import plain_spelling

MAX_QUESTION = 20_000
MAX_FORMULAS = 200
MAX_FORMULA = 400

_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_FORMULA = re.compile(
    r"\$\$(.{1,1500}?)\$\$|\\\[(.{1,1500}?)\\\]|\\\((.{1,1500}?)\\\)|(?<!\\)\$((?:[^$\\]|\\.){1,1500}?)\$", re.DOTALL
)
_ALIGNED = re.compile(r"\\(?:begin|end)\s*\{(?:align|aligned|gather|cases|equation|eqnarray|split)\*?\}")
_ROWS = re.compile(r"\\\\|&&?|\n|\\text\s*\{[^{}]*\}|\\qquad|\\quad|;")
_WORDS = re.compile(
    r"(?<![A-Za-z\\])(?!(?:sqrt|sin|cos|tan|cot|sec|csc|log|ln|lg|exp|arcsin|arccos|arctan|pi)(?![A-Za-z]))[A-Za-z]{2,}"
    r"|[?!:\n]|[.,;](?=\s|$)|(?<![A-Za-z])[aAI](?=\s+[a-z]{2})"
)
"""What ends a formula that stands among words without dollar signs."""
_HAS_FORMULA = re.compile(r"[0-9A-Za-z)}\]]\s*[-+*/^=<>|(]|[0-9]|\\[A-Za-z]")


def restates(question: str, answer: str, gold: str) -> bool:
    """Whether an answer only repeats what stands in the question, where the gold does not stand.

    Args:
        question: the text of the task, LaTeX or plain; what stands behind `MAX_QUESTION` characters is not read.
        answer: the final answer as it was found in the response.
        gold: the reference, which decides whether the question may be answered by its own words.
    """
    shown = shown_in(question)
    repeated = [tree for tree in _trees(answer) if not shown.isdisjoint(_stated(tree))]
    return bool(repeated) and not any(
        normal(tree) in shown or not shown.isdisjoint(_claims(tree)) for tree in _trees(gold)
    )


@functools.lru_cache(maxsize=512)
def shown_in(question: str) -> frozenset[Node]:
    """All formulas of a question and their parts, in the form of `normal`; a number only where it stands alone."""
    found: set[Node] = set()
    for text in _formulas(question[:MAX_QUESTION]):
        for tree in _trees(text):
            found.update(_claims(tree))
            found.update(normal(part) for part in walk(tree) if part.op not in ("num", "sym", "const"))
            for part in walk(tree):
                if part.op in ("list", "set", "tuple", "interval", "union", "ratio"):
                    found.update(normal(inner) for inner in part.args if isinstance(inner, Node))
    return frozenset(found)


def _formulas(question: str) -> Iterator[str]:
    text = _ALIGNED.sub(" ", _DRAWING.sub(" ", question))
    count = 0
    for match in _FORMULA.finditer(text):
        inner = next(group for group in match.groups() if group is not None)
        for row in (inner, *_ROWS.split(inner)):
            if row.strip() and len(row) <= MAX_FORMULA and count < MAX_FORMULAS:
                count += 1
                yield row.strip(" .,\n")
    for piece in _WORDS.split(_FORMULA.sub("\n", text)):
        if 0 < len(piece) <= MAX_FORMULA and count < MAX_FORMULAS and _HAS_FORMULA.search(piece):
            count += 1
            yield piece.strip(" .,;\n")


def _trees(text: str) -> list[Node]:
    """The first reading of a text that makes sense."""
    for reading in candidates(text):
        tree = parse(plain_spelling(reading))
        if tree is not None:
            return [tree]
    return []


def _stated(tree: Node) -> set[Node]:
    """What an answer comes to: the whole, and of a chain such as `3+4=7` its last member."""
    if tree.op != "rel" or set(tree.args[0]) > {"=", "~"}:
        return {normal(tree)}
    last = tree.args[1][-1]
    return {normal(tree)} if last.op in ("sym", "num", "const") else {normal(tree), normal(last)}


def _claims(tree: Node) -> set[Node]:
    """What an answer says: the whole, and of `f(x) = ...` the value."""
    claims = {normal(tree)}
    if tree.op == "rel" and set(tree.args[0]) <= {"=", "~"}:
        claims.update(normal(member) for member in tree.args[1] if member.op not in ("sym", "num", "const"))
    return claims


def normal(node: Node) -> Node:
    """The tree with sums and products flat and in order, a quotient as a product, no units."""
    match node.op:
        case "unit" | "deg":
            return normal(node.args[0])
        case "num":
            value = node.args[0]
            return Node("mul", (num(-1), num(-value))) if value < 0 else node
        case "add":
            return _joined("add", node, dropped=num(0))
        case "neg":
            return normal(Node("mul", (num(-1), node.args[0])))
        case "div":
            top, bottom = node.args
            return normal(Node("mul", (top, Node("pow", (bottom, num(-1))))))
        case "mul":
            return _joined("mul", node, dropped=num(1))
        case "pow" if node.args[1] == num(1):
            return normal(node.args[0])
        case "rel" if set(node.args[0]) == {"="}:
            return Node("rel", (node.args[0], tuple(sorted(map(normal, node.args[1]), key=repr))))
        case "list" | "set" | "union":
            return Node("list", tuple(sorted((normal(part) for part in node.args if isinstance(part, Node)), key=repr)))
    return Node(node.op, tuple(_normal_part(part) for part in node.args))


def _normal_part(part: object) -> object:
    if isinstance(part, Node):
        return normal(part)
    if isinstance(part, tuple):
        return tuple(map(_normal_part, part))
    return part


def _joined(op: str, node: Node, *, dropped: Node) -> Node:
    """A sum or product of normal parts, those of inner sums or products among them; signs of a product become one."""
    flat: list[Node] = []
    for part in map(normal, node.args):
        flat.extend(part.args if part.op == op else [part])
    if op == "mul":
        minus = flat.count(num(-1)) % 2
        flat = [part for part in flat if part != num(-1)] + [num(-1)] * minus
    flat = [part for part in flat if part != dropped]
    if len(flat) < 2:
        return flat[0] if flat else dropped
    return Node(op, tuple(sorted(flat, key=repr)))
