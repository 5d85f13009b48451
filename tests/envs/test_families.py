"""What every family promises, for each family by name."""

from __future__ import annotations

import json
import pickle
import random
import time

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import END, SPLITS, Family, Problem
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.generation import generate, split_of
from reasonrl.envs.mdp import MDP
from reasonrl.envs.registry import open_source
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.core import Status, StepVerdict

EVERY = frozenset(Behaviour)
PLAIN: frozenset[Behaviour] = frozenset()


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return get_family(request.param)


def some_problems(family: Family, count: int = 6, split: str = "train") -> list[Problem]:
    return [generate(family, split, index, level) for level in family.difficulties for index in range(count)]


def step_mdp(family: Family) -> MDP:
    return MDP(
        open_source(family.name), level="step", vocabulary=get_vocabulary("char"), max_tokens=4096, max_steps=200
    )


def test_difficulties_one_to_five_exist(family: Family) -> None:
    assert set(range(1, 6)) <= set(family.difficulties)
    assert family.default_difficulty in family.difficulties


def test_a_problem_is_a_pure_function_of_its_index(family: Family) -> None:
    random.seed(0)
    first = [generate(family, "test", index) for index in range(4)]
    random.seed(1)
    assert [generate(family, "test", index) for index in reversed(range(4))] == first[::-1]


def test_generation_leaves_the_global_generator_alone(family: Family) -> None:
    before = random.getstate()
    generate(family, "train", 3)
    assert random.getstate() == before


def test_each_problem_lies_in_the_split_of_its_content(family: Family) -> None:
    prompts = {split: {p.view.prompt for p in some_problems(family, split=split)} for split in SPLITS}
    for split, found in prompts.items():
        assert {split_of(prompt) for prompt in found} == {split}


def test_problems_hash_pickle_and_turn_into_json(family: Family) -> None:
    for problem in some_problems(family, count=2):
        assert pickle.loads(pickle.dumps(problem)) == problem
        assert hash(problem) == hash(pickle.loads(pickle.dumps(problem)))
        assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


def test_a_view_does_not_show_the_reference(family: Family) -> None:
    problem = generate(family, "train", 0)
    assert not hasattr(problem.view, "reference")
    assert "hidden" in repr(problem)


def test_prompts_are_plain_and_short(family: Family) -> None:
    for problem in some_problems(family):
        assert problem.view.prompt.isascii()
        assert len(problem.view.prompt) <= family.max_prompt_chars


@pytest.mark.parametrize("behaviours", [PLAIN, EVERY], ids=["plain", "every behaviour"])
def test_demonstrations_are_accepted(family: Family, behaviours: frozenset[Behaviour]) -> None:
    for problem in some_problems(family):
        trace = family.demonstrate(problem, random.Random(problem.view.index), behaviours)
        assert len(trace.steps) == len(trace.behaviours)
        assert all("\n" not in step and step.strip() for step in trace.steps)
        verdict = family.verify(problem, trace.text)
        assert verdict.status is Status.CORRECT, (problem.view.prompt, trace.text, verdict)
        assert verdict.score == 1.0


def test_plain_demonstrations_have_no_invalid_step(family: Family) -> None:
    for problem in some_problems(family):
        trace = family.demonstrate(problem, random.Random(0), PLAIN)
        for position, step in enumerate(trace.steps):
            verdict = family.check_step(problem.view, trace.steps[:position], step)
            assert verdict in (StepVerdict.USEFUL, StepVerdict.REDUNDANT), (
                problem.view.prompt,
                trace.text,
                step,
                verdict,
            )


def test_demonstrations_show_the_behaviours_asked_for(family: Family) -> None:
    shown = {
        behaviour
        for problem in some_problems(family, count=3)
        for behaviour in family.demonstrate(problem, random.Random(1), EVERY).behaviours
    }
    assert {Behaviour.COMPLETION, Behaviour.ANALYSIS, Behaviour.EVALUATION, Behaviour.CORRECTION} <= shown


def test_a_demonstration_ends_where_its_answer_does(family: Family) -> None:
    mdp = step_mdp(family)
    for problem in some_problems(family, count=3):
        trace = family.demonstrate(problem, random.Random(2), EVERY)
        state = mdp.initial(problem.view)
        for position, step in enumerate(trace.steps):
            assert not state.done, (trace.text, position)
            last = position == len(trace.steps) - 1
            state = mdp.step(state, step + END if last else step).state
        assert state.done
        assert family.verify(problem, state.answer).correct


def test_impostors_are_rejected_quickly(family: Family) -> None:
    for problem in some_problems(family, count=2):
        impostors = list(family.impostors(problem, random.Random(0)))
        assert len(impostors) >= 5
        for impostor in impostors:
            start = time.perf_counter()
            verdict = family.verify(problem, impostor)
            assert not verdict.correct, (problem.view.prompt, impostor[:200], verdict)
            assert verdict.score == 0.0
            assert verdict.status not in (Status.ERROR, Status.BAD_REFERENCE)
            assert time.perf_counter() - start < 5.0


def test_what_can_be_checked_without_the_reference_accepts_demonstrations(family: Family) -> None:
    for problem in some_problems(family, count=3):
        trace = family.demonstrate(problem, random.Random(3), PLAIN)
        verdict = family.check_answer(problem.view, trace.text)
        assert verdict is None or verdict.correct, (trace.text, verdict)


def test_any_text_gets_a_verdict(family: Family) -> None:
    problem = generate(family, "train", 0)
    rng = random.Random(0)
    for _ in range(40):
        text = "".join(
            chr(rng.choice((10, 32, 65, 0x1D7D9, 0x202E, rng.randrange(1, 0xD800)))) for _ in range(rng.randrange(80))
        )
        assert not family.verify(problem, text).correct
        assert isinstance(family.check_step(problem.view, (), text), StepVerdict)
        assert 0.0 <= family.potential(problem.view, (text,)) <= 1.0
        family.check_answer(problem.view, text)
        family.legal_steps(problem.view, (text,))


def test_the_menu_leads_to_a_correct_answer(family: Family) -> None:
    """Some path through the menus is accepted: found by depth-first search, potential first."""
    mdp = step_mdp(family)
    for level in (1, family.default_difficulty):
        problem = generate(family, "train", 1, level)
        stack, looked = [mdp.initial(problem.view)], 0
        solved = False
        while stack and not solved and looked < 3000:
            state = stack.pop()
            looked += 1
            menu = mdp.menu(state)
            assert 0 < len(menu) <= family.max_choices
            assert len(set(menu)) == len(menu)
            after = [mdp.step(state, line).state for line in menu]
            solved = any(s.done and family.verify(problem, s.answer).correct for s in after)
            running = [s for s in after if not s.done and len(s.steps) > len(state.steps)]
            stack += sorted(running, key=lambda s: family.potential(s.view, s.steps))
        assert solved, problem.view.prompt


def test_potential_is_one_along_a_plain_demonstration_where_it_is_exact(family: Family) -> None:
    if not family.exact_potential:
        pytest.skip("the potential is a heuristic here")
    for problem in some_problems(family, count=3):
        trace = family.demonstrate(problem, random.Random(4), PLAIN)
        for position in range(len(trace.steps)):
            assert family.potential(problem.view, trace.steps[:position]) == 1.0
