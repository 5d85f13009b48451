"""What stands in trusted tests for the program: its functions, classes and objects, each a way to ask its process.

What comes back is made of exact builtin types, so comparisons are the tests' own. An object of the program's stays in
its process as a `Remote`: what it is asked for (an attribute, an item, a sum, its text) it answers, for it could as
well have returned that. Its word alone does not make it what the tests expect:

- it equals another object if it says so and both are made alike (`state.py`); objects that the tests themselves make
  of a class may say it alone, for that is what such a test is about;
- it equals a plain value only if it holds that value, as an instance of a subclass of `list` does;
- where only its word could tell of an object that the tests made, nothing is said: `Stop(UNSUPPORTED, ...)`;
- it contains what its items show, and is neither more nor less than a plain value, unless the tests made it.
"""

from __future__ import annotations

import builtins
import re
import types
from collections.abc import Callable
from typing import Any, Protocol

RAISED, OUTPUT, MEMORY, GONE, UNSUPPORTED = "raised", "output", "memory", "gone", "unsupported"
"""How a call can fail, or the tests with it."""

RETURNED, DERIVED, MADE = range(3)
"""How far the tests trust an object to decide: a function returned it, it came of objects made, the tests made it."""


class Asking(Protocol):
    """The way to the program's process (`channel.Channel`)."""

    classes: dict[str, type]

    def ask(self, operation: str, target: Any, name: str, values: list[Any], named: dict[str, Any]) -> Any: ...
    def object(self, number: int, trust: int = RETURNED) -> Remote: ...


class Stop(BaseException):
    """The tests cannot go on. Not an `Exception`, so that few tests catch it; `last` tells of it if one does."""

    last: Stop | None = None

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        Stop.last = self


_KINDS: dict[str, type] = {
    f"builtins.{kind.__name__}": kind
    for kind in (
        *(types.GeneratorType, types.CoroutineType, types.FunctionType, types.MethodType),
        *(map, zip, filter, reversed, enumerate),
        *(kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)),
    )
} | {"re.Match": re.Match, "re.Pattern": re.Pattern}


class Function:
    """A function of the program's, or what is called like one."""

    def __init__(self, channel: Asking, name: str) -> None:
        self._channel = channel
        self.__name__ = name

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._channel.ask("call", None, self.__name__, list(values), named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._channel.ask("object", None, self.__name__, [], {}), name)


class RemoteClass(type):
    """The type of what stands for the program's classes. Those are types, so that tests may name them in `except`."""

    def __call__(cls, *values: Any, **named: Any) -> Any:
        made = _channel_of(cls).ask("make", None, cls.__name__, list(values), named)
        if type(made) is Remote:
            return made._channel.object(made._number, _trust_of(cls))
        return made

    def __instancecheck__(cls, item: object) -> bool:
        if type(item) is Remote:
            return _channel_of(cls).ask("is", item, cls.__name__, [], {}) is True
        return type.__instancecheck__(cls, item)  # an exception

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(cls._itself(), name)

    def __getitem__(cls, key: Any) -> Any:
        return cls._itself()[key]

    def __iter__(cls) -> Any:
        return iter(cls._itself())

    def __len__(cls) -> int:
        return len(cls._itself())

    def __bool__(cls) -> bool:
        return True

    def _itself(cls) -> Any:
        """The class, as an object of the program's."""
        return _channel_of(cls).ask("object", None, cls.__name__, [], {})


def make_class(channel: Asking, name: str, *, trust: int) -> type:
    """What stands for a class. `trust` says how far the tests show that the name is one: `MADE` if they use it so."""
    kind = RemoteClass(name, (Exception,), {"_sandbox": (channel, trust)})
    channel.classes[name] = kind
    return kind


def _channel_of(kind: type) -> Asking:
    channel: Asking = type.__getattribute__(kind, "_sandbox")[0]
    return channel


def _trust_of(kind: type) -> int:
    trust: int = type.__getattribute__(kind, "_sandbox")[1]
    return trust


class Remote:
    """An object in the program's process: see the module."""

    __slots__ = ("_channel", "_number", "_trust")

    def __init__(self, channel: Asking, number: int, trust: int) -> None:
        object.__setattr__(self, "_channel", channel)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_trust", trust)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """For `isinstance`, and for its name: a type of Python's that no copy has, or a class of the program's."""
        name = str(self._do("type"))
        own = name.rpartition(".")[2]
        return (
            _KINDS.get(name) or self._channel.classes.get(own) or type(own if own.isidentifier() else "object", (), {})
        )

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._channel.ask("call", self, "", list(values), named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `copy`, `math.ceil` and others ask of any object
            raise AttributeError(name)
        return self._channel.ask("get", self, name, [], {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._channel.ask("set", self, name, [value], {})

    def __next__(self) -> Any:
        return self._channel.ask("next", self, "", [], {})

    def __iter__(self) -> Any:
        return self._do("iter")

    def __contains__(self, item: Any) -> bool:
        if self._trust == MADE:
            return bool(self._do("contains", item))
        return any(item is own or item == own for own in self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not Remote:
            held, value = self._do("held")  # it is not told what it is compared with
            if held:
                return bool(value == other)
            if self._trust < MADE or other is None:
                return False
            raise Stop(UNSUPPORTED, "only the program could say whether its object equals a plain value")
        if self._number == other._number:
            return True
        if not (self._do("eq", other) and other._do("eq", self)):
            return False
        if self._trust == other._trust == MADE or self._do("state") == other._do("state"):
            return True
        if MADE not in (self._trust, other._trust):
            return False
        raise Stop(UNSUPPORTED, "only the program's word makes its objects equal")

    def __hash__(self) -> int:
        return hash(self._do("hash"))

    def _do(self, name: str, *values: Any) -> Any:
        return self._channel.ask("do", None, name, [self, *values], {})


def _forward(name: str, *, swapped: bool = False) -> Callable[..., Any]:
    """A method that has the program's process do it. What comes of objects that the tests made is `DERIVED`."""

    def method(self: Remote, *values: Any) -> Any:
        given = [*values, self] if swapped else [self, *values]
        result = self._channel.ask("do", None, name, given, {})
        ours = all(type(item) is not Remote or item._trust > RETURNED for item in given)
        if ours and type(result) is Remote and result._trust == RETURNED:
            return result._channel.object(result._number, DERIVED)
        return result

    return method


def _compare(name: str) -> Callable[..., Any]:
    """An order: decided by objects that the tests made or derived, and by none against a plain value but those made."""

    def method(self: Remote, other: Any) -> Any:
        trusted = max(self._trust, other._trust) > RETURNED if type(other) is Remote else self._trust == MADE
        return bool(self._do(name, other)) if trusted else NotImplemented

    return method


_SWAPPABLE = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul"),
    *("lshift", "rshift", "and_", "or_", "xor"),
)
_OTHERS = (
    *("iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor"),
    *("neg", "pos", "abs", "invert", "index", "getitem", "setitem", "delitem", "len", "reversed"),
    *("str", "repr", "format", "bool", "int", "float", "complex", "round", "enter", "copy"),
)
for _name in _SWAPPABLE:
    setattr(Remote, f"__{_name.strip('_')}__", _forward(_name))
    setattr(Remote, f"__r{_name.strip('_')}__", _forward(_name, swapped=True))
for _name in _OTHERS:
    setattr(Remote, f"__{_name}__", _forward(_name))
for _name in ("lt", "le", "gt", "ge"):
    setattr(Remote, f"__{_name}__", _compare(_name))
Remote.__deepcopy__ = lambda self, _: _forward("deepcopy")(self)  # type: ignore[attr-defined]
Remote.__exit__ = lambda self, *_: self._do("exit")  # type: ignore[attr-defined]
