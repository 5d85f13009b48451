"""Plain values: what goes into the sandbox, what comes out, and when two of them are the same.

A program's values travel as tagged JSON that an adversary may have written: integers, text, true, false, null and
arrays are themselves; {"x": "ff"} is a long integer, {"f": "1.5"} a float, {"t": [...]} a tuple, {"s": [...]} a set,
{"d": [key, value, ...]} a dict, and so on (`_PLAIN`). What is read back is always made of exact builtin types, so no
`__eq__` of a program's ever runs here. A `rich` document may also hold values of the standard library's types, and
handles of objects that stayed where they are, iterators among them (`_RICH`). The processes that run programs import
this file too: it needs nothing of ours.
"""

from __future__ import annotations

import functools
import math
from _json import encode_basestring_ascii as quoted
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

MAX_REPORT = 1 << 20
"""Bytes that one job may report, unless what is expected of it takes more."""
MAX_VALUE = 1 << 25
"""Bytes that one value may take on its way to trusted tests, and the most that values of our own format may expect."""
MAX_DEPTH = 150
_MAX_DECIMAL_BITS = 14_000
"""Larger integers are written in hexadecimal: Python reads no longer decimal numbers without being told to."""
_MAX_SAME_HASH = 50
"""Keys of one set or dict with the same hash: thousands of them would keep the judge busy for seconds."""

_ATOMS = (int, float, str, bool, type(None), complex, bytes)
_SEQUENCES: dict[type, str] = {tuple: "t", set: "s", frozenset: "z"}
_BASES: tuple[Any, ...] = (int, float, str, bytes, complex, list, tuple, set, frozenset, dict)
_TYPES = {kind.__name__: kind for kind in (bool, object, *_BASES)}
_VIEWS = ("dict_keys", "dict_values", "dict_items")


class TooBig(Exception):
    """The value is not made of plain types, or too large to leave."""


def is_plain(value: Any, *, depth: int = 0) -> bool:
    """Whether it is made of exactly int, float, str, bool, None, complex, bytes, list, tuple, dict, set, frozenset."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if depth > MAX_DEPTH:
        return False
    if kind is list or kind in _SEQUENCES:
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
    if kind is complex:
        return same(left.real, right.real) and same(left.imag, right.imag)
    if kind in (list, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if kind is dict:
        # equal keys may differ in type (1 and True), so each side's own key is looked at as well
        own = {key: key for key in left}
        return len(left) == len(right) and all(
            key in left and same(own[key], key) and same(left[key], item) for key, item in right.items()
        )
    if kind in (set, frozenset):
        own = {item: item for item in left}
        return len(left) == len(right) and all(item in own and same(own[item], item) for item in right)
    return bool(left == right)


def encode(value: Any, room: int = MAX_REPORT, *, keep: Callable[[Any], int] | None = None) -> str:
    """The value as tagged JSON.

    Args:
        room: bytes that it may take; an integer may have a quarter as many bits.
        keep: makes the document `rich`: it is given what has no written form, or is nested too deeply for one, and
            returns the number of its handle. An instance of a subclass of a builtin type is then written as the builtin
            value that it holds.

    Raises:
        TooBig: it is too large, nested too deeply, or has no written form.
    """
    parts: list[str] = []
    left = room

    def put(part: str) -> None:
        nonlocal left
        left -= len(part)
        if left < 0:
            raise TooBig(f"the value is larger than {room} bytes")
        parts.append(part)

    def put_all(opening: str, items: Any, closing: str, depth: int) -> None:
        put(opening)
        for position, item in enumerate(items):
            if position:
                put(",")
            walk(item, depth + 1)
        put(closing)

    def walk(item: Any, depth: int) -> None:
        kind = type(item)
        if depth > MAX_DEPTH:
            if keep is None:
                raise TooBig(f"the value is nested more than {MAX_DEPTH} deep")
            put(f'{{"h":{int(keep(item))}}}')
        elif item is None or kind is bool:
            put("null" if item is None else "true" if item else "false")
        elif kind is int:
            bits = item.bit_length()
            if bits > room // 4:
                raise TooBig(f"an integer has more than {room // 4} bits")
            put(str(item) if bits <= _MAX_DECIMAL_BITS else f'{{"x":"{item:x}"}}')
        elif kind is str:
            if len(item) > left:
                raise TooBig(f"the value is larger than {room} bytes")
            put(quoted(item))
        elif kind is float:
            put(f'{{"f":"{item!r}"}}')
        elif kind is list:
            put_all("[", item, "]", depth)
        elif kind in _SEQUENCES:
            put_all(f'{{"{_SEQUENCES[kind]}":[', item, "]}", depth)
        elif kind is dict:
            put_all('{"d":[', (part for pair in item.items() for part in pair), "]}", depth)
        elif kind is complex:
            put(f'{{"c":["{item.real!r}","{item.imag!r}"]}}')
        elif kind is bytes:
            if len(item) * 2 > left:
                raise TooBig(f"the value is larger than {room} bytes")
            put(f'{{"b":"{item.hex()}"}}')
        elif keep is None:
            raise TooBig(f"a value of type {str(kind.__name__)[:60]} is not plain")
        else:
            name, content = _take_apart(item, kind)
            if name == "":  # a subclass of a builtin type
                walk(content, depth)
            elif name:
                put_all('{"n":[', [name, *content], "]}", depth)
            else:
                put(f'{{"h":{int(keep(item))}}}')

    walk(value, 0)
    return "".join(parts)


def _take_apart(item: Any, kind: type) -> tuple[str | None, Any]:
    """What a value of another type is made of: the name of its type in `_RICH`, and its parts."""
    module, name = kind.__module__, kind.__name__
    if kind is type and item in _TYPES.values():
        return "type", [item.__name__]
    if module == "collections" and name in ("Counter", "OrderedDict", "defaultdict"):
        return name, [part for pair in dict.items(item) for part in pair]
    if module == "collections" and name == "deque":
        return name, list(item)
    if module == "builtins" and name in _VIEWS:
        return name, list(item)
    if item is Ellipsis:
        return "Ellipsis", []
    if kind is bytearray:
        return name, [bytes(item)]
    if module == "array" and name == "array":
        return name, [item.typecode, item.tolist()]
    if module == "uuid" and name == "UUID":
        return name, [str(item)]
    if kind in (range, slice):
        return name, [item.start, item.stop, item.step]
    if module in ("decimal", "fractions") and name in ("Decimal", "Fraction"):
        return name, [str(item)]
    if module == "datetime" and name in ("date", "datetime", "time"):
        return name, [item.isoformat()]
    if module == "datetime" and name == "timedelta":
        return name, [item.days, item.seconds, item.microseconds]
    if hasattr(kind, "__next__"):
        return None, None
    fields = getattr(kind, "_fields", None)
    if issubclass(kind, tuple) and type(fields) is tuple and all(map(_is_field, fields)):
        return "namedtuple", [str(name), list(fields), *tuple.__iter__(item)]
    held, value = held_value(item)
    if held:
        return "", value
    return None, None


def held_value(item: Any) -> tuple[bool, Any]:
    """Whether it is of a builtin type or a subclass of one, and its value as that type."""
    for base in _BASES:
        if isinstance(item, base):
            if base is dict:
                return True, dict(dict.items(item))
            if base in (list, tuple, set, frozenset):
                return True, base(base.__iter__(item))
            return True, base.__pos__(item) if base in (int, float, complex) else base.__getitem__(item, slice(None))
    return False, None


def _is_field(name: object) -> bool:
    return type(name) is str and name.isidentifier() and not name.startswith("_")


def decode(document: bytes, *, rich: Callable[[int], Any] | None = None) -> Any:
    """The value of a report.

    Args:
        rich: gives the object of a handle; without it a document holds plain values only.

    Raises:
        ValueError: it is not what `encode` writes.
    """
    import json

    def tagged(fields: dict[str, Any]) -> Any:
        ((tag, content),) = fields.items()
        if tag in _PLAIN:
            return _PLAIN[tag](content)
        if rich is not None and tag == "h" and type(content) is int:
            return rich(content)
        if rich is not None and tag == "n" and type(content) is list and type(content[0]) is str:
            return _RICH[content[0]](*content[1:])
        raise ValueError("unknown tag")

    try:
        return json.loads(document, object_hook=tagged, parse_float=_refuse, parse_constant=_refuse)
    except Exception as error:  # whatever an adversary's document provokes
        raise ValueError("the report is not well formed") from error


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is not how the sandbox writes a number")


def _list(content: Any) -> list[Any]:
    if type(content) is not list:
        raise ValueError("not a list")
    return content


def _text(content: Any) -> str:
    if type(content) is not str:
        raise ValueError("not a text")
    return content


def _spread(keys: list[Any]) -> list[Any]:
    """The keys of a set or dict, unless many have the same hash."""
    if len(keys) > _MAX_SAME_HASH:
        hashes = sorted(map(hash, keys))
        if any(map(int.__eq__, hashes, hashes[_MAX_SAME_HASH:])):
            raise ValueError("the keys have the same hash")
    return keys


def _dict(content: Any) -> dict[Any, Any]:
    items = _list(content)
    return dict(zip(_spread(items[::2]), items[1::2], strict=True))


def _complex(content: Any) -> complex:
    real, imaginary = _list(content)
    return complex(float(_text(real)), float(_text(imaginary)))


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "f": lambda content: float(_text(content)),
    "t": lambda content: tuple(_list(content)),
    "s": lambda content: set(_spread(_list(content))),
    "z": lambda content: frozenset(_spread(_list(content))),
    "d": _dict,
    "c": _complex,
    "b": lambda content: bytes.fromhex(_text(content)),
    "x": lambda content: int(_text(content), 16),
}


def _counter(*items: Any) -> Any:
    from collections import Counter

    return Counter(_dict(list(items)))


def _ordered(*items: Any) -> Any:
    from collections import OrderedDict

    return OrderedDict(_dict(list(items)))


def _defaults(*items: Any) -> Any:
    from collections import defaultdict

    return defaultdict(None, _dict(list(items)))


def _deque(*items: Any) -> Any:
    from collections import deque

    return deque(items)


def _decimal(text: Any) -> Any:
    from decimal import Decimal

    return Decimal(_text(text))


def _fraction(text: Any) -> Any:
    from fractions import Fraction

    numerator, _, denominator = _text(text).partition("/")  # no "1e999999999"
    return Fraction(int(numerator), int(denominator or 1))


def _moment(kind: str) -> Callable[[Any], Any]:
    def build(text: Any) -> Any:
        import datetime

        return getattr(datetime, kind).fromisoformat(_text(text))

    return build


def _span(days: Any, seconds: Any, microseconds: Any) -> Any:
    from datetime import timedelta

    return timedelta(days, seconds, microseconds)


def _type(name: Any) -> Any:
    return _TYPES[name]  # nothing that runs text when it is called


def _array(code: Any, items: Any) -> Any:
    from array import array

    return array(_text(code), _list(items))


def _uuid(text: Any) -> Any:
    from uuid import UUID

    return UUID(_text(text))


def _named(name: Any, fields: Any, *values: Any) -> Any:
    return _named_type(_text(name), tuple(map(_text, _list(fields))))(*values)


@functools.lru_cache(64)
def _named_type(name: str, fields: tuple[str, ...]) -> Any:
    from collections import namedtuple

    return namedtuple(name, fields)  # it refuses what is no identifier


def _pairs(items: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    return ((key, value) for key, value in items)


_RICH: dict[str, Callable[..., Any]] = {
    "Counter": _counter,
    "OrderedDict": _ordered,
    "defaultdict": _defaults,
    "deque": _deque,
    "dict_keys": lambda *items: dict.fromkeys(items).keys(),
    "dict_values": lambda *items: dict(enumerate(items)).values(),
    "dict_items": lambda *items: dict(_pairs(items)).items(),
    "type": _type,
    "Ellipsis": lambda: Ellipsis,
    "bytearray": bytearray,
    "array": _array,
    "UUID": _uuid,
    "range": range,
    "slice": slice,
    "Decimal": _decimal,
    "Fraction": _fraction,
    "date": _moment("date"),
    "datetime": _moment("datetime"),
    "time": _moment("time"),
    "timedelta": _span,
    "namedtuple": _named,
}
