"""Plain values: what goes into the sandbox, what comes out, and when two of them are the same.

A program's values arrive as tagged JSON that an adversary may have written: integers, text, true, false, null and
arrays are themselves; {"f": "1.5"} is a float, {"t": [...]} a tuple, {"s": [...]} a set, {"d": [key, value,
...]} a dict.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from reasonrl.verifiers.sandbox.zygote import MAX_DEPTH

_ATOMS = (int, float, str, bool, type(None))


def is_plain(value: Any, *, depth: int = 0) -> bool:
    """Whether it is made of exactly int, float, str, bool, None, list, tuple, dict and set."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if depth > MAX_DEPTH:
        return False
    if kind in (list, tuple, set):
        return all(is_plain(item, depth=depth + 1) for item in value)
    return kind is dict and all(
        is_plain(key, depth=depth + 1) and is_plain(item, depth=depth + 1) for key, item in value.items()
    )


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all the way down: 1, 1.0 and True differ, [1] and (1,) differ, NaN equals NaN.

    >>> same([1, (2.0,)], [1, (2.0,)]), same([1], [True])
    (True, False)
    """
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is float:
        return bool(left == right or (math.isnan(left) and math.isnan(right)))
    if kind in (list, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if kind is dict:
        # equal keys may differ in type (1 and True), so each side's own key is looked at as well
        own = {key: key for key in left}
        return len(left) == len(right) and all(
            key in left and same(own[key], key) and same(left[key], item) for key, item in right.items()
        )
    if kind is set:
        own = {item: item for item in left}
        return len(left) == len(right) and all(item in own and same(own[item], item) for item in right)
    return bool(left == right)


def decode(document: bytes) -> Any:
    """The value of a report.

    Raises:
        ValueError: it is not what the sandbox writes.
    """
    try:
        return json.loads(document, object_hook=_tagged, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, TypeError, RecursionError, KeyError) as error:
        raise ValueError("the report is not well formed") from error


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not how the sandbox writes a number")


def _tagged(fields: dict[str, Any]) -> Any:
    ((tag, content),) = fields.items()
    if tag == "f" and type(content) is str:
        return float(content)
    if type(content) is list:
        if tag == "t":
            return tuple(content)
        if tag == "s":
            return set(content)
        if tag == "d" and len(content) % 2 == 0:
            return dict(zip(content[::2], content[1::2], strict=True))
    raise ValueError("unknown tag")
