r"""One spelling for answers that a judge takes for the same, found without a reference: what a vote counts by.

    canonical_answer("x = \frac12")     '1/2'
    canonical_answer("$5")              '5', as of "5 dollars" and "5.0"
    canonical_roles("Answer: B is a knave, A is a knight")  'A knight, B knave'
    canonical_program("```python\nprint(1)  # one\n```")  'print(1)'

Two answers of one spelling are one answer; two spellings may still be equal (`\sqrt8` and `2\sqrt2`), which splits a
vote and does no other harm. Nothing is computed with or run, and no text longer than `MAX_CHARS` is looked into.
"""

from __future__ import annotations

import re

from reasonrl.verifiers.answers import extract_lines, final_answer
from reasonrl.verifiers.code.extract import extract_code
from reasonrl.verifiers.math.numbers import stated_number

MAX_CHARS = 2000
"""A longer answer is its own spelling, apart from blanks."""
MAX_PROGRAM_CHARS = 100_000

_BLANKS = re.compile(r"\s+")
_SET_APART = re.compile(r"[\s/,;|]+")
_LOOSE_BLANKS = re.compile(r"\s+(?=[^\w\s])|(?<=[^\w\s])\s+")
_NAMED = re.compile(r"(?:[A-Za-z]|[A-Za-z]\([A-Za-z]\))\s*=\s*(?P<value>[^=<>]+)")
_WRAPPED = re.compile(
    r"\\[(\[](?P<a>.*)\\[)\]]|\$(?P<b>[^$]+)\$|\*\*(?P<c>[^*]+)\*\*|\\(?:text|textbf|mathrm|boxed)\s*\{(?P<d>[^{}]*)\}"
    r"|`(?P<e>[^`]+)`|\((?P<f>[A-Za-z])\)",
    re.DOTALL,
)
_SAME = (
    (re.compile(r"\\(?:left|right|displaystyle)(?![A-Za-z])|\\[,;:! ]"), ""),
    (re.compile(r"\\[dt]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\frac\s*([0-9])\s*([0-9])"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\cdot(?![A-Za-z])|\\times(?![A-Za-z])|\N{MULTIPLICATION SIGN}"), "*"),
    (re.compile(r"\N{MINUS SIGN}"), "-"),
)
_ROLE = re.compile(r"\(?\d*\)?\s*\b([A-Za-z]+)\s*(?:is\b|[:=])?\s*(?:an?\b|the\b)?\s*\b(knight|knave)\b", re.IGNORECASE)
_BETWEEN_ROLES = re.compile(r"(?:and|[\s,;.*&])*", re.IGNORECASE)


def canonical_answer(final: str, *, percent_is_unit: bool = False) -> str:
    """The spelling of a final answer: a number as a fraction, else the text without dress, spare blanks and case.

    Args:
        final: what stands behind the mark, without it.
        percent_is_unit: "25%" is 25, for questions that ask for a percentage.
    """
    if len(final) > MAX_CHARS:
        return _BLANKS.sub(" ", final).strip()
    text = final.strip()
    for _ in range(4):  # \(**5**\) wears two
        found = _WRAPPED.fullmatch(text.strip().removesuffix("."))
        if found is None:
            break
        text = next(group for group in found.groups() if group is not None)
    for pattern, plain in _SAME:
        text = pattern.sub(plain, text)
    named = _NAMED.fullmatch(text.strip())
    for candidate in (text, named["value"] if named else ""):
        number = stated_number(candidate, percent_is_unit=percent_is_unit)
        if number is not None:
            return str(number)
    text = _LOOSE_BLANKS.sub("", _BLANKS.sub(" ", text)).strip()
    return text.rstrip(".").strip().casefold()


def canonical_response(response: str, *, percent_is_unit: bool = False) -> str | None:
    """The spelling of a response's final answer; None where there is none."""
    final = final_answer(response)
    return None if final is None else canonical_answer(final, percent_is_unit=percent_is_unit)


def canonical_grid(response: str) -> str | None:
    """The digits of the answer, however rows are set apart; None where there is no answer."""
    final = extract_lines(response)
    return None if final is None else _SET_APART.sub("", final[:MAX_CHARS])


def canonical_roles(response: str) -> str | None:
    """Knights and knaves sorted by name; what is no list of them as `canonical_answer` spells it."""
    final = extract_lines(response)
    if final is None:
        return None
    if len(final) > MAX_CHARS:
        return canonical_answer(final)
    roles = {found[1].upper(): found[2].lower() for found in _ROLE.finditer(final)}
    if not roles or _BETWEEN_ROLES.fullmatch(_ROLE.sub("", final)) is None or len(roles) < len(_ROLE.findall(final)):
        return canonical_answer(final)
    return ", ".join(f"{name} {roles[name]}" for name in sorted(roles))


def canonical_program(response: str) -> str:
    """The program in a response, without its fence, comments, blank lines and blanks at the ends of lines."""
    program = extract_code(response) if len(response) <= MAX_PROGRAM_CHARS else response
    lines = (line.split(" #")[0].rstrip() for line in program.split("\n"))
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#"))
