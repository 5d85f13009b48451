"""List program: write a function of a list from examples.

Prompt      Write f: [3,1,2]->[2,3,4]; [5,0,8]->[1,6,9]
Step        a line of Python: `def f(x):`, ` x=sorted(x)`, ` x=[v+1 for v in x]`
Answer      ends with ` return x`, or another expression; hidden tests judge it, the examples may guide
Potential   a heuristic on the examples: 1 they pass, 0.9 a return is missing, 0.6 one operation more, else likeness; it
            knows only the menu's lines (and interprets those, never running a response)
Menu        every operation and every return, always in the same order
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.core import END, Content, Problem, View
from reasonrl.envs.families.code.list_operations import (
    LIST,
    OPERATION_OF,
    OPERATIONS,
    PLAIN,
    RETURN_OF,
    RETURNS,
    START,
    SUMMARIES,
    WITH_CONSTANT,
    Operation,
    Return,
    Value,
    is_in_order,
    is_pinned_down,
    run,
)
from reasonrl.envs.program import Lines, Program, Slip
from reasonrl.envs.source_lines import show, thaw

_MENU = (*(operation.line for operation in OPERATIONS), *(end.line + END for end in RETURNS))


class _Shape(NamedTuple):
    """What a difficulty asks for."""

    operations: int
    constants: bool
    summaries: float
    """How often the function returns a number instead of the list."""
    lengths: tuple[int, int]
    examples: int


_SHAPES = {
    1: _Shape(1, False, 0.2, (3, 4), 2),
    2: _Shape(1, True, 0.0, (3, 4), 2),
    3: _Shape(2, True, 0.0, (3, 4), 2),
    4: _Shape(2, True, 0.3, (4, 5), 2),
    5: _Shape(3, True, 0.0, (4, 5), 2),
    6: _Shape(3, True, 0.2, (4, 6), 3),
    7: _Shape(4, True, 0.0, (5, 6), 3),
    8: _Shape(4, True, 0.2, (5, 7), 3),
}
_HIDDEN_LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
_LARGEST = 99
_MOST_DRAWS = 10_000
_MOST_LINES = 16


class ListProgram(Program):
    """Functions made of 1 to 4 operations on a list of digits."""

    name = "list_program"
    difficulties = range(1, 9)
    default_difficulty = 3
    max_prompt_chars = 160
    max_choices = len(_MENU)
    instructions = (
        "Write a Python function f that turns each list into its result. One statement a line, indented by one space, "
        "such as 'def f(x):', ' x=sorted(x)', ' x=[v+1 for v in x]', ' return x'. Write nothing else."
    )
    thinks = (Behaviour.ANALYSIS, Behaviour.ALTERNATIVE, Behaviour.DECOMPOSITION)

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        shape = _SHAPES[difficulty]
        for _ in range(_MOST_DRAWS):
            operations, end = _draw_program(rng, shape)
            inputs = [_digits(rng, rng.randint(*shape.lengths)) for _ in range(shape.examples + (end is not LIST))]
            hidden = [_digits(rng, length) for length in _HIDDEN_LENGTHS]
            outputs = [run(operations, end, x) for x in inputs]
            if (
                _fits_on_a_line(outputs)
                and is_in_order(operations, end, hidden)
                and is_pinned_down(operations, end, inputs, hidden)
            ):
                examples: list[list[Any]] = [[[x], y] for x, y in zip(inputs, outputs, strict=True)]
                prompt = "Write f: " + "; ".join(self.example(*example) for example in examples)
                tests = [[[x], run(operations, end, x)] for x in hidden]
                program = [operation.line for operation in operations] + [end.line]
                return Content(prompt, {"examples": examples}, {"tests": tests, "program": program})
        raise RuntimeError(f"no list program of difficulty {difficulty} in {_MOST_DRAWS} draws")

    def program(self, problem: Problem) -> Lines:
        return (START, *problem.reference.value["program"])

    def menu(self, view: View, lines: Lines) -> Sequence[str]:
        return _MENU

    def example(self, arguments: Sequence[Any], value: Any) -> str:
        return f"{show(arguments[0])}->{show(value)}"

    def changes(self, view: View, lines: Lines, step: str) -> bool:
        if step not in OPERATION_OF:
            return True
        after = _on_examples(view, (*lines, step))
        return after is None or after != _on_examples(view, lines)

    def value(self, view: View, lines: Lines) -> float:
        current = _on_examples(view, lines)
        if current is None:
            return 0.0
        wanted = [thaw(y) for _, y in view.public["examples"]]
        lists = [x for x in current if isinstance(x, list)]
        if len(lists) < len(current) or (lines and self.is_final(lines[-1])):
            return float(current == wanted)
        if _reaches((), lists, wanted):
            return 0.9
        if any(_reaches((operation,), lists, wanted) for operation in OPERATIONS):
            return 0.6
        return 0.1 + 0.4 * sum(map(_likeness, lists, wanted)) / len(wanted)

    def plan(self, problem: Problem) -> str:
        *body, end = self.program(problem)[1:]
        return ", ".join([*(OPERATION_OF[line].name for line in body), RETURN_OF[end].name])

    def aside(self, problem: Problem, rng: random.Random) -> str:
        return rng.choice(OPERATIONS).name

    def slip(self, problem: Problem, rng: random.Random) -> Slip:
        body = self.program(problem)[1:]
        wrong = rng.choice([operation.line for operation in OPERATIONS if operation.line not in body])
        return Slip(1, wrong, f"no {OPERATION_OF[wrong].name}")

    def disguises(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        yield f"{START}\n return x"


def _digits(rng: random.Random, length: int) -> list[int]:
    return [rng.randrange(10) for _ in range(length)]


def _draw_program(rng: random.Random, shape: _Shape) -> tuple[tuple[Operation, ...], Return]:
    summary = rng.random() < shape.summaries
    count = shape.operations - (summary and shape.operations in (1, 4))
    if not shape.constants:
        kinds: tuple[Operation, ...] = PLAIN
    else:
        kinds = WITH_CONSTANT if shape.operations == 1 else OPERATIONS
    names = "add add"
    while names.count("add") > 1:  # two shifts in one program would only be a longer one
        operations = tuple(rng.choice(kinds) for _ in range(count))
        names = " ".join(operation.name for operation in operations).replace("less", "add")
    return operations, rng.choice(SUMMARIES) if summary else LIST


def _fits_on_a_line(outputs: Sequence[Value]) -> bool:
    flat = [v for y in outputs for v in (y if isinstance(y, list) else [y])]
    return (
        all(y != [] for y in outputs)
        and max(map(abs, flat)) <= _LARGEST
        and len(set(map(str, outputs))) == len(outputs)
    )


def _on_examples(view: View, lines: Lines) -> list[Value] | None:
    """What these lines make of each example's input; None when one of them is not in the menu."""
    if lines and lines[0] != START:
        return None
    values: list[Value] = [thaw(x) for (x,), _ in view.public["examples"]]
    for position, line in enumerate(lines[1:], start=2):
        step = OPERATION_OF.get(line) or (RETURN_OF.get(line) if position == len(lines) else None)
        if step is None or position > _MOST_LINES:
            return None
        values = [step.apply(x) for x in values if isinstance(x, list)]
    return values


def _reaches(operations: Sequence[Operation], inputs: Sequence[list[int]], wanted: Sequence[Value]) -> bool:
    ends = SUMMARIES if isinstance(wanted[0], int) else (LIST,)
    return any(all(run(operations, end, x) == y for x, y in zip(inputs, wanted, strict=True)) for end in ends)


def _likeness(x: list[int], y: Value) -> float:
    """Share of values in place, of the longer list; a number counts when it is in the list."""
    if isinstance(y, int):
        return float(y in x)
    return sum(a == b for a, b in zip(x, y, strict=False)) / max(len(x), len(y), 1)
