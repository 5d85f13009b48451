"""Proof lines of propositional logic, each judged by its rule and the lines it cites; and the shortest proof.

A line reads `5 C MP 2 4`: its number, its formula, the rule, the lines it follows from (in either order).

    MP  X>Y, X  gives Y        HS  X>Y, Y>Z  gives X>Z      AI  X, Y  gives X&Y        OI  X    gives X|Y or Y|X
    MT  X>Y, ~Y gives ~X       DS  X|Y, ~X   gives Y        AE  X&Y   gives X, or Y    DN  ~~X  gives X, and X gives ~~X

>>> verify_proof(["A>B", "B>C", "A"], "C", "4 B MP 1 3\\n5 C MP 2 4").correct
True
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line, without_thoughts
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.inputs import response_text
from reasonrl.verifiers.logic.formulas import (
    AND,
    IMPLIES,
    NOT,
    OR,
    Formula,
    format_formula,
    negation,
    parse_formula,
    subformulas,
)

RULES = {"MP": 2, "MT": 2, "HS": 2, "DS": 2, "AI": 2, "AE": 1, "OI": 1, "DN": 1}
"""Rule to how many lines it cites."""
INTRODUCTIONS = ("AI", "OI", "DN")
"""Rules that build: applied without end they give ever larger formulas."""
MAX_LINE_CHARS = 160
MAX_PREMISES = 64
MAX_LINES = 200
MAX_PROOF_CHARS = 20_000
"""Of a whole proof text, blank lines and all."""

_LINE = re.compile(r"([0-9]{1,3})[.):]? +([A-L~&|>() -]+?) +([A-Z]{2}) +([0-9]{1,3})(?:,? +([0-9]{1,3}))?")


class ProofLine(NamedTuple):
    number: int
    formula: Formula
    rule: str
    cites: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.number} {format_formula(self.formula)} {self.rule} {' '.join(map(str, self.cites))}"


class Inference(NamedTuple):
    """One application of a rule, by formulas instead of line numbers."""

    formula: Formula
    rule: str
    premises: tuple[Formula, ...]


def parse_proof_line(text: str) -> ProofLine | None:
    """The line that `text` spells, right or wrong; None when it is not of this form.

    >>> parse_proof_line("5 C MP 2 4").cites
    (2, 4)
    """
    match = _LINE.fullmatch(text.strip()) if len(text) <= MAX_LINE_CHARS else None
    if match is None:
        return None
    number, body, rule, first, second = match.groups()
    formula = parse_formula(body)
    if formula is None:
        return None
    return ProofLine(int(number), formula, rule, (int(first),) if second is None else (int(first), int(second)))


def check_proof_line(lines: Sequence[Formula], line: ProofLine) -> str:
    """Why `line` may not follow `lines` (line 1 first); the empty string when it may.

    A line bears the next number, so it cannot cite itself or a later line, and what was never proved cannot be cited.

    >>> lines = [parse_formula("A>B"), parse_formula("A")]
    >>> check_proof_line(lines, parse_proof_line("3 B MP 1 2"))
    ''
    >>> check_proof_line(lines, parse_proof_line("3 B MP 2 3"))
    'line 3 is not there to be cited'
    """
    if line.number != len(lines) + 1:
        return f"the next line is number {len(lines) + 1}"
    if line.rule not in RULES:
        return f"there is no rule {line.rule}: choose one of {', '.join(RULES)}"
    if len(line.cites) != RULES[line.rule]:
        return f"{line.rule} cites {RULES[line.rule]} line(s), here are {len(line.cites)}"
    for cite in line.cites:
        if not 1 <= cite <= len(lines):
            return f"line {cite} is not there to be cited"
    if not follows(line.rule, [lines[cite - 1] for cite in line.cites], line.formula):
        return f"{line.rule} does not give this from {' and '.join(map(str, line.cites))}"
    return ""


def verify_proof(premises: Sequence[str], goal: str, lines: str | Sequence[str] | None) -> Verdict:
    """Whether the lines prove the goal from the premises. Strict: one line that does not follow spoils the proof.

    Args:
        premises: formulas as text; they are lines 1 to n.
        goal: the formula to prove. A premise or goal that is no formula gives BAD_REFERENCE.
        lines: the proof, one line each (blank ones are passed over). The last one is the goal, or is an `Answer:` line
            with the number of the line that is.
    """
    given = [parse_formula(text) for text in (*premises, goal)]
    known = [formula for formula in given if formula is not None]
    if len(known) < len(given) or len(premises) > MAX_PREMISES:
        reason = f"the premises (at most {MAX_PREMISES}) and the goal must be formulas such as A&B>~C"
        return failed(reason, status=Status.BAD_REFERENCE, method="proof")
    wanted = known.pop()
    if lines is None:
        return no_answer("the response is null")
    if not isinstance(lines, Sequence) or isinstance(lines, bytes):
        lines = response_text(lines)
    text = without_thoughts(lines if isinstance(lines, str) else response_text(lines[: MAX_LINES + 1]))
    if len(text) > MAX_PROOF_CHARS:
        return _no_proof(text, f"a proof has at most {MAX_PROOF_CHARS} characters")
    written = [line.strip() for line in text.split("\n") if line.strip()]
    named = written.pop() if written and is_final_line(written[-1]) else f"{MARK} {len(premises) + len(written)}"
    if not written:
        return no_answer("there is no proof line")
    if len(written) > MAX_LINES:
        return _no_proof(text, f"a proof has at most {MAX_LINES} lines")
    for each in written:
        line = parse_proof_line(each)
        if line is None:
            return _no_proof(text, f"this is no proof line: {each[:40]!r}")
        problem = check_proof_line(known, line)
        if problem:
            return reject(each, method="proof", reason=f"line {line.number}: {problem}")
        known.append(line.formula)
    claimed = re.fullmatch(r"[0-9]{1,3}", extract_answer(named) or "")
    number = int(claimed[0]) if claimed else 0
    if not 1 <= number <= len(known) or known[number - 1] != wanted:
        return reject(written[-1], method="proof", reason="the proof does not end with the goal")
    return accept(written[-1], method="proof")


def _no_proof(text: str, reason: str) -> Verdict:
    return reject(text[:80], method="proof", reason=reason, status=Status.UNPARSABLE)


def follows(rule: str, cited: Sequence[Formula], conclusion: Formula) -> bool:
    """Whether one application of the rule gives the conclusion, the cited formulas in either order."""
    if RULES[rule] == 1:
        return _gives(rule, cited[0], cited[0], conclusion)
    return _gives(rule, cited[0], cited[1], conclusion) or _gives(rule, cited[1], cited[0], conclusion)


def _gives(rule: str, a: Formula, b: Formula, c: Formula) -> bool:
    match rule:
        case "MP":
            return a.op == IMPLIES and a.parts == (b, c)
        case "MT":
            return a.op == IMPLIES and (negation(a.parts[0]), negation(a.parts[1])) == (c, b)
        case "HS":
            chained = a.op == b.op == c.op == IMPLIES and a.parts[1] == b.parts[0]
            return chained and c.parts == (a.parts[0], b.parts[1])
        case "DS":
            left, right = a.parts if a.op == OR else (c, c)
            return a.op == OR and ((negation(left), right) == (b, c) or (negation(right), left) == (b, c))
        case "AI":
            return c == Formula(AND, (a, b))
        case "AE":
            return a.op == AND and c in a.parts
        case "OI":
            return c.op == OR and a in c.parts
        case _:  # DN
            return c == negation(negation(a)) or a == negation(negation(c))


def buildable(formulas: Iterable[Formula]) -> tuple[Formula, ...]:
    """What an introduction may be good for in a problem of these formulas: their parts, and the negations of those.

    From consistent premises a shortest proof introduces nothing else. A rule that uses an introduced formula X either
    takes X apart again (and gives back a line that was there, or needs a contradiction), or matches X against a part of
    some other line, and all that elimination rules and HS make has its parts among these.
    """
    parts = dict.fromkeys(part for formula in formulas for part in subformulas(formula))
    return tuple(parts | dict.fromkeys(map(negation, parts)))


def derivations(lines: Iterable[Formula], build: Iterable[Formula]) -> Iterator[Inference]:
    """Every single rule application on these lines, introductions only of what is in `build`; in a fixed order."""
    known = dict.fromkeys(lines)
    starting: dict[Formula, list[Formula]] = {}
    for line in known:
        if line.op == IMPLIES:
            starting.setdefault(line.parts[0], []).append(line)
    for line in known:
        yield from _uses(line, known, starting)
    for target in build:
        yield from _introductions(target, known)


def _uses(line: Formula, known: Container[Formula], starting: dict[Formula, list[Formula]]) -> Iterator[Inference]:
    """Eliminations of one line, and its chains with other implications."""
    op, parts = line
    if op == IMPLIES:
        before, after = parts
        if before in known:
            yield Inference(after, "MP", (line, before))
        if (denied := negation(after)) in known:
            yield Inference(negation(before), "MT", (line, denied))
        for other in starting.get(after, ()):
            yield Inference(Formula(IMPLIES, (before, other.parts[1])), "HS", (line, other))
    elif op == OR:
        for one, other in (parts, parts[::-1]):
            if (denied := negation(one)) in known:
                yield Inference(other, "DS", (line, denied))
    elif op == AND:
        for part in dict.fromkeys(parts):
            yield Inference(part, "AE", (line,))
    elif op == NOT and parts[0].op == NOT:
        yield Inference(parts[0].parts[0], "DN", (line,))


def _introductions(target: Formula, known: Container[Formula]) -> Iterator[Inference]:
    op, parts = target
    if op == AND and parts[0] in known and parts[1] in known:
        yield Inference(target, "AI", parts)
    elif op == OR:
        for part in dict.fromkeys(parts):
            if part in known:
                yield Inference(target, "OI", (part,))
    elif op == NOT and parts[0].op == NOT and parts[0].parts[0] in known:
        yield Inference(target, "DN", (parts[0].parts[0],))


def shortest_proof(
    lines: Iterable[Formula], goal: Formula, *, build: Iterable[Formula], limit: int
) -> list[Inference] | None:
    """The fewest further lines that end with the goal, in an order in which they can be written; None beyond `limit`.

    Iterative deepening over the budget of lines. Forward: all formulas within reach, each with its level (no proof of
    it is shorter). Backward from the goal: one derivation for each formula needed, within the budget.
    """
    level = dict.fromkeys(lines, 0)
    if goal in level:
        return []
    for budget in range(1, limit + 1):
        reached = list(derivations(level, build))
        level.update({d.formula: budget for d in reached if d.formula not in level})
        if goal not in level:
            continue
        ways: dict[Formula, list[Inference]] = {}
        for derivation in derivations(level, build):
            if level.get(derivation.formula, 0) > 0:
                ways.setdefault(derivation.formula, []).append(derivation)
        found = _explain([(goal, 1)], {}, ways, level, budget)
        if found is not None:
            return found
    return None


def _explain(
    pending: list[tuple[Formula, int]],
    chosen: dict[Formula, Inference],
    ways: dict[Formula, list[Inference]],
    level: dict[Formula, int],
    budget: int,
) -> list[Inference] | None:
    """A derivation for every pending formula within the budget of lines.

    Args:
        pending: formulas still to explain, each with the number of lines on its way to the goal, itself included.
        chosen: formulas explained so far.
    """
    if not pending:
        return _in_order(chosen, level)
    formula, depth = pending[-1]
    waiting = {other for other, _ in pending}
    for derivation in ways.get(formula, ()):
        needed = [
            (premise, depth + 1)
            for premise in dict.fromkeys(derivation.premises)
            if level[premise] > 0 and premise not in chosen and premise not in waiting
        ]
        if len(chosen) + len(pending) + len(needed) > budget or any(level[p] + deep - 1 > budget for p, deep in needed):
            continue
        found = _explain(pending[:-1] + needed, {**chosen, formula: derivation}, ways, level, budget)
        if found is not None:
            return found
    return None


def _in_order(chosen: dict[Formula, Inference], level: dict[Formula, int]) -> list[Inference] | None:
    """The derivations with premises before conclusions; None when they go in a circle."""
    ordered: dict[Formula, Inference] = {}
    while len(ordered) < len(chosen):
        ready = [
            derivation
            for formula, derivation in chosen.items()
            if formula not in ordered and all(level[p] == 0 or p in ordered for p in derivation.premises)
        ]
        if not ready:
            return None
        ordered.update((derivation.formula, derivation) for derivation in ready)
    return list(ordered.values())
