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
import contextlib
import os
from collections.abc import Callable
from typing import Any

from reasonrl.verifiers.sandbox.values import MAX_VALUE, TooBig, decode, encode

RAISED, OUTPUT, MEMORY, GONE, UNSUPPORTED = "raised", "output", "memory", "gone", "unsupported"
"""How a call can fail, or the tests with it."""

RETURNED, DERIVED, MADE = range(3)
"""How far the tests trust an object to decide: a function returned it, it came of objects made, the tests made it."""

_RAISABLE = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, StopIteration | StopAsyncIteration)
}
"""What a program raises is raised again here as the nearest of these: tests may expect it."""


class ProgramError(Exception):
    """A call of the program raised, or gave nothing that can leave its process."""


class Stop(BaseException):
    """The tests cannot go on. Not an `Exception`, so that few tests catch it; `last` tells of it if one does."""

    last: Stop | None = None

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        Stop.last = self


class _NoHandle(TooBig):
    """The tests made an object that cannot leave their process: a function, say."""


class Channel:
    """The way to the program's process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._objects: dict[tuple[int, int], Remote] = {}
        self.calls = 0
        self.classes: dict[str, type] = {}
        """What stands for the program's classes, by name."""
        self.raised: BaseException | None = None
        """The last exception that came from the program."""
        self.kind = RAISED
        """How the call behind `raised` failed."""

    def ask(self, operation: str, target: Any, name: str, values: list[Any], named: dict[str, Any]) -> Any:
        """What the program's process answers.

        Raises:
            Stop: it cannot be asked, or has gone.
            BaseException: as the program raised it; `StopIteration` only at the end of an iterator.
        """
        self.calls += 1
        try:
            request = encode([operation, target, name, values, named], MAX_VALUE, keep=self._handle)
        except _NoHandle as error:
            raise Stop(UNSUPPORTED, f"the tests hand the program what cannot be sent: {error}") from None
        except TooBig as error:  # it can only have grown out of what the program returned before
            raise Stop(OUTPUT, str(error)) from None
        data = memoryview(f"{request}\n".encode())
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            raise Stop(GONE, "the program's process has ended") from None
        kind, value, *changes = self.read()
        if kind == "v":
            for place, new in changes[0] if changes else ():
                _change(values[place], new)
            return value
        if kind == "s" and operation == "next":
            raise StopIteration
        if kind == "f":
            return NotImplemented
        self.kind = {"m": MEMORY, "e": RAISED}.get(kind, OUTPUT)
        self.raised = self._exception(*value) if kind == "e" else ProgramError(value if type(value) is str else kind)
        raise self.raised

    def read(self) -> list[Any]:
        """One answer."""
        line = self.read_line()
        try:
            answer = decode(line, rich=self.object)
            if _is_answer(answer):
                checked: list[Any] = answer
                return checked
        except ValueError:
            pass
        raise Stop(GONE, "the program's process reports nonsense")

    def read_line(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > MAX_VALUE + (1 << 16):
                raise Stop(OUTPUT, "a value is too large")
            chunk = os.read(self._descriptor, 1 << 18)
            if not chunk:
                raise Stop(GONE, "the program's process has ended")
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def object(self, number: int, trust: int = RETURNED) -> Remote:
        """The same for the same number and trust, so that tests may ask `is`."""
        if (number, trust) not in self._objects:
            self._objects[number, trust] = Remote(self, number, trust)
        return self._objects[number, trust]

    def _handle(self, item: Any) -> int:
        if type(item) is Remote:
            number: int = item._number
            return number
        if type(item) not in (Function, _Class):
            raise _NoHandle(f"a value of type {type(item).__name__}")
        named = self.ask("object", None, item.__name__, [], {})
        if type(named) is not Remote:
            raise Stop(GONE, "the program's process reports nonsense")
        return self._handle(named)

    def _exception(self, kinds: list[str], text: str, arguments: list[Any], fields: dict[str, Any]) -> BaseException:
        """As the tests may expect it: of the nearest builtin type, and of the program's own types that they name."""
        nearest = next((_RAISABLE[kind] for kind in kinds if kind in _RAISABLE), Exception)
        own = [self.classes[kind] for kind in kinds if kind in self.classes]
        if nearest is Exception:
            nearest = ProgramError
        error: BaseException | None = None
        if kinds[0] == nearest.__name__:
            with contextlib.suppress(TypeError):  # it was not made of its arguments
                error = nearest(*arguments)
        if error is None:
            kind = type(own[0] if own else nearest)(kinds[0], (*own, nearest), {"__str__": lambda _: text})
            error = kind.__new__(kind, *arguments)
        for name, value in fields.items():
            if not name.startswith("__"):
                error.__dict__[name] = value
        return error


def _is_answer(answer: Any) -> bool:
    """Whether it has the form of an answer, whatever it says."""
    if type(answer) is not list or len(answer) not in (2, 3) or type(answer[0]) is not str:
        return False
    if answer[0] == "e":
        error = answer[1]
        return (
            type(error) is list
            and [type(part) for part in error] == [list, str, list, dict]
            and bool(error[0])
            and all(type(name) is str for name in (*error[0], *error[3]))
        )
    changes = answer[2] if len(answer) == 3 else []
    return type(changes) is list and all(
        type(change) is list and len(change) == 2 and type(change[0]) is int for change in changes
    )


def _change(old: Any, new: Any) -> None:
    """Makes a list, dict or set that the tests handed over what the call made of it."""
    if type(old) is not type(new):
        return
    if type(old) is list:
        old[:] = new
    elif type(old) in (dict, set):
        old.clear()
        old.update(new)


class Function:
    """A function of the program's, or what is called like one."""

    def __init__(self, channel: Channel, name: str) -> None:
        self._channel = channel
        self.__name__ = name

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._channel.ask("call", None, self.__name__, list(values), named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._channel.ask("object", None, self.__name__, [], {}), name)


class _Class(type):
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


def make_class(channel: Channel, name: str, *, trust: int) -> type:
    """What stands for a class. `trust` says how far the tests show that the name is one: `MADE` if they use it so."""
    kind = _Class(name, (Exception,), {"_sandbox": (channel, trust)})
    channel.classes[name] = kind
    return kind


def _channel_of(kind: type) -> Channel:
    channel: Channel = type.__getattribute__(kind, "_sandbox")[0]
    return channel


def _trust_of(kind: type) -> int:
    trust: int = type.__getattribute__(kind, "_sandbox")[1]
    return trust


class Remote:
    """An object in the program's process: see the module."""

    __slots__ = ("_channel", "_number", "_trust")

    def __init__(self, channel: Channel, number: int, trust: int) -> None:
        object.__setattr__(self, "_channel", channel)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_trust", trust)

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
