"""GSM8K's calculator annotations, `<<48/2=24>>`, each checked exactly.

    check_annotation("48/2=24")       Annotation("48/2", "24", Calculation.RIGHT, ...)
    find_annotations(line)            all of a line
    check_step(steps, line)           a StepVerdict: the checker that `verifiers.steps.judge_steps` takes

A calculation is RIGHT when both sides are the same rational number, ROUNDED when the result was written with k decimals
and differs by less than 10^-k (10/3=3.33; from the 12th decimal on, a calculator's noise is not looked at), else WRONG;
UNREADABLE when it lies outside the grammar of `verifiers.arithmetic`. Nothing is evaluated by Python. Few wrong
solutions contain a wrong annotation (`docs/rewards.md` has the figures), so this is a weak signal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.arithmetic import evaluate
from reasonrl.verifiers.core import StepVerdict

MAX_LINE = 1000
"""A longer line is not looked at."""
ANNOTATION = re.compile(r"<<([^<>]*)>>")
_DECIMAL = re.compile(r"-?[0-9]*\.([0-9]+)")
_FLOOR = re.compile(r"([0-9]{1,18})//([0-9]{1,18})")
_NOISE = re.compile(r"(\.[0-9]{12})[0-9]+")
"""Decimals that a floating-point calculator may have written and that mean nothing."""
_NOISE_FREE = 11
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)%")
_FINAL = ("####", "Answer:")


class Calculation(StrEnum):
    """Whether an annotation holds."""

    RIGHT = "right"
    ROUNDED = "rounded"
    WRONG = "wrong"
    UNREADABLE = "unreadable"


class Annotation(NamedTuple):
    """One `<<expression=result>>`."""

    expression: str
    result: str
    verdict: Calculation
    value: Fraction | None = None
    """What the expression is worth; None where it cannot be read."""

    @property
    def holds(self) -> bool:
        return self.verdict in (Calculation.RIGHT, Calculation.ROUNDED)


def check_annotation(text: str) -> Annotation:
    """What stands between `<<` and `>>`: an expression, "=", a number. A chain a=b=c holds if all its sides agree.

    A per cent sign after a number divides it by 100.

    >>> check_annotation("10/3=3.33").verdict
    <Calculation.ROUNDED: 'rounded'>
    """
    sides = [side.strip() for side in text.split("=")]
    expression, result = "=".join(sides[:-1]), sides[-1]
    if len(sides) < 2:
        return Annotation(text.strip(), "", Calculation.UNREADABLE)
    values = [_value(side) for side in sides]
    known = [value for value in values if value is not None]
    if len(known) < len(sides):
        return Annotation(expression, result, Calculation.UNREADABLE, values[0])
    decimals = _DECIMAL.fullmatch(result)
    places = min(len(decimals[1]), _NOISE_FREE) if decimals else 0  # it may have been rounded or cut there
    if len(set(known)) == 1 and not _NOISE.search(text):
        verdict = Calculation.RIGHT
    elif places and all(abs(value - known[-1]) * 10**places < 1 for value in known):
        verdict = Calculation.ROUNDED
    else:
        verdict = Calculation.WRONG
    return Annotation(expression, result, verdict, values[0])


def find_annotations(line: str) -> list[Annotation]:
    """All annotations of a line, in order; none of a line longer than `MAX_LINE`."""
    return [check_annotation(text) for text in ANNOTATION.findall(line)] if len(line) <= MAX_LINE else []


def check_step(steps: Sequence[str], step: str) -> StepVerdict:
    """INVALID where a calculation is wrong, UNPARSABLE where one cannot be read (or the line is too long), REDUNDANT
    where nothing is calculated that was not calculated before, else USEFUL. An answer line (`####`, `Answer:`) is
    USEFUL: whether the answer is right is for the outcome's verifier.
    """
    if step.startswith(_FINAL):
        return StepVerdict.USEFUL
    if len(step) > MAX_LINE:
        return StepVerdict.UNPARSABLE
    found = find_annotations(step)
    if any(each.verdict is Calculation.WRONG for each in found):
        return StepVerdict.INVALID
    if any(each.verdict is Calculation.UNREADABLE for each in found):
        return StepVerdict.UNPARSABLE
    known = {text for earlier in steps if len(earlier) <= MAX_LINE for text in ANNOTATION.findall(earlier)}
    new = any(text not in known for text in ANNOTATION.findall(step))
    return StepVerdict.USEFUL if new else StepVerdict.REDUNDANT


def _value(side: str) -> Fraction | None:
    """One side of an annotation, without signs of money and thousands; per cents are hundredths, "5." is 5."""
    text = _NOISE.sub(r"\1", side.replace("$", "").replace(",", "")) if len(side) <= MAX_LINE else ""
    text = re.sub(r"(?<=[0-9])\.(?![0-9])", "", text)
    floor = _FLOOR.fullmatch(text)
    if floor is not None:
        return Fraction(int(floor[1]) // int(floor[2])) if int(floor[2]) else None
    return evaluate(_PERCENT.sub(r"(\1/100)", text))
