"""What `bug_repair` promises beyond what every family does."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import Problem, Reference, View
from reasonrl.envs.families.code import bug_repair, bug_templates
from reasonrl.envs.families.code.bug_repair import BugRepair
from reasonrl.envs.generation import generate
from reasonrl.verifiers.core import StepVerdict

FAMILY = BugRepair()
WRONG = ("def f(x):", " s=1", " for v in x:", "  s+=v", " return s")
RIGHT = ("def f(x):", " s=0", *WRONG[2:])
SUM = Problem(
    View(
        *("bug_repair", 0, 0, "train", 5, "Fix: ..."),
        {"examples": ((((3, 1),), 4), (((2, 5),), 7)), "program": WRONG, "bugs": 1},
    ),
    Reference({"tests": ((((),), 0), (((9,),), 9)), "program": RIGHT}),
)


def test_any_function_with_the_right_values_is_a_repair() -> None:
    assert FAMILY.verify(SUM, "\n".join(RIGHT)).correct
    assert FAMILY.verify(SUM, "def f(x):\n    return sum(x)").correct
    assert not FAMILY.verify(SUM, "\n".join(WRONG)).correct


def test_the_program_shown_fails_an_example_and_differs_from_the_right_one_in_as_many_lines_as_it_says() -> None:
    for level in FAMILY.difficulties:
        for index in range(8):
            found = generate(FAMILY, "train", index, level)
            wrong, right = found.view.public["program"], found.reference.value["program"]
            assert found.view.prompt.split("\n")[1:] == list(wrong)
            assert sum(a != b for a, b in zip(wrong, right, strict=True)) == (2 if level == 8 else 1)
            verdict = FAMILY.check_answer(found.view, "\n".join(wrong))
            assert verdict is not None
            assert not verdict.correct


def test_every_repair_that_passes_the_examples_passes_the_hidden_tests() -> None:
    for level in (1, 3, 5, 8):
        for index in range(4):
            found = generate(FAMILY, "train", index, level)
            public = found.view.public
            repairs = bug_repair._repairs(public["program"], public["examples"], public["bugs"])
            assert found.reference.value["program"] in repairs
            for repair in repairs:
                assert FAMILY.verify(found, "\n".join(repair)).correct, (found.view.prompt, repair)


@pytest.mark.parametrize(
    "line",
    [
        " return a-b",
        " return max(a,b)*3",
        " return sorted(x)[::-1]",
        " return x[2:]",
        " return [v*2 for v in x if v>=5]",
        "  s+=a*i",
        " for i in range(1,b+2):",
        "  r=[v-3]+r",
    ],
)
def test_every_change_can_be_undone_by_another(line: str) -> None:
    changed = bug_templates.changed(line)
    assert changed
    assert line not in changed
    for other in changed:
        assert line in bug_templates.changed(other), other


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        (" return a-b", {" return b-b", " return a-a", " return a+b", " return a*b"}),
        (" return x[1:]", {" return x[:1]"}),
        ("  s=max(s,v)", {"  s=min(s,v)"}),
        (" return sorted(x)", {" return sorted(x)[::-1]"}),
        (" s=0", {" s=1"}),
        (" for v in x:", set()),
        ("def f(a,b):", set()),
    ],
)
def test_a_bug_is_one_changed_token(line: str, changes: set[str]) -> None:
    assert set(bug_templates.changed(line)) == changes


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "def f(x):", StepVerdict.USEFUL),
        (RIGHT[:1], " s=0", StepVerdict.USEFUL),
        (RIGHT[:3], "  s+=v", StepVerdict.USEFUL),
        (RIGHT[:3], " s+=v", StepVerdict.INVALID),
        (RIGHT[:4], " return s", StepVerdict.USEFUL),
        (WRONG[:4], " return s", StepVerdict.INVALID),
        (WRONG[:4], "# Wait: s=0", StepVerdict.REDUNDANT),
        (WRONG[:4], "def f(x):", StepVerdict.REDUNDANT),
        (RIGHT[:1], " s=", StepVerdict.UNPARSABLE),
    ],
)
def test_a_step_is_judged_by_syntax_and_by_the_examples(
    steps: tuple[str, ...], step: str, verdict: StepVerdict
) -> None:
    assert FAMILY.check_step(SUM.view, steps, step) is verdict


def test_the_potential_follows_a_repair_and_drops_where_none_goes_on() -> None:
    values = [FAMILY.potential(SUM.view, RIGHT[:count]) for count in range(6)]
    assert values == sorted(values)
    assert values[-1] == 1.0
    assert values[0] == 0.5
    assert FAMILY.potential(SUM.view, WRONG[:2]) == 0.0
    assert FAMILY.potential(SUM.view, (*WRONG[:2], "# Wait: s=0", *RIGHT[:2])) == values[2]


def test_the_potential_of_a_hostile_view_stays_in_the_sandbox() -> None:
    program = ("def f(x):", " open('/tmp/reasonrl-canary','w')", " return 1+1")
    view = SUM.view
    public = {"examples": ((((3, 1),), 3),), "program": program, "bugs": 1}
    hostile = View(view.family, 0, 0, "train", 5, "Fix: hostile", public)
    assert FAMILY.potential(hostile, ()) == 0.0


def test_the_menu_holds_the_line_as_it_stands_and_its_changes() -> None:
    assert FAMILY.legal_steps(SUM.view, ()) == ("def f(x):",)
    assert set(FAMILY.legal_steps(SUM.view, WRONG[:1])) == {" s=1", " s=0", " s=2"}
    assert list(FAMILY.legal_steps(SUM.view, WRONG[:2])) == [" for v in x:"]
    assert FAMILY.legal_steps(SUM.view, (*WRONG[:4], " s=s")) == ("def f(x):",)


def test_no_menu_is_longer_than_it_says() -> None:
    for level in FAMILY.difficulties:
        for index in range(20):
            program = generate(FAMILY, "train", index, level).view.public["program"]
            assert all(len(bug_templates.changed(line)) < FAMILY.max_choices for line in program)


def test_a_correction_withdraws_the_wrong_line_and_stays_python() -> None:
    trace = FAMILY.demonstrate(SUM, random.Random(0), frozenset({Behaviour.CORRECTION}))
    assert trace.steps[:3] == ("def f(x):", " s=2", "# Wait: s=0")
    assert trace.steps[3:] == RIGHT
    assert FAMILY.verify(SUM, trace.text).correct
