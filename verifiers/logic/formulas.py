"""Propositional formulas: a value type, a bounded parser, a printer, and entailment by bitset truth tables.

Syntax      variables A to L; `~` not, `&` and, `|` or, `>` implies (also `->`), parentheses
Binding     `~` tightest, then `&`, `|`, `>`; `&` and `|` group to the left, `>` to the right
Table       an int of 2**n bits for n variables: bit b is for the assignment that gives bit i of b to variable i
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

VARIABLES = "ABCDEFGHIJKL"
"""Twelve: a truth table is at most 4,096 bits."""
MAX_CHARS = 120
MAX_DEPTH = 24
"""Nesting of parentheses, negations and right-hand sides that the parser follows."""

NOT, AND, OR, IMPLIES = "~", "&", "|", ">"


class Formula(NamedTuple):
    """A variable (`op` is its name, no parts), a negation (one part) or a connective (two parts)."""

    op: str
    parts: tuple[Formula, ...] = ()

    def __str__(self) -> str:
        return format_formula(self)


def negation(body: Formula) -> Formula:
    return Formula(NOT, (body,))


def parse_formula(text: str) -> Formula | None:
    """The formula that `text` spells, or None when it spells none or is out of bounds.

    >>> print(parse_formula("A & B -> ~C"))
    (A&B)>~C
    """
    return None if len(text) > MAX_CHARS else _parse(text.replace(" ", "").replace("->", ">"))


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Formula | None:
    found = _implication(text, 0, 0)
    return found[0] if found is not None and found[1] == len(text) else None


def _implication(text: str, start: int, depth: int) -> tuple[Formula, int] | None:
    """Reads from `start`: the formula and where it ends. The three below do the same for what binds tighter."""
    left = _chain(text, start, depth, OR)
    if left is None or not text.startswith(IMPLIES, left[1]):
        return left
    right = _implication(text, left[1] + 1, depth + 1) if depth < MAX_DEPTH else None
    return None if right is None else (Formula(IMPLIES, (left[0], right[0])), right[1])


def _chain(text: str, start: int, depth: int, op: str) -> tuple[Formula, int] | None:
    left = _chain(text, start, depth, AND) if op == OR else _unit(text, start, depth)
    while left is not None and text.startswith(op, left[1]):
        right = _chain(text, left[1] + 1, depth, AND) if op == OR else _unit(text, left[1] + 1, depth)
        left = None if right is None else (Formula(op, (left[0], right[0])), right[1])
    return left


def _unit(text: str, start: int, depth: int) -> tuple[Formula, int] | None:
    mark = text[start : start + 1]
    if mark and mark in VARIABLES:
        return Formula(mark), start + 1
    if depth >= MAX_DEPTH:
        return None
    if mark == NOT:
        body = _unit(text, start + 1, depth + 1)
        return None if body is None else (negation(body[0]), body[1])
    if mark == "(":
        inner = _implication(text, start + 1, depth + 1)
        return (inner[0], inner[1] + 1) if inner is not None and text.startswith(")", inner[1]) else None
    return None


def format_formula(formula: Formula) -> str:
    """Text that parses back to the same formula: every connective inside another one is in parentheses."""
    op, parts = formula
    if not parts:
        return op
    inner = [f"({format_formula(part)})" if len(part.parts) == 2 else format_formula(part) for part in parts]
    return op + inner[0] if op == NOT else op.join(inner)


def subformulas(formula: Formula) -> Iterator[Formula]:
    """The formula and all its parts, outermost first."""
    yield formula
    for part in formula.parts:
        yield from subformulas(part)


def variables(formulas: Iterable[Formula]) -> list[str]:
    """Names that occur, in alphabetical order."""
    return sorted({part.op for formula in formulas for part in subformulas(formula) if not part.parts})


def columns(names: Sequence[str]) -> dict[str, int]:
    """Truth table of each variable.

    >>> {name: f"{table:04b}" for name, table in columns("AB").items()}
    {'A': '1010', 'B': '1100'}
    """
    full = (1 << (1 << len(names))) - 1
    return {name: full // ((1 << (1 << i)) + 1) << (1 << i) for i, name in enumerate(names)}


def truth_table(formula: Formula, column: Mapping[str, int], full: int) -> int:
    """Truth table of a formula over the variables of `column`; `full` is the table of what is always true."""
    op, parts = formula
    if not parts:
        return column[op]
    first = truth_table(parts[0], column, full)
    if op == NOT:
        return full ^ first
    second = truth_table(parts[1], column, full)
    return first & second if op == AND else first | second if op == OR else (full ^ first) | second


def models(formulas: Sequence[Formula], names: Sequence[str]) -> int:
    """Bitset of the assignments to `names` under which all formulas are true."""
    column = columns(names)
    full = (1 << (1 << len(names))) - 1
    table = full
    for formula in formulas:
        table &= truth_table(formula, column, full)
    return table


def entails(premises: Sequence[Formula], goal: Formula) -> bool:
    """Whether the goal is true wherever all premises are.

    >>> entails([parse_formula("A>B"), parse_formula("B>C")], parse_formula("A>C"))
    True
    """
    return not models((*premises, negation(goal)), variables((*premises, goal)))


def consistent(formulas: Sequence[Formula]) -> bool:
    """Whether some assignment makes all of them true."""
    return models(formulas, variables(formulas)) != 0
