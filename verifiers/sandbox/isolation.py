"""How well programs are locked in: what a fork server measured when it started, and the level that follows from it.

A server does not report what it configured but what happened when it tried: under the very measures that a program will
run under it forked, opened a file for writing, and so on. An action counts as denied only if the kernel refused it.
"""

from __future__ import annotations

from collections.abc import Set
from enum import IntEnum
from typing import NamedTuple


class Isolation(IntEnum):
    """What a program cannot do. Each level includes those below it."""

    NONE = 0
    """The platform offers nothing: run only programs that you trust."""
    PROCESS = 1
    """Its memory and processor time are limited; it runs in a process of its own that knows no expected value."""
    FILTERED = 2
    """It cannot start a process or program, write a file, open a socket, signal or trace another, lift its limits."""
    JAILED = 3
    """It cannot read a file but those of the standard library."""


_NEEDED: dict[Isolation, dict[str, str]] = {
    Isolation.PROCESS: {"memory": "more memory than allowed"},
    Isolation.FILTERED: {
        "write": "writing to a file",
        "socket": "a network socket",
        "fork": "starting a process",
        "exec": "running another program",
        "signal": "a signal to its parent",
        "trace": "tracing its parent",
        "limits": "changing its own limits",
    },
    Isolation.JAILED: {"read": "reading a file outside the standard library"},
}
ACTIONS = tuple(action for actions in _NEEDED.values() for action in actions)
"""What a fork server tries, in the order of the levels."""


class Report(NamedTuple):
    """What one fork server found out about itself."""

    measures: frozenset[str]
    """What it turned on: rlimits, session, capabilities, uid, namespaces, landlock, seccomp."""
    denied: frozenset[str]
    """Which of `ACTIONS` the kernel refused when it tried them."""

    @property
    def level(self) -> Isolation:
        reached = Isolation.NONE
        for level, actions in _NEEDED.items():
            if not actions.keys() <= self.denied:
                break
            reached = level
        return reached

    def shortfall(self, required: Isolation) -> str:
        """A sentence that names what a program could still do here, below the level; empty when nothing."""
        return missing(self.denied, required)


def missing(denied: Set[str], required: Isolation) -> str:
    """
    >>> missing({"memory"}, Isolation.PROCESS)
    ''
    >>> missing({"memory", *_NEEDED[Isolation.FILTERED]}, Isolation.JAILED)
    'JAILED is required, but here a program is not denied: reading a file outside the standard library'
    """
    allowed = [
        words
        for level, actions in _NEEDED.items()
        if level <= required
        for action, words in actions.items()
        if action not in denied
    ]
    return f"{required.name} is required, but here a program is not denied: {', '.join(allowed)}" if allowed else ""
