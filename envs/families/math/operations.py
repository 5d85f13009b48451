"""Numbers that are left and operations on them, as Countdown plays it, and whether they can still reach a target.

>>> left = take(start((3, 7)), read_operation("3*7=21"))
>>> left
(Item(value=21, text='3*7'),)
>>> reaches((Fraction(3), Fraction(3), Fraction(8), Fraction(8)), Fraction(24))
True
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

_STEP = re.compile(
    r"([0-9]{1,12}) ?([+*/-]) ?([0-9]{1,12}) ?= ?([0-9]{1,12})"
    r"(?: left((?: [0-9]{1,12}){1,6})| ?\(left:((?: [0-9]{1,12}){1,6})\))?"  # the second as in Tree of Thoughts
)


class Item(NamedTuple):
    """A number that is left, and the expression that made it."""

    value: int
    text: str


Left = tuple[Item, ...]


class Operation(NamedTuple):
    left: int
    op: str
    right: int
    result: int
    listed: tuple[int, ...] | None = None
    """What the line says is left after it, in rising order."""

    def __str__(self) -> str:
        return f"{self.left}{self.op}{self.right}={self.result}"

    @property
    def true(self) -> bool:
        a, op, b, result, _ = self
        if op == "/":
            return b != 0 and a == b * result
        return result == (a + b if op == "+" else a - b if op == "-" else a * b)


def start(numbers: Sequence[int]) -> Left:
    return tuple(Item(number, str(number)) for number in numbers)


def values_of(left: Left) -> tuple[int, ...]:
    return tuple(sorted(item.value for item in left))


def read_operation(line: str) -> Operation | None:
    """The operation that a line spells, right or wrong."""
    match = _STEP.fullmatch(line)
    if match is None:
        return None
    listed = match[5] or match[6]
    said = None if listed is None else tuple(sorted(map(int, listed.split())))
    return Operation(int(match[1]), match[2], int(match[3]), int(match[4]), said)


def take(left: Left, operation: Operation) -> Left | None:
    """What is left after an operation, its result first; None when it is not right."""
    rest = list(left)
    texts = []
    for value in (operation.left, operation.right):
        for item in rest:
            if item.value == value:
                break
        else:
            return None
        rest.remove(item)
        texts.append(item.text if item.text.isdigit() else f"({item.text})")
    if not operation.true:
        return None
    after = (Item(operation.result, f"{texts[0]}{operation.op}{texts[1]}"), *rest)
    if operation.listed is not None and operation.listed != values_of(after):
        return None
    return after


def written(left: Left, operation: Operation) -> str:
    """The operation and, where several numbers remain, what is left after it."""
    after = take(left, operation)
    if after is None or len(after) == 1:
        return str(operation)
    return f"{operation} left {' '.join(str(item.value) for item in after)}"


def results(a: int, b: int) -> list[Operation]:
    """Every operation on two numbers whose result is whole and not negative."""
    big, small = max(a, b), min(a, b)
    found = [Operation(a, "+", b, a + b), Operation(big, "-", small, big - small), Operation(a, "*", b, a * b)]
    return found + [Operation(p, "/", q, p // q) for p, q in {(a, b), (b, a)} if q and p % q == 0]


def lines(left: Left) -> list[str]:
    """Every legal line, each once."""
    pairs = itertools.combinations([item.value for item in left], 2)
    return [written(left, each) for each in dict.fromkeys(each for a, b in pairs for each in results(a, b))]


@functools.lru_cache(maxsize=1 << 15)
def reaches(numbers: tuple[Fraction, ...], target: Fraction) -> bool:
    """Whether some expression that uses each of up to six numbers once equals the target.

    The last operation joins two groups of numbers: the smaller group's values are listed, and the larger one must reach
    what is missing. So no list is ever longer than the values of three numbers.
    """
    if len(numbers) <= 3:
        return target in _values(numbers)
    for small, rest in _splits(numbers):
        for value in _values(small):
            if not value and not target:  # 0 times anything
                return True
            if any(reaches(rest, missing) for missing in _missing(value, target)):
                return True
    return False


def _missing(value: Fraction, target: Fraction) -> Iterator[Fraction]:
    """Every x with `value op x` or `x op value` equal to the target."""
    yield target - value
    yield value - target
    yield target + value
    if value:
        yield target / value
        yield target * value
        if target:
            yield value / target


@functools.lru_cache(maxsize=1 << 13)
def _values(numbers: tuple[Fraction, ...]) -> frozenset[Fraction]:
    """Values of all expressions that use each number once."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for left, right in _splits(numbers):
        for a, b in itertools.product(_values(left), _values(right)):
            found |= {a + b, a - b, b - a, a * b}
            found |= {p / q for p, q in ((a, b), (b, a)) if q}
    return frozenset(found)


def _splits(numbers: tuple[Fraction, ...]) -> set[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]:
    """Every way to part the numbers in two groups, the first no larger than the second; each group in rising order."""
    found = set()
    for size in range(1, len(numbers) // 2 + 1):
        for chosen in itertools.combinations(range(len(numbers)), size):
            rest = tuple(number for i, number in enumerate(numbers) if i not in chosen)
            found.add((tuple(numbers[i] for i in chosen), rest))
    return found
