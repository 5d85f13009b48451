"""Sudoku 4x4: every row, column and 2x2 box holds 1, 2, 3 and 4. One grid fits the givens.

Prompt      Fill 1.3./.4../..2./3..1
Step        a digit for an empty cell that is in no conflict with the grid so far: `r1c2=2`
Answer      the whole grid: `Answer: 1234/3412/2143/4321`
Potential   exact V* at the choice level, where nothing is taken back: 1 if the grid so far can be completed, else 0
Menu        every digit for the first empty cell, legal ones for the most constrained cell; on a full grid, answer lines
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.logic.grids import (
    DIGITS,
    Placement,
    fits,
    forced_placements,
    full_grids,
    is_full,
    options,
    rows,
    swapped,
)
from reasonrl.verifiers.answers import MARK, extract_lines
from reasonrl.verifiers.canonical import canonical_grid
from reasonrl.verifiers.core import Status, Verdict, accept, reject

_BLANKS = {1: 4, 2: 5, 3: 6, 4: 7, 5: 8, 6: 9, 7: 10, 8: 12}
_PLACEMENT = re.compile(r"r([1-4])c([1-4]) ?= ?([1-4])")
_GRID = re.compile(r"[1-4]{4}(?:[/ ,;\n]{1,3}[1-4]{4}){3}|[1-4]{16}|(?:[1-4][ ,|/\n]{0,3}){16}")


class Sudoku4(Derivation[str, Placement]):
    """Grids with 4 to 12 blanks that can be filled one forced cell after another. A state is the grid so far."""

    name = "sudoku4"
    domain = "logic"
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 32
    max_choices = 8
    instructions = (
        "Every row, column and 2x2 box of the 4x4 grid must hold 1, 2, 3 and 4. Write one filled cell per line, "
        "such as r1c2=2 for row 1, column 2. Finish with a line 'Answer: ' and the whole grid, as 1234/3412/2143/4321."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        while True:
            solution = rng.choice(full_grids())
            grid = list(solution)
            for cell in rng.sample(range(16), 16):
                digit, grid[cell] = grid[cell], "."
                if fits("".join(grid)).bit_count() > 1:  # quick, and spares most of the derivations below
                    grid[cell] = digit
                if grid.count(".") == _BLANKS[difficulty] and len(forced_placements(grid)) == _BLANKS[difficulty]:
                    givens = rows(grid)
                    return Content(f"Fill {givens}", {"givens": givens}, rows(solution))

    def start(self, view: View) -> str:
        return str(view.public["givens"]).replace("/", "")

    def read(self, line: str) -> Placement | None:
        match = _PLACEMENT.fullmatch(line)
        return None if match is None else Placement(4 * (int(match[1]) - 1) + int(match[2]) - 1, match[3])

    def apply(self, view: View, state: str, move: Placement) -> str | None:
        """By the rules alone: a legal placement may still be a wrong one."""
        cell, digit = move
        if state[cell] == digit:
            return state
        return (
            state[:cell] + digit + state[cell + 1 :] if state[cell] == "." and digit in options(state, cell) else None
        )

    def moves(self, view: View, state: str, rng: random.Random) -> Sequence[str]:
        blanks = [cell for cell in range(16) if state[cell] == "."]
        tightest = min(blanks, key=lambda cell: (len(options(state, cell)), cell))
        cells = dict.fromkeys((blanks[0], tightest))
        return [str(Placement(cell, digit)) for cell in cells for digit in options(state, cell)]

    def tempting(self, view: View, state: str, moves: Sequence[str]) -> Sequence[str]:
        first = state.index(".")
        legal = options(state, first)
        return [str(Placement(first, digit)) for digit in DIGITS if digit not in legal]

    def slips(self, view: View, state: str, line: str) -> Sequence[str]:
        return [line[:-1] + digit for digit in DIGITS if digit != line[-1]]

    def answer(self, view: View, state: str) -> str | None:
        """In a dead end, where some cell has no option left, all there is to do is to give up."""
        stuck = any(state[cell] == "." and not options(state, cell) for cell in range(16))
        return rows(state.replace(".", "1")) if stuck or "." not in state else None

    def misses(self, view: View, state: str, answer: str, rng: random.Random) -> Sequence[str]:
        if "." in state:
            return ()
        swaps = rng.sample([(4 * row, 4 * row + other) for row in range(4) for other in (1, 2, 3)], 3)
        return [rows(swapped(state, one, other)) for one, other in swaps]

    def value(self, view: View, state: str) -> float:
        return float(fits(state) != 0)

    def extract(self, response: str) -> str | None:
        return extract_lines(response)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: the digits of its grid, however its rows are set apart."""
        return canonical_grid(answer)

    def judge(self, view: View, state: str, answer: str) -> Verdict:
        """By the rules and the givens, which need no reference: this is the whole judgement."""
        if len(answer) > 80 or _GRID.fullmatch(answer) is None:
            reason = "the answer is not a grid such as 1234/3412/2143/4321"
            return reject(answer[:80], method="rules", reason=reason, status=Status.UNPARSABLE)
        grid = re.sub(r"[^1-4]", "", answer)
        if not is_full(grid):
            return reject(answer, method="rules", reason="a row, column or box holds a digit twice")
        if any(given not in (".", digit) for given, digit in zip(state, grid, strict=True)):
            return reject(answer, method="rules", reason="a given digit was changed")
        return accept(answer, method="rules")

    def board(self, view: View, steps: Sequence[str]) -> str:
        """The grid so far, for a person."""
        grid = self.standing(view, steps).state
        lines = [" ".join((*grid[start : start + 2], "|", *grid[start + 2 : start + 4])) for start in range(0, 16, 4)]
        return "\n".join((*lines[:2], "----+----", *lines[2:]))

    def derive(self, problem: Problem) -> Sequence[str]:
        return [str(placement) for placement in forced_placements(self.start(problem.view))]

    def given(self, problem: Problem) -> str:
        return f"{self.start(problem.view).count('.')} blanks"

    def plan(self, problem: Problem, lines: Sequence[str]) -> str:
        grid = self.start(problem.view)
        return ", ".join(f"{grid[4 * row : 4 * row + 4].count('.')} in r{row + 1}" for row in range(4))

    def places(self, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]) -> tuple[int, int]:
        """A slip and an alternative, at two different cells."""
        places = list(range(len(lines)))
        rng.shuffle(places)
        slip, detour = places[:2]
        return slip if Behaviour.CORRECTION in behaviours else -1, detour if Behaviour.ALTERNATIVE in behaviours else -1

    def aside(self, view: View, state: str, line: str, rng: random.Random) -> str | None:
        return self.slip(view, state, line, rng)

    def checked(self, problem: Problem, lines: Sequence[str], rng: random.Random) -> str:
        return rng.choice(lines)

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        solution = problem.reference.value.replace("/", "")
        return rows(rng.choice([grid for grid in full_grids() if grid != solution]))

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        givens, cells = problem.view.public["givens"], right.replace("/", "")
        for answer in (
            givens,
            rows(swapped(cells, 0, 1)),
            givens.replace(".", "1"),
            right[:-1],
            f"{right}/{right[:4]}",
        ):
            yield f"{MARK} {answer}"
        for answer in ("/".join(right.split("/")[::-1])[:-1] + "5", f"{right[:4]}/.../{right[-4:]}", "1234" * 10_000):
            yield f"{MARK} {answer}"
