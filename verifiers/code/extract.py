"""The program in a response, and the ways to read it as the rest of a prompt. Text is only cut here, never parsed."""

from __future__ import annotations

import re

from reasonrl.verifiers.answers import is_answer_line

MOST_CHARACTERS = 200_000
"""Longer responses are not looked at."""
_LANGUAGES = ("", "python", "python3", "py")


def extract_code(response: str) -> str:
    """The program in a response: its last fenced Python block, or without one the whole text less any answer line."""
    lines = response.split("\n")
    start, block = -1, ""
    found = False
    for number, line in enumerate(lines):  # line by line: a pattern over all of it can take quadratic time
        if not line.startswith("```"):
            continue
        if start >= 0:
            block = "".join(f"{inner}\n" for inner in lines[start:number])
            start, found = -1, True
        elif number + 1 < len(lines) and line[3:].strip(" \t\r").lower() in _LANGUAGES:
            start = number + 1
    if found:
        return block
    return "\n".join(line for line in lines if not is_answer_line(line))


def readings(prompt: str, completion: str, entry_point: str) -> tuple[str, ...]:
    """Ways to read a completion of a prompt that ends in the head of a function; the first that compiles is meant.

    It may be the rest of the body, the whole function, or either in a fence. The whole function stands after the
    prompt, whose imports and helpers it may use.

    >>> readings("def f(x):\\n", "return x", "f")[1]
    'def f(x):\\n    return x'
    """
    code = extract_code(completion).replace("\r\n", "\n")
    if re.search(rf"^(?:async[ \t]+)?def[ \t]+{re.escape(entry_point)}\b", code, re.MULTILINE):
        return (f"{prompt.rstrip()}\n    pass\n\n{code}", code)
    if re.search(rf"^(?:class[ \t]+)?{re.escape(entry_point)}[ \t]*[=:(]", code, re.MULTILINE):
        return (f"{prompt.rstrip()}\n    pass\n\n{code}", code)
    first, _, rest = code.lstrip("\n").partition("\n")
    return (
        prompt + code,
        f"{prompt}    {first.lstrip()}\n{rest}".rstrip("\n"),
        prompt + "\n".join(f"    {line}" if line.strip() else line for line in code.split("\n")),
    )
