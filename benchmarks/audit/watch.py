"""Sees what a process does while a judge runs: code that is executed, files, sockets, processes (PEP 578).

An audit hook cannot be taken away again, so this is for a process of its own. Imports are not counted: a judge may load
what it needs. Nor is what our own sandbox and our worker for algebra do to start the process in which they work.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "os.spawn",
    "pty.spawn",
)
_SOCKETS = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo")
_FILES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.symlink", "shutil.rmtree")
_BY_CONTRACT = ("reasonrl.verifiers.sandbox", "reasonrl.verifiers.math")
"""Modules that start workers of their own."""
_IMPORTS = "<frozen importlib._bootstrap>"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Watch:
    """Collects what happens between `begin` and `end`.

    Code counts when it is the answer itself, or has a canary in it: a judge may well compile texts of its own, and its
    references, which an answer may repeat.
    """

    def __init__(self, canaries: tuple[str, ...], *, references: frozenset[str] = frozenset()) -> None:
        self._seen: list[str] = []
        self._answer = ""
        self._canaries = canaries
        self._references = {reference.strip() for reference in references}
        self._ours = False
        """Whether what was compiled last came from the answer."""
        self._on = False
        sys.addaudithook(self._hook)

    def begin(self, answer: str) -> None:
        """Args: answer: files that it names may not even be read."""
        self._seen, self._answer, self._ours, self._on = [], answer, False, True

    def end(self) -> list[str]:
        """What happened, each once, in order."""
        self._on = False
        return list(dict.fromkeys(self._seen))

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "compile":
            source = arguments[0]
            text = source.decode(errors="replace") if isinstance(source, bytes) else source
            self._ours = isinstance(text, str) and (
                (text.strip() == self._answer.strip() and text.strip() not in self._references)
                or any(canary in text for canary in self._canaries)
            )
        elif event == "exec":
            if self._ours:
                self._seen.append("executes the answer as Python")
        elif event in _PROCESSES:
            self._note(f"starts a process ({event})")
        elif event in _SOCKETS:
            self._note(f"uses a socket ({event})")
        elif event in _FILES:
            self._note(f"changes files ({event})")
        elif event == "open":
            self._open(*arguments[:3])

    def _open(self, path: object, mode: object = None, flags: object = 0) -> None:
        writes = isinstance(flags, int) and bool(flags & _WRITES)
        named = isinstance(path, str) and len(path) > 1 and path in self._answer
        if writes or named:
            self._note(f"opens a file ({'for writing' if writes else 'named in the answer'})")

    def _note(self, what: str) -> None:
        if not _importing() and not _by_contract():
            self._seen.append(what)


def _frames() -> list[FrameType]:
    frames, frame = [], sys._getframe(1)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return frames


def _importing() -> bool:
    return any(frame.f_code.co_filename == _IMPORTS for frame in _frames())


def _by_contract() -> bool:
    return any(str(frame.f_globals.get("__name__", "")).startswith(_BY_CONTRACT) for frame in _frames())
