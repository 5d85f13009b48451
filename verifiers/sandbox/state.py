"""What an object of the program's is made of, as plain values: two objects that are made alike have equal states."""

from __future__ import annotations

from typing import Any

from reasonrl.verifiers.sandbox.values import MAX_VALUE, TooBig, encode, held_value

_ATOMS = (int, float, str, bool, type(None), complex, bytes)
_MOST_PARTS = 100_000


def state_of(root: object) -> list[Any]:
    """One entry for each object that can be reached: its type, the builtin value that it holds, and its attributes.

    Objects stand for each other by their places, so that neither cycles nor long chains matter.
    """
    parts: list[Any] = [root]
    places = {id(root): 0}

    def place(item: object) -> list[Any]:
        if type(item) in _ATOMS:
            return ["=", item]
        if id(item) not in places:
            if len(parts) >= _MOST_PARTS:
                raise TooBig(f"the object has more than {_MOST_PARTS} parts")
            places[id(item)] = len(parts)
            parts.append(item)
        return ["@", places[id(item)]]

    entries: list[Any] = []
    for item in parts:  # it grows
        kind = type(item)
        if kind in (list, tuple):
            entries.append([kind.__name__, [place(part) for part in item]])
        elif kind in (set, frozenset):
            entries.append([kind.__name__, sorted(encode(place(part), MAX_VALUE) for part in item)])
        elif kind is dict:
            pairs = [(place(key), place(value)) for key, value in item.items()]
            entries.append(["dict", sorted(([*key, *value] for key, value in pairs), key=repr)])
        else:
            held, value = held_value(item)
            fields = [[name, place(getattr(item, name))] for name in _attributes(item)]
            entries.append([f"{kind.__module__}.{kind.__qualname__}", place(value) if held else None, fields])
    return entries


def _attributes(item: object) -> list[str]:
    """The names of what it stores, in `__dict__` or in slots."""
    names = set(getattr(item, "__dict__", ()))
    for kind in type(item).__mro__:
        slots = vars(kind).get("__slots__", ())
        names.update((slots,) if isinstance(slots, str) else slots)
    return sorted(name for name in names - {"__dict__", "__weakref__"} if hasattr(item, name))
