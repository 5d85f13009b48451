"""Programs that look right and are not: the kinds that every family whose answer is a program must reject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reasonrl.envs.source_lines import parameters, show, thaw


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
