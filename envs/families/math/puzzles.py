"""Countdown puzzles that have a solution: random operations, and the number that they end at as the target."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from reasonrl.envs.families.math.operations import results, start, take, written

LARGEST_TARGET = 100


class Level(NamedTuple):
    size: int
    """How many numbers there are."""
    largest: int
    """They are 1 to this."""
    most: int
    """No partial result of the built solution is larger."""
    chain: bool
    """Some solution works on the last result in every step."""


LEVELS = (
    Level(2, 12, 100, True),
    Level(3, 9, 100, True),
    Level(3, 15, 100, True),
    Level(4, 9, 100, True),
    Level(4, 20, 200, False),
    Level(5, 10, 200, False),
    Level(5, 25, 400, False),
    Level(6, 25, 400, False),
)


def build(numbers: Sequence[int], level: Level, rng: random.Random) -> tuple[list[str], int] | None:
    """Lines of random operations until one number is left, and that number; None when it is out of range."""
    left = start(numbers)
    lines: list[str] = []
    while len(left) > 1:
        first = 0 if lines and level.chain else rng.randrange(len(left))
        second = rng.choice([i for i in range(len(left)) if i != first])
        pair = (left[min(first, second)].value, left[max(first, second)].value)  # one order only: less to learn
        # not a result that was there before, as 5*1=5 is: puzzles full of them are all alike
        options = [each for each in results(*pair) if 0 < each.result <= level.most and each.result not in pair]
        operation = rng.choice(options) if options else None
        after = None if operation is None else take(left, operation)
        if operation is None or after is None:
            return None
        lines.append(written(left, operation))
        left = after
    return (lines, left[0].value) if left[0].value <= LARGEST_TARGET else None
