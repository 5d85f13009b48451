"""Responses that look right and are not: the kinds that every family with an answer line, or a program, must reject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reasonrl.envs.source_lines import parameters, show, thaw
from reasonrl.verifiers.answers import MARK

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F) if chr(code).isalnum()}
"""ASCII digits and letters to their full-width twins, which look like them and are none."""


def common_impostors(right: str, wrong: str, *, prompt: str, said: str = "") -> Iterator[str]:
    """
    Args:
        right: the right answer, without its mark.
        wrong: another one, well written.
        prompt: of the problem.
        said: the right lines before the answer, each ended, where an answer without them is none.
    """
    yield ""
    yield f"{MARK}"
    yield f"{said}{MARK} {wrong}"
    yield f"{said}{MARK} {right} or {wrong}"
    yield f"{said}{MARK} {wrong}\n{MARK} {right}"
    yield f"{said}{MARK} {right.translate(_WIDE)}"
    yield f"{said}{MARK} int('{right}')"
    yield f"{said}{MARK} {prompt}"
    yield f"{said}{prompt}\n{right}"
    yield f"{said}The result is {right}."
    yield f"{said}{MARK} {'9' * 10_000}"


def program_impostors(program: Sequence[str], *, examples: Sequence[Any], prompt: str) -> Iterator[str]:
    """
    Args:
        program: the lines of a right one, `def f(...):` first.
        examples: (arguments, value) that a solver sees.
        prompt: of the problem.
    """
    start, *rest = program
    body, names = "\n".join(rest), ",".join(parameters(start))
    y, kind = show(examples[0][1]), type(thaw(examples[0][1]))
    base = kind.__name__ if kind in (int, float, str, list, dict) else "object"
    known = "\n".join(f" if [{names}]=={show(given)}:\n  return {show(value)}" for given, value in examples)
    yield ""
    yield prompt
    yield f"{start}\n return {y}"
    yield f"{start}\n{known}\n return None"
    yield f"class E({base}):\n def __eq__(s,o):\n  return True\n{start}\n return E()"
    yield f"{start}\n print({y})"
    yield f"{start}\n import sys\n sys.exit(0)"
    yield f"import os\nos._exit(0)\n{start}\n{body}"
    yield f"{start}\n while True:\n  pass"
    yield f"{start}\n return ({names}"
    yield f"{start}\n return open('/etc/passwd').read()"
    yield f"{start}\n import sys\n return sys._getframe(1).f_locals.get('expected')"
    yield f"import builtins\nbuiltins.len=lambda x:{y}\n{start}\n return len([])"
    yield f"def g({names}):\n{body}"
    yield f"{start}\n{body}\nf=lambda *x:{y}"
    yield f"{start}\n{body}\n{'#' * 30_000}"
