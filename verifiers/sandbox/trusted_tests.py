"""Runs trusted tests in a process that holds no program: each call of the program goes over a channel to its process.

Job: (setup, units, remote, reference): sources to execute first, sources of which each must run without an exception,
names that stand for the program's, and the source of a known solution, used only for the names that it defines and
what it imports. With `remote` None the names are those that the tests use and nothing else defines (`names.py`).

Reports a JSON array: how it ended (`PASSED` ...), units passed, units, and one sentence. What stands for the program's
functions, classes and objects is in `remote.py`. The process is jailed like a program's: the text of a data set is
trusted to judge, not to touch the machine.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from _json import encode_basestring_ascii as quoted
from typing import Any

from reasonrl.verifiers.sandbox.channel import Channel
from reasonrl.verifiers.sandbox.names import imports_of, names_of_program, trust_in, values_of
from reasonrl.verifiers.sandbox.programs import describe
from reasonrl.verifiers.sandbox.remote import (
    GONE,
    MEMORY,
    OUTPUT,
    RAISED,
    UNSUPPORTED,
    Function,
    Stop,
    make_class,
)
from reasonrl.verifiers.sandbox.values import decode

PASSED, FAILED, UNDEFINED, BAD_TESTS = "passed", "failed", "undefined", "bad tests"
__all__ = [
    "BAD_TESTS",
    "FAILED",
    "GONE",
    "MEMORY",
    "OUTPUT",
    "PASSED",
    "RAISED",
    "UNDEFINED",
    "UNSUPPORTED",
    "judge",
    "run_tests",
]
_MOST_LINE = 160


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
        texts = (*setup, *units)
        imports = [] if remote is not None else imports_of(texts, reference)
        names = remote if remote is not None else list(names_of_program(texts, reference))
        trust = {} if remote is not None else trust_in(names, texts, reference)
        values = [] if remote is not None else values_of(names, texts)
    except (SyntaxError, ValueError, RecursionError) as error:
        return BAD_TESTS, 0, f"the tests do not compile: {error}"
    if not names:
        return BAD_TESTS, 0, "the tests name nothing that a program could define"
    try:
        defined = channel.read_line()
    except Stop as stop:
        return stop.args[0], 0, stop.args[1]
    if defined != b"null":
        return _undefined(defined)
    module = type(sys)("tests")
    sys.modules["tests"] = module
    space = module.__dict__
    for statement in imports:
        with contextlib.suppress(ImportError):
            exec(statement, space)
    proxies: dict[str, Any] = {
        name: make_class(channel, name, trust=trust[name]) if name in trust else Function(channel, name)
        for name in names
    }
    try:
        proxies.update(_values(channel, values))
    except Stop as stop:
        return stop.args[0], 0, stop.args[1]
    passed, first, why = 0, "", ""
    for position, code in enumerate(codes):
        space.update(proxies)
        failure = None
        try:
            exec(code, space)
        except BaseException as error:
            failure = error
        if Stop.last is not None:  # even where the tests caught it
            return Stop.last.args[0], passed, Stop.last.args[1]
        if failure is None:
            passed += position >= len(setup)
            continue
        kind, reason = _why(failure, channel, sources)
        if position < len(setup) or kind == BAD_TESTS:
            return kind, passed, reason
        first, why = first or kind, why or reason
    if not channel.calls:
        return BAD_TESTS, 0, "the tests never call the program"
    return (first, passed, why) if first else (PASSED, passed, "")


def _values(channel: Channel, names: list[str]) -> dict[str, Any]:
    """Those of the program's names that stand for values."""
    found = {}
    for name in names:
        with contextlib.suppress(Exception):  # it has none, or raises when it is looked at: the tests will see
            value = channel.ask("value", None, name, [], {})
            if value is not NotImplemented:
                found[name] = value
    return found


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
