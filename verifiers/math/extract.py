"""Finding the final answer in a response.

Marked by    the last balanced `\\boxed{}`, `####`, `Answer:`, `Final answer:`, or "the answer is" in the last line
Boxes        on one line and joined by commas or "and", are one answer of several parts; otherwise they must agree
Never        "the last number": an answer that is not marked is no answer
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasonrl.verifiers.answers import extract_answer

MAX_BOXES = 60
MAX_BOX = 20_000

_BOX = "\\boxed{"
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_HASHES = "####"
_SAID = re.compile(r"\b[Tt]he answer is:?(.*)")
_FINAL = re.compile(r"final answer(?: is)?\b[\s*:]*", re.IGNORECASE)
_HOPE = re.compile(r"\.?\s*I hope (?:it|this) is correct|<\|im_end\|>|<\|im_start\|>|</?s>")
_LINE = re.compile(r"^[ \t*#>_-]*(?:final )?answer\s*(?:is\s*)?:\**[ \t]*(\S[^\n]*)$", re.IGNORECASE | re.MULTILINE)
_AND = re.compile(r"(?:[,;]|\band\b)", re.IGNORECASE)
_APART = re.compile(
    r"\b(?:or|not|no|nor|wait|but|actually|instead|then|rather|hence|so|thus|maybe|else)\b", re.IGNORECASE
)
_MAX_BETWEEN = 60
"""Characters between two boxes of one answer."""


def extract_final(response: str) -> str | None:
    """The text of the final answer, or None where none is marked.

    Marks: a box, `####`, an `Answer:` line; without one, "the answer is ..." in the last line, up to the line's end.

    Boxes that share a line are one answer: unless they all agree it is the whole line, which is no number.

    >>> extract_final("6*7=42\\n#### 42")
    '42'
    """
    if _BOX in response:
        for line in reversed(response.split("\n")):
            boxes = boxed(line)
            if boxes:
                return boxes[-1].strip() if len(set(boxes)) == 1 else line
    start = response.rfind(_HASHES)
    if start >= 0:
        return response[start + len(_HASHES) :].split("\n", 1)[0].strip()
    answer = extract_answer(response)
    if answer is not None:
        return answer
    return _said(response)


def _said(response: str) -> str | None:
    """What follows the last "the answer is" of the last line."""
    line = response.rstrip().rsplit("\n", 1)[-1]
    said = _SAID.match(line, max(line.rfind("the answer is"), line.rfind("The answer is"), 0))
    return said[1].strip() if said else None


def boxed(line: str) -> list[str]:
    r"""What stands in each balanced `\boxed{...}`; one that is never closed is no box.

    >>> boxed(r"so \boxed{\frac{1}{2}} \boxed{3")
    ['\\frac{1}{2}']
    """
    return [line[start:end] for start, end in _boxes(line)]


def _boxes(text: str) -> Iterator[tuple[int, int]]:
    """Where the content of each balanced box starts and ends."""
    start = text.find(_BOX)
    while start >= 0:
        begin = start + len(_BOX)
        depth, end = 1, begin
        for brace in _BRACE.finditer(text, begin, begin + MAX_BOX):  # an escaped brace is no brace
            depth += (brace[0] == "{") - (brace[0] == "}")
            end = brace.end()
            if not depth:
                break
        if depth:
            return
        yield begin, end - 1
        start = text.find(_BOX, end)


def final_answer(response: str, *, marked: bool = True) -> str | None:
    """The final answer of a response as one text; parts in several boxes are joined by commas.

    Args:
        response: the whole text.
        marked: only what is marked counts. Otherwise a text without marks is the answer, or a sentence that says it.
    """
    found, end = _last_boxes(response)
    final = _final_phrase(response, end)
    if final is not None:
        return final
    if found is not None:
        return found
    start = response.rfind(_HASHES)
    if start >= 0:
        return response[start + len(_HASHES) :].split("\n", 1)[0].strip()
    answer = extract_answer(response)
    if answer is None:
        line = next(iter(_LINE.finditer(response)), None) if len(response) < 100_000 else None
        answer = line[1].strip() if line else None
    if answer is not None:
        return answer
    said = _said(response)
    return said if said is not None or marked else response.strip()


def _last_boxes(response: str) -> tuple[str | None, int]:
    """The answer in the last boxes, and where they end; (None, 0) without a box."""
    start = response.rfind(_BOX)
    if start < 0:
        return None, 0
    # an unclosed box hides nothing that was said before it: go back until one is balanced
    line, offset = "", 0
    spans: list[tuple[int, int]] = []
    for _ in range(MAX_BOXES):
        begin = response.rfind("\n", 0, start) + 1
        following = response.find("\n", start)
        offset, line = begin, response[begin : following if following >= 0 else len(response)]
        spans = list(_boxes(line))
        if not spans:  # the box may hold line breaks: a matrix
            tail = response[start : start + 20_000]
            inner = list(_boxes(tail))
            if inner:
                return tail[inner[0][0] : inner[0][1]].strip(), start + inner[0][1]
            start = response.rfind(_BOX, 0, start)
            if start < 0:
                return None, 0
            continue
        break
    if not spans:
        return None, 0
    chosen = [spans[-1]]
    for previous, span in zip(reversed(spans[:-1]), reversed(spans), strict=False):
        between = line[previous[1] + 1 : span[0] - len(_BOX)]
        if line[previous[0] : previous[1]].strip() == line[span[0] : span[1]].strip() and len(chosen) == 1:
            continue  # said twice
        if len(between) > _MAX_BETWEEN:
            break
        if not _AND.search(between) or _APART.search(between):
            return line.strip(), offset + spans[-1][1]  # two answers side by side: a hedge
        chosen.insert(0, previous)
    return ", ".join(line[begin:end].strip() for begin, end in chosen), offset + spans[-1][1]


def _final_phrase(response: str, after: int) -> str | None:
    """What follows the last "Final answer:" or "the final answer is" behind the last box, to the end of its line."""
    start = max(response.rfind("inal answer"), response.rfind("inal Answer"))
    if start <= after:
        return None
    phrase = _FINAL.match(response, start - 1)
    if phrase is None:
        return None
    text = response[phrase.end() : phrase.end() + 4_000].split("\n", 1)[0]
    hope = _HOPE.search(text)
    text = (text[: hope.start()] if hope else text).strip().strip("*\"'").strip()
    text = re.sub(r"^the (?:final )?answer is:?\s*", "", text, flags=re.IGNORECASE)
    return text or None
