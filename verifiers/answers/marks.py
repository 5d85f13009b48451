r"""Marks other than boxes: what a line says after `Answer:`, `#### 42`, `<answer>42</answer>`, "The answer is 42."

Answer line  `Answer: 42` in any emphasis (`**Answer:** 42`, `## Answer`, `> Final answer: $42$`), in several languages;
             where nothing stands behind the mark, the answer is the next line, or the paragraph that begins there
Hashes       `#### 42` as in GSM8K; a heading such as `#### Step 1` is none
Tag          `<answer>42</answer>`; where the closing tag is missing it reaches to the end
Said         "The answer is 42." where nothing but friendly words follows
"""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from typing import NamedTuple

from reasonrl.verifiers.answers.tongues import ENDING, NAMES, SAID, STEMS

MAX_LINE = 4_000
"""Characters of an answer line that are read."""
MAX_BLOCK = 2_000

_HINT = re.compile(r"nswer|NSWER|\bAns\b|inal|INAL|[^\x00-\x7f]|Respuesta|Antwort|Resposta|Risposta")
_NAMES = (
    r"(?:(?-i:The|My|Our|So|Thus|Therefore|Hence)[ \t,]+(?:the[ \t]+)?)?"
    r"(?:final|correct|short|numerical|numeric|exact|simplified)?[ \t]*"
    r"(?:answer|ans\.?)(?:[ \t]+to[ \t]+[^\n:]{1,40})?"
    r"|final[ \t]+(?:result|value|solution)"
    r"|(?:r[e\u00e9]ponse|respuesta|antwort|resposta|risposta)(?:[ \t]+finale?)?"
    r"|(?:endg\u00fcltige[ \t]+)?antwort|\u043e\u0442\u0432\u0435\u0442"
    r"|(?:\u6700\u7ec8|\u6700\u7d42)?\u7b54(?:\u6848|\u3048)"
    r"|(?:\ucd5c\uc885[ \t]?)?(?:\uc815\ub2f5|\ub2f5)"
)
_DECORATION = r"(?:[^\w\n$\\({\[-]|[-_]|\\text(?:bf)?\{|\\mathbf\{){0,12}"


def _patterns(names: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Lines that begin with a mark, and lines that are nothing but one."""
    line = re.compile(
        rf"^{_DECORATION}(?:{names})[*_` \t]{{0,6}}(?:\([^()\n]{{0,40}}\)[ \t]?)?"
        rf"(?P<colon>(?:[ \t]?(?:is|est|es|ist|\u662f|\u4e3a|\u70ba))?[ \t]?[:\uff1a=\u2236]"
        rf"|\u662f|\u4e3a|\u70ba)[*_` \t}}]*"
        rf"(?P<text>[^\n]{{0,{MAX_LINE}}})$",
        re.IGNORECASE | re.MULTILINE,
    )
    heading = re.compile(
        rf"^(?=[^\w\n]|final|(?-i:Answer)\b)[^\w\n]{{0,12}}(?:{names})[ \t]*(?:[*_]{{1,3}}|:)?[ \t]*$",
        re.IGNORECASE | re.MULTILINE,
    )
    return line, heading


_LINE, _HEADING = _patterns(_NAMES)
_LINE_ELSEWHERE, _HEADING_ELSEWHERE = _patterns(f"{_NAMES}|{NAMES}")
_HASHES = re.compile(
    r"####[ \t]*(?P<text>(?![0-9]{1,2}[.)][ \t]+[A-Za-z])[*_`]{0,3}"
    r"[-+\u2212\u2013$\\({\[.0-9\u20ac\u00a3][^\n]{0,400}|[A-Za-z][ \t]*$)",
    re.MULTILINE,
)
_TAG = re.compile(r"<(answer|solution|final_answer)>", re.IGNORECASE)
_SAID = re.compile(
    r"""\b(?:answer|correct\ (?:option|choice|value|result)|final\ (?:result|value))
    (?:\ (?:to|for|of)\ [^.\n:]{1,60}?)?
    [ \t]+(?:is|would\ be|must\ be|should\ be|equals)\b(?:[ \t]+(?:then|therefore|thus|just|simply|indeed))?
    | \bfinal\ answer[*_]{0,3}[ \t]?(?=:)
    | \b(?:la\ respuesta\ (?:final\ )?(?:es|correcta\ es)|die\ antwort\ (?:ist|lautet)
        |la\ r\u00e9ponse\ (?:est|finale\ est)
        |a\ resposta\ (?:final\ )?\u00e9|la\ risposta\ \u00e8)
    | \u7b54\u6848(?:\u662f|\u4e3a|\u70ba)""",
    re.VERBOSE | re.IGNORECASE,
)
_SAID_ELSEWHERE = re.compile(SAID, re.VERBOSE | re.IGNORECASE)
_SAYS = re.compile(r"nswer|NSWER|correct|final|respuesta|ntwort|r\u00e9ponse|resposta|risposta|\u7b54\u6848")
_SENTENCE = re.compile(r"(?<=[^\s.])[.!\u3002\u0964](?=[*_\")$]{0,3}(?:\s+[A-Z(\"*]|\s*$))")
_NEXT_QUESTION = re.compile(
    r"\n[ \t]{0,8}(?:(?:Q|Question|Problem|Human|User|Input|Exercise)(?: ?[0-9]{1,4})? ?[:.]"
    r"|<\|im_start\|>|<\|endoftext\|>)"
)
_CLOSING = re.compile(r"[^0-9$\\=]{0,400}")
"""Friendly words behind an answer: nothing in them could be another one."""


class Mark(NamedTuple):
    """An answer that was marked, and where."""

    text: str
    start: int
    """Of the mark."""
    after: int
    """Behind the answer."""
    block: str = ""
    """The paragraph that begins with the answer, where it stands below its mark."""


def answer_lines(text: str) -> Iterator[Mark]:
    """The answer lines that say something."""
    elsewhere = _elsewhere(text)
    if not elsewhere and not _HINT.search(text):
        return
    lines, headings = (_LINE_ELSEWHERE, _HEADING_ELSEWHERE) if elsewhere else (_LINE, _HEADING)
    taken = -1
    for match in lines.finditer(text):
        said = unmarked(match["text"])
        if said and said not in ("\\[", "$$"):
            taken = match.end()
            yield Mark(said, match.start(), match.end())
        elif (mark := _below(text, match.start(), match.start("text") if said else match.end())) is not None:
            taken = mark.after
            yield mark
    if taken < 0:
        for match in headings.finditer(text):
            mark = _below(text, match.start(), match.end())
            if mark is not None:
                yield mark


def _elsewhere(text: str) -> bool:
    """Whether a mark in another language than English may stand in a text."""
    return any(stem in text for stem in STEMS)


def _below(text: str, start: int, begin: int) -> Mark | None:
    """The answer on the lines below a mark."""
    block = text[begin : begin + MAX_BLOCK].lstrip()
    if not block:
        return None
    at = begin + len(text[begin : begin + MAX_BLOCK]) - len(block)
    for opening, closing in (("\\[", "\\]"), ("$$", "$$")):
        if block.startswith(opening) and (end := block.find(closing, 2)) > 0:
            return Mark(block[: end + 2].strip(), start, at + end + 2)
    if block.startswith("```"):
        fenced = block.split("\n", 1)[1].partition("```")[0] if "\n" in block else ""
        return Mark(unmarked(fenced.strip().partition("\n")[0]), start, at + len(block), fenced.strip())
    paragraph = re.split(r"\n[ \t]*\n", block, maxsplit=1)[0]
    line = paragraph.partition("\n")[0]
    if _LINE_ELSEWHERE.match(line):
        return None  # two marks: the second one speaks for itself
    return Mark(unmarked(line), start, at + len(line), paragraph)


def hashes(text: str) -> Mark | None:
    """What stands behind the last `####`."""
    if "####" not in text:
        return None
    found = _last(_HASHES, text)
    return None if found is None else Mark(unmarked(found["text"]), found.start(), found.end())


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(collections.deque(pattern.finditer(text), maxlen=1)), None)


def tagged(text: str) -> list[Mark]:
    """What stands in `<answer>` tags."""
    if "<" not in text:
        return []
    marks: list[Mark] = []
    for match in _TAG.finditer(text):
        if marks and match.start() < marks[-1].after:
            continue
        closing = re.compile(f"</{match[1]}>", re.IGNORECASE).search(text, match.end(), match.end() + MAX_BLOCK)
        if closing is None and len(text) - match.end() > MAX_BLOCK:
            continue
        end, after = closing.span() if closing else (len(text), len(text))
        block = text[match.end() : end].strip()
        if block:
            marks.append(Mark(unmarked(block), match.start(), after, block))
    return marks


def said(text: str) -> Mark | None:
    """What the last sentence of its kind says the answer is, where nothing but friendly words follows."""
    found = _last(_SAID, text) if _SAYS.search(text) else None
    if found is None and _elsewhere(text):
        found = _last(_SAID_ELSEWHERE, text)
    if found is None:
        return None
    line = text[found.end() : found.end() + MAX_LINE].partition("\n")[0]
    begin = found.end() + len(line)
    line = line.lstrip(" \t:=\uff1a")
    begin -= len(line)
    if not line.strip(" \t*_:"):
        mark = _below(text, found.start(), begin + len(line))
        return mark if mark is not None and _CLOSING.fullmatch(text, mark.after) else None
    stop = _SENTENCE.search(line)
    end = stop.end() if stop else len(line)
    mark = Mark(unmarked(line[:end]), found.start(), begin + end)
    return mark if mark.text and _CLOSING.fullmatch(text, mark.after) else None


def first_question(text: str) -> str:
    """The text up to where a model runs on into the next question of its own."""
    following = _NEXT_QUESTION.search(text) if "\n" in text else None
    return text if following is None else text[: following.start()]


_HOPE = re.compile(
    r"\.?\s{0,3}I hope (?:it|this) is correct.*|\s{0,3}(?:<\|[\w|]{1,30}\|>|</?s>|<eos>|<end_of_turn>|\x03).*",
    re.DOTALL,
)
_TAIL = re.compile(
    r"\s{0,3},?\s{1,3}(?:in total|altogether|in all|total|overall|exactly"
    r"|as (?:required|desired|needed|expected|requested))\s{0,3}(?=[.!]?$)",
    re.IGNORECASE,
)
_ENDING = re.compile(ENDING)
_ICONS = re.compile(
    r"^[\u2190-\u21ff\u2600-\u27bf\u2b50\U0001f300-\U0001faff\ufe0f]+\s*"
    r"|\s*[\u2600-\u27bf\u2b50\U0001f300-\U0001faff\ufe0f]+$"
)


def unmarked(text: str) -> str:
    """An answer without its emphasis and without the words that add nothing to it.

    >>> unmarked("**42**."), unmarked("`42`"), unmarked("42, in total")
    ('42', '42', '42')
    """
    if "hope" in text or "<" in text or "\x03" in text:
        text = _HOPE.sub("", text)
    text = text.strip()
    if not text.isascii():
        text = _ENDING.sub("", _ICONS.sub("", text).rstrip("\u3002\u0964")).lstrip("\u3001")
    if "to" in text or "all" in text or "exactly" in text or "as " in text:
        text = _TAIL.sub("", text)
    if text[:1] in ("*", "_", "`", "~") or text[-1:] in ("*", "_", "`") or text[-2:-1] in ("*", "_", "`"):
        text = _without_emphasis(text)
    return text


def _without_emphasis(text: str) -> str:
    """`**42**`, `**42**.` and, from `**Answer: 42**`, the rest `42**`."""
    dot = text[-1:] in (".", "!") and text[-2:-1] in ("*", "_", "`")
    inner = text[:-1] if dot else text
    for sign in ("***", "**", "__", "*", "_", "`"):
        opens, closes = inner.startswith(sign), inner.endswith(sign) and len(inner) > len(sign)
        if opens and closes and sign not in inner[len(sign) : -len(sign)]:
            return inner[len(sign) : -len(sign)].strip()
        if closes and inner.count(sign) == 1:
            return inner[: -len(sign)].strip()
        if opens and sign in inner[len(sign) :] and sign != "_":  # **42** apples
            return " ".join(inner[len(sign) :].replace(sign, " ", 1).split())
    return text
