"""Entailment: problems are provable and graded, proofs are judged line by line, and the potential is V*."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Frozen, Problem, Reference, View
from reasonrl.envs.families.logic.entailment import Entailment
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict
from reasonrl.verifiers.logic import Formula, ProofLine, entails, parse_formula, parse_proof_line
from reasonrl.verifiers.logic.formulas import AND, OR, consistent, negation
from reasonrl.verifiers.logic.proofs import derivations

FAMILY = Entailment()


def task(premises: str, goal: str, max_lines: int) -> View:
    public = Frozen({"premises": premises.split(), "goal": goal, "max_lines": max_lines})
    return View("entailment", 0, 0, "train", 1, f"{premises}. Prove {goal}.", public)


CHAIN = task("A>B B>C A", "C", 3)


def accepts(view: View, *lines: str) -> bool:
    return FAMILY.verify(Problem(view, Reference(())), "\n".join(lines)).correct


def premises_and_goal(view: View) -> tuple[list[Formula], Formula]:
    formulas = [parse_formula(text) for text in (*view.public["premises"], view.public["goal"])]
    known = [formula for formula in formulas if formula is not None]
    assert len(known) == len(formulas)
    return known[:-1], known[-1]


def everything(lines: Sequence[Formula]) -> tuple[Formula, ...]:
    """Far more than introductions can be good for: all pairs of lines and variables, and double negations."""
    pool = dict.fromkeys([*lines, *map(Formula, "ABCDEFGH")])
    pairs = [Formula(op, (one, other)) for op in (AND, OR) for one in pool for other in pool]
    return (*pairs, *(negation(negation(each)) for each in pool))


def provable(lines: tuple[Formula, ...], goal: Formula, left: int) -> bool:
    """Whether the goal can be proved in this many lines, by trying all; the last line can only be the goal."""
    if goal in lines:
        return True
    if left <= 1:
        return left == 1 and any(d.formula == goal for d in derivations(lines, (goal,)))
    following = {d.formula for d in derivations(lines, (*everything(lines), goal))} - set(lines)
    return any(provable((*lines, formula), goal, left - 1) for formula in following)


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_premises_are_consistent_and_entail_a_goal_that_is_none_of_them(difficulty: int) -> None:
    for index in range(20):
        premises, goal = premises_and_goal(generate(FAMILY, "train", index, difficulty).view)
        assert consistent(premises)
        assert entails(premises, goal)
        assert goal not in premises


@pytest.mark.parametrize(("difficulty", "length"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_no_proof_is_shorter_than_the_difficulty_says(difficulty: int, length: int) -> None:
    for index in range(10):
        problem = generate(FAMILY, "train", index, difficulty)
        premises, goal = premises_and_goal(problem.view)
        assert len(problem.reference.value) == length
        assert not provable(tuple(premises), goal, length - 1)


def test_the_potential_is_one_exactly_where_the_lines_left_suffice() -> None:
    """After random valid lines, good and bad, against trying every line of a much wider choice."""
    seen = set()
    for index in range(24):
        view = generate(FAMILY, "train", index, 1 + index % 3).view
        premises, goal = premises_and_goal(view)
        rng = random.Random(index)
        lines, steps = list(premises), []
        for left in reversed(range(view.public["max_lines"])):
            d = rng.choice([d for d in derivations(lines, everything(lines)) if d.formula not in lines])
            cites = tuple(lines.index(premise) + 1 for premise in d.premises)
            steps.append(str(ProofLine(len(lines) + 1, d.formula, d.rule, cites)))
            lines.append(d.formula)
            if left <= 2:
                expected = provable(tuple(lines), goal, left)
                assert FAMILY.potential(view, steps) == float(expected), (view.prompt, steps)
                seen.add(expected)
    assert seen == {True, False}


def test_the_potential_is_that_of_the_best_line_in_the_menu() -> None:
    for index in range(40):
        problem = generate(FAMILY, "train", index, 1 + index % 8)
        rng = random.Random(index)
        steps: list[str] = []
        while True:
            menu = FAMILY.legal_steps(problem.view, steps)
            best = 0.0
            for line in menu:
                if FAMILY.is_final(line):
                    best = max(best, FAMILY.verify(problem, "\n".join((*steps, line))).score)
                elif FAMILY.check_step(problem.view, steps, line) is StepVerdict.USEFUL:
                    best = max(best, FAMILY.potential(problem.view, (*steps, line)))
            assert FAMILY.potential(problem.view, steps) == best
            line = rng.choice(menu)
            if FAMILY.is_final(line):
                break
            steps.append(line)


def test_a_proof_is_accepted_in_any_layout() -> None:
    assert accepts(CHAIN, "4 B MP 1 3", "5 C MP 2 4", "Answer: 5")
    assert accepts(CHAIN, "Given: three", "4. (B) MP 3, 1", "Check: 4 B MP 1 3", "5) C MP 4 2", "Answer: line 5")
    assert accepts(CHAIN, "4 A>C HS 1 2", "5 C MP 4 3", "Answer: 5")


@pytest.mark.parametrize(
    "lines",
    [
        ["4 B MP 1 3", "5 C MP 2 4", "Answer: 4"],
        ["4 B MP 1 2", "5 C MP 2 4", "Answer: 5"],
        ["5 C MP 2 4", "4 B MP 1 3", "Answer: 5"],
        ["4 C MP 2 5", "5 B MP 1 3", "Answer: 4"],
        ["4 C MP 2 4", "Answer: 4"],
        ["Answer: 5", "4 B MP 1 3", "5 C MP 2 4"],
        ["Check: 4 B MP 1 3", "5 C MP 2 4", "Answer: 5"],
        ["4 B MP 1 3", "5 C MP 2 4"],
        ["4 A&A AI 3 3", "5 A|A OI 3", "6 B MP 1 3", "7 C MP 2 6", "Answer: 7"],
    ],
    ids=[
        "another line",
        "wrong citation",
        "wrong order",
        "a later line cited",
        "itself cited",
        "answer first",
        "check",
        "none",
        "too long",
    ],
)
def test_a_broken_proof_is_rejected(lines: list[str]) -> None:
    assert not accepts(CHAIN, *lines)


def test_an_invalid_line_is_passed_over_and_its_number_stays_free() -> None:
    assert accepts(CHAIN, "4 C MP 2 3", "4 B MP 1 3", "4 ~A MT 1 2", "5 C MP 2 4", "Answer: 5")


def test_wait_takes_back_a_line_and_all_after_it() -> None:
    detour = ("4 A|B OI 3", "5 A&A AI 3 3")
    assert FAMILY.potential(CHAIN, detour) == 0.0
    assert FAMILY.potential(CHAIN, (*detour, "Wait: 4 B MP 1 3")) == 1.0
    assert accepts(CHAIN, *detour, "Wait: 4 B MP 1 3", "5 C MP 2 4", "Answer: 5")
    assert not accepts(CHAIN, *detour, "4 B MP 1 3", "5 C MP 2 4", "Answer: 5")
    assert not accepts(CHAIN, "Wait: 2 C AE 2", "Answer: 2")


@pytest.mark.parametrize("padding", ["4 A|B OI 3", "4 A&A AI 3 3", "4 ~~A DN 3", "4 A|(D>E) OI 3"])
def test_padding_earns_nothing(padding: str) -> None:
    line = parse_proof_line(padding)
    assert line is not None
    assert FAMILY.check_step(CHAIN, (), padding) is StepVerdict.REDUNDANT
    assert FAMILY.potential(CHAIN, (padding,)) <= FAMILY.potential(CHAIN, ())


def test_a_line_is_useful_once() -> None:
    assert FAMILY.check_step(CHAIN, (), "4 B MP 1 3") is StepVerdict.USEFUL
    assert FAMILY.check_step(CHAIN, ("4 B MP 1 3",), "5 B MP 1 3") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(CHAIN, ("4 A>C HS 1 2", "Or: 4 B MP 1 3"), "Or: 4 A>C HS 1 2") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(CHAIN, (), "Check: 4 B MP 1 3") is StepVerdict.INVALID
    assert FAMILY.check_step(CHAIN, ("4 B MP 1 3",), "Check: 4 B MP 1 3") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(CHAIN, (), "4 B MP 1 2") is StepVerdict.INVALID
    assert FAMILY.check_step(CHAIN, (), "so B") is StepVerdict.UNPARSABLE


def test_a_number_that_is_none_is_unparsable() -> None:
    verdict = FAMILY.verify(Problem(CHAIN, Reference(())), "4 B MP 1 3\n5 C MP 2 4\nAnswer: five")
    assert verdict.status is Status.UNPARSABLE


def test_an_alternative_is_a_valid_line_that_is_then_replaced() -> None:
    shown = 0
    for index in range(20):
        problem = generate(FAMILY, "train", index, 4)
        trace = FAMILY.demonstrate(problem, random.Random(index), frozenset({Behaviour.ALTERNATIVE}))
        for position, behaviour in enumerate(trace.behaviours):
            if behaviour is Behaviour.ALTERNATIVE:
                shown += 1
                before = FAMILY.check_step(problem.view, trace.steps[: position - 1], trace.steps[position - 1])
                assert before in (StepVerdict.USEFUL, StepVerdict.REDUNDANT)
                assert (
                    FAMILY.check_step(problem.view, trace.steps[:position], trace.steps[position]) is StepVerdict.USEFUL
                )
    assert shown > 10
