"""The 4x4 grids of Sudoku as texts of 16 cells, row by row, "." where empty.

>>> len(full_grids())
288
>>> rows("1234341221434321")
'1234/3412/2143/4321'
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Sequence
from itertools import permutations, product
from typing import NamedTuple

DIGITS = "1234"
UNITS = tuple(
    [tuple(range(4 * i, 4 * i + 4)) for i in range(4)]
    + [tuple(range(i, 16, 4)) for i in range(4)]
    + [(corner, corner + 1, corner + 4, corner + 5) for corner in (0, 2, 8, 10)]
)
"""Rows, columns and boxes as cell indices; cell r1c1 is 0, r1c2 is 1."""
_PLACEMENT = re.compile(r"r([1-4])c([1-4]) ?= ?([1-4])")
_GRID = re.compile(r"[1-4]{4}(?:[/ ,;\n]{1,3}[1-4]{4}){3}|[1-4]{16}|(?:[1-4][ ,|/\n]{0,3}){16}")
NO_GRID = "the answer is not a grid such as 1234/3412/2143/4321"
_MAX_GRID_CHARS = 80
_PEERS = tuple(frozenset(i for unit in UNITS if cell in unit for i in unit) - {cell} for cell in range(16))


class Placement(NamedTuple):
    cell: int
    digit: str

    def __str__(self) -> str:
        return f"r{self.cell // 4 + 1}c{self.cell % 4 + 1}={self.digit}"


def read_placement(line: str) -> Placement | None:
    match = _PLACEMENT.fullmatch(line)
    return None if match is None else Placement(4 * (int(match[1]) - 1) + int(match[2]) - 1, match[3])


def read_grid(text: str) -> str | None:
    """A full grid, its rows set apart in any usual way."""
    right = len(text) <= _MAX_GRID_CHARS and _GRID.fullmatch(text) is not None
    return re.sub(r"[^1-4]", "", text) if right else None


def board(grid: str) -> str:
    """For a person."""
    lines = [" ".join((*grid[start : start + 2], "|", *grid[start + 2 : start + 4])) for start in range(0, 16, 4)]
    return "\n".join((*lines[:2], "----+----", *lines[2:]))


def rows(cells: Sequence[str]) -> str:
    return "/".join("".join(cells[4 * row : 4 * row + 4]) for row in range(4))


def swapped(cells: str, one: int, other: int) -> str:
    changed = list(cells)
    changed[one], changed[other] = changed[other], changed[one]
    return "".join(changed)


def some_swapped(cells: str, count: int, rng: random.Random) -> list[str]:
    """As many grids with the first cell of a row and another one of it the wrong way round."""
    swaps = rng.sample([(4 * row, 4 * row + other) for row in range(4) for other in (1, 2, 3)], count)
    return [swapped(cells, one, other) for one, other in swaps]


def is_full(grid: str) -> bool:
    """Whether every row, column and box holds each digit."""
    return all(len({grid[cell] for cell in unit}) == 4 for unit in UNITS)


@functools.cache
def full_grids() -> tuple[str, ...]:
    """All 288 of them."""
    lines = list(map("".join, permutations(DIGITS)))
    grids = map("".join, product(lines, repeat=2))
    tops = [top for top in grids if all(len({top[i] for i in unit}) == 4 for unit in (UNITS[8], UNITS[9]))]
    return tuple(grid for grid in (top + bottom for top, bottom in product(tops, repeat=2)) if is_full(grid))


@functools.cache
def _holders() -> dict[tuple[int, str], int]:
    """(cell, digit) to the bitset of the full grids that have this digit there."""
    found = dict.fromkeys(product(range(16), DIGITS), 0)
    for index, grid in enumerate(full_grids()):
        for place in enumerate(grid):
            found[place] |= 1 << index
    return found


def fits(grid: str) -> int:
    """The bitset of the full grids that complete this one."""
    holders = _holders()
    fitting = (1 << len(full_grids())) - 1
    for place in enumerate(grid):
        if place[1] != ".":
            fitting &= holders[place]
    return fitting


def options(grid: Sequence[str], cell: int) -> list[str]:
    """Digits that no cell of the same row, column or box holds."""
    taken = {grid[peer] for peer in _PEERS[cell]}
    return [digit for digit in DIGITS if digit not in taken]


def tightest(grid: Sequence[str]) -> int:
    """The empty cell with the fewest options, the first of several."""
    return min((cell for cell in range(16) if grid[cell] == "."), key=lambda cell: len(options(grid, cell)))


def _forced(grid: Sequence[str]) -> Placement | None:
    """The first cell with one option left; else the first that alone can hold some digit in its row, column or box."""
    open_ = {cell: options(grid, cell) for cell in range(16) if grid[cell] == "."}
    for cell, digits in open_.items():
        if len(digits) == 1:
            return Placement(cell, digits[0])
    for cell, digits in open_.items():
        for unit in UNITS:
            if cell in unit:
                for digit in digits:
                    if not any(digit in open_.get(peer, ()) for peer in unit if peer != cell):
                        return Placement(cell, digit)
    return None


def forced_placements(givens: Sequence[str]) -> list[Placement]:
    """One after another, until none is left."""
    grid = list(givens)
    placements = []
    while (placement := _forced(grid)) is not None:
        placements.append(placement)
        grid[placement.cell] = placement.digit
    return placements


def draw(rng: random.Random, blanks: int) -> tuple[str, str]:
    """A grid with so many blanks, which can be filled one forced cell after another, and the full grid that fits."""
    while True:
        solution = rng.choice(full_grids())
        grid = list(solution)
        for cell in rng.sample(range(16), 16):
            digit, grid[cell] = grid[cell], "."
            if fits("".join(grid)).bit_count() > 1:  # quick, and spares most of the derivations below
                grid[cell] = digit
            if grid.count(".") == blanks and len(forced_placements(grid)) == blanks:
                return "".join(grid), solution
