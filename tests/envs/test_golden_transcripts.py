"""What every family shows, says and judges, written down: nothing of it changes unless somebody means it to.

One page for each family, in `golden/`. `make golden` writes the pages anew; the change is then read in the diff.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import SPLITS, Family, Problem, View
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.generation import generate

Golden = Callable[[str, Iterable[str]], None]
MORE = 3
"""Further problems of each split and difficulty, of which the page has one fingerprint."""
LONGEST_MENU = 10
KINDS = {"plain": frozenset[Behaviour](), "every behaviour": frozenset(Behaviour)}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_shows_says_and_judges_what_its_page_has(name: str, golden: Golden) -> None:
    golden(name, list(page(get_family(name))))


def page(family: Family) -> Iterator[str]:
    for difficulty in family.difficulties:
        yield from transcript(family, generate(family, "test", 0, difficulty))
        yield f"fingerprint of {MORE} more in each split: {fingerprint(family, difficulty)}"
        yield ""


def transcript(family: Family, problem: Problem) -> Iterator[str]:
    view = problem.view
    yield f"== {view.id}"
    yield from indented(view.prompt)
    yield f"public {json.dumps(view.public)}"
    yield f"reference {json.dumps(problem.reference.value)}"
    menu = list(family.legal_steps(view, ()))
    yield f"menu of {len(menu)}"
    for line in menu[:LONGEST_MENU]:
        yield f"    {family.check_step(view, (), line):<10} {line!r}"
    for kind, behaviours in KINDS.items():
        yield f"demonstration, {kind}"
        yield from demonstration(family, problem, behaviours)
    yield "impostors"
    for impostor in family.impostors(problem, random.Random(view.index)):
        verdict = family.verify(problem, impostor)
        short = impostor if len(impostor) <= 160 else f"{impostor[:80]} ... {len(impostor)} characters"
        yield f"    {verdict.status:<10} {short!r}"


def demonstration(family: Family, problem: Problem, behaviours: frozenset[Behaviour]) -> Iterator[str]:
    view = problem.view
    trace = family.demonstrate(problem, random.Random(view.index), behaviours)
    for position, (step, shown) in enumerate(zip(trace.steps, trace.behaviours, strict=True)):
        before: Sequence[str] = trace.steps[:position]
        menu = family.legal_steps(view, before)
        worth = family.potential(view, trace.steps[: position + 1])
        yield (
            f"    {family.check_step(view, before, step):<10} {worth:.3f} "
            f"menu {len(menu):2} {'has it' if step in menu else '      '} {shown.name.lower():<13} {step!r}"
        )
    yield f"    {family.verify(problem, trace.text).status}, {checked(family, view, trace.text)} without the reference"


def checked(family: Family, view: View, answer: str) -> str:
    verdict = family.check_answer(view, answer)
    return "nothing to check" if verdict is None else str(verdict.status)


def fingerprint(family: Family, difficulty: int) -> str:
    hash = hashlib.blake2b(digest_size=8)
    for split in SPLITS:
        for index in range(1, MORE + 1):
            problem = generate(family, split, index, difficulty)
            said = [family.demonstrate(problem, random.Random(index), each).steps for each in KINDS.values()]
            hash.update(json.dumps([problem.to_json(), said]).encode())
    return hash.hexdigest()


def indented(text: str) -> Iterator[str]:
    return (f"    {line}" for line in text.split("\n"))
