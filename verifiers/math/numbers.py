"""Judges a final number against a gold one, exactly.

Found as     the last balanced `\\boxed{}`, else the last `####`, else the `Answer:` line; never "the last number"
Read as      integers (thousands separators), decimals, fractions, mixed numbers, percent; a currency sign, a unit
             behind the number and a full stop are allowed; arithmetic, lists, words that change the value are not
Compared as  rationals: 0.5 is 1/2, 0.3333 is not 1/3, 50% is 1/2 (or 50 where `percent_is_unit`)
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import Any

from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.inputs import judge_any
from reasonrl.verifiers.math.extract import extract_final

METHOD = "rational"
MAX_CHARS = 100
"""No number with its unit is written longer."""
MAX_DIGITS = 30

_INTEGER = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,2}(?:[ ][0-9]{3})+|[0-9]+"
_NUMBER = re.compile(
    rf"""(?:(?:about|approximately|exactly|usd|us|eur|gbp|rs\.?|[a-z]\s*=)\s*)?
    (?P<sign>[+-]?)\s*[$€£]?\s*(?P<inner>-?)
    (?: (?P<whole>[0-9]+)\s+(?=[1-9][0-9]*\s*/) )?
    (?: (?P<top>{_INTEGER})\s*/\s*(?P<bottom>{_INTEGER})
      | (?P<decimal>(?:{_INTEGER})(?:\.[0-9]*)?|\.[0-9]+) )
    (?:\s*(?P<percent>%|percent\b|per\s?cent\b))?
    (?P<unit>\s*[$€£°]?(?:-?[a-z]+)?(?:\s+[a-z]+){{0,6}})[\s.]*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LATEX = (
    (re.compile(r"\\[dt]?frac\s*\{([0-9]+)\}\s*\{([0-9]+)\}"), r" \1/\2 "),  # apart: 1\frac{4}{5} is a mixed number
    (re.compile(r"\\(?:text|mathrm)\s*\{([A-Za-z ]*)\}"), r" \1"),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\!|(?<=[0-9])\\,(?=[0-9]{3}(?![0-9]))"), ""),
    (re.compile(r"\\[,;: ]"), " "),  # 4\,2 is not 42
)
_SHORT_UNITS = "g kg mg lb lbs oz m km cm mm ft in mi mph h hr hrs min mins s sec secs ml l gal am pm"
_ATTACHED_UNITS = frozenset(_SHORT_UNITS.split())
"""Short units that may follow the last digit without a blank; other letters may be unknowns or powers (5x, 2ab, 5k)."""
_WORDS = """
    or and not no to but than between either maybe perhaps minus plus times over point negative mod choose base
    half halves third thirds quarter quarters fourth fourths fifth fifths sixth sixths seventh sevenths eighth eighths
    ninth ninths tenth tenths hundredth hundredths thousandth thousandths millionth millionths billionth billionths
    dozen dozens gross score tens lakh lakhs crore crores googol twice thrice double doubled triple tripled halved
    below except excluding wrong incorrect false zero eleven twelve twenty thirty forty fifty
    sixty seventy eighty ninety
    hundred hundreds thousand thousands million millions billion billions trillion trillions k bn
    one two three four five six seven eight nine ten squared cubed factorial root sqrt pi e i x y z log ln sin cos tan
"""
CHANGES_THE_VALUE = frozenset(_WORDS.split())
"""No such word is a unit: "5 dozen" and "41 or 42" are not read as 5 and 41."""


def verify_number(gold: Any, response: Any, *, percent_is_unit: bool = False) -> Verdict:
    """Whether the final answer of a response is the gold number.

    Args:
        gold: the reference, such as "1,200" or "3/4". One that is not a number gives BAD_REFERENCE.
        response: the whole text; its final answer must be marked.
        percent_is_unit: read "25%" as 25, for questions that ask for a percentage.
    """
    if not (isinstance(gold, str) and isinstance(response, str)):  # numbers, nulls, lists, messages
        judge = functools.partial(verify_number, percent_is_unit=percent_is_unit)
        return judge_any(judge, gold, response, method=METHOD)
    # a published solution ends with its number: "3+4=7\n#### 7"
    expected = parse_number(gold.rpartition("####")[2], percent_is_unit=percent_is_unit)
    if expected is None:
        return failed(f"the reference {gold[:40]!r} is not a number", status=Status.BAD_REFERENCE, method=METHOD)
    final = extract_final(response)
    if final is None:
        return no_answer("no \\boxed{}, no #### and no line that starts with 'Answer:'")
    found = parse_number(final, percent_is_unit=percent_is_unit)
    if found is None:
        return reject(final[:80], method=METHOD, reason="the answer is not one number", status=Status.UNPARSABLE)
    if found != expected:
        return reject(final[:80], method=METHOD, reason="another number")
    return accept(final, method=METHOD)


def parse_number(text: str, *, percent_is_unit: bool = False) -> Fraction | None:
    """The one number that a text states, or None.

    >>> parse_number("$1,200.50 per month.")
    Fraction(2401, 2)
    >>> parse_number("2 1/2"), parse_number("50%"), parse_number("40+2")
    (Fraction(5, 2), Fraction(1, 2), None)
    """
    text = text.strip()
    if not 0 < len(text) <= MAX_CHARS:
        return None
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(text) > 2 and text[0] == text[-1] == "$":  # a formula, not a price
        text = text[1:-1]
    match = _NUMBER.fullmatch(text.strip())
    if match is None or sum(character.isdigit() for character in text) > MAX_DIGITS or not _is_unit(match["unit"]):
        return None
    if match["decimal"] is not None:
        value = Fraction(_plain(match["decimal"]).rstrip(".") or "0")
    else:
        bottom = int(_plain(match["bottom"]))
        if bottom == 0:
            return None
        value = Fraction(int(match["whole"] or 0)) + Fraction(int(_plain(match["top"])), bottom)
    if match["sign"] and match["inner"]:
        return None
    if "-" in (match["sign"], match["inner"]):
        value = -value
    return value / 100 if match["percent"] and not percent_is_unit else value


def _plain(digits: str) -> str:
    return digits.replace(",", "").replace(" ", "")


def _is_unit(text: str) -> bool:
    """Whether what follows a number leaves its value alone."""
    words = re.findall(r"[A-Za-z]+", text)
    if text[:1].isalpha() and len(words[0]) < 3 and words[0].lower() not in _ATTACHED_UNITS:
        return False
    return not any(word.lower() in CHANGES_THE_VALUE or word in ("M", "B") for word in words)  # M: millions, m: metres
