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
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of
from reasonrl.envs.core import END, Content, Problem, View
from reasonrl.envs.families.code import source_lines
from reasonrl.envs.families.code.source_lines import definition, is_comment, judge, show, thaw
from reasonrl.verifiers.canonical import canonical_program
from reasonrl.verifiers.core import StepVerdict, Verdict

Value = list[int] | int


class _Operation(NamedTuple):
    name: str
    line: str
    apply: Callable[[list[int]], list[int]]


class _Return(NamedTuple):
    name: str
    line: str
    apply: Callable[[list[int]], Value]


class _Shape(NamedTuple):
    """What a difficulty asks for."""

    operations: int
    constants: bool
    summaries: float
    """How often the function returns a number instead of the list."""
    lengths: tuple[int, int]
    examples: int


def _map(change: Callable[[int], int]) -> Callable[[list[int]], list[int]]:
    return lambda x: [change(v) for v in x]


def _keep(wanted: Callable[[int], bool]) -> Callable[[list[int]], list[int]]:
    return lambda x: [v for v in x if wanted(v)]


_START = "def f(x):"
_PLAIN = (
    _Operation("sort", " x=sorted(x)", sorted),
    _Operation("reverse", " x=x[::-1]", lambda x: x[::-1]),
    _Operation("negate", " x=[-v for v in x]", _map(lambda v: -v)),
    _Operation("square", " x=[v*v for v in x]", _map(lambda v: v * v)),
    _Operation("evens", " x=[v for v in x if v%2==0]", _keep(lambda v: v % 2 == 0)),
    _Operation("odds", " x=[v for v in x if v%2==1]", _keep(lambda v: v % 2 == 1)),
    _Operation("dedupe", " x=list(dict.fromkeys(x))", lambda x: list(dict.fromkeys(x))),
    _Operation("running sum", " x=[sum(x[:i+1]) for i in range(len(x))]", lambda x: list(accumulate(x))),
)
_WITH_CONSTANT = (
    *(_Operation(f"add {k}", f" x=[v+{k} for v in x]", _map(k.__radd__)) for k in range(1, 6)),
    *(_Operation(f"less {k}", f" x=[v-{k} for v in x]", _map(k.__rsub__)) for k in range(1, 6)),
    *(_Operation(f"times {k}", f" x=[v*{k} for v in x]", _map(k.__rmul__)) for k in range(2, 5)),
    *(_Operation(f"above {k}", f" x=[v for v in x if v>{k}]", _keep(k.__lt__)) for k in range(2, 7)),
    *(_Operation(f"first {k}", f" x=x[:{k}]", itemgetter(slice(k))) for k in range(1, 5)),
    *(_Operation(f"drop {k}", f" x=x[{k}:]", itemgetter(slice(k, None))) for k in range(1, 4)),
)
_OPERATIONS = _PLAIN + _WITH_CONSTANT
_LIST = _Return("list", " return x", lambda x: x)
_SUMMARIES = (
    _Return("sum", " return sum(x)", sum),
    _Return("length", " return len(x)", len),
    _Return("largest", " return max(x,default=0)", lambda x: max(x, default=0)),
    _Return("smallest", " return min(x,default=0)", lambda x: min(x, default=0)),
)
_RETURNS = (_LIST, *_SUMMARIES)
_RANK = {operation.line: rank for rank, operation in enumerate(_OPERATIONS)}
_OPERATION_OF = {operation.line: operation for operation in _OPERATIONS}
_RETURN_OF = {end.line: end for end in _RETURNS}
_MENU = (*(operation.line for operation in _OPERATIONS), *(end.line + END for end in _RETURNS))

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


class ListProgram:
    """Functions made of 1 to 4 operations on a list of digits."""

    name = "list_program"
    domain = "code"
    version = 0
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = False
    max_prompt_chars = 160
    max_choices = len(_MENU)
    instructions = (
        "Write a Python function f that turns each list into its result. One statement a line, indented by one space, "
        "such as 'def f(x):', ' x=sorted(x)', ' x=[v+1 for v in x]', ' return x'. Write nothing else."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        shape = _SHAPES[difficulty]
        for _ in range(_MOST_DRAWS):
            operations, end = _draw_program(rng, shape)
            inputs = [_digits(rng, rng.randint(*shape.lengths)) for _ in range(shape.examples + (end is not _LIST))]
            hidden = [_digits(rng, length) for length in _HIDDEN_LENGTHS]
            outputs = [_run(operations, end, x) for x in inputs]
            if (
                _fits_on_a_line(outputs)
                and _is_in_order(operations, end, hidden)
                and _is_pinned_down(operations, end, inputs, hidden)
            ):
                examples = [[[x], y] for x, y in zip(inputs, outputs, strict=True)]
                prompt = "Write f: " + "; ".join(f"{show(x)}->{show(y)}" for x, y in zip(inputs, outputs, strict=True))
                tests = [[[x], _run(operations, end, x)] for x in hidden]
                program = [operation.line for operation in operations] + [end.line]
                return Content(prompt, {"examples": examples}, {"tests": tests, "program": program})
        raise RuntimeError(f"no list program of difficulty {difficulty} in {_MOST_DRAWS} draws")

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return judge(answer, (*problem.view.public["examples"], *problem.reference.value["tests"]))

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: its program, without fence and comments."""
        return canonical_program(answer) or None

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """Whether it passes the examples."""
        return judge(answer, view.public["examples"])

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        if not source_lines.continues(steps, step):
            return StepVerdict.INVALID if source_lines.stands_alone(step) else StepVerdict.UNPARSABLE
        if is_comment(step) or (step.startswith("def ") and definition(steps)):
            return StepVerdict.REDUNDANT
        if self.is_final(step):
            verdict = self.check_answer(view, "\n".join((*steps, step)))
            return StepVerdict.USEFUL if verdict is not None and verdict.correct else StepVerdict.INVALID
        if step in _OPERATION_OF:
            before, after = _on_examples(view, steps), _on_examples(view, (*steps, step))
            return StepVerdict.REDUNDANT if after is not None and before == after else StepVerdict.USEFUL
        return StepVerdict.USEFUL

    def is_final(self, step: str) -> bool:
        return source_lines.is_final(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        current = _on_examples(view, steps)
        if current is None:
            return 0.0
        wanted = [thaw(y) for _, y in view.public["examples"]]
        lists = [x for x in current if isinstance(x, list)]
        if len(lists) < len(current) or (steps and self.is_final(steps[-1])):
            return float(current == wanted)
        if _reaches((), lists, wanted):
            return 0.9
        if any(_reaches((operation,), lists, wanted) for operation in _OPERATIONS):
            return 0.6
        return 0.1 + 0.4 * sum(map(_likeness, lists, wanted)) / len(wanted)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return _MENU if definition(steps) else (_START,)

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        body: Sequence[str] = problem.reference.value["program"]
        names = [_OPERATION_OF[line].name for line in body[:-1]] + [_RETURN_OF[body[-1]].name]
        examples = problem.view.public["examples"]
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.ANALYSIS]} {len(examples)} examples")
        if Behaviour.ALTERNATIVE in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.ALTERNATIVE]} {rng.choice(_OPERATIONS).name}")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.DECOMPOSITION]} {', '.join(names)}")
        if Behaviour.CORRECTION in behaviours:
            wrong = rng.choice([operation.line for operation in _OPERATIONS if operation.line not in body])
            lines += [_START, wrong, f"# {PREFIXES[Behaviour.CORRECTION]} no {_OPERATION_OF[wrong].name}"]
        lines += [_START, *body[:-1]]
        if Behaviour.EVALUATION in behaviours:
            (x,), y = examples[0]
            lines.append(f"# {PREFIXES[Behaviour.EVALUATION]} {show(x)}->{show(y)}")
        lines.append(body[-1])
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        program = "\n".join(problem.reference.value["program"])
        examples = problem.view.public["examples"]
        y = show(examples[0][1])
        yield ""
        yield f"{_START}\n return {y}"
        yield f"{_START}\n return x"
        yield "\n".join([_START, *(f" if x=={show(x)}:\n  return {show(y)}" for (x,), y in examples), " return x"])
        yield problem.view.prompt
        yield f"class E(list):\n def __eq__(s,o):\n  return True\n{_START}\n return E()"
        yield f"{_START}\n print({y})"
        yield f"{_START}\n import sys\n sys.exit(0)"
        yield f"import os\nos._exit(0)\n{_START}\n{program}"
        yield f"{_START}\n while True:\n  pass"
        yield f"{_START}\n return (x"
        yield f"{_START}\n return open('/etc/passwd').read()"
        yield f"import builtins\nbuiltins.list=lambda x:{y}\n{_START}\n return list(x)"
        yield f"def g(x):\n{program}"
        yield f"{_START}\n{program}\nf=lambda x:{y}"
        yield f"{_START}\n{program}\n{'#' * 30_000}"


def _digits(rng: random.Random, length: int) -> list[int]:
    return [rng.randrange(10) for _ in range(length)]


def _draw_program(rng: random.Random, shape: _Shape) -> tuple[tuple[_Operation, ...], _Return]:
    summary = rng.random() < shape.summaries
    count = shape.operations - (summary and shape.operations in (1, 4))
    if not shape.constants:
        kinds: tuple[_Operation, ...] = _PLAIN
    else:
        kinds = _WITH_CONSTANT if shape.operations == 1 else _OPERATIONS
    names = "add add"
    while names.count("add") > 1:  # two shifts in one program would only be a longer one
        operations = tuple(rng.choice(kinds) for _ in range(count))
        names = " ".join(operation.name for operation in operations).replace("less", "add")
    return operations, rng.choice(_SUMMARIES) if summary else _LIST


def _run(operations: Sequence[_Operation], end: _Return, x: list[int]) -> Value:
    for operation in operations:
        x = operation.apply(x)
    return end.apply(x)


def _fits_on_a_line(outputs: Sequence[Value]) -> bool:
    flat = [v for y in outputs for v in (y if isinstance(y, list) else [y])]
    return (
        all(y != [] for y in outputs)
        and max(map(abs, flat)) <= _LARGEST
        and len(set(map(str, outputs))) == len(outputs)
    )


def _is_in_order(operations: Sequence[_Operation], end: _Return, hidden: Sequence[list[int]]) -> bool:
    """Neighbours that could change places stand in the table's order, so that a function has one usual program."""
    for i, (first, second) in enumerate(pairwise(operations)):
        swapped = (*operations[:i], second, first, *operations[i + 2 :])
        if _RANK[first.line] > _RANK[second.line] and all(
            _run(swapped, end, x) == _run(operations, end, x) for x in hidden
        ):
            return False
    return True


def _is_pinned_down(
    operations: Sequence[_Operation], end: _Return, inputs: Sequence[list[int]], hidden: Sequence[list[int]]
) -> bool:
    """Whether the examples rule out what is simpler, and what differs in one line without being the same function."""

    def agrees(others: Sequence[_Operation], last: _Return, xs: Sequence[list[int]]) -> bool:
        return all(_run(others, last, x) == _run(operations, end, x) for x in xs)

    ends = _RETURNS if end is not _LIST else (_LIST,)
    shorter: list[Sequence[_Operation]] = [(), *((operation,) for operation in _OPERATIONS)]
    shorter += [(*operations[:i], *operations[i + 1 :]) for i in range(len(operations))]
    if any(agrees(others, last, inputs) for others in shorter for last in ends if len(others) < len(operations)):
        return False
    near = [((*operations[:i], o, *operations[i + 1 :]), end) for i in range(len(operations)) for o in _OPERATIONS]
    near += [(tuple(operations), last) for last in ends]
    return not any(agrees(others, last, inputs) and not agrees(others, last, hidden) for others, last in near)


def _on_examples(view: View, steps: Sequence[str]) -> list[Value] | None:
    """What the lines so far make of each example's input; None when one of the lines is not in the menu."""
    lines = definition(steps)
    if any(line.strip() and not is_comment(line) for line in steps) and (not lines or lines[0] != _START):
        return None
    values: list[Value] = [thaw(x) for (x,), _ in view.public["examples"]]
    for position, line in enumerate(lines[1:], start=2):
        step = _OPERATION_OF.get(line) or (_RETURN_OF.get(line) if position == len(lines) else None)
        if step is None or position > 16:
            return None
        values = [step.apply(x) for x in values if isinstance(x, list)]
    return values


def _reaches(operations: Sequence[_Operation], inputs: Sequence[list[int]], wanted: Sequence[Value]) -> bool:
    ends = _SUMMARIES if isinstance(wanted[0], int) else (_LIST,)
    return any(all(_run(operations, end, x) == y for x, y in zip(inputs, wanted, strict=True)) for end in ends)


def _likeness(x: list[int], y: Value) -> float:
    """Share of values in place, of the longer list; a number counts when it is in the list."""
    if isinstance(y, int):
        return float(y in x)
    return sum(a == b for a, b in zip(x, y, strict=False)) / max(len(x), len(y), 1)
