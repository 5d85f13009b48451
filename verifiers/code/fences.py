"""The fenced blocks of a response and the text outside them. Text is only cut, line by line, never parsed.

A fence is three or more backticks or tildes, indented or not, after a list mark or a few words; its block ends at a
fence as long, at the next Python block, or with the text. A fence within a Python string in three quotes is text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_PYTHON = re.compile(
    r"\{?\s*\.?(?:lang(?:uage)?[-:=])?(?:i?python|cpython|pypy|py)-?[\d.]*(?:$|[\s,;:/}({\[=])|[\w./\\-]+\.py\b",
    re.IGNORECASE,
)
_TAGS = re.compile(r"(?:\s|</?\w{1,20}>|<\|\w{1,20}\|>)*")
_MARK = re.compile(r"[ \t]*(?:(?:[-*+>]|\d{1,3}[.)])[ \t]*)*")
_QUOTED_LINE = re.compile(r"[ \t]*>[ \t]?")
_TOKEN = re.compile(r"\"\"\"|'''|\"(?:[^\"\\]|\\.)*(?:\"|\\?$)|'(?:[^'\\]|\\.)*(?:'|\\?$)|#|[()\[\]{}]")
_ESCAPE_OR = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ('"""', "'''")}


class Block(NamedTuple):
    """A fenced block."""

    language: str
    """"python", "" where the fence names none, or "other"."""
    text: str


class Scanner:
    """Where in Python a line ends: in a string of three quotes, within brackets, or before a continued line."""

    def __init__(self) -> None:
        self.quote = ""
        self.depth = 0
        self.continued = False

    @property
    def between_statements(self) -> bool:
        return not (self.quote or self.depth or self.continued)

    def feed(self, line: str) -> None:
        position = 0
        while position < len(line):
            if self.quote:
                found = _ESCAPE_OR[self.quote].search(line, position)
                if found is None:
                    break
                position = found.end()
                if found[0] == self.quote:
                    self.quote = ""
                continue
            found = _TOKEN.search(line, position)
            if found is None or found[0] == "#":
                break
            position = found.end()
            if found[0] in _ESCAPE_OR:
                self.quote = found[0]
            elif found[0] in "([{":
                self.depth += 1
            elif found[0] in ")]}":
                self.depth = max(0, self.depth - 1)
        self.continued = not self.quote and line.endswith("\\")


class _Fence(NamedTuple):
    before: str
    mark: str
    """The run of backticks or tildes."""
    info: str


def _fence_in(line: str) -> _Fence | None:
    for character in "`~":
        start = line.find(character * 3)
        if start >= 0:
            rest = line[start:]
            info = rest.lstrip(character)
            return _Fence(line[:start], rest[: len(rest) - len(info)], info.strip())
    return None


def is_fence(line: str) -> bool:
    """Whether the line is nothing but a fence."""
    fence = _fence_in(line)
    return fence is not None and not fence.before.strip() and _TAGS.fullmatch(fence.info) is not None


def _opens(fence: _Fence) -> bool:
    """Whether a fence outside a block begins one: at the start of its line, or after words if it says Python."""
    if "`" in fence.info:
        return False  # code in a line of text
    return _MARK.fullmatch(fence.before) is not None or (
        _PYTHON.match(fence.info) is not None and "`" not in fence.before
    )


def _on_one_line(fence: _Fence) -> Block | None:
    """The block of a fence that is closed on its own line."""
    code = fence.info.removesuffix(fence.mark)
    word, _, rest = code.partition(" ")
    if code == fence.info or "`" in code or not _PYTHON.match(word) or not _MARK.fullmatch(fence.before):
        return None
    return Block("python", f"{rest.strip()}\n")


def _language(info: str) -> str:
    if _PYTHON.match(info):
        return "python"
    return "other" if _TAGS.fullmatch(info) is None else ""


def split(text: str) -> tuple[list[Block], str]:
    """The blocks of a text, and what stands outside them."""
    lines = text.split("\n")
    last = {quote: text.rfind(quote) for quote in _ESCAPE_OR}
    blocks: list[Block] = []
    outside: list[str] = []
    opened: _Fence | None = None
    content: list[str] = []
    scanner = Scanner()
    shorter = -1
    place = 0

    def close(fence: _Fence) -> None:
        kept = content if shorter < 0 else content[:shorter]
        blocks.append(Block(_language(fence.info), _unindented(kept, fence.before)))

    for line in lines:
        place += len(line) + 1
        fence = _fence_in(line) if "```" in line or "~~~" in line else None
        if opened is None:
            whole = _on_one_line(fence) if fence is not None else None
            if whole is not None:
                blocks.append(whole)
            elif fence is not None and _opens(fence):
                opened, content, scanner, shorter = fence, [], Scanner(), -1
                if fence.before.strip():
                    outside.append(fence.before)
            else:
                outside.append(line)
            continue
        in_string = scanner.quote and last[scanner.quote] >= place
        if fence is not None and not in_string:
            long_enough = fence.mark.startswith(opened.mark)
            if not fence.before.strip(" \t>") and _TAGS.fullmatch(fence.info):
                if long_enough:
                    shorter = -1
                    close(opened)
                    opened = None
                    continue
                if shorter < 0:
                    shorter = len(content)
            elif _language(fence.info) == "python" and not fence.before.strip(" \t>"):
                if long_enough or _language(opened.info) == "python":
                    close(opened)
                    opened, content, scanner, shorter = fence, [], Scanner(), -1
                    continue
            elif not fence.info and long_enough and _language(opened.info) == "python":
                content.append(fence.before)
                close(opened)
                opened = None
                continue
        content.append(line)
        scanner.feed(line)
    if opened is not None:
        if content and set(content[-1].strip()) == {"`"}:
            content.pop()  # two backticks, say
        close(opened)
    return blocks, "\n".join(outside)


def _unindented(lines: list[str], before: str) -> str:
    """The lines of a block less the indentation, or the quotation marks, of its fence; each with its line end."""
    if ">" in before:
        lines = [line[mark.end() :] if (mark := _QUOTED_LINE.match(line)) else line for line in lines]
    width = len(before) if not before.strip() else 0
    if width:
        lines = [line[min(width, len(line) - len(line.lstrip(" \t"))) :] for line in lines]
    written = [line for line in lines if line.strip()]
    margin = min((len(line) - len(line.lstrip(" \t")) for line in written), default=0)
    if margin and re.match(
        r"(?:async|def|class|import|from|@)\b|@", written[0].lstrip()
    ):  # the rest of a body keeps its own
        lines = [line[margin:] for line in lines]
    return "".join(f"{line}\n" for line in lines)
