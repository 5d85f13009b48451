"""Lines of a word problem's solution, judged by the calculations in them: `3+4=7` in the open, and `<<3+4=7>>`.

    find_calculations("She has 3 + 4 = 7 apples.")     (Annotation("3+4", "7", Calculation.RIGHT, ...),)
    check_step(steps, line)                            a StepVerdict, as `verifiers.steps.judge_steps` takes it

A calculation is judged by `verifiers.annotations.check_annotation`: exactly, but for the rounding that its result
shows. Words are not read, and what may be only a part of a calculation (`20% of 50 + 3 = 13`) is left alone. Most
wrong solutions calculate the wrong thing and calculate it right, so this is a weak signal.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from reasonrl.verifiers.annotations import ANNOTATION, MAX_LINE, Annotation, Calculation, check_annotation
from reasonrl.verifiers.answers import final_answer, is_final_line
from reasonrl.verifiers.core import StepVerdict
from reasonrl.verifiers.math import stated_number

_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_SIDE = rf"[(\s-]*{_NUMBER}[)\s]*(?:[+*/-][(\s-]*{_NUMBER}[)\s]*)*"
_EQUALITY = re.compile(rf"{_SIDE}(?:={_SIDE})+")
_CALCULATES = re.compile(r"[0-9)%]\s*[+*/-]")
_GOES_ON_BEFORE = re.compile(r"(?:[\w.,:]|[+*/=%^-]\s*|[0-9],?\s+|\b(?:and|of|by|times|plus|minus|x)\s+)$")
_GOES_ON_AFTER = re.compile(
    r"[A-Za-z(]|:[0-9]|\s*(?:[%^*/+=]|(?:and\s+\(?)?[0-9]+/[0-9]|[0-9]{3}|(?:x|times|plus|minus|percent|cents?)\b)"
)
"""What shows that a match is only a part of a calculation, and so says nothing about it."""
_PLAIN = str.maketrans({"$": "", "\N{EN DASH}": "-", "\N{MINUS SIGN}": "-", "\N{DIVISION SIGN}": "/"})


@functools.lru_cache(maxsize=4096)  # every line is looked at again after each line that follows
def find_calculations(line: str) -> tuple[Annotation, ...]:
    """All calculations of a line that can be read: the annotations first, then the equalities in the open; none of a
    line longer than `MAX_LINE`.

    >>> [each.verdict.value for each in find_calculations("So 3 + 4 = 7, and <<10/3=3.33>>3.33 each, and 2*2=5.")]
    ['rounded', 'right', 'wrong']
    """
    if len(line) > MAX_LINE:
        return ()
    texts = ANNOTATION.findall(line)
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", ANNOTATION.sub("", line).translate(_PLAIN))
    text = re.sub(r"(?<=[0-9)])\s*[xX\u00d7]\s*(?=[0-9(.])", "*", text)
    for match in _EQUALITY.finditer(text):
        start, end = match.end() - len(match[0].lstrip()), match.start() + len(match[0].rstrip())
        if not _GOES_ON_BEFORE.search(text[:start]) and not _GOES_ON_AFTER.match(text[end:]):
            texts.append(match[0])
    found = [check_annotation(re.sub(r"\s", "", text)) for text in texts if _CALCULATES.search(text)]
    return tuple(each for each in found if each.verdict is not Calculation.UNREADABLE)


def check_step(steps: Sequence[str], step: str) -> StepVerdict:
    """INVALID where a calculation is wrong, REDUNDANT where nothing is calculated that was not calculated before,
    UNPARSABLE where there are neither words nor a calculation, else USEFUL. An answer line is USEFUL if it states a
    number: whether it is the right one is for the outcome's verifier.
    """
    if is_final_line(step):
        return StepVerdict.USEFUL if stated_number(final_answer(step) or "") is not None else StepVerdict.INVALID
    found = find_calculations(step)
    if not all(each.holds for each in found):
        return StepVerdict.INVALID
    if found:
        known = {(each.expression, each.result) for earlier in steps for each in find_calculations(earlier)}
        new = any((each.expression, each.result) not in known for each in found)
        return StepVerdict.USEFUL if new else StepVerdict.REDUNDANT
    return StepVerdict.REDUNDANT if re.search("[A-Za-z]", step) else StepVerdict.UNPARSABLE
