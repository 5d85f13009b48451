"""Grid and assignment puzzles (zebra puzzles): a small language of constraints, a checker, and a bounded solver.

Attribute    `pet: dog cat fish`, one line each, all of the same size n; a value stands at one of the positions 1 to n
Constraint   `red = dog` same place; `red = 2`; `!=`; `red < dog` left of; `>`; `red + 1 = dog` next to it on its right;
             `|red - dog| = 1` side by side; any distance from 1 to 9
Hidden rule  two values of one attribute never share a place
Answer       every value with its place, `red=1, green=2, ...`, behind `Answer:` or as the whole response

>>> puzzle = parse_puzzle("colour: red blue\\npet: dog cat\\nred = 1\\nred + 1 = dog")
>>> solve(puzzle).found[0]["cat"]
1
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from reasonrl.verifiers.answers import extract_lines, without_thoughts
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject

MAX_SIZE = 9
MAX_ATTRIBUTES = 8
MAX_CONSTRAINTS = 100
MAX_CHARS = 10_000
MAX_CHECKS = 400_000
"""Constraints that the solver looks at before it gives up: about half a second."""
METHOD = "constraints"

_VALUE = r"[A-Za-z][A-Za-z0-9_-]{0,31}"
_ATTRIBUTE = re.compile(rf"({_VALUE}): *({_VALUE}(?: +{_VALUE}){{0,{MAX_SIZE - 1}}})")
_RELATION = re.compile(rf"({_VALUE}) *(=|!=|<|>) *({_VALUE}|[1-9])")
_OFFSET = re.compile(rf"({_VALUE}) *\+ *([1-9]) *= *({_VALUE})")
_APART = re.compile(rf"\| *({_VALUE}) +- +({_VALUE}) *\| *= *([1-9])")
_PAIR = re.compile(rf"({_VALUE}) *= *([1-9])")


class Constraint(NamedTuple):
    """`left op right`, where right may be a place; for `+` and `|` with the distance between the two."""

    op: str
    left: str
    right: str | int
    distance: int = 0

    def holds(self, place: Mapping[str, int]) -> bool:
        """Whether it holds where its values stand; true as long as one of them has no place yet."""
        a, b = place.get(self.left), place.get(self.right) if isinstance(self.right, str) else self.right
        if a is None or b is None:
            return True
        match self.op:
            case "=":
                return a == b
            case "!=":
                return a != b
            case "<":
                return a < b
            case ">":
                return a > b
            case "+":
                return a + self.distance == b
            case _:
                return abs(a - b) == self.distance


class Puzzle(NamedTuple):
    attributes: tuple[tuple[str, ...], ...]
    """The values of each attribute."""
    constraints: tuple[Constraint, ...]

    @property
    def size(self) -> int:
        return len(self.attributes[0])


class Solutions(NamedTuple):
    found: list[dict[str, int]]
    """Value to place, the first ones found."""
    complete: bool
    """Whether there are no others; False when the limit was met or the solver gave up."""


def parse_puzzle(text: str) -> Puzzle | None:
    """The puzzle that `text` spells; None when it spells none or is out of bounds."""
    if len(text) > MAX_CHARS:
        return None
    attributes: list[tuple[str, ...]] = []
    constraints: list[Constraint] = []
    for line in filter(None, map(str.strip, text.split("\n"))):
        if match := _ATTRIBUTE.fullmatch(line):
            attributes.append(tuple(match[2].split()))
        elif (constraint := _constraint(line)) is not None:
            constraints.append(constraint)
        else:
            return None
    values = [value for attribute in attributes for value in attribute]
    if not 0 < len(attributes) <= MAX_ATTRIBUTES or len(constraints) > MAX_CONSTRAINTS:
        return None
    if len(set(map(len, attributes))) != 1 or len(set(values)) < len(values):
        return None
    named = {end for c in constraints for end in (c.left, c.right) if isinstance(end, str)}
    return Puzzle(tuple(attributes), tuple(constraints)) if named <= set(values) else None


def violated(puzzle: Puzzle, place: Mapping[str, int]) -> str:
    """Why this is no solution; the empty string when it is one."""
    for attribute in puzzle.attributes:
        places = [place.get(value) for value in attribute]
        if sorted(each or 0 for each in places) != list(range(1, puzzle.size + 1)):
            return f"{', '.join(attribute)} do not stand at different places from 1 to {puzzle.size}"
    if set(place) != {value for attribute in puzzle.attributes for value in attribute}:
        return "a value is not one of the puzzle's"
    broken = next((each for each in puzzle.constraints if not each.holds(place)), None)
    return "" if broken is None else f"a constraint on {broken.left} and {broken.right} does not hold"


def solve(puzzle: Puzzle, *, limit: int = 2, checks: int = MAX_CHECKS) -> Solutions:
    """The first `limit` solutions, by depth-first search that always places the value with the fewest places left."""
    about: dict[str, list[Constraint]] = {value: [] for attribute in puzzle.attributes for value in attribute}
    for constraint in puzzle.constraints:
        for end in {constraint.left, constraint.right}:
            if isinstance(end, str):
                about[end].append(constraint)
    rivals = {value: attribute for attribute in puzzle.attributes for value in attribute}
    found: list[dict[str, int]] = []
    place: dict[str, int] = {}
    left = checks

    def options(value: str) -> list[int]:
        nonlocal left
        left -= puzzle.size * (len(about[value]) + 1)
        taken = {place[rival] for rival in rivals[value] if rival in place}
        free = [spot for spot in range(1, puzzle.size + 1) if spot not in taken]
        return [spot for spot in free if all(c.holds({**_ends(c, place), value: spot}) for c in about[value])]

    def search() -> bool:
        """False when it was cut short."""
        open_ = [(options(value), value) for value in about if value not in place]
        if not open_:
            found.append(dict(place))
            return len(found) < limit
        spots, value = min(open_, key=lambda each: len(each[0]))
        if left < 0:
            return False
        for spot in spots:
            place[value] = spot
            going = search()
            del place[value]
            if not going:
                return False
        return True

    return Solutions(found, search())


def verify_assignment(puzzle_text: str, response: str, *, checks: int = MAX_CHECKS) -> Verdict:
    """Whether the response places every value so that all constraints hold; other solutions than ours are as good.

    A puzzle that cannot be read, or is shown to have no solution, gives BAD_REFERENCE.
    """
    puzzle = parse_puzzle(puzzle_text)
    if puzzle is None:
        return failed("the puzzle cannot be read", status=Status.BAD_REFERENCE, method=METHOD)
    answer = extract_lines(response)
    text = without_thoughts(response).strip() if answer is None else answer
    parts = re.split(r"[,;\n]", text.removesuffix(".")) if 0 < len(text) <= MAX_CHARS else []
    pairs = [match for match in (_PAIR.fullmatch(part.strip()) for part in parts) if match is not None]
    if not text:
        return no_answer()
    if not parts or len(pairs) < len(parts):
        reason = "the answer is not a list such as red=1, green=2"
        return reject(text[:80], method=METHOD, reason=reason, status=Status.UNPARSABLE)
    place = {match[1]: int(match[2]) for match in pairs}
    if len(place) < len(pairs):
        return reject(text[:80], method=METHOD, reason="the answer places a value twice")
    problem = violated(puzzle, place)
    if not problem:
        return accept(text, method=METHOD)
    if solve(puzzle, limit=1, checks=checks) == ([], True):
        return failed("the puzzle has no solution", status=Status.BAD_REFERENCE, method=METHOD)
    return reject(text[:80], method=METHOD, reason=problem)


def _ends(constraint: Constraint, place: Mapping[str, int]) -> dict[str, int]:
    """The places of its values, as far as they have one."""
    return {end: place[end] for end in (constraint.left, constraint.right) if isinstance(end, str) and end in place}


def _constraint(line: str) -> Constraint | None:
    if match := _RELATION.fullmatch(line):
        right = match[3]
        return Constraint(match[2], match[1], int(right) if right.isdigit() else right)
    if match := _OFFSET.fullmatch(line):
        return Constraint("+", match[1], match[3], int(match[2]))
    if match := _APART.fullmatch(line):
        return Constraint("|", match[1], match[2], int(match[3]))
    return None
