"""The program's side of trusted tests: one request per line is answered by one line, until the tests are done.

A request is [operation, target, name, values, keyword values], a rich document of `values.py`:

    call, make   a function or class of the program by its name, a method of the target, or the target itself; what
                 `make` gives stays here if the program defined its type
    get, set     an attribute of the target
    value        what the program calls `name`, unless it can be called
    object       the handle of what the program calls `name`
    is           whether the target is an instance of what the program calls `name`
    do           an operator or builtin function of `_OPERATIONS`, on the values
    next         the next item of an iterator

An answer is ["v", value] and, if the call changed lists, dicts or sets that it was given, their places and new values;
["e", [names of the exception's types, text, arguments, attributes]]; ["o", why the value cannot leave]; ["m", ""] out
of memory; ["s", null] at the end of an iterator; ["f", null] for a value that can be called.
"""

from __future__ import annotations

import builtins
import copy
import marshal
import operator
from _json import encode_basestring_ascii as quoted
from collections.abc import Callable
from typing import Any

from reasonrl.verifiers.sandbox.programs import define, describe, write
from reasonrl.verifiers.sandbox.state import state_of
from reasonrl.verifiers.sandbox.values import MAX_VALUE, TooBig, decode, encode, held_value

_MOST_KEPT = 200_000
"""Objects that trusted tests may hold handles of."""
_MOST_TEXT = 4_000
_CHANGEABLE = (list, dict, set)

_OPERATORS = (
    *("lt", "le", "eq", "ne", "gt", "ge", "neg", "pos", "abs", "invert", "index"),
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift", "and_", "or_", "xor"),
    *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor"),
    *("contains", "getitem", "setitem", "delitem"),
)
_FUNCTIONS = (
    *("len", "str", "repr", "bool", "int", "float", "complex", "hash", "iter", "reversed", "round", "divmod"),
    "format",
)
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in _OPERATORS},
    **{name: getattr(builtins, name) for name in _FUNCTIONS},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "state": state_of,
    "held": held_value,
    "type": lambda item: f"{type(item).__module__}.{type(item).__qualname__}",
    "enter": lambda item: type(item).__enter__(item),
    "exit": lambda item: type(item).__exit__(item, None, None, None),
}


class _Objects:
    """The objects that the tests hold handles of."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self._numbers: dict[int, int] = {}

    def keep(self, item: Any) -> int:
        """The same number for the same object."""
        if id(item) in self._numbers:
            return self._numbers[id(item)]
        if len(self.kept) >= _MOST_KEPT:
            raise TooBig(f"more than {_MOST_KEPT} objects are in use")
        self.kept.append(item)
        self._numbers[id(item)] = len(self.kept) - 1
        return len(self.kept) - 1


def serve(job: bytes, report: int, channel: int) -> None:
    """Job: (sources,). Defines the program, says so on the channel, and then answers."""
    module, failure = define(marshal.loads(job)[0])
    write(channel, f"{failure or 'null'}\n".encode())
    objects, names = _Objects(), module.__dict__
    with open(channel, "rb", closefd=False) as requests:
        for line in requests:
            name = ""
            try:
                operation, target, name, values, named = decode(line, rich=objects.kept.__getitem__)
                answer = _answer(operation, target, name, values, named, names, objects)
            except TooBig as error:
                answer = f'["o",{quoted(str(error))}]'
            except MemoryError:
                answer = '["m",""]'
            except BaseException as error:
                if type(error) is KeyError and name and name not in names and error.args == (name,):
                    error = NameError(f"name {name!r} is not defined")
                answer = f'["e",{_exception(error, objects)}]'
            write(channel, f"{answer}\n".encode())


def _answer(
    operation: str,
    target: Any,
    name: str,
    values: list[Any],
    named: dict[str, Any],
    names: dict[str, Any],
    objects: _Objects,
) -> str:
    if operation == "set":
        setattr(target, name, values[0])
        return '["v",null]'
    if operation == "next":
        try:
            return f'["v",{encode(next(target), MAX_VALUE, keep=objects.keep)}]'
        except StopIteration:
            return '["s",null]'
    if operation == "object":
        return f'["v",{{"h":{objects.keep(names[name])}}}]'
    if operation == "value":
        value = names[name]
        if callable(value):
            return '["f",null]'
    elif operation == "is":
        value = isinstance(target, names[name])
    elif operation == "get":
        value = getattr(target, name)
    elif operation == "do":
        value = _OPERATIONS[name](*values)
    else:
        function = names[name] if target is None else getattr(target, name) if name else target
        before = {
            i: encode(item, MAX_VALUE, keep=objects.keep) for i, item in enumerate(values) if type(item) in _CHANGEABLE
        }
        value = function(*values, **named)
        after = [
            f"[{i},{text}]"
            for i, old in before.items()
            if (text := encode(values[i], MAX_VALUE, keep=objects.keep)) != old
        ]
        if operation == "make" and type(value).__module__ == "program":
            written = f'{{"h":{objects.keep(value)}}}'
        else:
            written = encode(value, MAX_VALUE, keep=objects.keep)
        return f'["v",{written},[{",".join(after)}]]' if after else f'["v",{written}]'
    return f'["v",{encode(value, MAX_VALUE, keep=objects.keep)}]'


def _exception(error: BaseException, objects: _Objects) -> str:
    try:
        kinds = ",".join(quoted(kind.__name__) for kind in type(error).__mro__[:20])
        arguments = encode(list(error.args), MAX_VALUE, keep=objects.keep)
        fields = encode(dict(vars(error)), MAX_VALUE, keep=objects.keep)
        return f"[[{kinds}],{quoted(str(error)[:_MOST_TEXT])},{arguments},{fields}]"
    except BaseException:  # it does not want to be looked at
        return f'[["Exception"],{quoted(describe(error))},[],{{"d":[]}}]'
