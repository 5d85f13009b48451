"""Resolution: a refutation lists clauses, each the resolvent of two earlier ones, down to the empty clause.

Clause      literals joined by `|`, an atom is a name: `rain|~wet`; the empty clause is `[]`
Line        its number, its clause, `R`, the two lines it resolves: `4 wet R 1 3`
Sound       every line follows from the clauses given, so `[]` shows that they cannot all be true (Robinson 1965)

>>> verify_resolution(["~rain|wet", "rain", "~wet"], "4 wet R 1 2\\n5 [] R 3 4").correct
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject

MAX_CLAUSES = 200
"""Given and derived clauses, each."""
MAX_LITERALS = 32
MAX_CHARS = 20_000
"""Of a whole refutation."""
METHOD = "resolution"

_LITERAL = re.compile(r"(~?) *([A-Za-z][A-Za-z0-9_]{0,31})")
_LINE = re.compile(r"([0-9]{1,3})[.):]? +(\S[^\n]*?) +R +([0-9]{1,3}),? +([0-9]{1,3})")
_EMPTY = "[]"


class Literal(NamedTuple):
    atom: str
    positive: bool


Clause = frozenset[Literal]


class ResolutionLine(NamedTuple):
    number: int
    clause: Clause
    cites: tuple[int, int]


def parse_clause(text: str) -> Clause | None:
    """The clause that `text` spells, or None when it spells none or has too many literals.

    >>> format_clause(parse_clause("~b | a"))
    'a|~b'
    """
    if text.strip() == _EMPTY:
        return frozenset()
    if len(text) > 40 * MAX_LITERALS:
        return None
    matches = [_LITERAL.fullmatch(part.strip()) for part in text.split("|")]
    literals = [Literal(match[2], not match[1]) for match in matches if match is not None]
    return frozenset(literals) if len(literals) == len(matches) <= MAX_LITERALS else None


def format_clause(clause: Clause | None) -> str:
    if clause is None:
        return "no clause"
    return "|".join(("" if positive else "~") + atom for atom, positive in sorted(clause)) or _EMPTY


def parse_resolution_line(text: str) -> ResolutionLine | None:
    match = _LINE.fullmatch(text.strip()) if len(text) <= MAX_CHARS else None
    clause = parse_clause(match[2]) if match is not None else None
    if match is None or clause is None:
        return None
    return ResolutionLine(int(match[1]), clause, (int(match[3]), int(match[4])))


def resolvents(one: Clause, other: Clause) -> Iterator[Clause]:
    """Every clause that one resolution step on one atom makes of the two."""
    for literal in sorted(one):
        opposite = Literal(literal.atom, not literal.positive)
        if opposite in other:
            yield (one - {literal}) | (other - {opposite})


def check_resolution_line(clauses: Sequence[Clause], line: ResolutionLine) -> str:
    """Why `line` may not follow `clauses` (line 1 first); the empty string when it may."""
    if line.number != len(clauses) + 1:
        return f"the next line is number {len(clauses) + 1}"
    for cite in line.cites:
        if not 1 <= cite <= len(clauses):
            return f"line {cite} is not there to be cited"
    one, other = (clauses[cite - 1] for cite in line.cites)
    if line.clause not in resolvents(one, other):
        return f"{format_clause(line.clause)[:80]} is no resolvent of lines {line.cites[0]} and {line.cites[1]}"
    return ""


def verify_resolution(clauses: Sequence[str], lines: str | Sequence[str]) -> Verdict:
    """Whether the lines refute the clauses. Strict: one line that does not follow spoils the refutation.

    Args:
        clauses: what is given, lines 1 to n. One that is no clause gives BAD_REFERENCE.
        lines: the refutation, one line each; blank ones are passed over. The last one is the empty clause.
    """
    known = [clause for clause in map(parse_clause, clauses) if clause is not None]
    if len(known) < len(clauses) or len(known) > MAX_CLAUSES:
        reason = f"the clauses (at most {MAX_CLAUSES}) must read like a|~b"
        return failed(reason, status=Status.BAD_REFERENCE, method=METHOD)
    text = lines if isinstance(lines, str) else "\n".join(lines[: MAX_CLAUSES + 1])
    if len(text) > MAX_CHARS:
        reason = f"a refutation has at most {MAX_CHARS} characters"
        return reject(text[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    written = [line for line in text.split("\n") if line.strip()]
    if not written:
        return no_answer("there is no line of a refutation")
    if len(written) > MAX_CLAUSES:
        reason = f"a refutation has at most {MAX_CLAUSES} lines"
        return reject(text[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    for each in written:
        line = parse_resolution_line(each)
        if line is None:
            reason = "this is no line such as 4 a|~b R 1 2"
            return reject(each[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
        problem = check_resolution_line(known, line)
        if problem:
            return reject(each[:80], method=METHOD, reason=f"line {line.number}: {problem}")
        known.append(line.clause)
    if known[-1]:
        return reject(written[-1][:80], method=METHOD, reason="the last line is not the empty clause []")
    return accept(written[-1].strip(), method=METHOD)
