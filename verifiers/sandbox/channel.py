"""The way from trusted tests to the program's process: a request is a line, and so is its answer (`serve.py`)."""

from __future__ import annotations

import builtins
import contextlib
import os
from typing import Any

from reasonrl.verifiers.sandbox.remote import (
    GONE,
    MEMORY,
    OUTPUT,
    RAISED,
    RETURNED,
    UNSUPPORTED,
    Function,
    Remote,
    RemoteClass,
    Stop,
)
from reasonrl.verifiers.sandbox.values import MAX_VALUE, TooBig, decode, encode

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
        """How the call that raised `raised` failed."""

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
        if type(item) not in (Function, RemoteClass):
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
