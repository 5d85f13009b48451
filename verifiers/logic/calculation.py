r"""The first wrong step of a solution in words: equalities whose two sides have different values.

Step        "Let's calculate A = (3 * 4) - 5 = 12 - 5 = 7." and then "So A + 2 = 7 + 2 = 9."
Reads       plain signs and LaTeX, money, thousands, per cents, units, `10% of 50`, capital letters given a value before
Wrong when  an equals sign stands between two values that no reading makes equal. Readings are generous: a number may be
            rounded to the places that it shows, 40 % is 40 or 0.4, 3 feet are 36 inches
No verdict  where a side is not understood up to a clear boundary: words as operands, unknowns, remainders, roots

A step may be wrong in ways that no equality shows (a sum that was set up wrongly), so None is not a proof.

>>> first_wrong_step(["A = 2 * 3 = 6.", "B = A + 1 = 8.", "A * B = 6 * 8 = 48"])
1
>>> first_wrong_step([r"\(60 \div 2 = 30\) minutes", "Age of A = Age of B - 4 = 10 - 4 = 5"])
1
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from reasonrl.verifiers.core import StepVerdict
from reasonrl.verifiers.logic.intervals import Interval
from reasonrl.verifiers.logic.prose import MAX_CHARS, Kind, Token, read_clauses
from reasonrl.verifiers.logic.quantities import Side, beginning, ending, whole
from reasonrl.verifiers.logic.wording import SCALES

MAX_STEPS = 500
MAX_EQUALS = 60
"""In one chain; a longer one is not read."""
_SAYS_ROUNDED = re.compile(
    r"\u2248|\\approx|\\simeq"
    r"|\b(?:round|approx|about|nearest|rough|estimat|around|whole|integer|floor|truncat|nearly|almost)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"contradict|impossible|incorrect|wrong|mistake|not equal|doesn't|does not|isn't|is not|cannot|can't|\\ne(?:q)?\b"
    r"|\u2260|\bsuppose|\bassum|\bfalse\b",
    re.IGNORECASE,
)
"""Where equalities may be written down to be denied: such a step is not read."""
_NO_NUMBERS = re.compile(
    r"\bmod\b|\\p?mod|\bbase\b|\\equiv|\u2261|\bo'clock|[ap]\.m\.|\b[AP]M\b"
    r"|\bwith[ }]+[0-9]+ (?:[\w\\{}]+ ){0,4}(?:remaining|left|extra)",
    re.IGNORECASE,
)
"""Where other things than numbers are equal: such a sentence is not read."""
_SENTENCES = re.compile(r"(?<=[^.][.?])\s+(?!=)|\n+(?!\s*(?:\\\[|&|\$\$)?\s*=)|\\\](?!\s*\\\[\s*=)")
_ALTERNATIVES = re.compile(r"\bor\b|\bcase\b|\beither\b|\\pm|\u00b1", re.IGNORECASE)
"""A name that is given two values may mean two things."""
_PARTED = re.compile(r"remainder|left ?over", re.IGNORECASE)


@dataclass
class _Known:
    """What earlier steps have said."""

    names: dict[str, Fraction] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    """Names whose value was written as an expression and not worked out."""
    rounded: set[str] = field(default_factory=set)
    """Numbers with decimals that were results of rounding, as they were written."""


def first_wrong_step(steps: Sequence[str]) -> int | None:
    """Number (from 0) of the first step with an equality that does not hold; None when there is none to be seen."""
    known = _Known()
    for position, step in enumerate(steps[:MAX_STEPS]):
        if _judge(step, known)[1]:
            return position
    return None


def check_step(steps: Sequence[str], step: str) -> StepVerdict | None:
    """A checker for `verifiers.steps.judge_steps`: INVALID where an equality does not hold, USEFUL where all that could
    be read hold, None where none could be read."""
    known = _Known()
    for earlier in steps[:MAX_STEPS]:
        _judge(earlier, known)
    read, wrong = _judge(step, known)
    return StepVerdict.INVALID if wrong else StepVerdict.USEFUL if read else None


def _judge(step: str, known: _Known) -> tuple[int, int]:
    """How many equalities of a step were read, and how many of them do not hold."""
    read = wrong = 0
    if len(step) > MAX_CHARS or _DENIED.search(step):
        return read, wrong
    parted = _PARTED.search(step) is not None
    loose = _SAYS_ROUNDED.search(step) is not None
    alternatives = _ALTERNATIVES.search(step) is not None
    before: tuple[str, Side] | None = None
    for sentence in _SENTENCES.split(step):
        if _NO_NUMBERS.search(sentence):
            before = None
            continue
        for clause in read_clauses(sentence):
            pairs = _equalities(clause, known)
            now = _said(clause, known)
            if now and before and now[0] == before[0] and not _alone(before[1]) and not now[1].operations:
                pairs += [] if alternatives else [(before[1], now[1])]  # total = 20 + 23, and then total = 43
            if any(token.kind is Kind.EQUAL for token in clause):
                before = now
            found = [_compare(left, right, known, loose=loose, parted=parted) for left, right in pairs]
            read += sum(each is not None for each in found)
            wrong += sum(each is False for each in found)
    return read, wrong


def _said(clause: Sequence[Token], known: _Known) -> tuple[str, Side] | None:
    """What a clause says of something by its name, as `Total cost = 20 + 23`: the words, and the value."""
    inner = [token for token in clause if token.kind is not Kind.EDGE]
    places = [place for place, token in enumerate(inner) if token.kind is Kind.EQUAL]
    if len(places) != 1 or any(token.kind not in (Kind.WORD, Kind.NAME) for token in inner[: places[0]]):
        return None
    if all(len(token.text) < 3 for token in inner[: places[0]]):
        return None  # an unknown may be one thing and then another
    side = beginning(clause[clause.index(inner[places[0]]) + 1 :], {}, known.rounded)
    return None if side is None else (" ".join(token.text for token in inner[: places[0]]), side)


def _equalities(clause: Sequence[Token], known: _Known) -> list[tuple[Side, Side]]:
    """The two sides of every equals sign of a clause of which both are understood; names get their values."""
    places = [place for place, token in enumerate(clause) if token.kind is Kind.EQUAL]
    if not 0 < len(places) <= MAX_EQUALS:
        return []
    regions = [clause[start + 1 : end] for start, end in pairwise([-1, *places, len(clause)])]
    sides: list[tuple[Side | None, Side | None]] = []  # as what stands behind an equals sign, and before one
    for number, region in enumerate(regions):
        full = whole(region, known.names, known.rounded) if 0 < number < len(regions) - 1 else None
        behind = full or (beginning(region, known.names, known.rounded) if number else None)
        before = full or (ending(region, known.names, known.rounded) if number < len(regions) - 1 else None)
        sides.append((behind, before))
    pairs = [(left[1], right[0]) for left, right in pairwise(sides)]
    if len(regions) == 2:  # B + C = 11 may be an equation to solve
        pairs = [each for each in pairs if not any(side is not None and side.names for side in each)]
    pairs = [
        each
        for number, each in enumerate(pairs)
        if number == 0 or not any(side is not None and side.names and not side.operations for side in each)
    ]
    name = _name(regions[0])
    if name:
        results = [behind for behind, _ in sides[1:] if behind is not None]
        if results and name not in known.declared:
            pairs = pairs[1:]  # given anew
        if results:
            value = results[-1].readings[0]
            known.names[name] = (value.low + value.high) / 2
            known.declared.discard(name)
            if len(regions) == 2 and results[-1].operations:
                known.declared.add(name)
    return [(left, right) for left, right in pairs if left is not None and right is not None]


def _name(region: Sequence[Token]) -> str:
    """The name that a side consists of, perhaps behind words: `Let's calculate A`."""
    inner = [token for token in region if token.kind is not Kind.EDGE]
    if not inner or inner[-1].kind is not Kind.NAME:
        return ""
    return inner[-1].text if len(inner) == 1 or inner[-2].kind is Kind.WORD else ""


def _compare(left: Side, right: Side, known: _Known, *, loose: bool, parted: bool) -> bool | None:
    """Whether two sides are equal in some reading; None where their units or their form leave it open."""
    shown = max(right.decimals, left.decimals if not left.operations else 0)
    unit_in_the_last_place = Fraction(1, 10**shown) if shown else Fraction(0)
    if any(_near(a, b) for a in left.readings for b in right.readings):
        return True
    if shown and any(_near(a, b, unit_in_the_last_place) for a in left.readings for b in right.readings):
        known.rounded.update(side.text.lstrip("-") for side in (left, right) if side.decimals)
        return True
    if loose:
        return True if any(_roughly(a, b, shown) for a in left.readings for b in right.readings) else None
    if left.mixed or right.mixed or _odd_units(left.units | right.units):
        return None
    if parted and "/" in left.text:
        return None  # 17/5 = 3 remainder 2
    if left.units and _alone(left) and (not left.operations or _alone(right)):
        return None  # 1 box = 12 pencils, 1/2 inch = 20 miles
    if right.part:
        return None  # 3/3 - 2/3 = 1/3 of 150
    if right.operations and "(" not in left.text + right.text and right.first is not None:
        first = Interval(right.first, right.first)
        return (
            None if any(_near(each, first) for each in left.readings) else False
        )  # 5 + 3 = 8 + 2 = 10, as it is typed
    return False


def _alone(side: Side) -> bool:
    return not side.operations or side.ratio


def _near(a: Interval, b: Interval, slack: Fraction | None = None) -> bool:
    """Whether they have a number in common, or numbers that differ by less than `slack`."""
    gap = max(a.low - b.high, b.low - a.high)
    return gap <= 0 if slack is None else gap < slack


def _roughly(a: Interval, b: Interval, shown: int) -> bool:
    size = max(abs(a.low), abs(b.low))
    return _near(a, b, max(Fraction(1, 10**shown), size / 50))


def _odd_units(units: frozenset[str]) -> bool:
    """Whether months or years stand beside other times, inches beside metres: what they are worth depends."""
    kinds = {SCALES[unit][0] for unit in units if unit in SCALES}
    return any(both <= kinds for both in ({"time", "year"}, {"inch", "metre"}, {"ounce", "gram"}, {"cup", "litre"}))
