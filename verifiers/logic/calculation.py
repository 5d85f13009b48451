"""The first wrong step of a calculation in words: chains of equalities, with letters for what was worked out before.

Step        "Let's calculate A = (3 * 4) - 5 = 12 - 5 = 7." and then "So A + 2 = 7 + 2 = 9."
Wrong when  two sides of one chain have different values; a letter has the value that it was given last
Passed over what is no arithmetic: words, and sides with a letter that has no value

A step may be wrong in ways that no equality shows (a sum that was set up wrongly), so None is not a proof.

>>> first_wrong_step(["A = 2 * 3 = 6.", "B = A + 1 = 8.", "A * B = 6 * 8 = 48"])
1
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from reasonrl.verifiers.arithmetic import evaluate

MAX_STEPS = 500
MAX_CHARS = 2000
"""Of a step; a longer one is not looked at."""

_CLAUSES = re.compile(r"[,:;\"]|\.(?=\s|$)|\b(?:and|where|so|is|as|we|get|then)\b", re.IGNORECASE)
_BEFORE = re.compile(r"(?:(?<![A-Za-z])[A-Z](?![A-Za-z])|[0-9+*/(). -])+$")
_BEHIND = re.compile(r"(?:[A-Z](?![A-Za-z])|[0-9+*/(). -])+")
_NAME = re.compile(r"(?<![A-Za-z])[A-Z](?![A-Za-z])")


def first_wrong_step(steps: Sequence[str]) -> int | None:
    """Number (from 0) of the first step with an equality that does not hold; None when there is none to be seen."""
    values: dict[str, Fraction] = {}
    for position, step in enumerate(steps[:MAX_STEPS]):
        for sides in _chains(step):
            found = [value for value in (_value(side, values) for side in sides) if value is not None]
            if len(set(found)) > 1:
                return position
            if found and len(sides[0]) == 1 and sides[0].isalpha():
                values[sides[0]] = found[-1]
    return None


def _chains(step: str) -> Iterator[list[str]]:
    """The sides of every chain of equalities in a step."""
    if len(step) > MAX_CHARS:
        return
    for clause in _CLAUSES.split(step):
        first, *rest = clause.split("=")
        if not rest:
            continue
        before, behind = _BEFORE.search(first), _BEHIND.match(rest[-1].strip())
        sides = [before[0] if before else "", *rest[:-1], behind[0] if behind else ""]
        yield [side.strip() for side in sides]


def _value(side: str, values: dict[str, Fraction]) -> Fraction | None:
    """The value of one side, each letter replaced by its own; None where one has none, or it is no arithmetic."""
    if any(name not in values for name in _NAME.findall(side)):
        return None
    return evaluate(_NAME.sub(lambda name: f"({values[name[0]]})", side))
