"""First-order logic: a value type, a bounded parser, a printer, and a judge of True, False or Uncertain.

Syntax      `Likes(x, socrates)`, `Rains`, `a = b`, `a != b`; `all x F`, `some x F`; `~` not, `&` and, `^` exclusive or,
            `|` or, `>` implies (also `->`), `<->` if and only if; or the signs of FOLIO: ∀ ∃ ¬ ∧ ⊕ ∨ → ↔ ≠, and the
            long and double arrows ⟶ ⇒ ⟹ ⟷ ⇔ ⟺
Binding     `~` and quantifiers tightest, then `&`, `^`, `|`, `>`, `<->`; `>` groups to the right, all others left
Names       letters of any script, digits and `_`, an apostrophe (’ or ') between letters, and in constants points
            inside (`Dr.Smith`, `v1.0`); a name that a quantifier binds is a variable, any other argument a constant;
            two constants may be the same thing; no function symbols; the domain is never empty
Truth       computed, not given: True when the premises entail the conclusion, False when they entail its negation,
            Uncertain when neither (the three labels of FOLIO, Han et al. 2022, arXiv:2209.00840)

>>> print(parse_first_order("∀x (Human(x) → Mortal(x))"))
all x (Human(x) > Mortal(x))
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reasonrl.verifiers.answers import read_final, without_thoughts
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.logic.solver import SolverError, satisfiable

MAX_CHARS = 1_000
MAX_DEPTH = 48
"""Nesting of parentheses, negations, quantifiers and right-hand sides that the parser follows."""
MAX_HEIGHT = 20
"""Nesting of the formula itself, where a chain such as `A & B & C` nests to the left. Below half of `MAX_DEPTH`, so
that what is printed, with all its parentheses, can be read again."""
MAX_ARITY = 6
MAX_QUANTIFIERS = 12
"""In one formula."""
MAX_SYMBOLS = 100
"""Different predicates and constants in one question."""
MAX_PREMISES = 60
MAX_ANSWER_CHARS = 100_000
MAX_DEADLINE = 600.0
METHOD = "first-order"

ALL, SOME, ATOM, EQUAL, NOT = "all", "some", "atom", "=", "~"
_LEVELS = ("<->", ">", "|", "^", "&")
"""Connectives, loosest first."""
_SIGNS = str.maketrans(
    {"∀": " all ", "∃": " some ", "¬": "~", "∧": "&", "⊕": "^", "∨": "|", "→": ">", "↔": "<->", "≠": "!="}  # noqa: RUF001
    | dict.fromkeys("⟶⇒⟹", ">")
    | dict.fromkeys("⟷⇔⟺", "<->")
    | {"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MODIFIER LETTER APOSTROPHE}": "'"}
)
MAX_NAME = 64
_LETTER = r"[^\W_]"
_NAME = rf"{_LETTER}\w*(?:['.]{_LETTER}\w*)*(?![\w'])"
_TOKEN = re.compile(rf"\s*(?:({_NAME})|(<->|->|!=|[~&|^>=(),]))")
_VALUES = {"true": "True", "false": "False", "uncertain": "Uncertain", "unknown": "Uncertain"}


class Formula(NamedTuple):
    """A quantifier (one name, one part), `ATOM` (predicate and arguments), `EQUAL` (two names) or a connective."""

    op: str
    parts: tuple[Formula, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return format_first_order(self)


def parse_first_order(text: str) -> Formula | None:
    """The formula that `text` spells, or None when it spells none, is out of bounds, or uses a name both inside and
    outside the reach of its quantifier, as `all x A(x) > B(x)` does."""
    if len(text) > MAX_CHARS:
        return None
    tokens: list[str] = []
    text, position = unicodedata.normalize("NFC", text).translate(_SIGNS).rstrip(), 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or (found[1] and not _is_name(found[1])):
            return None
        tokens.append(">" if found[2] == "->" else found[1] or found[2])
        position = found.end()
    try:
        formula, end = _chain(tokens, 0, 0, 0)
    except _NotAFormula:
        return None
    if end != len(tokens):
        return None
    level = [formula]
    for _ in range(MAX_HEIGHT):
        level = [part for node in level for part in node.parts]
    if level:
        return None
    nodes = list(subformulas(formula))
    if any("." in name for node in nodes for name in _no_constants(node)):
        return None
    bound = {node.names[0] for node in nodes if node.op in (ALL, SOME)}
    if bound & _free(formula) or sum(node.op in (ALL, SOME) for node in nodes) > MAX_QUANTIFIERS:
        return None
    return formula


def _is_name(text: str) -> bool:
    """Letters and digits that are none by their looks alone (², ١) are no part of a name."""
    return len(text) <= MAX_NAME and all(
        character in "_'." or character in "0123456789" or unicodedata.category(character)[0] in "LM"
        for character in text
    )


def _no_constants(node: Formula) -> tuple[str, ...]:
    """The names in a formula's root that are variables or predicates: `∀x.P(x)` is not read with a variable `x.P`."""
    return node.names[:1] if node.op in (ALL, SOME, ATOM) else ()


class _NotAFormula(Exception):
    pass


def _chain(tokens: Sequence[str], start: int, level: int, depth: int) -> tuple[Formula, int]:
    """Reads from `start` what binds at least as tight as `level`: the formula and where it ends."""
    if depth > MAX_DEPTH:
        raise _NotAFormula
    if level == len(_LEVELS):
        return _unit(tokens, start, depth)
    op = _LEVELS[level]
    left, end = _chain(tokens, start, level + 1, depth)
    while end < len(tokens) and tokens[end] == op:
        if op == ">":
            right, end = _chain(tokens, end + 1, level, depth + 1)
            return Formula(op, (left, right)), end
        right, end = _chain(tokens, end + 1, level + 1, depth)
        left = Formula(op, (left, right))
    return left, end


def _unit(tokens: Sequence[str], start: int, depth: int) -> tuple[Formula, int]:
    token = _token(tokens, start)
    if depth >= MAX_DEPTH:
        raise _NotAFormula
    if token == NOT:
        body, end = _unit(tokens, start + 1, depth + 1)
        return Formula(NOT, (body,)), end
    if token in (ALL, SOME):
        variable = _name(tokens, start + 1)
        body, end = _unit(tokens, start + 2, depth + 1)
        return Formula(token, (body,), (variable,)), end
    if token == "(":
        inner, end = _chain(tokens, start + 1, 0, depth + 1)
        if _token(tokens, end) != ")":
            raise _NotAFormula
        return inner, end + 1
    name, following = _name(tokens, start), _token(tokens, start + 1)
    if following in ("=", "!="):
        equal = Formula(EQUAL, (), (name, _name(tokens, start + 2)))
        return (equal if following == "=" else Formula(NOT, (equal,))), start + 3
    if following != "(":
        return Formula(ATOM, (), (name,)), start + 1
    names, end = [name], start + 1
    while _token(tokens, end) == ("(" if end == start + 1 else ",") and len(names) <= MAX_ARITY:
        names.append(_name(tokens, end + 1))
        end += 2
    if _token(tokens, end) != ")":
        raise _NotAFormula
    return Formula(ATOM, (), tuple(names)), end + 1


def _token(tokens: Sequence[str], index: int) -> str:
    return tokens[index] if index < len(tokens) else ""


def _name(tokens: Sequence[str], index: int) -> str:
    token = _token(tokens, index)
    if not token[:1].isalnum() or token in (ALL, SOME):
        raise _NotAFormula
    return token


def format_first_order(formula: Formula) -> str:
    """Text that parses back to the same formula: every connective inside another one is in parentheses."""
    op, parts, names = formula
    if op == ATOM:
        return f"{names[0]}({', '.join(names[1:])})" if names[1:] else names[0]
    if op == EQUAL:
        return f"{names[0]} = {names[1]}"
    inner = [f"({part})" if len(part.parts) == 2 or part.op == EQUAL else str(part) for part in parts]
    if op in (ALL, SOME):
        return f"{op} {names[0]} {inner[0]}"
    return NOT + inner[0] if op == NOT else f"{inner[0]} {op} {inner[1]}"


def subformulas(formula: Formula) -> Iterator[Formula]:
    """The formula and all its parts, outermost first."""
    yield formula
    for part in formula.parts:
        yield from subformulas(part)


def _free(formula: Formula) -> set[str]:
    """Arguments that no quantifier binds."""
    names = set(formula.names[1:] if formula.op == ATOM else formula.names if formula.op == EQUAL else ())
    names = names.union(*map(_free, formula.parts))
    return names - {formula.names[0]} if formula.op in (ALL, SOME) else names


def _read(premises: Sequence[str], conclusion: str) -> tuple[list[Formula], Formula]:
    """
    Raises:
        ValueError: a formula cannot be read, a predicate has two arities, or there are too many symbols or premises.
    """
    if len(premises) > MAX_PREMISES:
        raise ValueError(f"at most {MAX_PREMISES} premises can be judged, got {len(premises)}")
    formulas: list[Formula] = []
    for place, text in enumerate([*premises, conclusion], start=1):
        formula = parse_first_order(text)
        if formula is None:
            which = f"premise {place}" if place <= len(premises) else "the conclusion"
            raise ValueError(f"{which} is not a formula that can be read: {text[:80]!r}")
        formulas.append(formula)
    arity: dict[str, int] = {}
    for node in (node for formula in formulas for node in subformulas(formula) if node.op == ATOM):
        if arity.setdefault(node.names[0], len(node.names) - 1) != len(node.names) - 1:
            raise ValueError(f"{node.names[0]} stands with {arity[node.names[0]]} and {len(node.names) - 1} arguments")
    if len(arity) + len(set[str]().union(*map(_free, formulas))) > MAX_SYMBOLS:
        raise ValueError(f"more than {MAX_SYMBOLS} different predicates and constants")
    return formulas[:-1], formulas[-1]


def _check_deadline(deadline: float) -> None:
    if not (math.isfinite(deadline) and 0 < deadline <= MAX_DEADLINE):
        raise ValueError(f"deadline must be above 0 and at most {MAX_DEADLINE:g} seconds, got {deadline}")


def entails_first_order(premises: Sequence[str], conclusion: str, *, deadline: float = 10.0) -> bool | None:
    """Whether the conclusion is true wherever all premises are; None when that was not decided in `deadline` seconds.

    Raises:
        ValueError: a formula cannot be read, or the deadline is out of bounds.
        ModuleNotFoundError: z3 is not installed.
        SolverError: z3 could not be run.
    """
    _check_deadline(deadline)
    known, goal = _read(premises, conclusion)
    (answer,) = satisfiable([[*known, Formula(NOT, (goal,))]], deadline=deadline)
    return None if answer is None else not answer


def verify_first_order(premises: Sequence[str], conclusion: str, answer: str, *, deadline: float = 10.0) -> Verdict:
    """Judges True, False or Uncertain (or Unknown), behind `Answer:` or as the whole answer, in any case of letters."""
    if len(answer) > MAX_ANSWER_CHARS:
        return no_answer(f"longer than {MAX_ANSWER_CHARS} characters")
    final = read_final(answer).text or without_thoughts(answer)
    word = final.strip().rstrip(".").lower()
    if word not in _VALUES:
        return no_answer("the answer is none of True, False and Uncertain")
    given = _VALUES[word]
    try:
        _check_deadline(deadline)
    except ValueError as error:
        return failed(str(error), method=METHOD)
    try:
        known, goal = _read(premises, conclusion)
    except ValueError as error:
        return failed(str(error), status=Status.BAD_REFERENCE, method=METHOD)
    try:
        can_fail, can_hold = satisfiable([[*known, Formula(NOT, (goal,))], [*known, goal]], deadline=deadline)
    except (ModuleNotFoundError, SolverError) as error:
        return failed(str(error), method=METHOD)
    if can_fail is None or can_hold is None:
        return failed(f"z3 did not decide the conclusion within {deadline:g} seconds", method=METHOD)
    if not can_fail and not can_hold:
        return failed("the premises contradict each other", status=Status.BAD_REFERENCE, method=METHOD)
    truth = "Uncertain" if can_fail and can_hold else "True" if can_hold else "False"
    if given == truth:
        return accept(given, method=METHOD)
    return reject(given, method=METHOD, reason=f"by the premises the conclusion is {truth}")
