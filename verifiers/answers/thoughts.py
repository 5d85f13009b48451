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
    if "<" not in text and "[" not in text and "\u25c1" not in text:
        return text
    kept: list[str] = []
    start, opened = 0, ""
    for tag in _TAG.finditer(text):
        found = _KIND.search(tag[0])
        kind, closes = found[0].lower() if found else "", _CLOSES.match(tag[0]) is not None
        if opened and closes and kind == opened:
            start, opened = tag.end(), ""
        elif closes and not opened:
            kept, start = [], tag.end()
        elif not closes and not opened:
            kept.append(text[start : tag.start()])
            opened = kind
    if start == 0 and not kept:
        return text
    if not opened:
        kept.append(text[start:])
    return " ".join(filter(str.strip, kept)).lstrip("\r\n")
