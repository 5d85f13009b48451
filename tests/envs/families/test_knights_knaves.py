"""Knights and knaves: one assignment fits, lines are judged by deduction alone, and the potential is V*."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Frozen, Problem, Reference, View
from reasonrl.envs.families.logic.knights_knaves import KnightsKnaves
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import Status, StepVerdict

FAMILY = KnightsKnaves()
World = dict[str, bool]


def true_in(claim: str, world: World) -> bool:
    """The meaning of a statement as the prompt words it."""
    names = re.findall(r"\b[A-H]\b", claim)
    values = [world[name] for name in names]
    if "alike" in claim or "differ" in claim:
        return (values[0] == values[1]) == ("alike" in claim)
    wanted = [value == ("knight" in claim) for value in values]
    return any(wanted) if " or " in claim else all(wanted)


def spoken(prompt: str) -> dict[str, str]:
    return dict(re.findall(r"([A-H]): ([^.]*)\.", prompt))


def worlds_of(prompt: str, speakers: str | None = None) -> list[World]:
    """Worlds in which everyone named is a knight exactly if their statement is true."""
    claims = spoken(prompt)
    worlds = [dict(zip(claims, bits, strict=True)) for bits in itertools.product((False, True), repeat=len(claims))]
    heard = claims if speakers is None else speakers
    return [world for world in worlds if all(world[name] == true_in(claims[name], world) for name in heard)]


def spell(world: World) -> str:
    return "Answer: " + ", ".join(f"{name} {'knight' if knight else 'knave'}" for name, knight in world.items())


def puzzle(names: str, *statements: tuple[str, str]) -> View:
    return View("knights_knaves", 0, 0, "train", 1, "", Frozen({"names": names, "statements": statements}))


# A: B and C are knights. B: A is a knave. C: A and B are alike.   Only A knave, B knight, C knave fits.
THREE = puzzle("ABC", ("both knights", "BC"), ("knave", "A"), ("alike", "AB"))


@pytest.mark.parametrize("difficulty", FAMILY.difficulties)
def test_exactly_one_world_fits_what_the_prompt_says(difficulty: int) -> None:
    for index in range(40):
        problem = generate(FAMILY, "train", index, difficulty)
        (world,) = worlds_of(problem.view.prompt)
        assert problem.reference.value == {name: "knight" if knight else "knave" for name, knight in world.items()}


def test_every_other_assignment_is_rejected() -> None:
    for index in range(8):
        problem = generate(FAMILY, "train", index, 1 + index)
        (truth,) = worlds_of(problem.view.prompt)
        for bits in itertools.product((False, True), repeat=len(truth)):
            world = dict(zip(truth, bits, strict=True))
            assert FAMILY.verify(problem, spell(world)).correct is (world == truth)


@pytest.mark.parametrize(
    "answer",
    [
        "A knave, B knight, C knave",
        "C knave, A knave, B knight",
        "A is a knave, B is a knight and C is a knave.",
        "A=knave; B=knight; C=knave",
    ],
)
def test_an_assignment_is_accepted_in_any_order_and_wording(answer: str) -> None:
    assert FAMILY.verify(Problem(THREE, Reference(None)), f"Answer: {answer}").correct


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("A knave, B knight", Status.WRONG),
        ("A knave, B knight, C knight", Status.WRONG),
        ("A knave, B knight, C knave, C knight", Status.WRONG),
        ("A knave, B knight, C knave, C knave", Status.WRONG),
        ("A knave, B knight, C knave, D knave", Status.WRONG),
        ("A knave, B knight, C knave or knight", Status.UNPARSABLE),
        ("knave, knight, knight", Status.UNPARSABLE),
        ("A knave, B knight, not C knight", Status.UNPARSABLE),
        ("", Status.UNPARSABLE),
    ],
)
def test_partial_double_and_hedged_answers_are_rejected(answer: str, status: Status) -> None:
    assert FAMILY.verify(Problem(THREE, Reference(None)), f"Answer: {answer}").status is status


def test_a_deduction_counts_only_if_the_one_statement_it_cites_gives_it() -> None:
    """Each possible line against all worlds that fit the cited statement and what stands, on random ways."""
    judged = set()
    for index in range(24):
        view = generate(FAMILY, "train", index, 1 + index % 8).view
        rng = random.Random(index)
        steps: list[str] = []
        standing: World = {}
        names = view.public["names"]
        while len(standing) < len(names):
            useful: list[tuple[str, str, bool]] = []
            consistent = all(any(standing.items() <= w.items() for w in worlds_of(view.prompt, s)) for s in names)
            for speaker, name, value in itertools.product(names, names, (True, False)):
                line = f"{speaker}: {name} {'knight' if value else 'knave'}"
                fitting = [world for world in worlds_of(view.prompt, speaker) if standing.items() <= world.items()]
                given = consistent and name not in standing and all(world[name] is value for world in fitting)
                verdict = FAMILY.check_step(view, steps, line)
                judged.add(verdict)
                assert (verdict is StepVerdict.USEFUL) is given, (view.prompt, steps, line)
                useful += [(line, name, value)] * given
            guesses = [(f"Say {n} knight", n, True) for n in names if n not in standing]
            for line, _, _ in guesses:
                assert (FAMILY.check_step(view, steps, line) is StepVerdict.USEFUL) is (consistent and not useful)
            if not consistent:
                break
            line, name, value = rng.choice(useful or guesses)
            steps.append(line)
            standing[name] = value
    assert judged == {StepVerdict.USEFUL, StepVerdict.REDUNDANT, StepVerdict.INVALID}


def test_a_wrong_supposition_is_a_legal_move_and_costs_the_potential() -> None:
    assert FAMILY.check_step(THREE, (), "Say A knight") is StepVerdict.USEFUL
    assert FAMILY.check_step(THREE, (), "Say A knave") is StepVerdict.USEFUL
    assert FAMILY.potential(THREE, ("Say A knight",)) == 0.0
    assert FAMILY.potential(THREE, ("Say A knave",)) == 1.0


def test_a_supposition_is_refuted_only_by_a_contradiction() -> None:
    assert FAMILY.check_step(THREE, ("Say A knight",), "Wait: A knave") is StepVerdict.INVALID
    dead_end = ("Say A knight", "A: B knight")
    assert FAMILY.check_step(THREE, dead_end, "C: C knight") is StepVerdict.INVALID
    assert FAMILY.check_step(THREE, dead_end, "A knave") is StepVerdict.INVALID
    assert FAMILY.check_step(THREE, dead_end, "Wait: B knave") is StepVerdict.INVALID
    assert FAMILY.check_step(THREE, dead_end, "Wait: A knave") is StepVerdict.USEFUL
    after = (*dead_end, "Wait: A knave")
    assert FAMILY.potential(THREE, dead_end) == 0.0
    assert FAMILY.potential(THREE, after) == 1.0
    assert FAMILY.check_step(THREE, after, "B: B knight") is StepVerdict.USEFUL


def test_what_already_stood_is_no_progress() -> None:
    ways = ("Say A knight", "Or: Say A knave")
    assert FAMILY.check_step(THREE, ways[:1], ways[1]) is StepVerdict.USEFUL
    assert FAMILY.check_step(THREE, ways, "Or: Say A knight") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(THREE, ways, "Say A knave") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(THREE, ways, "Check: B: A knave") is StepVerdict.REDUNDANT
    assert FAMILY.check_step(THREE, ways, "Check: A: A knight") is StepVerdict.INVALID
    assert FAMILY.check_step(THREE, ways, "A lies") is StepVerdict.UNPARSABLE


def best(problem: Problem, steps: tuple[str, ...]) -> float:
    """V* at the choice level by trying every way through the menus that settles somebody or answers."""
    found = 0.0
    for line in FAMILY.legal_steps(problem.view, steps):
        if FAMILY.is_final(line):
            found = max(found, FAMILY.verify(problem, "\n".join((*steps, line))).score)
        elif FAMILY.check_step(problem.view, steps, line) is StepVerdict.USEFUL:
            value = best(problem, (*steps, line))
            assert value == FAMILY.potential(problem.view, (*steps, line))
            found = max(found, value)
    return found


@pytest.mark.parametrize("difficulty", [1, 2, 3, 4])
def test_the_potential_is_what_the_best_way_through_the_menus_earns(difficulty: int) -> None:
    for index in range(4):
        problem = generate(FAMILY, "train", index, difficulty)
        assert best(problem, ()) == FAMILY.potential(problem.view, ()) == 1.0


def test_dead_ends_are_met_on_some_ways() -> None:
    values = set()
    for index in range(10):
        problem = generate(FAMILY, "train", index, 3)
        for line in FAMILY.legal_steps(problem.view, ()):
            values.add(FAMILY.potential(problem.view, (line,)))
    assert values == {0.0, 1.0}


def test_corrections_take_back_a_refuted_supposition_where_one_is_needed() -> None:
    refuted = 0
    for index in range(20):
        problem = generate(FAMILY, "train", index, 3)
        trace = FAMILY.demonstrate(problem, random.Random(index), frozenset({Behaviour.CORRECTION}))
        for position, step in enumerate(trace.steps):
            if re.fullmatch(r"Wait: [A-H] kn\w+", step):
                refuted += 1
                assert FAMILY.potential(problem.view, trace.steps[:position]) == 0.0
                assert FAMILY.check_step(problem.view, trace.steps[:position], step) is StepVerdict.USEFUL
    assert refuted >= 10
