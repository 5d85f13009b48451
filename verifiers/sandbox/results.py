"""What a job gives: how it ended and its values, read from a report that is believed in nothing but its shape."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from reasonrl.verifiers.sandbox.values import decode

MAX_CODE_BYTES = 20_000
MAX_OUTPUT = 1 << 22
"""Bytes that a program may print."""


class RunStatus(StrEnum):
    """How a job ended: the worst, in this order, of what its calls did."""

    OK = "ok"
    """Every call returned a plain value."""
    EXCEPTION = "exception"
    """The program could not be defined, or a call raised."""
    OUTPUT = "output"
    """A value was not plain or too large."""
    MEMORY = "memory"
    TIMEOUT = "timeout"
    CRASH = "crash"
    """The child died or reported nonsense."""
    REFUSED = "refused"
    """The code is longer than `MAX_CODE_BYTES` and was not run."""


@dataclass(frozen=True, slots=True)
class Raised:
    """Stands in `values` for a call that returned nothing usable."""

    error: str


class RunResult(NamedTuple):
    """What one job gave."""

    status: RunStatus
    values: tuple[Any, ...] = ()
    """One for each call, `Raised` where it raised; empty when the program could not be defined or did not finish. Of a
    program that was run on an input: what it printed."""
    error: str = ""
    """The first thing that went wrong, for a person."""


class TrustedRun(NamedTuple):
    """What trusted tests said about a program."""

    status: RunStatus
    """OK if the tests ran to their end, whatever they said."""
    passed: int = 0
    total: int = 0
    error: str = ""
    fault: str = "program"
    """"program", "tests" (they cannot be right as they stand) or "sandbox" (they ask what it cannot do)."""


class SandboxError(RuntimeError):
    """The sandbox itself could not do its work."""


def read_report(payload: bytes, count: int) -> RunResult:
    """The result of `count` calls."""
    nonsense = RunResult(RunStatus.CRASH, error="the report is not well formed")
    try:
        report = decode(payload)
    except ValueError:
        return nonsense
    if type(report) is not list or not report:
        return nonsense
    entries = report if report[0] is not None else report[1:]
    if len(entries) != (count if report[0] is None else 1):
        return nonsense
    status, values, first = RunStatus.OK, [], ""
    order = list(RunStatus)
    kinds = {"v": RunStatus.OK, "e": RunStatus.EXCEPTION, "o": RunStatus.OUTPUT, "m": RunStatus.MEMORY}
    for entry in entries:
        if type(entry) is not list or len(entry) != 2 or type(entry[0]) is not str or entry[0] not in kinds:
            return nonsense
        kind, value = kinds[entry[0]], entry[1]
        if kind is not RunStatus.OK:
            if type(value) is not str:
                return nonsense
            value = Raised(one_line(value) or "out of memory")
            first = first or value.error
        status = max(status, kind, key=order.index)
        values.append(value)
    if report[0] is not None:
        return RunResult(status if status is not RunStatus.OK else RunStatus.CRASH, (), first)
    return RunResult(status, tuple(values), first)


def one_line(text: str) -> str:
    """A program's words, fit for a reason.

    >>> one_line("a\\n b")
    'a b'
    """
    return " ".join(text[:400].split())[:200]
