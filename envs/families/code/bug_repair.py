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
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.families.code import source_lines
from reasonrl.envs.families.code.source_lines import definition, is_comment, judge, show, thaw
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.canonical import canonical_program
from reasonrl.verifiers.core import StepVerdict, Verdict
from reasonrl.verifiers.sandbox import SandboxError, default_sandbox

Lines = tuple[str, ...]

_TEMPLATES: dict[int, tuple[str, ...]] = {
    1: ("def f(a,b):| return aOb", "def f(n):| return nOK", "def f(a,b):| return M(a,b)"),
    2: (
        "def f(a,b):| return a*KOb",
        "def f(a,b):| return aObOK",
        "def f(a,b):| return M(a,b)OK",
        "def f(a,b):| return (aOb)*K",
    ),
    3: (
        "def f(x):| return M(x)-min(x)",
        "def f(x):| return S(x)OK",
        "def f(x):| return x[K:]",
        "def f(x):| return sorted(x)[::-1]",
        "def f(x):| return sorted(x)[:K]",
        "def f(x):| return sum(x)-M(x)",
    ),
    4: (
        "def f(x):| return [vOK for v in x]",
        "def f(x):| return [v for v in x if vCK]",
        "def f(x):| return [vOK for v in x if vCK]",
        "def f(x):| return S([v for v in x if vCK])",
        "def f(x):| return [vOK for v in sorted(x)]",
    ),
    5: (
        "def f(x):| s=K| for v in x:|  s+=v| return s",
        "def f(x):| s=K| for v in x:|  s+=vOK| return s",
        "def f(x):| s=K| for v in x:|  s=M(s,v)| return s",
        "def f(a,b):| if aCb:|  return aOb| return aOK",
        "def f(x):| r=[]| for v in x:|  r=[vOK]+r| return r",
    ),
    6: (
        "def f(x):| s=K| for v in x:|  if vCK:|   s+=v| return s",
        "def f(x):| s=K| for v in x:|  if vCK:|   s+=K| return sOK",
        "def f(x):| r=[]| for v in x:|  if vCK:|   r+=[vOK]| return r",
        "def f(a,b):| if aCb:|  return aOK| return bOK",
    ),
    7: (
        "def f(x):| s=K| for v in x[K:]:|  if vCK:|   s+=vOK| return sOK",
        "def f(x):| r=[]| for v in sorted(x):|  if vCK:|   r+=[vOK]| return r[:K]",
        "def f(a,b):| s=K| for i in range(K,bOK):|  s+=aOi| return s",
        "def f(x):| s=K| for v in x:|  if vCK:|   s=M(s,vOK)| return s",
    ),
}
"""Lines are divided by |. O is an operator, C a comparison, K a digit, M max or min, S sum, max, min or len."""
_TEMPLATES[8] = _TEMPLATES[5] + _TEMPLATES[6]
_SLOTS = {"O": "+-*", "C": ("<", ">", "<=", ">="), "K": "12345", "M": ("max", "min"), "S": ("sum", "max", "min", "len")}
_SLOT = re.compile(r"[OCKMS]")

_TOKEN = re.compile(
    r"(?P<order>sorted\(x\)(?:\[::-1\])?)|(?P<slice>\[\d:\]|\[:\d\])|(?P<function>\b(?:max|min|sum|len)\b)"
    r"|(?P<compare><=|>=|<|>)|(?P<arithmetic>(?<=[\w)\]])[+*-](?==?[\w(\[]))|(?P<digit>(?<![\w\[:-])\d(?![\w:]))"
    r"|(?P<name>\b[ab]\b)"
)
"""Tokens that a bug changes. Every change can be undone by another of the same kind."""
_ALTERNATIVES = {
    "max": ("min",),
    "min": ("max",),
    "sum": ("len",),
    "len": ("sum",),
    "<": ("<=", ">"),
    ">": (">=", "<"),
    "<=": ("<", ">="),
    ">=": (">", "<="),
    "+": ("-", "*"),
    "-": ("+", "*"),
    "*": ("+", "-"),
    "a": ("b",),
    "b": ("a",),
    "sorted(x)": ("sorted(x)[::-1]",),
    "sorted(x)[::-1]": ("sorted(x)",),
}
_BUILTINS = {name: getattr(builtins, name) for name in ("sorted", "max", "min", "sum", "len", "range")}
_LARGEST = 199
_EXAMPLES = 2
_HIDDEN = 10
_MOST_DRAWS = 10_000
_MOST_REPAIRS = 150
_NOTHING = object()
"""What a call that raises is worth."""


class BugRepair:
    """Functions of two numbers or of a list, 2 to 6 lines long."""

    name = "bug_repair"
    domain = "code"
    version = 0
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = False
    max_prompt_chars = 160
    max_choices = 16
    instructions = (
        "The function has a bug: it should return the values shown. Write the whole corrected Python function, one "
        "statement a line, indented by one space a level. Write nothing else."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        bugs = 2 if difficulty == 8 else 1
        for _ in range(_MOST_DRAWS):
            template = rng.choice(_TEMPLATES[difficulty])
            right = tuple(_SLOT.sub(lambda slot: rng.choice(_SLOTS[slot[0]]), template).split("|"))
            wrong = _break(rng, right, bugs)
            if wrong is None or any("*1" in line for line in right):
                continue
            inputs = [_draw_arguments(rng, right[0], i) for i in range(_EXAMPLES + _HIDDEN)]
            tests = [[arguments, _call(right, arguments)] for arguments in inputs]
            examples, hidden = tests[:_EXAMPLES], [test for test in tests[_EXAMPLES:] if test[1] is not _NOTHING]
            if len(hidden) > _HIDDEN // 2 and _are_telling(wrong, examples, hidden, bugs):
                shown = "; ".join(f"f({show(arguments)[1:-1]})={show(y)}" for arguments, y in examples)
                prompt = "\n".join((f"Fix: {shown}", *wrong))
                return Content(
                    prompt, {"examples": examples, "program": wrong, "bugs": bugs}, {"tests": hidden, "program": right}
                )
        raise RuntimeError(f"no bug of difficulty {difficulty} in {_MOST_DRAWS} draws")

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
        return StepVerdict.USEFUL

    def is_final(self, step: str) -> bool:
        return source_lines.is_final(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        lines = tuple(definition(steps))
        public = view.public
        best = 0.0
        for repair in _repairs(public["program"], public["examples"], public["bugs"]):
            if lines == repair[: len(lines)]:
                best = max(best, 0.5 + 0.5 * len(lines) / len(repair))
        return best

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        program: Lines = view.public["program"]
        position = len(definition(steps))
        if position == 0 or position >= len(program):  # begin, or begin again
            return program[:1]
        lines = [program[position], *_changed(program[position])]
        generator("menu", view.prompt, position).shuffle(lines)
        return lines

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        right: Lines = problem.reference.value["program"]
        wrong: Lines = problem.view.public["program"]
        arguments, y = problem.view.public["examples"][0]
        place = next(i for i, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b)
        guesses = [line for line in _changed(wrong[place]) if line != right[place]] or [wrong[place]]
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.ANALYSIS]} {len(wrong)} lines")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.DECOMPOSITION]} line {place + 1}")
        if Behaviour.ALTERNATIVE in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.ALTERNATIVE]} {rng.choice(guesses).strip()}")
        if Behaviour.CORRECTION in behaviours:
            if place == len(right) - 1:  # writing the wrong line would end the answer, so it is withdrawn while planned
                lines.append(f"# {PREFIXES[Behaviour.ALTERNATIVE]} {rng.choice(guesses).strip()}")
            else:
                lines += [*right[:place], rng.choice(guesses)]
                following = iter(right[place + 1 :])
                while lines[-1].endswith(":"):  # a block must have a line to be Python
                    lines.append(next(following))
            lines.append(f"# {PREFIXES[Behaviour.CORRECTION]} {right[place].strip()}")
        lines += right[:-1]
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"# {PREFIXES[Behaviour.EVALUATION]} f({show(arguments)[1:-1]})={show(y)}")
        lines.append(right[-1])
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        right: Lines = problem.reference.value["program"]
        wrong: Lines = problem.view.public["program"]
        examples = problem.view.public["examples"]
        start, body = right[0], "\n".join(right[1:])
        names = start[len("def f(") : -len("):")]
        y = show(examples[0][1])
        yield ""
        yield "\n".join(wrong)
        yield problem.view.prompt
        yield f"{start}\n return {y}"
        cases = (f" if [{names}]=={show(arguments)}:\n  return {show(value)}" for arguments, value in examples)
        yield "\n".join([start, *cases, f" return {show(())}"])
        yield f"class E(int):\n def __eq__(s,o):\n  return True\n{start}\n return E()"
        yield f"{start}\n print({y})"
        yield f"import sys\n{start}\n sys.exit(0)"
        yield f"import os\nos._exit(0)\n{start}\n{body}"
        yield f"{start}\n while True:\n  pass"
        yield f"{start}\n return ({names}"
        yield f"{start}\n return open('/etc/passwd').read()"
        yield f"import builtins\nbuiltins.len=lambda x:{y}\n{start}\n return len([])"
        yield f"def g({names}):\n{body}"
        yield f"{start}\n{body}\nf=lambda *x:{y}"
        yield f"{start}\n{body}\n{'#' * 30_000}"


def _changed(line: str) -> list[str]:
    """The line with one token changed, in every way; a `def` line has none."""
    found: dict[str, None] = {}
    for token in _TOKEN.finditer("" if line.startswith("def ") else line):
        text = token[0]
        if token.lastgroup == "digit":
            others = tuple(str(k) for k in (int(text) + 1, int(text) - 1) if 0 <= k <= 9)
        elif token.lastgroup == "slice":
            others = (f"[:{text[1]}]" if text[2] == ":" else f"[{text[2]}:]",)
        else:
            others = _ALTERNATIVES[text]
        found |= dict.fromkeys(line[: token.start()] + other + line[token.end() :] for other in others)
    return list(found)


def _break(rng: random.Random, right: Lines, bugs: int) -> Lines | None:
    """The program with that many of its lines changed, or None when it has too few that can be."""
    able = [i for i, line in enumerate(right) if _changed(line)]
    if len(able) < bugs:
        return None
    places = rng.sample(able, bugs)
    return tuple(rng.choice(_changed(line)) if i in places else line for i, line in enumerate(right))


def _rivals(wrong: Lines, bugs: int) -> Iterator[Lines]:
    """Every program that differs from this one by `bugs` changes, in different lines."""
    able = [i for i, line in enumerate(wrong) if _changed(line)]
    for places in combinations(able, bugs):
        for lines in product(*(_changed(wrong[i]) for i in places)):
            changes = dict(zip(places, lines, strict=True))
            yield tuple(changes.get(i, line) for i, line in enumerate(wrong))


def _are_telling(wrong: Lines, examples: list[Any], hidden: list[Any], bugs: int) -> bool:
    """Whether the examples show the bug, and single out the repair among all that change as much."""
    values = [y for _, y in examples]
    flat = [v for y in values for v in (y if isinstance(y, list) else [y])]
    if any(y is _NOTHING or y == [] for y in values) or values[0] == values[1] or max(map(abs, flat)) > _LARGEST:
        return False
    if any(_call(wrong, arguments) in (y, _NOTHING) for arguments, y in examples[:1]):
        return False
    fitting = (rival for rival in _rivals(wrong, bugs) if all(_call(rival, given) == y for given, y in examples))
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
    """The programs among `_rivals` that pass the examples; run in the sandbox, for a view may come from anywhere."""
    rivals = list(_rivals(program, bugs))[:_MOST_REPAIRS]
    code = "\n".join(
        "\n".join((rival[0].replace("def f(", f"def f{i}("), *rival[1:])) for i, rival in enumerate(rivals)
    )
    code += (
        "\ndef call(i,arguments):\n try:\n  return globals()[f'f{i}'](*arguments)\n except Exception:\n  return None"
    )
    calls = [(i, thaw(arguments)) for i in range(len(rivals)) for arguments, _ in examples]
    try:
        values = default_sandbox().run_calls(code, "call", calls).values
    except SandboxError:
        return ()
    wanted = [thaw(y) for _, y in examples]
    count = len(wanted)
    return tuple(rival for i, rival in enumerate(rivals) if list(values[i * count : (i + 1) * count]) == wanted)
