"""Responses that look right and are not: the kinds that every family with an answer line must reject."""

from __future__ import annotations

from collections.abc import Iterator

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
