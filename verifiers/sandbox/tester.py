"""Runs trusted tests in a process that holds no program: each call of the program goes over a channel to its process.

Job: (setup, units, remote, reference): sources to execute first, sources of which each must run without an exception,
names that stand for the program's, and the source of a known solution, used only for the names that it defines. With
`remote` None the names are those that the tests use and nothing else defines.

Reports a JSON array: how it ended (`PASSED` ...), units passed, units, and one sentence. What comes back over the
channel is made of exact builtin types, so comparisons are the tests' own; a program's object is a `Remote`, which
equals only itself. The process is jailed like a program's: the text of a data set is trusted to judge, not to touch
the machine.
"""

from __future__ import annotations

import ast
import builtins
import marshal
import os
import sys
from _json import encode_basestring_ascii as quoted
from collections.abc import Iterator
from typing import Any

from reasonrl.verifiers.sandbox.child import describe
from reasonrl.verifiers.sandbox.values import MAX_REPORT, TooBig, decode, encode

PASSED, FAILED, RAISED, OUTPUT, MEMORY, UNDEFINED, GONE = (
    "passed",
    "failed",
    "raised",
    "output",
    "memory",
    "undefined",
    "gone",
)
BAD_TESTS = "bad tests"
UNSUPPORTED = "unsupported"
_MOST_LINE = 160

_RAISABLE = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, AssertionError | StopIteration)
}
"""What a program raises is raised again here if it is one of these: tests may expect it."""


class ProgramError(Exception):
    """A call of the program raised, or gave nothing that can leave its process."""


class _Stop(BaseException):
    """The tests cannot go on. Not an `Exception`, so that no test catches it."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)


class _NoHandle(TooBig):
    """The tests made an object that cannot leave their process: a function, say."""


class Channel:
    """The way to the program's process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self.calls = 0
        self.raised: BaseException | None = None
        """The last exception that came from the program."""
        self.kind = RAISED
        """How the call behind `raised` failed."""

    def ask(self, operation: str, target: Any, name: str, values: list[Any], named: dict[str, Any]) -> Any:
        self.calls += 1
        try:
            request = encode([operation, target, name, values, named], keep=_handle)
        except _NoHandle as error:
            raise _Stop(UNSUPPORTED, f"the tests hand the program what cannot be sent: {error}") from None
        except TooBig as error:  # it can only have grown out of what the program returned before
            raise _Stop(OUTPUT, str(error)) from None
        data = f"{request}\n".encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            raise _Stop(GONE, "the program's process has ended") from None
        kind, value = self.read()
        if kind == "v":
            return value
        if kind == "e" and type(value) is list and len(value) == 2 and type(value[0]) is type(value[1]) is str:
            self.kind = RAISED
            self.raised = _RAISABLE.get(value[0], ProgramError)() if value[0] in _PLAIN_RAISABLE else ProgramError()
            self.raised.args = (value[1],)
        else:
            self.kind = MEMORY if kind == "m" else OUTPUT
            self.raised = ProgramError(value if type(value) is str else "the program's process reports nonsense")
        raise self.raised

    def read(self) -> tuple[str, Any]:
        """One reply."""
        line = self.read_line()
        try:
            reply = decode(line, rich=lambda number: Remote(self, number))
        except ValueError:
            reply = None
        if reply is None or type(reply) is not list or len(reply) != 2 or type(reply[0]) is not str:
            raise _Stop(GONE, "the program's process reports nonsense")
        return reply[0], reply[1]

    def read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_REPORT + 64:
                raise _Stop(OUTPUT, "a value is too large")
            chunk = os.read(self._descriptor, 1 << 16)
            if not chunk:
                raise _Stop(GONE, "the program's process has ended")
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line


class Remote:
    """An object in the program's process: its attributes and calls go there; it equals only itself."""

    __slots__ = ("_channel", "_number")

    def __init__(self, channel: Channel, number: int) -> None:
        object.__setattr__(self, "_channel", channel)
        object.__setattr__(self, "_number", number)

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self._channel.ask("call", self, "", list(values), named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `copy`, `math.ceil` and others ask of any object
            raise AttributeError(name)
        return self._channel.ask("get", self, name, [], {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._channel.ask("set", self, name, [value], {})

    def __eq__(self, other: object) -> bool:
        return type(other) is Remote and other._number == self._number

    def __hash__(self) -> int:
        return hash(self._number)


def _handle(item: Any) -> int:
    if type(item) is Remote:
        number: int = item._number
        return number
    raise _NoHandle(f"a value of type {type(item).__name__}")


def _arguments_of(kind: type[BaseException]) -> bool:
    """Whether an exception of this kind can be made without arguments (not UnicodeDecodeError, say)."""
    try:
        kind()
    except TypeError:
        return False
    return True


_PLAIN_RAISABLE = frozenset(name for name, kind in _RAISABLE.items() if _arguments_of(kind))


def run_tests(job: bytes, report: int, descriptor: int) -> None:
    """See the module."""
    setup, units, remote, reference = marshal.loads(job)
    kind, passed, reason = judge(setup, units, remote, reference, Channel(descriptor))
    text = f"[{quoted(kind)},{passed},{len(units)},{quoted(reason[:300])}]\n".encode()
    while text:
        text = text[os.write(report, text) :]


def judge(
    setup: list[str], units: list[str], remote: list[str] | None, reference: str, channel: Channel
) -> tuple[str, int, str]:
    """How it ended, the units that passed, and why."""
    try:
        sources = {f"<tests {number}>": source for number, source in enumerate((*setup, *units))}
        codes = [compile(source, name, "exec", dont_inherit=True, optimize=0) for name, source in sources.items()]
        names = remote if remote is not None else list(names_of_program((*setup, *units), reference))
    except (SyntaxError, ValueError, RecursionError) as error:
        return BAD_TESTS, 0, f"the tests do not compile: {error}"
    if not names:
        return BAD_TESTS, 0, "the tests name nothing that a program could define"
    try:
        failure = channel.read_line()
    except _Stop as stop:
        return stop.args[0], 0, stop.args[1]
    if failure != b"null":
        return _undefined(failure)
    module = type(sys)("tests")
    sys.modules["tests"] = module
    space = module.__dict__
    proxies = {name: _function(channel, name) for name in names}
    passed, first, why = 0, "", ""
    for position, code in enumerate(codes):
        space.update(proxies)
        try:
            exec(code, space)
            passed += position >= len(setup)
        except _Stop as stop:
            return stop.args[0], passed, stop.args[1]
        except BaseException as error:
            kind, reason = _why(error, channel, sources)
            if position < len(setup) or kind == BAD_TESTS:
                return kind, passed, reason
            first, why = first or kind, why or reason
    if not channel.calls:
        return BAD_TESTS, 0, "the tests never call the program"
    return (first, passed, why) if first else (PASSED, passed, "")


def names_of_program(sources: tuple[str, ...], reference: str) -> Iterator[str]:
    """The names in the tests that stand for the program's.

    What the tests bind, import or find among Python's own is not one, unless the reference defines it: a program that
    defines `set` or `abs` does not get to be the tests' `set` or `abs`.
    """
    own = {node.name for node in ast.parse(reference).body if isinstance(node, _DEFINITIONS)}
    used: dict[str, None] = {}
    bound: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    used[node.id] = None
                else:
                    bound.add(node.id)
            elif isinstance(node, _DEFINITIONS):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    for name in used:
        if name in own or (name not in bound and name not in vars(builtins)):
            yield name


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _function(channel: Channel, name: str) -> Any:
    def candidate(*values: Any, **named: Any) -> Any:
        return channel.ask("call", None, name, list(values), named)

    candidate.__name__ = name
    return candidate


def _undefined(failure: bytes) -> tuple[str, int, str]:
    """The program could not be defined."""
    try:
        kind, reason = decode(failure)
    except (ValueError, TypeError):
        kind = reason = None
    if kind == "m":
        return MEMORY, 0, "out of memory"
    return UNDEFINED, 0, reason if type(reason) is str else "the program's process reports nonsense"


def _why(error: BaseException, channel: Channel, sources: dict[str, str]) -> tuple[str, str]:
    """Whose fault an exception in the tests is, in one sentence."""
    where, trace = "", error.__traceback__
    while trace is not None:
        lines = sources.get(trace.tb_frame.f_code.co_filename, "").splitlines()
        if 0 < trace.tb_lineno <= len(lines):
            where = lines[trace.tb_lineno - 1].strip()[:_MOST_LINE]
        trace = trace.tb_next
    text = describe(error)[:120].removesuffix(": ")
    if error is channel.raised:
        return channel.kind, f"{where}: {text}"
    if isinstance(error, AssertionError):
        return FAILED, where
    # The tests' own mistake only if they spell the name: it may also stand in a text that they evaluate.
    if isinstance(error, NameError | ImportError) and error.name and error.name in "\n".join(sources.values()):
        return BAD_TESTS, f"the tests themselves fail at {where}: {text}"
    return FAILED, f"{where}: {text}"
