"""Sudoku 4x4: every row, column and 2x2 box holds 1, 2, 3 and 4. One grid fits the givens.

Prompt      Fill 1.3./.4../..2./3..1
Step        a digit for an empty cell that is in no conflict with the grid so far: `r1c2=2`
Answer      the whole grid: `Answer: 1234/3412/2143/4321`
Standing    legal placements; any other line is passed over. `Wait:` or `Or:` may give a filled cell another digit
Potential   exact V* at the choice level, where nothing is taken back: 1 if the grid so far can be completed, else 0
Menu        every digit for the first empty cell, legal ones for the most constrained cell; on a full grid, answer lines
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator, Sequence
from itertools import permutations, product

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_lines, is_final_line
from reasonrl.verifiers.canonical import canonical_grid
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject

_DIGITS = "1234"
_BLANKS = {1: 4, 2: 5, 3: 6, 4: 7, 5: 8, 6: 9, 7: 10, 8: 12}
_UNITS = tuple(
    [tuple(range(4 * i, 4 * i + 4)) for i in range(4)]
    + [tuple(range(i, 16, 4)) for i in range(4)]
    + [(corner, corner + 1, corner + 4, corner + 5) for corner in (0, 2, 8, 10)]
)
"""Rows, columns and boxes as cell indices; cell r1c1 is 0, r1c2 is 1."""
_PEERS = tuple(frozenset(i for unit in _UNITS if cell in unit for i in unit) - {cell} for cell in range(16))
_PLACEMENT = re.compile(r"r([1-4])c([1-4]) ?= ?([1-4])")
_GRID = re.compile(r"[1-4]{4}(?:[/ ,;\n]{1,3}[1-4]{4}){3}|[1-4]{16}|(?:[1-4][ ,|/\n]{0,3}){16}")
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)
_REVISIONS = (Behaviour.CORRECTION, Behaviour.ALTERNATIVE)


class Sudoku4:
    """Grids with 4 to 12 blanks that can be filled one forced cell after another."""

    name = "sudoku4"
    domain = "logic"
    version = 0
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
            solution = rng.choice(_solutions())
            grid = list(solution)
            for cell in rng.sample(range(16), 16):
                digit, grid[cell] = grid[cell], "."
                if _fits("".join(grid)).bit_count() > 1:  # quick, and spares most of the derivations below
                    grid[cell] = digit
                if grid.count(".") == _BLANKS[difficulty] and len(_derive(grid)) == _BLANKS[difficulty]:
                    givens = _rows(grid)
                    return Content(f"Fill {givens}", {"givens": givens}, _rows(solution))

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(problem.view, answer)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: the digits of its grid, however its rows are set apart."""
        return canonical_grid(answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """The rules and the givens judge a grid: this is the whole judgement."""
        return _judge(view, answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """By the rules alone: a legal placement may still be a wrong one."""
        if is_final_line(step):
            return StepVerdict.USEFUL if _judge(view, step).correct else StepVerdict.INVALID
        grid, seen = _standing(view, steps)
        behaviour, match = behaviour_of(step), _PLACEMENT.fullmatch(strip_behaviour(step))
        if match is None:
            return StepVerdict.REDUNDANT if behaviour in _TALK else StepVerdict.UNPARSABLE
        cell, digit = _read(match)
        if grid[cell] == digit:
            return StepVerdict.REDUNDANT
        after = _place(view, grid, cell, digit, behaviour)
        if after is None:
            return StepVerdict.INVALID
        return StepVerdict.REDUNDANT if after in seen else StepVerdict.USEFUL

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return float(_fits(_standing(view, steps)[0]) != 0)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        grid, _ = _standing(view, steps)
        rng = generator("menu", view.prompt, grid)
        blanks = [cell for cell in range(16) if grid[cell] == "."]
        if not blanks:
            swaps = rng.sample([(4 * row, 4 * row + other) for row in range(4) for other in (1, 2, 3)], 3)
            menu = [f"{MARK} {_rows(each)}" for each in (grid, *(_swapped(grid, one, other) for one, other in swaps))]
        else:
            tightest = min(blanks, key=lambda cell: (len(_options(grid, cell)), cell))
            if not _options(grid, tightest):  # a dead end: what is left is to give up
                return [f"{MARK} {_rows(grid.replace('.', '1'))}"]
            cells = dict.fromkeys((blanks[0], tightest))
            menu = [_line(cell, digit) for cell in cells for digit in _options(grid, cell)]
            illegal = (_line(blanks[0], digit) for digit in _DIGITS if digit not in _options(grid, blanks[0]))
            menu += [line for line in illegal if line not in steps]  # a bad idea is not offered twice
        rng.shuffle(menu)
        return menu

    def board(self, view: View, steps: Sequence[str]) -> str:
        """The grid so far, for a person."""
        grid, _ = _standing(view, steps)
        rows = [" ".join((*grid[start : start + 2], "|", *grid[start + 2 : start + 4])) for start in range(0, 16, 4)]
        return "\n".join((*rows[:2], "----+----", *rows[2:]))

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        grid = list(_cells(problem.view.public["givens"]))
        placements = _derive(grid)
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"{PREFIXES[Behaviour.ANALYSIS]} {len(placements)} blanks")
        if Behaviour.DECOMPOSITION in behaviours:
            rows = [f"{grid[4 * row : 4 * row + 4].count('.')} in r{row + 1}" for row in range(4)]
            lines.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {', '.join(rows)}")
        places = list(range(len(placements)))
        rng.shuffle(places)
        slip = places[0] if Behaviour.CORRECTION in behaviours else -1
        detour = places[1] if Behaviour.ALTERNATIVE in behaviours else -1
        for position, (cell, digit) in enumerate(placements):
            prefix = ""
            if position in (slip, detour):
                lines.append(_line(cell, rng.choice(_DIGITS.replace(digit, ""))))
                prefix = f"{PREFIXES[_REVISIONS[position == detour]]} "
            grid[cell] = digit
            lines.append(f"{prefix}{_line(cell, digit)}")
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {_line(*rng.choice(placements))}")
        lines.append(f"{MARK} {_rows(grid)}")
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        solution, givens = problem.reference.value, problem.view.public["givens"]
        cells = _cells(solution)
        others = [grid for grid in _solutions() if grid != cells]
        yield ""
        yield f"{MARK}"
        yield f"{MARK} {givens}"
        yield f"{MARK} {_rows(rng.choice(others))}"
        yield f"{MARK} {_rows(_swapped(cells, 0, 1))}"
        yield f"{MARK} {givens.replace('.', '1')}"
        yield f"{MARK} {solution[:-1]}"
        yield f"{MARK} {solution}/{solution[:4]}"
        yield f"{MARK} {solution} or {solution[::-1]}"
        yield f"{MARK} {_rows(others[0])}\n{MARK} {solution}"
        yield f"{MARK} {'/'.join(solution.split('/')[::-1])[:-1]}5"
        yield f"{MARK} {''.join(chr(0xFF10 + int(each)) if each.isdigit() else each for each in solution)}"
        yield f"{MARK} {solution[:4]}/.../{solution[-4:]}"
        yield f"The grid is {solution}."
        yield f"{problem.view.prompt}\n{solution}"
        yield f"{MARK} {'1234' * 10_000}"


def _rows(cells: Sequence[str]) -> str:
    return "/".join("".join(cells[4 * row : 4 * row + 4]) for row in range(4))


def _cells(rows: str) -> str:
    return rows.replace("/", "")


def _line(cell: int, digit: str) -> str:
    return f"r{cell // 4 + 1}c{cell % 4 + 1}={digit}"


def _read(match: re.Match[str]) -> tuple[int, str]:
    row, column, digit = match.groups()
    return 4 * (int(row) - 1) + int(column) - 1, digit


def _swapped(cells: str, one: int, other: int) -> str:
    swapped = list(cells)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    return "".join(swapped)


@functools.cache
def _solutions() -> tuple[str, ...]:
    """All 288 full grids."""
    rows = list(map("".join, permutations(_DIGITS)))
    grids = map("".join, product(rows, repeat=2))
    tops = [top for top in grids if all(len({top[i] for i in unit}) == 4 for unit in (_UNITS[8], _UNITS[9]))]
    full = (top + bottom for top, bottom in product(tops, repeat=2))
    return tuple(grid for grid in full if all(len({grid[i] for i in unit}) == 4 for unit in _UNITS))


@functools.cache
def _holders() -> dict[tuple[int, str], int]:
    """(cell, digit) to the bitset of the full grids that have this digit there."""
    found = dict.fromkeys(product(range(16), _DIGITS), 0)
    for index, grid in enumerate(_solutions()):
        for place in enumerate(grid):
            found[place] |= 1 << index
    return found


def _fits(grid: str) -> int:
    """The bitset of the full grids that complete this one."""
    holders = _holders()
    fitting = (1 << len(_solutions())) - 1
    for place in enumerate(grid):
        if place[1] != ".":
            fitting &= holders[place]
    return fitting


def _options(grid: Sequence[str], cell: int) -> list[str]:
    """Digits that no cell of the same row, column or box holds."""
    taken = {grid[peer] for peer in _PEERS[cell]}
    return [digit for digit in _DIGITS if digit not in taken]


def _forced(grid: Sequence[str]) -> tuple[int, str] | None:
    """The first cell with one option left; else the first that alone can hold some digit in its row, column or box."""
    options = {cell: _options(grid, cell) for cell in range(16) if grid[cell] == "."}
    for cell, digits in options.items():
        if len(digits) == 1:
            return cell, digits[0]
    for cell, digits in options.items():
        for unit in _UNITS:
            if cell in unit:
                for digit in digits:
                    if not any(digit in options.get(peer, ()) for peer in unit if peer != cell):
                        return cell, digit
    return None


def _derive(givens: Sequence[str]) -> list[tuple[int, str]]:
    """Forced placements one after another, until none is left."""
    grid = list(givens)
    placements = []
    while (placement := _forced(grid)) is not None:
        placements.append(placement)
        grid[placement[0]] = placement[1]
    return placements


def _place(view: View, grid: str, cell: int, digit: str, behaviour: Behaviour) -> str | None:
    """The grid with this digit in this cell; None when the rules forbid it."""
    given = _cells(view.public["givens"])[cell] != "."
    held = grid[cell] != "." and (given or behaviour not in _REVISIONS)
    if held or behaviour is Behaviour.EVALUATION or digit not in _options(grid, cell):
        return None
    return grid[:cell] + digit + grid[cell + 1 :]


def _standing(view: View, steps: Sequence[str]) -> tuple[str, set[str]]:
    """The grid so far, "." where empty, and every grid that stood on the way."""
    grid = _cells(view.public["givens"])
    seen = {grid}
    for step in steps:
        match = _PLACEMENT.fullmatch(strip_behaviour(step))
        after = None if match is None else _place(view, grid, *_read(match), behaviour_of(step))
        if after is not None:
            grid = after
            seen.add(grid)
    return grid, seen


def _judge(view: View, response: str) -> Verdict:
    answer = extract_lines(response)
    if answer is None:
        return no_answer()
    if len(answer) > 80 or _GRID.fullmatch(answer) is None:
        reason = "the answer is not a grid such as 1234/3412/2143/4321"
        return reject(answer[:80], method="rules", reason=reason, status=Status.UNPARSABLE)
    grid = re.sub(r"[^1-4]", "", answer)
    if any(len({grid[cell] for cell in unit}) < 4 for unit in _UNITS):
        return reject(answer, method="rules", reason="a row, column or box holds a digit twice")
    if any(given not in (".", digit) for given, digit in zip(_cells(view.public["givens"]), grid, strict=True)):
        return reject(answer, method="rules", reason="a given digit was changed")
    return accept(answer, method="rules")
