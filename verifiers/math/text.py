"""Answers in words and letters: `\\text{Evelyn}`, "even", `\\text{(C)}`; and a cheap test for equal spelling."""

from __future__ import annotations

import re

MAX_CHARS = 2_000

_WRAPPERS = re.compile(
    r"\\(?:text|textbf|textit|textrm|textnormal|textsf|mbox|hbox|mathrm|mathbf|mathit|mathsf|operatorname)\s*\{([^{}]*)\}"
)
_NOISE = re.compile(r"\\[()\[\],;:! ]|\\(?:left|right|displaystyle|quad|qquad)(?![A-Za-z])|\$")
_FRACTIONS = re.compile(r"\\[dt]frac(?![A-Za-z])")
_BLANKS = re.compile(r"(?<![0-9A-Za-z])\s+|\s+(?![0-9A-Za-z])")
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9 ,.'&/()-]*|\([A-Za-z]\)", re.ASCII)
_CHOICE = re.compile(r"\(?\s*([A-J])\s*\)?\s*[.:]?", re.ASCII)
_OPTION = re.compile(r"^(?:option|choice|answer)\s+(?=\(?\s*[A-J]\b)", re.IGNORECASE)
_CHOSEN = re.compile(r"\(?\s*([A-J])\s*[).:]\s+[^\s;,?]+[^;,?]*", re.ASCII)

_HEDGE = re.compile(r"\b(?:and|or|not|nor|but|maybe|either|also)\b|(?<![A-Za-z])[A-J][).:]", re.ASCII | re.IGNORECASE)


def spelling(text: str) -> str:
    """The text without what does not show when it is printed."""
    if len(text) > MAX_CHARS:
        return text
    if "\\" in text or "$" in text:
        text = _WRAPPERS.sub(r"\1", text)
        text = _FRACTIONS.sub(r"\\frac", text)
        text = _NOISE.sub(" " if "\\ " in text else "", text)
    plain = _BLANKS.sub("", " ".join(text.split()))
    return plain if plain.endswith("...") else plain.rstrip(".")


def words(text: str) -> str | None:
    """A text answer in lower case, or None when the text is not made of words."""
    plain = _NOISE.sub(" ", _WRAPPERS.sub(r" \1 ", text[:MAX_CHARS])).strip(" .\n")
    plain = " ".join(plain.split())
    if len(text) > MAX_CHARS or not _WORDS.fullmatch(plain):
        return None
    return re.sub(r"^(?:the|an?)\s+", "", plain.strip("()").lower())


def same_words(gold: str, prediction: str | None) -> bool:
    """Whether two texts have the same words; "no real solutions" may stand in the singular, and behind "there are"."""
    if prediction is None:
        return False
    if gold == prediction:
        return True
    left, right = (_THERE.sub("", text) for text in (gold, prediction))
    return left.startswith("no ") and left.removesuffix("s") == right.removesuffix("s")


def says_only(gold: str, response: str) -> bool:
    """Whether a response without a mark is nothing but the words that the gold is, in any case of letters.

    >>> says_only("yes", "Yes."), says_only("yes", "Yes, or no"), says_only("42", "42")
    (True, False, False)
    """
    response = response.strip()
    if not 0 < len(response) <= MAX_SAID or "\n" in response:
        return False
    said = response.rstrip(".!")
    for sign in ("**", "__", "*", "_", "`"):
        if said.startswith(sign) and said.endswith(sign) and len(said) > 2 * len(sign):
            said = said[len(sign) : -len(sign)]
            break
    plain = words(gold)
    return plain is not None and len(plain) > 1 and same_words(plain, words(said))


MAX_SAID = 60
"""Characters of a response that is nothing but its answer in words."""
_THERE = re.compile(r"^there (?:is|are) ")


def choice(text: str, *, explained: bool = False) -> str | None:
    """The letter of a multiple-choice answer: "(C)", "C.", and with `explained` also "(C) 12"."""
    plain = _NOISE.sub("", _WRAPPERS.sub(r"\1", text[:MAX_CHARS].replace("\\ ", " "))).strip()
    plain = _OPTION.sub("", plain)
    match = _CHOICE.fullmatch(plain)
    if match is None and explained:
        match = _CHOSEN.fullmatch(plain)
        if match is not None and _HEDGE.search(plain, match.end(1) + 1):
            return None
    return match[1] if match else None


def small_choice(text: str) -> str | None:
    """The letter, in upper case, of a choice written small: "a", "(a)", "a."; `e` and `i` alone are numbers."""
    if len(text) > MAX_SMALL or text.isupper():
        return None
    match = _SMALL.fullmatch(_NOISE.sub("", _WRAPPERS.sub(r"\1", text)).strip())
    return (match[1] or match[2]).upper() if match else None


MAX_SMALL = 30
_SMALL = re.compile(r"\(([a-j])\)\.?|(?:\*\*)?([a-df-hj])[).]?(?:\*\*)?", re.ASCII)
