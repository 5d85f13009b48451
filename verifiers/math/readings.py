"""Readings of a text that was marked as the answer: the text itself, and what its last sentence says.

A sentence is read only where it says one thing: what follows its last " is ", its only formula, or its only number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_TEXT = 20_000
MAX_SENTENCE = 3_000

_FORMULA = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|(?<!\\)\$((?:[^$\n\\]|\\.)+?)(?<!\\)\$", re.DOTALL)
_PERCENT = re.compile(r"\s*(?:\\?%|percent\b|pct\b)")
_NUMBER = re.compile(r"(?<![\w.,^_{\\/])-?\$?\d+(?:[.,]\d+)*(?:/\d+)?(?![\w^_{\\/*]|[.,]\d)", re.ASCII)
_UNSURE = re.compile(
    r"\b(?:or|not|no|either|maybe|perhaps|between|than|minus|plus|times|over|negative|half|hundred|thousand|million"
    r"|billion|dozen|two|three|four|five|six|seven|eight|nine|ten|about|approximately|un\w+|isn'?t|wrong|incorrect|false"
    r"|but|nor|neither|never|hardly|cannot|can'?t|except|excluding|without|less|any\w*|every\w*|twice|thrice|double|triple"
    r"|(?:square|cube|root) of|opposite|reciprocal|inverse|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\bis\b.*\bor\b|\b(?:not|isn'?t)$|\b(?:never|neither|wrong|incorrect|anything|everything)\b", re.IGNORECASE
)
"""Before the last " is ": the sentence denies what it says, or says two things."""


def candidates(text: str) -> Iterator[str]:
    """Readings of an answer, the whole text first; what a sentence says is read only where it says one thing.

    >>> list(candidates(r"The largest $n$ is 34."))
    ['The largest $n$ is 34.', '34']
    """
    yield text
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text[-MAX_TEXT:].strip())[-1]
    if len(sentence) > MAX_SENTENCE:
        return
    formulas = [next(group for group in match.groups() if group is not None) for match in _FORMULA.finditer(sentence)]
    hedged = _UNSURE.search(_FORMULA.sub(" ", sentence))
    said = sentence.rstrip(" .!").rsplit(" is ", 1)
    formula = _FORMULA.search(said[-1])
    denied = len(said) < 2 or _UNSURE.search(said[1]) or _DENIED.search(said[0])
    if not denied and (formula is None or formula.start() == 0):
        yield said[1].strip(" :")
    if len({formula.strip() for formula in formulas}) == 1 and not hedged:
        last = list(_FORMULA.finditer(sentence))[-1]
        percent = _PERCENT.match(sentence, last.end())
        yield formulas[-1] + (" \\%" if percent else "")
    numbers = _NUMBER.findall(sentence)
    plain = (
        not formulas
        and not hedged
        and not set("\n\\{}()[]^=?&|<>~") & set(sentence)
        and any(map(str.isalpha, sentence))
    )
    if plain and len(numbers) == 1 and sum(map(str.isdigit, sentence)) == sum(map(str.isdigit, numbers[0])):
        yield numbers[0]
