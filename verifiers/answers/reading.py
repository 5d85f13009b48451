r"""The final answer of a response: one reading for every judge.

Read in this order, in what is left when thoughts, comments and struck-out text are cut:

1. the last box that holds something, or "final answer ..." behind it
2. `<answer>` tags that agree    3. the first answer line, where no other one differs    4. the last `####`
5. "The answer is ..." with nothing but friendly words behind it
6. where `bare` allows it, a response that is nothing but one short expression, or whose last sentence states its only
   emphasised value

An answer that the words round it take back is none, and so are two answers side by side.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reasonrl.verifiers.answers.boxes import boxes, last_boxes
from reasonrl.verifiers.answers.clothes import bare as unclothed
from reasonrl.verifiers.answers.clothes import typed
from reasonrl.verifiers.answers.emphasis import emphasised
from reasonrl.verifiers.answers.hedges import taken_back
from reasonrl.verifiers.answers.hidden import visible
from reasonrl.verifiers.answers.marks import Mark, answer_lines, first_question, hashes, said, tagged

MARK = "Answer:"
NOT_MARKED = "no answer is marked: write \\boxed{42}, or a last line 'Answer: 42'"
_MAX_BARE = 60
_FUNCTIONS = r"sin|cos|tan|cot|sec|csc|log|ln|lg|exp|sqrt|pi|arcsin|arccos|arctan|inf|cm|mm|km|kg|mg|mL|ml|lb|oz|mph"
_BARE = re.compile(
    r"(?:\\[A-Za-z]+|\\[,;:! %$(){}\[\]]"
    rf"|(?<![A-Za-z])(?:{_FUNCTIONS})(?![A-Za-z])|(?<![A-Za-z])(?:[A-Za-z]|[A-Z]{{2}})(?![A-Za-z])"
    r"|[^A-Za-z\\\n?#@;~\"])+"
)
_BULLET = re.compile(r"^\s*(?:[-*\u2022]|[0-9]{1,2}[.)])\s+")
_FINAL_PHRASE = re.compile(r"final answer(?: is)?\b[\s*:]*", re.IGNORECASE)


class Final(NamedTuple):
    """The final answer, or why there is none."""

    text: str | None
    reason: str = ""
    """A sentence for a person where there is none."""
    block: str = ""
    """The paragraph that the text begins, where it stands below its mark."""


def read_final(response: str, *, bare: bool = True) -> Final:
    r"""The final answer of a response.

    Args:
        response: the whole text.
        bare: whether a response that is nothing but one short expression is its answer, and an emphasised value in
            its last sentence.

    >>> read_final("So the result is \\boxed{42}.").text, read_final("**Answer: 42**").text, read_final("42").text
    ('42', '42', '42')
    >>> read_final("It is not \\boxed{42}.").reason
    'the answer is denied by the words before it'
    """
    text = visible(response)
    box = last_boxes(text)
    if box is not None:
        later = _final_phrase(text, box.after)
        if later is not None:
            return Final(unclothed(later))
        if box.text is None:
            return Final(None, "boxes side by side say different things")
        reason = taken_back(text, box.start, box.after, others=box.others)
        return Final(None, reason) if reason else Final(unclothed(box.text))
    text = first_question(text)
    marks = tagged(text) or list(answer_lines(text))
    if marks:
        if any(mark.text != marks[0].text for mark in marks[1:]):
            return Final(None, "two answers are marked")
        return _meant(text, marks[0])
    mark = hashes(text) or said(text)
    if mark is not None:
        return _meant(text, mark)
    if bare and is_short_expression(text):
        return Final(unclothed(text))
    stated = emphasised(text) if bare and "**" in text else None
    if stated is not None and is_short_expression(stated[0]):
        return _meant(text, Mark(*stated))
    return Final(None, NOT_MARKED)


def final_answer(response: str, *, marked: bool = True) -> str | None:
    """The final answer as one text; parts in several boxes are joined by commas.

    Args:
        response: the whole text.
        marked: only what is marked counts. Otherwise a text without marks is the answer, or a sentence that says it.
    """
    final = read_final(response, bare=False)
    return response.strip() if final.text is None and final.reason is NOT_MARKED and not marked else final.text


def _meant(text: str, mark: Mark) -> Final:
    reason = taken_back(text, mark.start, mark.after)
    return Final(None, reason) if reason else Final(unclothed(mark.text), block=mark.block)


def _final_phrase(text: str, after: int) -> str | None:
    """What follows the last "Final answer:" or "the final answer is" behind the last box."""
    start = max(text.rfind("inal answer"), text.rfind("inal Answer"))
    phrase = _FINAL_PHRASE.match(text, start - 1) if start > after else None
    if phrase is None:
        return None
    mark = next(answer_lines(text[start - 1 :]), None) or said(text[start - 1 :])
    return mark.text or None if mark is not None else None


def is_short_expression(text: str) -> bool:
    """Whether a text is one number, letter or formula, and no sentence."""
    text = text.strip()
    if len(text) > 4 and text[:2] in ("\\[", "$$") and text[-2:] in ("\\]", "$$"):
        text = text[2:-2].strip()
    return 0 < len(text) <= _MAX_BARE and _BARE.fullmatch(text) is not None and any(map(str.isalnum, text))


def is_final_line(line: str) -> bool:
    """Whether a line holds a whole marked answer, so that it ends a response: an answer line, `####`, a box, a tag.

    >>> is_final_line("**Answer: 42**"), is_final_line("Answer:"), is_final_line("The answer is near")
    (True, False, False)
    """
    if line.startswith(MARK):
        return not line[len(MARK) :].isspace() and len(line) > len(MARK)
    if "oxed" in line or "box{" in line:
        return bool(boxes(line)) and last_boxes(line) is not None
    if "</" in line and re.search(r"</(?:answer|solution|final_answer)>", line, re.IGNORECASE):
        return True
    return next(answer_lines(line), None) is not None or (line.lstrip()[:4] == "####" and hashes(line) is not None)


def up_to_first(response: str) -> str:
    """The response up to its first final line, without thoughts: whoever answers twice gains nothing."""
    text = visible(response)
    lines = text.split("\n")
    others = {""}
    for number, line in enumerate(lines):
        if line in others:
            continue
        if is_final_line(line):
            return "\n".join(lines[: number + 1])
        others.add(line)
    return text


def extract_answer(response: str) -> str | None:
    """The answer where a response ends at its first final line, as in the generated families; None without one.

    >>> extract_answer("2+3=5\\nAnswer: 5\\nAnswer: 6")
    '5'
    """
    return _typed(read_first(response), response)


def extract_lines(response: str) -> str | None:
    """As `extract_answer`, for answers that may be a list or a grid of several lines: bullets and emphasis are cut.

    >>> extract_lines("Answer:\\n- A: **knight**\\n- B: knave")
    'A: knight\\nB: knave'
    """
    final = read_first(response)
    if not final.block:
        return _typed(final, response)
    lines = (_BULLET.sub("", line).replace("**", "").replace("`", "").strip() for line in final.block.split("\n"))
    return "\n".join(typed(line) for line in lines if line and not line.startswith("```"))


def _typed(final: Final, response: str) -> str | None:
    """The answer as it would be typed; "" where a mark has nothing behind it."""
    if final.text is None:
        return "" if final.reason is NOT_MARKED and _empty_mark(response) else None
    return typed(final.text)


def _empty_mark(response: str) -> bool:
    return any(line.startswith(MARK) for line in visible(response).split("\n"))


def read_first(response: str) -> Final:
    """As `read_final`, of a response that ends at its first final line and must mark its answer."""
    return read_final(up_to_first(response), bare=False)
