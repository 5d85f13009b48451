"""Programs as lines of reasoning: how a response of Python lines is read, and judged by tests.

A response is Python, one statement a line, indented by single spaces; comments show reasoning behaviours. A line
` return ...` at the top level of the function completes it. Starting again with `def` drops the lines before it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from typing import Any

from reasonrl.verifiers.code import Test, extract_code, verify_code
from reasonrl.verifiers.core import Verdict

_FINAL = re.compile(r" return\b.*")
_MOST_LINE_CHARS = 200
_MOST_CHARS = 4000
_DEADLINE = 2.0
_PROCESSOR_SECONDS = 0.1
"""A right program of a family needs a hundredth of it, with the usual imports a quarter."""


def is_final(step: str) -> bool:
    return _FINAL.fullmatch(step) is not None


def is_comment(step: str) -> bool:
    return step.lstrip().startswith("#")


def definition(steps: Sequence[str]) -> tuple[str, ...]:
    """The lines of the last function begun, from its `def` on, without comments; empty before the first `def`."""
    lines: list[str] = []
    for step in steps:
        if step.startswith("def "):
            lines = [step]
        elif lines and step.strip() and not is_comment(step):
            lines.append(step)
    return tuple(lines)


def continues(steps: Sequence[str], step: str) -> bool:
    """Whether the lines with this one are the beginning of a Python program. Parses, never runs."""
    text = "\n".join((*steps, step))
    if len(step) > _MOST_LINE_CHARS or len(text) > _MOST_CHARS:
        return False
    indent = len(step) - len(step.lstrip())
    # a line that opens a block is well formed when some line may follow it
    return _parses(text + "\n" + " " * (indent + 1) + "pass" if step.rstrip().endswith(":") else text)


def is_sound_comment(step: str) -> bool:
    """Whether the comment is one line that Python would read past."""
    return len(step) <= _MOST_LINE_CHARS and _parses(f"{step.strip()}\n")


def stands_alone(step: str) -> bool:
    """Whether the line would be well formed somewhere."""
    return len(step) <= _MOST_LINE_CHARS and (
        continues(("def f():", " for v in x:"), "  " + step.strip()) or continues((), step.strip())
    )


def judge(answer: str, tests: Sequence[Any]) -> Verdict:
    """Runs the tests. `extracted` is the last definition without comments, so that equal programs match."""
    code = extract_code(answer, names=("f",))
    cases: list[Test] = [(tuple(map(thaw, arguments)), thaw(expected)) for arguments, expected in tests]
    verdict = verify_code(code, "f", cases, deadline=_DEADLINE, processor_seconds=_PROCESSOR_SECONDS)
    if verdict.extracted is None:
        return verdict
    return verdict._replace(extracted="\n".join(definition(code.split("\n"))) or code)


def parameters(start: str) -> tuple[str, ...]:
    """The names that a line `def f(...):` gives to its arguments.

    >>> parameters("def f(a, b=2) -> int:")
    ('a', 'b')
    """
    function = ast.parse(f"{start} pass").body[0]
    return tuple(each.arg for each in function.args.args) if isinstance(function, ast.FunctionDef) else ()


def thaw(value: Any) -> Any:
    """Problems hold tuples; programs take lists.

    >>> thaw((1, (2,)))
    [1, [2]]
    """
    return [thaw(item) for item in value] if isinstance(value, tuple) else value


def show(value: Any) -> str:
    """
    >>> show([3, [1]])
    '[3,[1]]'
    """
    return repr(thaw(value)).replace(" ", "")


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True
