"""What a model thinks aloud before it answers is no part of its answer: `<think>…</think>` and its kin are cut out.

Tags        `<think>`, `<thinking>`, `<thought>`, `<reasoning>`, `<reflection>`, `<scratchpad>`, `<analysis>`, in any
            case of letters and with attributes; `◁think▷`, `[THINK]`, `<|begin_of_thought|>`, `<|START_THINKING|>`,
            `<start_working_out>`; the channels of gpt-oss
Closed      by the first closing tag of its kind; thoughts do not nest
Unclosed    a thought that never ends reaches to the end: nothing behind it is an answer
Unopened    a closing tag without an opening one ends a thought that the prompt began: all before it is thought
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TAG = re.compile(
    r"""< \s? /? \s? (?:seed:|ant)?
        (?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|analysis) (?:\s[^<>]{0,99})? >
    | \u25c1 /? think \u25b7
    | \[ /? THINK \]
    | <\| (?:begin|end) _of_thought \|>
    | <\| (?:start|end) _thinking \|>
    | < (?:start|end) _working_out >
    | <\|channel\|> (?:analysis|commentary|final) (?:<\|message\|>)?""",
    re.VERBOSE | re.IGNORECASE,
)
_KIND = re.compile(r"channel|th(?=ink|ought)|reas|refl|scra|anal|work", re.IGNORECASE)
_CLOSES = re.compile(r".\s?/|<\|?end_|<\|channel\|>final", re.IGNORECASE)
_WORDS = ("think", "thought", "reasoning", "reflection", "scratchpad", "analysis", "working_out", "channel|")
_CHANNELS, _FINAL_CHANNEL = "analysis", "assistantfinal"
"""The channels of gpt-oss where the special tokens were dropped: `analysisWe need …assistantfinalThe answer …`."""


def without_thoughts(text: str) -> str:
    r"""The text less what was thought aloud in it; a text without such tags comes back as it is.

    >>> without_thoughts("<think>\nAnswer: 3? no\n</think>\nAnswer: 4")
    'Answer: 4'
    >>> without_thoughts("so it is 3</think>4"), without_thoughts("4 <think>or is it 3")
    ('4', '4 ')
    """
    if text.startswith(_CHANNELS) and _FINAL_CHANNEL in text:
        text = text.rpartition(_FINAL_CHANNEL)[2]
    spans = _thoughts(text)
    if not spans:
        return text
    kept, start = [], 0
    for begin, end in spans:
        kept.append(text[start:begin])
        start = end
    kept.append(text[start:])
    return " ".join(filter(str.strip, kept)).lstrip("\r\n")


def said_lines(before: str, lines: Sequence[str]) -> Sequence[str]:
    """The lines that follow `before`, each less what is thought in it: as many as there were, some of them empty.

    >>> said_lines("<think>", ["Answer: 3? no", "</think>", "Answer: 4"])
    ['', '', 'Answer: 4']
    """
    text = "\n".join((before, *lines))
    spans = _thoughts(text)
    if not spans:
        return lines
    for begin, end in reversed(spans):
        text = text[:begin] + "\n" * text.count("\n", begin, end) + text[end:]
    return text.split("\n")[-len(lines) :]


def _may_think(text: str) -> bool:
    """A look that costs little: most texts hold no tag."""
    if "<" not in text and "\u25c1" not in text and "THINK]" not in text and "hink]" not in text:
        return False
    lowered = text.lower()
    return any(word in lowered for word in _WORDS)


def _thoughts(text: str) -> list[tuple[int, int]]:
    """Where each thought begins and ends, with its tags."""
    if not _may_think(text):
        return []
    spans: list[tuple[int, int]] = []
    start, opened = 0, ""
    for tag in _TAG.finditer(text):
        found = _KIND.search(tag[0])
        kind, closes = found[0].lower() if found else "", _CLOSES.match(tag[0]) is not None
        if opened and closes and kind == opened:
            spans.append((start, tag.end()))
            opened = ""
        elif closes and not opened:
            spans = [(0, tag.end())]
        elif not closes and not opened:
            start, opened = tag.start(), kind
    return [*spans, (start, len(text))] if opened else spans
