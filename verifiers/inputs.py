"""What data sets and servers hand over where a text is meant: numbers, nulls, messages, several references.

A reference may be a number of Python or NumPy (7, 7.0, Fraction(3, 4)), or a list of which any item is right.
A response may be null (a server's `content: null`) or the messages of a chat, of which the assistant's are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from reasonrl.verifiers.core import Status, Verdict, failed


def response_text(response: Any) -> str:
    r"""The text of a response: "" for none; of a chat the assistant's contents, a line break between them.

    >>> response_text([{"content": "so"}, {"role": "assistant", "content": [{"text": "Answer: 4"}]}])
    'so\nAnswer: 4'
    """
    if isinstance(response, str):
        return response
    if response is None:
        return ""
    if isinstance(response, bytes):
        return response.decode("utf-8", errors="surrogateescape")
    if isinstance(response, Mapping):
        response = [response]
    if isinstance(response, Sequence):
        said = (each for each in response if not isinstance(each, Mapping) or each.get("role", "assistant") in _OURS)
        return "\n".join(text for text in map(_content, said) if text)
    return str(response)


_OURS = ("assistant", None)


def _content(message: Any) -> str:
    """A message's content is a text, or a list of parts of which some have a text."""
    content = message.get("content", message.get("text")) if isinstance(message, Mapping) else message
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def reference_text(reference: Any) -> str | None:
    """A reference as a text; None where it is neither a text nor a number.

    >>> [reference_text(value) for value in (7, 7.0, 0.5, 1e20, Fraction(3, 4), None, True, float("nan"))]
    ['7', '7', '0.5', '100000000000000000000', '3/4', None, None, None]
    """
    if isinstance(reference, str):
        return reference
    if isinstance(reference, bytes):
        return reference.decode("utf-8", errors="surrogateescape")
    if isinstance(reference, bool | np.bool_):
        return None
    if isinstance(reference, int | Fraction | np.integer):
        return str(reference)
    if isinstance(reference, float | np.floating | Decimal) and math.isfinite(reference):
        exact = Decimal(str(reference))  # as it is written: 0.1 in single precision is 0.1
        return str(int(exact)) if exact == exact.to_integral_value() else format(exact, "f")
    return None


def alternatives(reference: Any) -> Iterator[Any]:
    """The references of which any may be met: the items of a list or an array, or the reference itself."""
    if hasattr(reference, "tolist") and not isinstance(reference, np.generic):
        reference = reference.tolist()
    if isinstance(reference, list | tuple | set | frozenset):
        yield from reference
    else:
        yield reference


def judge_any(judge: Callable[[str, str], Verdict], reference: Any, response: Any, *, method: str) -> Verdict:
    """The verdict of a judge of texts on whatever stands for them: right if any alternative is met.

    A judge's failure on one alternative is the verdict where no other is met: it might have been that one.
    """
    text = response_text(response)
    verdicts: list[Verdict] = []
    for each in alternatives(reference):
        gold = reference_text(each)
        if gold is None:
            reason = f"the reference {str(each)[:40]!r} is neither a text nor a number: write it as a text"
            verdicts.append(failed(reason, status=Status.BAD_REFERENCE, method=method))
            continue
        verdicts.append(judge(gold, text))
        if verdicts[-1].correct:
            return verdicts[-1]
    if not verdicts:
        return failed("the list of references is empty", status=Status.BAD_REFERENCE, method=method)
    return next((v for v in verdicts if v.status is Status.ERROR), next((v for v in verdicts if v.judged), verdicts[0]))
