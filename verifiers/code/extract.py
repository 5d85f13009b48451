"""The program in a response, and the ways to read it as the rest of a prompt. Text is only cut here, never parsed."""

from __future__ import annotations

import re

from reasonrl.verifiers.answers import is_answer_line

MOST_CHARACTERS = 200_000
"""Of a response that is looked through for a program."""
_FENCE = re.compile(r"^```[ \t]*(?:python3?|py)?[ \t]*\n(.*?)^```", re.DOTALL | re.MULTILINE | re.IGNORECASE)


def extract_code(response: str) -> str:
    """The program in a response: its last fenced Python block, or without one the whole text less any answer line."""
    blocks = _FENCE.findall(response) if "```" in response[:MOST_CHARACTERS] else []
    if blocks:
        return str(blocks[-1])
    return "\n".join(line for line in response.split("\n") if not is_answer_line(line))


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
