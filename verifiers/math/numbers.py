"""Judges a final number against a gold one, exactly.

Found as     the last balanced `\\boxed{}`, else the last `####`, else the `Answer:` line; never "the last number"
Read as      integers (thousands separators), decimals, fractions, mixed numbers, percent; a currency sign, a unit
             behind the number and a full stop are allowed; a calculation that holds (3+4=7) is its last number;
             bare arithmetic, lists, words that change the value are not
Compared as  rationals: 0.5 is 1/2, 0.3333 is not 1/3, 50% is 1/2 (or 50 where `percent_is_unit`)
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction
from typing import Any

from reasonrl.verifiers.answers import NOT_MARKED, read_final
from reasonrl.verifiers.arithmetic import evaluate
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.inputs import judge_any
from reasonrl.verifiers.math.units import RADIAN
from reasonrl.verifiers.math.words import CHANGES_THE_VALUE, harmless_before, read_tail

METHOD = "rational"
MAX_CHARS = 100
"""No number with its unit is written longer."""
MAX_DIGITS = 30

_INTEGER = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,2}(?:[ ][0-9]{3})+|[0-9]+"
_NUMBER = re.compile(
    rf"""(?:(?P<before>[a-z][a-z '.]*?)[ \t:]*|[a-z]\s*=\s*)?
    (?P<sign>[+-]?)\s*[$€£¥￥₹₽₩]?\s*(?P<inner>-?)
    (?: (?P<whole>[0-9]+)\s+(?=[1-9][0-9]*\s*/) )?
    (?: (?P<top>{_INTEGER})\s*/\s*(?P<bottom>{_INTEGER})
      | (?P<decimal>(?:{_INTEGER})(?:\.[0-9]*)?|\.[0-9]+) )
    (?:\s*(?P<percent>%|percent\b|per\s?cent\b))?
    (?:\s*[$€£¥￥₹₽₩°])?(?P<unit>\s*(?:[^\s0-9.,/^*+=<>!?_()][^=<>!?_]*|,\s+[a-z][a-z ]*|\([a-z ]*\))?)[\s.]*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
_DIGIT = re.compile("[0-9]")
_LATEX = (
    (re.compile(r"\\[dt]?frac\s*\{([0-9]+)\}\s*\{([0-9]+)\}"), r" \1/\2 "),  # apart: 1\frac{4}{5} is a mixed number
    (re.compile(r"\\(?:text|mathrm)\s*\{((?:[A-Za-z ]|[^\x00-\x7f])*)\}"), r" \1"),
    (re.compile(r"\\([%$])"), r"\1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\!|(?<=[0-9])\\,(?=[0-9]{3}(?![0-9]))"), ""),
    (re.compile(r"\\[,;: ]"), " "),  # 4\,2 is not 42
    (re.compile(r"^\\[(\[](.*)\\[)\]]$"), r"\1"),
    (re.compile(r"^\\(?:text|textbf|mathrm|mathbf)\s*\{\s*\(?([-0-9.,/]+)\)?\s*\}$"), r"\1"),
)
_GROUPED = (
    (re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)"), "."),  # 1.234,56
    (re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3}){2,})()"), "."),  # 1.234.567
    (re.compile(r"([1-9][0-9]{0,2}(?:[ ][0-9]{3})+),([0-9]+)"), " "),  # 1 234,5
    (re.compile(r"([0-9]{1,3}(?:'[0-9]{3})+)(?:\.([0-9]+))?"), "'"),  # 1'234.56
    (re.compile(r"([0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3})(?:\.([0-9]+))?"), ","),  # 1,23,456
)
"""Digits grouped as elsewhere: the whole text, so that nothing else can be meant."""
_ANNOTATION = re.compile(r"<<[^<>]*=[^<>]*>>")
_FORMULA = re.compile(r"^(?:\$|\\[(\[])(.*[0-9].*?)(?:\$|\\[)\]])$", re.DOTALL)
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_NAME = re.compile(r"\s*[A-Za-z][A-Za-z ]*")
_OPERATION = re.compile(r"[0-9)}%]\s*(?:[-+*/x\N{MULTIPLICATION SIGN}\N{DIVISION SIGN}]|\\(?:times|cdot|div)|\()")
_SIGNS = (
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])|(?<=[0-9)])\s*x\s*(?=[0-9(])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))|[$€£¥]"), ""),
    (re.compile(r"([0-9.]+)\s*%"), r"(\1/100)"),
)
"""A written calculation in the signs that `evaluate` reads."""


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
    final, reason, _ = read_final(response)
    if final is None:
        return (
            no_answer(reason)
            if reason is NOT_MARKED
            else reject(None, method=METHOD, reason=reason, status=Status.UNPARSABLE)
        )
    inner = final[1:-1] if final.startswith("(") and final.endswith(")") else final
    found = stated_number(inner, percent_is_unit=percent_is_unit)
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
    if not 0 < len(text) <= MAX_CHARS or ".." in text:
        return None
    if text.isdigit() and text.isascii():
        return Fraction(int(text)) if len(text) <= MAX_DIGITS else None
    if not _DIGIT.search(text):
        return None
    if "\\" in text or "{,}" in text:
        for pattern, plain in _LATEX:
            text = pattern.sub(plain, text)
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(text) > 2 and text[0] == text[-1] == "$":  # a formula, not a price
        text = text[1:-1]
    for pattern, sign in _GROUPED if "," in text or "'" in text or text.count(".") > 1 else ():
        grouped = pattern.fullmatch(text.strip())
        if grouped is not None:
            text = grouped[1].replace(sign, "") + "." + (grouped[2] or "0")
    match = _NUMBER.fullmatch(text.strip())
    if match is None or sum(character.isdigit() for character in text) > MAX_DIGITS:
        return None
    if not _is_unit(match["unit"], percent=match["percent"] is not None) or not harmless_before(match["before"] or ""):
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


def stated_number(text: str, *, percent_is_unit: bool = False) -> Fraction | None:
    """The one number that an answer comes to: as `parse_number` has it, or at the end of a calculation that holds.

    >>> stated_number("3 + 4 = 7 apples"), stated_number("total = 7"), stated_number("3+4=<<3+4=7>>7")
    (Fraction(7, 1), Fraction(7, 1), Fraction(7, 1))
    >>> stated_number("3+4=8"), stated_number("3+4"), stated_number("7=7"), stated_number("7=3+4")
    (None, None, None, None)
    """
    number = parse_number(text, percent_is_unit=percent_is_unit)
    if number is not None or not 0 < len(text) <= MAX_CHARS:
        return number
    *sides, last = _FORMULA.sub(r"\1", _ANNOTATION.sub("", text).strip().rstrip(".")).split("=")
    last = _BOLD.sub(r"\1", last)
    if "" in map(str.strip, (*sides, last)):
        return None
    readings = [parse_number(last, percent_is_unit=unit) for unit in (percent_is_unit, False)]
    if readings[0] is None:
        return None
    named = [side for side in sides if _NAME.fullmatch(side) is not None and harmless_before(side)]
    worked = [side for side in sides if side not in named]
    if len(named) > 1 or named != sides[: len(named)] or not all(map(_OPERATION.search, worked)):
        return None
    return readings[0] if all(_value(side) in readings for side in worked) else None


def _value(side: str) -> Fraction | None:
    for pattern, plain in (*_LATEX, *_SIGNS):
        side = pattern.sub(plain, side)
    return evaluate(side)


def _plain(digits: str) -> str:
    return digits.replace(",", "").replace(" ", "")


def _is_unit(text: str, *, percent: bool) -> bool:
    """Whether what follows a number leaves its value alone."""
    if len(text) == 1 and text.isascii():  # 5m: an unknown
        return False
    text = text.strip(" ,")
    if not text:
        return True
    if percent and text.startswith("of "):  # 25% of the students
        return not any(word in CHANGES_THE_VALUE for word in text.lower().split())
    tail = read_tail(text)
    return tail is not None and tail.factor == 1 and not tail.percent and tail.unit != RADIAN
