"""Judges the final answer of a response against a gold answer: `verify_math`.

Tiers, cheapest first: rational numbers; equal spelling; structure and exact algebra in this process; SymPy in a process
that can be killed; and, only if asked, the package math-verify in another. Most pairs never leave this process.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import re
import warnings
from collections.abc import Callable
from typing import Any

from reasonrl.verifiers.answers import NOT_MARKED, read_final, without_thoughts
from reasonrl.verifiers.answers.hidden import visible
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.inputs import judge_any
from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math import text as texts
from reasonrl.verifiers.math.compare import Comparison
from reasonrl.verifiers.math.comparer import default_pool
from reasonrl.verifiers.math.forms import form_of, has_form
from reasonrl.verifiers.math.lexer import MAX_CHARS
from reasonrl.verifiers.math.nodes import Node
from reasonrl.verifiers.math.numbers import parse_number
from reasonrl.verifiers.math.options import MathOptions
from reasonrl.verifiers.math.parser import parse
from reasonrl.verifiers.math.question import restates
from reasonrl.verifiers.math.readings import candidates
from reasonrl.verifiers.math.spellings import plain_spelling
from reasonrl.verifiers.math.units import CURRENCY_SIGNS, read_currency
from reasonrl.verifiers.percentages import asks_for_percent

METHOD = "math"
MAX_GOLD = 20_000
_DEFAULT = MathOptions()
_LETTERED = re.compile(
    r"\$?(?:\\(?:text(?:bf|rm)?|math(?:rm|bf))[ ]?\{)?[ ]?\([A-J]\)(?:\\[ ,;:]|\\q?quad|[ ~:}])+(?=\S)"
)
_DECIMAL = re.compile(r"[^\d]*\d*\.(\d+)[^\d]*", re.ASCII)
_COMMA_DECIMAL = re.compile(r"(-?\$?)(?:(0),(\d+)|(\d+),(\d{2}|\d{4,}))(?!\d)(\D*)", re.ASCII)
_PROSE = re.compile(
    r"(?<![\\\w])(?:the|is|are|was|were|which|that|we|you|it|its|of|answer|so|therefore|thus|hence|when|by|with|have|has|be"
    r"|there|this|these|not|if|for|because)(?!\w)",
    re.IGNORECASE,
)
"""One of these words, and a text is a sentence, which is never read as a formula."""
_NOT_ARITHMETIC = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d+\s*[-\u2013]\s*\d+", re.ASCII)
"""A date or a score: 2021-01-02 is not 2018."""
_BRACED = re.compile(r"\{[^{}]*\}")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)\.?", re.ASCII)
_UNIT_LETTER = re.compile(r"\d\s*[A-Za-z]\s*\.?\s*$", re.ASCII)


def verify_math(gold: Any, prediction: Any, *, options: MathOptions | None = None, **changes: Any) -> Verdict:
    r"""Whether the final answer of a response means the same as the gold answer.

    Args:
        gold: the reference: an answer in LaTeX or plain text, or a solution whose final answer is marked. One that says
            nothing that can be compared gives BAD_REFERENCE, with one warning.
        prediction: the whole response; its final answer must be marked, unless it is all that is said (one short
            expression) or `extract=False`.
        options: what counts as the same; by default exact values in evaluated form.
        changes: single fields of the options, by name: `question="Expand ..."` gives the text of the task.

    Never raises for any text, and answers within about `deadline` seconds, from any thread.

    >>> verify_math(r"\frac{14}{3}", r"so it is \boxed{4\tfrac{2}{3}}").correct
    True
    >>> verify_math("42", r"\boxed{6 \cdot 7}").correct
    False
    """
    if not (isinstance(gold, str) and isinstance(prediction, str)):  # numbers, nulls, lists, messages
        judge = functools.partial(verify_math, options=options, **changes)
        return judge_any(judge, gold, prediction, method=METHOD)
    chosen = options or _DEFAULT
    if changes:
        chosen = dataclasses.replace(chosen, **changes)
    try:
        if chosen.question is None and chosen.form == "any":
            return _verify(gold, prediction, chosen)
        return _as_asked(gold, prediction, chosen)
    except Exception as error:  # the caller asked for a verdict: our failure is one
        return failed(f"{type(error).__name__}: {error}"[:200], method=METHOD)


def _as_asked(gold: str, prediction: str, options: MathOptions) -> Verdict:
    """The verdict where a question or a form is given: an equal answer may still repeat the one or miss the other."""
    question = options.question or ""
    if asks_for_percent(question):
        options = dataclasses.replace(options, percent_is_unit=True)
    verdict = _verify(gold, prediction, options)
    reference = _reference(gold)
    if not verdict.correct or reference is None:
        return verdict
    final = (read_final(prediction).text or prediction.strip())[:MAX_CHARS]
    if question and restates(question, final, reference):
        return reject(verdict.extracted, method="question", reason="it repeats what stands in the question")
    if options.form != "any":
        trees = next(filter(None, map(_trees, candidates(final, marked=options.extract))), [])
        golds = _trees(reference)
        if trees and golds and not has_form(trees[0], golds[0], options.form):
            wanted = form_of(golds[0]) if options.form == "gold" else options.form
            wanted = "a single number" if wanted == "number" else wanted
            return reject(verdict.extracted, method="form", reason=f"it is not {wanted}")
    return verdict


def _verify(gold: str, prediction: str, options: MathOptions) -> Verdict:
    if options.math_verify and importlib.util.find_spec("math_verify") is None:
        return failed("install math-verify, or leave the option math_verify off", method="math-verify")
    reference = _reference(gold)
    if reference is None:
        _warn(gold[:200])
        return failed(
            f"the reference {gold[:40]!r} says nothing that can be compared", status=Status.BAD_REFERENCE, method=METHOD
        )
    algebra.start_work()
    final, missing, _ = read_final(prediction)
    if missing is NOT_MARKED and not options.extract:
        final, missing = prediction.strip(), "it is empty"
    if final and _NOT_ARITHMETIC.fullmatch(reference.strip(" $.")):
        found = any(_dashes(reading) == _dashes(reference) for reading in candidates(final, marked=options.extract))
        reason = "a date or a score is compared as it is written"
        return accept(final[:80], method="text") if found else reject(final[:80], method="text", reason=reason)
    golds = _gold_trees(reference)
    if (
        not golds and texts.words(reference) is None and texts.choice(reference, explained=True) is None
    ):  # not readable here: only the same spelling can be judged
        if final and texts.spelling(final) == texts.spelling(reference):
            return accept(final[:80], method="text")
        _warn(gold[:200])
        return failed(f"the reference {gold[:40]!r} cannot be read", status=Status.BAD_REFERENCE, method=METHOD)
    if not final and missing is not NOT_MARKED and options.extract:  # marked, but taken back or contradicted
        return reject(None, method=METHOD, reason=missing, status=Status.UNPARSABLE)
    if not final:
        if texts.words(reference) is not None and texts.says_only(reference, _shown(prediction)):
            return accept(prediction.strip()[:80], method="text")
        return no_answer(missing)
    comparison = None
    readable = False
    for reading in candidates(final, marked=options.extract):
        verdict = _quick(reference, reading, options)
        if verdict is not None:
            return verdict
        trees = _trees(reading)
        if trees:  # the first reading that makes sense is the answer
            readable = True
            if golds:
                comparison = Comparison(
                    options,
                    _asker(options),
                    gold_digits=_digits(reference),
                    currencies=(read_currency(reference), read_currency(reading)),
                )
                if any(comparison.same(gold_tree, tree) for gold_tree in golds for tree in trees):
                    return accept(reading[:80], method=comparison.method)
            break
    if options.math_verify:
        reply = default_pool("math-verify").ask({"gold": reference, "prediction": final}, deadline=options.deadline)
        if reply.answer is True:
            return accept(final[:80], method="math-verify")
    if comparison is not None and comparison.undecided:
        return reject(
            final[:80],
            method=comparison.method,
            reason="neither equal nor different can be proved in time",
            status=Status.TIMEOUT,
        )
    if comparison is not None:
        return reject(final[:80], method=comparison.method, reason=comparison.reason)
    if readable or texts.words(final) is not None:
        return reject(final[:80], method="text", reason="another text")
    return reject(final[:80], method=METHOD, reason="the answer cannot be read", status=Status.UNPARSABLE)


def _shown(response: str) -> str:
    """What a reader sees of a response that may be nothing but a few words; the empty string of a longer one."""
    text = without_thoughts(response)
    return visible(text) if len(text) <= MAX_CHARS else ""


def _dashes(text: str) -> str:
    return re.sub(r"[\s$]", "", text).replace("\N{EN DASH}", "-").rstrip(".")


def _quick(gold: str, prediction: str, options: MathOptions) -> Verdict | None:
    """What rational numbers, spelling and letters of choices decide; None: look closer."""
    short = len(prediction) <= MAX_CHARS  # the pattern takes quadratic time
    left, right = _number(gold), parse_number(prediction) if short else None
    if left is not None and right is not None and "%" not in prediction and "percent" not in prediction:
        if left == right:
            return accept(prediction[:80], method="rational") if not _has_unit(gold, prediction) else None
        if not (
            options.tolerance or options.decimals is not None or options.gold_precision or _has_unit(gold, prediction)
        ):
            return reject(prediction[:80], method="rational", reason="another number")
        return None
    spelled = texts.spelling(gold), texts.spelling(prediction)
    if spelled[0] == spelled[1] and spelled[0]:
        return accept(prediction[:80], method="text")
    letter = texts.choice(gold, explained=True)
    if letter is not None and (texts.choice(prediction, explained=True) or texts.small_choice(prediction)) == letter:
        return accept(prediction[:80], method="choice")
    said = texts.words(gold)
    if said is not None and len(said) > 1 and texts.same_words(said, texts.words(prediction)):
        return accept(prediction[:80], method="text")
    return None


@functools.lru_cache(maxsize=2048)
def _reference(gold: str) -> str | None:
    """The gold answer itself; None when there is nothing to compare with."""
    if len(gold) > MAX_GOLD:
        return None
    final = read_final(gold).text or gold.strip()
    if not any(character.isalnum() or character == "\\" for character in final):
        return None
    ordinal = _ORDINAL.fullmatch(final.strip())
    if ordinal is not None:  # 15th
        return ordinal[1]
    for reading in candidates(final):
        if _trees(reading):
            return reading
    return final


@functools.lru_cache(maxsize=2048)
def _gold_trees(gold: str) -> tuple[Node, ...]:
    """The readings of a gold, with and without the letter of its choice."""
    return (*_trees(gold), *_trees(_beside_its_letter(gold)))


def _beside_its_letter(gold: str) -> str:
    """What the choice says: 12 of `(B) 12`; nothing where the gold is no choice with its text."""
    match = _LETTERED.match(gold)
    return gold[match.end() :].strip() if match is not None else ""


@functools.lru_cache(maxsize=2048)
def _number(gold: str) -> Any:
    """A gold that is a plain number; "5m" may be an expression and is none."""
    if "%" in gold or "percent" in gold or len(gold) > MAX_CHARS or _UNIT_LETTER.search(gold):
        return None
    return parse_number(gold)


def _has_unit(gold: str, prediction: str) -> bool:
    """Whether both say a unit, so that they must be looked at."""
    return all(any(map(str.isalpha, text)) or not CURRENCY_SIGNS.isdisjoint(text) for text in (gold, prediction))


def _trees(text: str) -> list[Node]:
    """The readings of an answer as trees: "1,22" is a list or a decimal number."""
    if len(text) > MAX_CHARS:
        return []
    text = plain_spelling(text)
    if _PROSE.search(text) or text.lstrip(" $").startswith("~"):  # ~42: about 42
        return []
    found = []
    tree = parse(text)
    if tree is not None:
        found.append(tree)
    if "," in text:
        comma = _COMMA_DECIMAL.fullmatch(text.strip().strip("$"))
        if comma is not None:
            sign, zero, after, whole, rest, unit = comma.groups()
            decimal = parse(f"{sign}{zero or whole}.{after or rest}{unit}")
            if decimal is not None:
                found.append(decimal)
    if tree is not None and tree.op == "list" and _BRACED.fullmatch(text.strip(" $.")):  # perhaps a point
        found.append(Node("tuple", tree.args))
    return found


@functools.lru_cache(maxsize=2048)
def _digits(gold: str) -> int | None:
    match = _DECIMAL.fullmatch(gold)
    return len(match[1]) if match else None


def _asker(options: MathOptions) -> Callable[[Node, Node], bool | None]:
    """A function that asks SymPy; all its questions together have the deadline of one pair."""
    left_over = options.deadline

    def ask(left: Node, right: Node) -> bool | None:
        nonlocal left_over
        if left_over <= 0.05:
            return None
        reply = default_pool("sympy").ask({"left": left, "right": right}, deadline=left_over)
        left_over -= reply.seconds
        return reply.answer

    return ask


@functools.lru_cache(maxsize=1024)
def _warn(gold: str) -> None:
    """Once for each gold."""
    warnings.warn(f"the reference {gold!r} says nothing that can be compared; its problem is not judged", stacklevel=4)
