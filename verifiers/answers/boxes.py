r"""Boxes: `\boxed{...}`, `\fbox{...}` and their spellings (`\\boxed{}`, `\boxed {}`, `\boxed 7`).

A box that is never closed is none, and hides none inside it. An empty one, or one that only names its content
(`\boxed{answer}`), is talk about boxes and is passed over. Boxes on one line that commas or "and" join are one answer
of several parts.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_BOXES = 60
"""Only so many boxes are looked at, from the end."""
MAX_BOX = 20_000
_MAX_NESTED = 4
_MAX_PLAIN = 100
_MAX_BETWEEN = 60
"""Characters between two boxes of one answer."""

_OPEN = re.compile(r"(?:\\(?:boxed|fbox|framebox)|\x08oxed)[ \t]{0,9}\{")
_TOKEN = re.compile(r"(?:\\{1,4}(?:boxed|fbox|framebox)|\x08oxed)[ \t]{0,9}\{|\\.|[{}]", re.DOTALL)
_SHORT = re.compile(r"\\(?:boxed|fbox)[ \t]{1,9}(?P<content>-?[0-9][0-9.,/]{0,30}(?<![.,])|[A-Za-z])(?![\w{])")
_UNBRACED = ("boxed ", "boxed\t", "fbox ", "fbox\t")
_NOTHING = re.compile(
    r"[\s$.?_\\,;:!~{}-]*|\\(?:l|c)?dots"
    r"|(?:\\text\w*\{)?\s*[<\[(]?(?:your |the |final |my )*(?:answer|number|result|value)"
    r"(?: here)?[>\])]?\s*\}?",
    re.IGNORECASE,
)
_AND = re.compile(r"(?:[,;]|\band\b)", re.IGNORECASE)
_APART = re.compile(
    r"\b(?:or|not|no|nor|wait|but|actually|instead|then|rather|hence|so|thus|maybe|else)\b", re.IGNORECASE
)


class Box(NamedTuple):
    """Where a box stands in a text."""

    start: int
    """Of its command."""
    begin: int
    """Of its content."""
    end: int
    """Of its content."""
    after: int
    """Behind it."""


class Boxed(NamedTuple):
    """The answer in the last boxes."""

    text: str | None
    """Parts in several boxes are joined by commas; None where boxes side by side contradict each other."""
    start: int
    after: int
    others: bool
    """Whether an earlier box says something else."""


def boxed(text: str) -> list[str]:
    r"""What stands in each balanced box.

    >>> boxed(r"so \boxed{\frac{1}{2}} \boxed{3")
    ['\\frac{1}{2}']
    """
    return [text[box.begin : box.end] for box in boxes(text)]


def boxes(text: str) -> list[Box]:
    """The outermost balanced boxes in their order, the last `MAX_BOXES` of them."""
    first = text.find("box") if "\x08" not in text else 0
    if first < 0:
        return []
    plain = _plain_box(text) if first else None
    if plain is not None:
        return [plain]
    first = max(0, first - len("\\frame"))
    openings = [match.start() for match in _OPEN.finditer(text, first)]
    found: list[Box] = []
    if any(command in text for command in _UNBRACED):
        found = [Box(m.start(), *m.span("content"), m.end()) for m in _SHORT.finditer(text, first)]
    if not openings:
        return found
    opened: list[tuple[int, int] | None] = []
    for token in _TOKEN.finditer(text, max(0, openings[-MAX_BOXES:][0] - 1)):
        shown = token[0]
        if shown == "}":
            box = opened.pop() if opened else None
            if box is not None and token.start() - box[1] <= MAX_BOX:
                while found and found[-1].start > box[0]:  # inside this one
                    found.pop()
                found.append(Box(*box, token.start(), token.end()))
        elif shown == "{":
            opened.append(None)
        elif shown[-1] == "{" and len(shown) > 2:
            opened.append(token.span())
    return sorted(found)


def _plain_box(text: str) -> Box | None:
    r"""The only box, where it is a `\boxed{42}` with no braces or commands in it; None: look closer."""
    start = text.find("\\boxed{")
    if start < 0 or text.count("box") != 1 or text[start - 1 : start] == "\\":
        return None
    begin = start + len("\\boxed{")
    end = text.find("}", begin, begin + _MAX_PLAIN)
    if end < 0 or "{" in text[begin:end] or "\\" in text[begin:end]:
        return None
    return Box(start, begin, end, end + 1)


def last_boxes(text: str) -> Boxed | None:
    """The answer in the last boxes that hold something."""
    spans = [box for box in boxes(text) if not _NOTHING.fullmatch(text, box.begin, min(box.end, box.begin + 60))]
    if not spans:
        return None
    first, last = spans[-1], spans[-1]
    contents = [_inner(text[last.begin : last.end])]
    for box in reversed(spans[:-1]):
        content = _inner(text[box.begin : box.end])
        if content == contents[0] and len(contents) == 1:
            first = box
            continue  # said twice
        between = text[box.after : first.start]
        if "\n" in between or len(between) > _MAX_BETWEEN:
            return Boxed(", ".join(contents), first.start, last.after, True)
        if not _AND.search(between) or _APART.search(between):
            return Boxed(None, box.start, last.after, True)
        contents.insert(0, content)
        first = box
    return Boxed(", ".join(contents), first.start, last.after, False)


def _inner(content: str) -> str:
    """A box in a box is one box."""
    for _ in range(_MAX_NESTED):
        content = content.strip()
        inner = boxes(content) if "ox" in content else []
        if len(inner) != 1 or inner[0].start or inner[0].after < len(content):
            break
        content = content[inner[0].begin : inner[0].end]
    return content.strip()
