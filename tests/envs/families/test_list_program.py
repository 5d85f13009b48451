"""What `list_program` promises beyond what every family does."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import END, Content, Problem, Reference, View
from reasonrl.envs.families.code import list_operations
from reasonrl.envs.families.code.list_program import ListProgram
from reasonrl.envs.generation import generate
from reasonrl.envs.source_lines import continues, definition, stands_alone
from reasonrl.verifiers.core import Status, StepVerdict
from reasonrl.verifiers.sandbox import RunStatus, default_sandbox

FAMILY = ListProgram()


def problem(*, examples: list[object], tests: list[object], program: list[str]) -> Problem:
    view = View("list_program", 0, 0, "train", 3, "Write f: ...", {"examples": tuple(examples)})
    return Problem(view, Reference({"tests": tuple(tests), "program": tuple(program)}))


SORT_AND_ADD = problem(
    examples=[(((3, 1, 2),), (2, 3, 4)), (((9, 0),), (1, 10))],
    tests=[(((),), ()), (((5, 5, 1),), (2, 6, 6))],
    program=[" x=sorted(x)", " x=[v+1 for v in x]", " return x"],
)
RIGHT = "def f(x):\n x=sorted(x)\n x=[v+1 for v in x]\n return x"


def test_any_program_with_the_right_values_is_correct() -> None:
    for answer in (
        RIGHT,
        "f=lambda x:sorted(v+1 for v in x)",
        f"Here:\n```python\n{RIGHT}\n```",
        RIGHT + "\nAnswer: f",
    ):
        assert FAMILY.verify(SORT_AND_ADD, answer).correct, answer


def test_passing_the_examples_is_not_enough() -> None:
    cheat = "def f(x):\n return {3:[2,3,4],2:[1,10]}[len(x)]"
    verdict = FAMILY.check_answer(SORT_AND_ADD.view, cheat)
    assert verdict is not None
    assert verdict.correct
    assert FAMILY.verify(SORT_AND_ADD, cheat).status is Status.WRONG


def test_the_hidden_tests_begin_with_the_empty_list() -> None:
    for index in range(5):
        tests = generate(FAMILY, "test", index).reference.value["tests"]
        assert tests[0][0] == ((),)
        assert len(tests) == 10


def test_the_interpreter_of_the_menu_agrees_with_python() -> None:
    """Reference values come from the table's functions, answers from its lines."""
    rng = random.Random(0)
    lists: list[list[int]] = [[], *([rng.randrange(-9, 10) for _ in range(rng.randrange(7))] for _ in range(20))]
    lines: list[tuple[str, Callable[[list[int]], object]]] = [
        *((operation.line + "\n return x", operation.apply) for operation in list_operations.OPERATIONS),
        *((end.line, end.apply) for end in list_operations.RETURNS),
    ]
    code = "\n".join(f"def f{i}(x):\n{body}" for i, (body, _) in enumerate(lines))
    code += "\ndef call(i,x): return globals()[f'f{i}'](x)"
    result = default_sandbox().run_calls(
        code, "call", [(i, x) for i in range(len(lines)) for x in lists], deadline=10.0
    )
    assert result.status is RunStatus.OK
    assert list(result.values) == [apply(x) for _, apply in lines for x in lists]


def test_no_program_of_one_line_more_or_less_explains_the_examples_as_well() -> None:
    for index in range(12):
        found = generate(FAMILY, "train", index, 3)
        body = found.reference.value["program"]
        examples = [(x, y) for (x,), y in found.view.public["examples"]]
        for operation in list_operations.OPERATIONS:
            assert any(tuple(operation.apply(list(x))) != y for x, y in examples), (found.view.prompt, operation.name)
        assert len(body) == 3


def test_one_function_has_one_usual_program() -> None:
    """Adding before reversing and after it is the same: only one of them is drawn."""
    drawn = [generate(FAMILY, "train", index, 3).reference.value["program"] for index in range(60)]
    pairs = {(" return" in a, a.startswith(" x=[v+") or a.startswith(" x=[v-"), b) for a, b, _ in drawn}
    assert (False, True, " x=x[::-1]") not in pairs
    assert any(a == " x=x[::-1]" for a, _, _ in drawn)


@pytest.mark.parametrize(
    ("steps", "step", "verdict"),
    [
        ((), "def f(x):", StepVerdict.USEFUL),
        (("def f(x):",), " x=sorted(x)", StepVerdict.USEFUL),
        (("def f(x):",), " for v in x:", StepVerdict.USEFUL),
        (("def f(x):",), " y=[v*7 for v in x]", StepVerdict.USEFUL),
        (("def f(x):", " x=sorted(x)"), " x=sorted(x)", StepVerdict.REDUNDANT),
        ((), "# Plan: sort", StepVerdict.REDUNDANT),
        (("def f(x):", " x=sorted(x)"), "def f(x):", StepVerdict.REDUNDANT),
        (("def f(x):",), "def f(x):", StepVerdict.INVALID),
        ((), " x=sorted(x)", StepVerdict.INVALID),
        (("def f(x):",), "   x=sorted(x)", StepVerdict.USEFUL),
        (("def f(x):", " x=sorted(x)"), "   x=x[1:]", StepVerdict.INVALID),
        (("def f(x):",), " x=sorted(x", StepVerdict.UNPARSABLE),
        (("def f(x):",), "Answer: 5", StepVerdict.INVALID),
        (("def f(x):",), " x=" + "(" * 150, StepVerdict.UNPARSABLE),
        (("def f(x):",), " x=" + "1" * 1000, StepVerdict.UNPARSABLE),
        (("def f(x):", " x=sorted(x)"), " return x", StepVerdict.INVALID),
        (("def f(x):", " x=sorted(x)", " x=[v+1 for v in x]"), " return x", StepVerdict.USEFUL),
        (("def f(x):",), " return [v+1 for v in sorted(x)]", StepVerdict.USEFUL),
    ],
)
def test_a_step_is_judged_by_syntax_and_by_the_examples(
    steps: tuple[str, ...], step: str, verdict: StepVerdict
) -> None:
    assert FAMILY.check_step(SORT_AND_ADD.view, steps, step) is verdict


def test_the_potential_rises_to_one_along_the_way_and_falls_off_it() -> None:
    view, lines = SORT_AND_ADD.view, tuple(RIGHT.split("\n"))
    values = [FAMILY.potential(view, lines[:count]) for count in range(1, 5)]
    assert values[1:] == [0.6, 0.9, 1.0]
    assert values[0] < 0.6
    assert FAMILY.potential(view, (*lines[:2], " return x")) == 0.0
    assert FAMILY.potential(view, (*lines[:2], " x=[v+9 for v in x]")) == 0.0
    assert FAMILY.potential(view, (*lines[:1], " x=x[:1]")) < 0.6


def test_the_potential_never_runs_a_response() -> None:
    view = SORT_AND_ADD.view
    assert FAMILY.potential(view, ("def f(x):", " x=1/0")) == 0.0
    assert FAMILY.potential(view, ("def f(x):", *[" x=[sum(x[:i+1]) for i in range(len(x))]"] * 1000)) == 0.0


def test_the_menu_is_always_in_the_same_order_and_its_returns_end_the_answer() -> None:
    first, second = (generate(FAMILY, "train", index) for index in (0, 1))
    menu = FAMILY.legal_steps(first.view, ("def f(x):",))
    assert menu == FAMILY.legal_steps(second.view, ("def f(x):", " x=sorted(x)"))
    assert FAMILY.legal_steps(first.view, ()) == ("def f(x):",)
    assert len(menu) == FAMILY.max_choices <= 64
    assert [line for line in menu if line.endswith(END)] == [line for line in menu if " return" in line]


def test_a_correction_starts_the_function_again() -> None:
    trace = FAMILY.demonstrate(SORT_AND_ADD, random.Random(0), frozenset({Behaviour.CORRECTION}))
    assert trace.steps.count("def f(x):") == 2
    assert "\n".join(definition(trace.steps)) == RIGHT


def test_answers_of_one_program_extract_alike() -> None:
    talk = FAMILY.demonstrate(SORT_AND_ADD, random.Random(0), frozenset(Behaviour)).text
    assert FAMILY.verify(SORT_AND_ADD, talk).extracted == FAMILY.verify(SORT_AND_ADD, RIGHT).extracted == RIGHT


def test_prompts_and_answers_stay_short_for_a_character_model() -> None:
    problems = [generate(FAMILY, "train", index, 3) for index in range(40)]
    answers = [FAMILY.demonstrate(each, random.Random(0), frozenset()).text for each in problems]
    assert sum(len(each.view.prompt) for each in problems) / 40 < 60
    assert sum(map(len, answers)) / 40 < 70


def test_a_draw_is_content() -> None:
    assert isinstance(FAMILY.sample(random.Random(0), 8), Content)


def test_lines_are_parsed_within_bounds() -> None:
    assert continues(("def f(x):",), " if x:")
    assert not continues(("def f(x):", " if x:"), " return x")
    assert not continues(("x=1",) * 2000, "x=1")
    assert not stands_alone("\x00")
    assert not stands_alone("\ud800")
