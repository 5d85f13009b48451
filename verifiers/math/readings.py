"""Readings of a text that was marked as the answer: the text itself, and what its last sentence says.

A sentence is read only where it says one thing: what follows its last " is ", its only formula, or its only number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reasonrl.verifiers.math.words import harmless_before, read_tail

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
    r"\bis\b.*\bor\b|\b(?:not|isn'?t)$|\b(?:never|neither|wrong|incorrect|anything|everything|guess)\b",
    re.IGNORECASE,
)
"""Before the last " is ": the sentence denies what it says, or says two things."""


def candidates(text: str, *, marked: bool = False) -> Iterator[str]:
    """Readings of an answer, the whole text first; what a sentence says is read only where it says one thing.

    Args:
        text: the answer.
        marked: it was marked as one, so that every word in it counts: beside its only number or formula there may only
            be words that are known to be harmless. Otherwise a sentence is read that has no word known to be harmful.

    >>> list(candidates(r"The largest $n$ is 34."))
    ['The largest $n$ is 34.', '34']
    >>> list(candidates("about 42", marked=True))
    ['about 42']
    """
    yield text
    sentence = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text[-MAX_TEXT:].strip())[-1]
    if len(sentence) > MAX_SENTENCE:
        return
    said = sentence.rstrip(" .!").rsplit(" is ", 1)
    formula = _FORMULA.search(said[-1])
    denied = len(said) < 2 or _UNSURE.search(said[1]) or _DENIED.search(said[0])
    if not denied and (formula is None or formula.start() == 0):
        yield said[1].strip(" :")
    found = list(_FORMULA.finditer(sentence))
    formulas = [next(group for group in match.groups() if group is not None) for match in found]
    plain = _FORMULA.sub(" ", sentence)
    if len({formula.strip() for formula in formulas}) == 1:
        before, behind = sentence[: found[0].start()], sentence[found[-1].end() :]
        yield from _beside(before, formulas[-1], behind)
        if not marked and not _UNSURE.search(plain) and plain.isascii():
            percent = _PERCENT.match(behind)
            yield formulas[-1] + (" \\%" if percent else "")
    numbers = list(_NUMBER.finditer(sentence))
    if (
        formulas
        or len(numbers) != 1
        or set("\n\\{}()[]^=?&|<>~") & set(sentence)
        or not any(map(str.isalpha, sentence))
        or sum(map(str.isdigit, sentence)) != sum(map(str.isdigit, numbers[0][0]))
    ):
        return
    yield from _beside(sentence[: numbers[0].start()], numbers[0][0], sentence[numbers[0].end() :])
    if not marked and not _UNSURE.search(plain) and (plain.isascii() or _SIGNS.sub("", plain).isascii()):
        yield numbers[0][0]


def _beside(before: str, value: str, behind: str) -> Iterator[str]:
    """The value with its unit, where the words on both sides leave it alone."""
    tail = behind.strip().rstrip(".").strip()
    said = before.strip()
    if not (harmless_before(said) or (_SAYS.fullmatch(said) and not _DENIES.search(said))):
        return
    if not tail:
        yield value
    elif read_tail(tail) is not None:
        yield f"{value} \\text{{ {tail}}}"


_SIGNS = re.compile("[€£¥²³]")
_SAYS = re.compile(
    r"(?:[A-Za-z][A-Za-z' -]{0,100}\s)?(?:has|have|had|is|are|was|were|makes?|made|gets?|got|earn(?:s|ed)?|pa(?:ys?|id)"
    r"|costs?|need(?:s|ed)?|spen[dt]s?|s[eo]ll?s?|sold|buys?|bought|equals|takes?|took|eats?|ate|gives?|gave|total(?:s|ed)?|saves?"
    r"|saved|sees?|scored?|walks?|walked|r[ua]ns?|drives?|drove|travels?|reads?|receives?|received|will be|answer:?)"
    r"(?: (?:exactly|a total of|in total))?:?\s*[$€£¥]?"
)
"""What may stand before the only number of a marked sentence: who, and a verb that says how many there are."""
_DENIES = re.compile(
    r"\b(?:not|no|never|neither|nor|isnt|wasnt|arent|wrong|incorrect|if|unless|whether|without|except|but|or|either|maybe"
    r"|perhaps|former|previous|old|earlier|initial|rejected|guess(?:es)?|estimate[ds]?|bound|limit|nobody|nothing|none"
    r"|false|cannot|hardly|\w+n't|half|twice|double)\b",
    re.IGNORECASE,
)
