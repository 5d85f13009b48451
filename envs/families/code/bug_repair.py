"""Bug repair: a short function has one wrong token (at the highest difficulty two); write it whole and right.

Prompt      Fix: f(3,5)=8; f(2,9)=11          the values it should return, then the function as it is
            def f(a,b):
             return a-b
Step        a line of the repaired function: `def f(a,b):`, ` return a+b`
Answer      ends with its last ` return ...`; hidden tests judge it, the examples may guide
Potential   a heuristic on the examples: how much of a repair (one that passes them) has been written
Menu        the next line as it stands and with one token changed
"""

from __future__ import annotations

import builtins
import functools
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.families.code.bug_templates import break_lines, changed, draw_program, rivals
from reasonrl.envs.program import Lines, Program, Slip
from reasonrl.envs.seeding import generator
from reasonrl.envs.source_lines import thaw
from reasonrl.verifiers.sandbox import SandboxError, default_sandbox

_BUILTINS = {name: getattr(builtins, name) for name in ("sorted", "max", "min", "sum", "len", "range")}
_LARGEST = 199
_EXAMPLES = 2
_HIDDEN = 10
_MOST_DRAWS = 10_000
_MOST_REPAIRS = 150
_NOTHING = object()
"""What a call that raises is worth."""


class BugRepair(Program):
    """Functions of two numbers or of a list, 2 to 6 lines long."""

    name = "bug_repair"
    difficulties = range(1, 9)
    default_difficulty = 3
    max_prompt_chars = 160
    max_choices = 16
    instructions = (
        "The function has a bug: it should return the values shown. Write the whole corrected Python function, one "
        "statement a line, indented by one space a level. Write nothing else."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        bugs = 2 if difficulty == 8 else 1
        for _ in range(_MOST_DRAWS):
            right = draw_program(rng, difficulty)
            wrong = break_lines(rng, right, bugs)
            if wrong is None or any("*1" in line for line in right):
                continue
            inputs = [_draw_arguments(rng, right[0], i) for i in range(_EXAMPLES + _HIDDEN)]
            tests = [[arguments, _call(right, arguments)] for arguments in inputs]
            examples, hidden = tests[:_EXAMPLES], [test for test in tests[_EXAMPLES:] if test[1] is not _NOTHING]
            if len(hidden) > _HIDDEN // 2 and _are_telling(wrong, examples, hidden, bugs):
                prompt = "\n".join(("Fix: " + "; ".join(self.example(*example) for example in examples), *wrong))
                public = {"examples": examples, "program": wrong, "bugs": bugs}
                return Content(prompt, public, {"tests": hidden, "program": right})
        raise RuntimeError(f"no bug of difficulty {difficulty} in {_MOST_DRAWS} draws")

    def start(self, view: View) -> str:
        return str(view.public["program"][0])

    def menu(self, view: View, lines: Lines) -> Sequence[str]:
        program: Lines = view.public["program"]
        position = len(lines)
        if position >= len(program):  # begin again
            return program[:1]
        choices = [program[position], *changed(program[position])]
        generator("menu", view.prompt, position).shuffle(choices)
        return choices

    def value(self, view: View, lines: Lines) -> float:
        public = view.public
        fitting = [
            repair
            for repair in _repairs(public["program"], public["examples"], public["bugs"])
            if lines == repair[: len(lines)]
        ]
        return max((0.5 + 0.5 * len(lines) / len(repair) for repair in fitting), default=0.0)

    def given(self, problem: Problem) -> str:
        return f"{len(self.program(problem))} lines"

    def plan(self, problem: Problem) -> str:
        return f"line {self._place(problem) + 1}"

    def aside(self, problem: Problem, rng: random.Random) -> str:
        return self._guess(problem, rng).strip()

    def slip(self, problem: Problem, rng: random.Random) -> Slip:
        place = self._place(problem)
        return Slip(place, self._guess(problem, rng), self.program(problem)[place].strip())

    def disguises(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        yield "\n".join(problem.view.public["program"])

    def _place(self, problem: Problem) -> int:
        """The first line with a bug."""
        pairs = zip(self.program(problem), problem.view.public["program"], strict=True)
        return next(i for i, (right, wrong) in enumerate(pairs) if right != wrong)

    def _guess(self, problem: Problem, rng: random.Random) -> str:
        """Another change of the line with the bug; the line as it stands where there is no other."""
        place = self._place(problem)
        right: str = self.program(problem)[place]
        wrong: str = problem.view.public["program"][place]
        return rng.choice([line for line in changed(wrong) if line != right] or [wrong])


def _are_telling(wrong: Lines, examples: list[Any], hidden: list[Any], bugs: int) -> bool:
    """Whether the examples show the bug, and single out the repair among all that change as much."""
    values = [y for _, y in examples]
    flat = [v for y in values for v in (y if isinstance(y, list) else [y])]
    if any(y is _NOTHING or y == [] for y in values) or values[0] == values[1] or max(map(abs, flat)) > _LARGEST:
        return False
    if any(_call(wrong, arguments) in (y, _NOTHING) for arguments, y in examples[:1]):
        return False
    fitting = (rival for rival in rivals(wrong, bugs) if all(_call(rival, given) == y for given, y in examples))
    return all(_call(rival, given) == y for rival in fitting for given, y in hidden)


def _draw_arguments(rng: random.Random, start: str, index: int) -> list[Any]:
    if start == "def f(x):":
        return [[rng.randrange(10) for _ in range(rng.randint(3, 4) if index < _EXAMPLES else index - _EXAMPLES)]]
    most = 9 if index < _EXAMPLES else 20
    first, second = rng.randint(1, most), rng.randint(1, most)
    if index >= _EXAMPLES and index % 4 == 0:
        second = first  # where comparisons with and without equality part
    return [first] if start == "def f(n):" else [first, second]


def _call(lines: Lines, arguments: Sequence[Any]) -> Any:
    try:
        return _compiled("\n".join(lines))(*arguments)
    except (TypeError, ValueError, IndexError):
        return _NOTHING


@functools.lru_cache(20_000)
def _compiled(source: str) -> Callable[..., Any]:
    """Only for programs that this file's templates make: they end, and reach nothing but six built-in functions."""
    namespace: dict[str, Any] = {"__builtins__": _BUILTINS}
    exec(source, namespace)
    function: Callable[..., Any] = namespace["f"]
    return function


@functools.lru_cache(20_000)
def _repairs(program: Lines, examples: tuple[Any, ...], bugs: int) -> tuple[Lines, ...]:
    """The programs among `rivals` that pass the examples; run in the sandbox, for a view may come from anywhere."""
    tried = list(islice(rivals(program, bugs), _MOST_REPAIRS))
    code = "\n".join("\n".join((rival[0].replace("def f(", f"def f{i}("), *rival[1:])) for i, rival in enumerate(tried))
    code += (
        "\ndef call(i,arguments):\n try:\n  return globals()[f'f{i}'](*arguments)\n except Exception:\n  return None"
    )
    calls = [(i, thaw(arguments)) for i in range(len(tried)) for arguments, _ in examples]
    try:
        values = default_sandbox().run_calls(code, "call", calls).values
    except SandboxError:
        return ()
    wanted = [thaw(y) for _, y in examples]
    count = len(wanted)
    return tuple(rival for i, rival in enumerate(tried) if list(values[i * count : (i + 1) * count]) == wanted)
