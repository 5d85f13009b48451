"""Sudoku 4x4: every row, column and 2x2 box holds 1, 2, 3 and 4. One grid fits the givens.

Prompt      Fill 1.3./.4../..2./3..1
Step        a digit for an empty cell that is in no conflict with the grid so far: `r1c2=2`
Answer      the whole grid: `Answer: 1234/3412/2143/4321`
Potential   exact V* at the choice level, where nothing is taken back: 1 if the grid so far can be completed, else 0
Menu        every digit for the first empty cell, legal ones for the most constrained cell; on a full grid, answer lines
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.logic import grids
from reasonrl.envs.families.logic.grids import DIGITS, Placement, options, rows
from reasonrl.verifiers.answers import MARK, extract_lines
from reasonrl.verifiers.canonical import canonical_grid
from reasonrl.verifiers.core import Status, Verdict, accept, reject

_BLANKS = {1: 4, 2: 5, 3: 6, 4: 7, 5: 8, 6: 9, 7: 10, 8: 12}


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
        grid, solution = grids.draw(rng, _BLANKS[difficulty])
        return Content(f"Fill {rows(grid)}", {"givens": rows(grid)}, rows(solution))

    def start(self, view: View) -> str:
        return str(view.public["givens"]).replace("/", "")

    def read(self, line: str) -> Placement | None:
        return grids.read_placement(line)

    def apply(self, view: View, state: str, move: Placement) -> str | None:
        """By the rules alone: a legal placement may still be a wrong one."""
        cell, digit = move
        if state[cell] in (".", digit) and digit in options(state, cell):
            return state[:cell] + digit + state[cell + 1 :]
        return None

    def moves(self, view: View, state: str, rng: random.Random) -> Sequence[str]:
        cells = dict.fromkeys((state.index("."), grids.tightest(state)))
        return [str(Placement(cell, digit)) for cell in cells for digit in options(state, cell)]

    def tempting(self, view: View, state: str, moves: Sequence[str]) -> Sequence[str]:
        first = state.index(".")
        return [str(Placement(first, digit)) for digit in DIGITS if digit not in options(state, first)]

    def slips(self, view: View, state: str, line: str) -> Sequence[str]:
        return [line[:-1] + digit for digit in DIGITS if digit != line[-1]]

    def answer(self, view: View, state: str) -> str | None:
        """Where some cell has no option left, all there is to do is to give up."""
        return rows(state.replace(".", "1")) if "." not in state or not options(state, grids.tightest(state)) else None

    def misses(self, view: View, state: str, answer: str, rng: random.Random) -> Sequence[str]:
        return () if "." in state else [rows(grid) for grid in grids.some_swapped(state, 3, rng)]

    def value(self, view: View, state: str) -> float:
        return float(grids.fits(state) != 0)

    def extract(self, response: str) -> str | None:
        return extract_lines(response)

    def canonical(self, view: View, answer: str) -> str | None:
        return canonical_grid(answer)

    def judge(self, view: View, state: str, answer: str) -> Verdict:
        """By the rules and the givens, which need no reference: this is the whole judgement."""
        grid = grids.read_grid(answer)
        if grid is None:
            return reject(answer[:80], method="rules", reason=grids.NO_GRID, status=Status.UNPARSABLE)
        if not grids.is_full(grid):
            return reject(answer, method="rules", reason="a row, column or box holds a digit twice")
        if any(given not in (".", digit) for given, digit in zip(state, grid, strict=True)):
            return reject(answer, method="rules", reason="a given digit was changed")
        return accept(answer, method="rules")

    def board(self, view: View, steps: Sequence[str]) -> str:
        return grids.board(self.standing(view, steps).state)

    def derive(self, problem: Problem) -> Sequence[str]:
        return [str(placement) for placement in grids.forced_placements(self.start(problem.view))]

    def given(self, problem: Problem) -> str:
        return f"{self.start(problem.view).count('.')} blanks"

    def plan(self, problem: Problem, lines: Sequence[str]) -> str:
        grid = self.start(problem.view)
        return ", ".join(f"{grid[4 * row : 4 * row + 4].count('.')} in r{row + 1}" for row in range(4))

    def places(self, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]) -> tuple[int, int]:
        """A slip and an alternative, at two different cells."""
        places = list(range(len(lines)))
        rng.shuffle(places)
        slip, detour, *_ = places
        return slip if Behaviour.CORRECTION in behaviours else -1, detour if Behaviour.ALTERNATIVE in behaviours else -1

    aside = Derivation.slip

    def checked(self, problem: Problem, lines: Sequence[str], rng: random.Random) -> str:
        return rng.choice(lines)

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return rng.choice([grid for grid in map(rows, grids.full_grids()) if grid != problem.reference.value])

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        givens, turned = problem.view.public["givens"], right[::-1].replace("1", "5", 1)
        for answer in (givens, givens.replace(".", "1"), right[:-1], f"{right}/{right[:4]}", turned, "1234" * 10_000):
            yield f"{MARK} {answer}"
        yield f"{MARK} {rows(grids.swapped(right.replace('/', ''), 0, 1))}"
        yield f"{MARK} {right[:4]}/.../{right[-4:]}"
