"""Sudoku: one grid fits, lines are judged by the rules alone, and the potential is V*."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Frozen, Problem, Reference, View
from reasonrl.envs.families.logic.sudoku4 import Sudoku4
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict

FAMILY = Sudoku4()
SOLUTION = "1234/3412/2143/4321"


def puzzle(givens: str) -> View:
    return View("sudoku4", 0, 0, "train", 1, f"Fill {givens}", Frozen({"givens": givens}))


NEARLY = puzzle("..34/3412/2143/4321")
OPEN = puzzle("12../..../..../...1")  # more than one grid fits: only for judging steps


def allowed(cells: str, cell: int, digit: str) -> bool:
    row, column = divmod(cell, 4)
    for other, held in enumerate(cells):
        r, c = divmod(other, 4)
        same = r == row or c == column or (r // 2, c // 2) == (row // 2, column // 2)
        if same and other != cell and held == digit:
            return False
    return True


def completions(cells: str) -> list[str]:
    """All full grids, by backtracking."""
    if "." not in cells:
        return [cells]
    cell = cells.index(".")
    return [
        full
        for digit in "1234"
        if allowed(cells, cell, digit)
        for full in completions(cells[:cell] + digit + cells[cell + 1 :])
    ]


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_exactly_one_grid_fits_the_givens(difficulty: int) -> None:
    blanks = set()
    for index in range(15):
        problem = generate(FAMILY, "train", index, difficulty)
        givens = problem.view.public["givens"].replace("/", "")
        assert completions(givens) == [problem.reference.value.replace("/", "")]
        blanks.add(givens.count("."))
    assert len(blanks) == 1


def test_difficulty_is_the_number_of_blanks() -> None:
    blanks = [generate(FAMILY, "train", 0, level).view.public["givens"].count(".") for level in FAMILY.difficulties]
    assert blanks == sorted(set(blanks))
    assert (blanks[0], blanks[-1]) == (4, 12)


@pytest.mark.parametrize(
    "answer", [SOLUTION, "1234 3412 2143 4321", "1234, 3412, 2143, 4321", SOLUTION.replace("/", "")]
)
def test_a_grid_is_accepted_with_any_separator(answer: str) -> None:
    assert FAMILY.verify(Problem(NEARLY, Reference(None)), f"r1c1=3\nAnswer: {answer}").correct


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("..34/3412/2143/4321", Status.UNPARSABLE),
        ("1234/3412/2143", Status.UNPARSABLE),
        (SOLUTION + "/1234", Status.UNPARSABLE),
        ("2134/3412/2143/4321", Status.WRONG),
        ("1234/3412/4321/2143", Status.WRONG),  # fits the rules, not the givens
        (SOLUTION + " or 1", Status.UNPARSABLE),
    ],
)
def test_a_grid_that_breaks_a_rule_or_a_given_is_rejected(answer: str, status: Status) -> None:
    assert FAMILY.verify(Problem(NEARLY, Reference(None)), f"Answer: {answer}").status is status


def test_a_placement_is_useful_if_legal_and_new() -> None:
    assert FAMILY.check_step(NEARLY, (), "r1c1=1") is StepVerdict.USEFUL
    assert FAMILY.check_step(NEARLY, (), "r1c1=3") is StepVerdict.INVALID
    assert FAMILY.check_step(NEARLY, (), "r1c3=2") is StepVerdict.INVALID
    assert FAMILY.check_step(NEARLY, (), "r1c3=3") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(NEARLY, ("r1c1=1",), "r1c1=1") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(NEARLY, (), "r5c1=1") is StepVerdict.UNPARSABLE
    assert FAMILY.check_step(NEARLY, (), "r1c1=\uff11") is StepVerdict.UNPARSABLE


def test_a_placement_is_taken_back_only_by_wait_or_or() -> None:
    assert FAMILY.check_step(OPEN, ("r1c3=3",), "r1c3=4") is StepVerdict.INVALID
    assert FAMILY.check_step(OPEN, ("r1c3=3",), "Wait: r1c3=4") is StepVerdict.USEFUL
    assert FAMILY.check_step(OPEN, ("r1c3=3", "Or: r1c3=4"), "Or: r1c3=3") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(OPEN, (), "Wait: r1c1=3") is StepVerdict.INVALID
    assert FAMILY.check_step(OPEN, (), "Check: r1c3=3") is StepVerdict.INVALID


def test_the_potential_is_one_exactly_while_the_grid_can_be_completed() -> None:
    seen = set()
    for index in range(40):
        view = generate(FAMILY, "train", index, 1 + index % 8).view
        cells, steps, rng = view.public["givens"].replace("/", ""), [], random.Random(index)
        while "." in cells:
            legal = [(i, d) for i in range(16) for d in "1234" if cells[i] == "." and allowed(cells, i, d)]
            if not legal:
                break
            cell, digit = rng.choice(legal)
            cells = cells[:cell] + digit + cells[cell + 1 :]
            steps.append(f"r{cell // 4 + 1}c{cell % 4 + 1}={digit}")
            assert FAMILY.check_step(view, steps[:-1], steps[-1]) is StepVerdict.USEFUL
            assert FAMILY.potential(view, steps) == float(bool(completions(cells)))
            seen.add(FAMILY.potential(view, steps))
    assert seen == {0.0, 1.0}


def best(problem: Problem, steps: tuple[str, ...], known: dict[frozenset[str], float]) -> float:
    """V* at the choice level by trying every way through the menus that fills a cell or answers."""
    key = frozenset(steps)
    if key not in known:
        found = 0.0
        for line in FAMILY.legal_steps(problem.view, steps):
            if FAMILY.is_final(line):
                found = max(found, FAMILY.verify(problem, "\n".join((*steps, line))).score)
            elif FAMILY.check_step(problem.view, steps, line) is StepVerdict.USEFUL:
                found = max(found, best(problem, (*steps, line), known))
        known[key] = found
        assert found == FAMILY.potential(problem.view, steps)
    return known[key]


@pytest.mark.parametrize("difficulty", [1, 3, 5, 8])
def test_the_potential_is_what_the_best_way_through_the_menus_earns(difficulty: int) -> None:
    for index in range(3):
        known: dict[frozenset[str], float] = {}
        assert best(generate(FAMILY, "train", index, difficulty), (), known) == 1.0
    if difficulty == 8:
        assert set(known.values()) == {0.0, 1.0}


def test_demonstrations_fill_only_forced_cells() -> None:
    for index in range(16):
        problem = generate(FAMILY, "train", index, 1 + index % 8)
        cells = problem.view.public["givens"].replace("/", "")
        for step in FAMILY.demonstrate(problem, random.Random(0), frozenset()).steps[:-1]:
            cell, digit = 4 * (int(step[1]) - 1) + int(step[3]) - 1, step[5]
            naked = [d for d in "1234" if allowed(cells, cell, d)] == [digit]
            row, column = divmod(cell, 4)
            units = (
                [4 * row + i for i in range(4)],
                [4 * i + column for i in range(4)],
                [4 * (row // 2 * 2 + i) + column // 2 * 2 + j for i in range(2) for j in range(2)],
            )
            hidden = any(
                not any(cells[other] == "." and allowed(cells, other, digit) for other in unit if other != cell)
                for unit in units
            )
            assert cells[cell] == "."
            assert allowed(cells, cell, digit)
            assert naked or hidden
            cells = cells[:cell] + digit + cells[cell + 1 :]


def test_a_correction_replaces_a_wrong_digit() -> None:
    for index in range(8):
        problem = generate(FAMILY, "train", index, 4)
        trace = FAMILY.demonstrate(problem, random.Random(index), frozenset({Behaviour.CORRECTION}))
        (place,) = [i for i, behaviour in enumerate(trace.behaviours) if behaviour is Behaviour.CORRECTION]
        slip, repair = trace.steps[place - 1], trace.steps[place].removeprefix("Wait: ")
        assert slip[:5] == repair[:5]
        assert slip != repair
        assert FAMILY.potential(problem.view, trace.steps[: place + 1]) == 1.0
