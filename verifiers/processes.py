"""`ProcessPool`: processes that judge, shared by threads. The sandbox and the comparison of formulas are built on it.

What such a process is asked, and how, is a matter of its own: a fork server is handed open descriptors for jobs that
may do anything (`sandbox/jobs.py`), a comparer answers questions of ours in JSON (`math/comparer.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Process(Protocol):
    """A process, seen from the one that started it. One thread at a time uses it."""

    def close(self) -> None:
        """Ends it and waits for its end."""
        ...

    def forget(self) -> None:
        """In a process that was forked from the starter's: lets go of what belongs to the starter."""
        ...


P = TypeVar("P", bound=Process)


class PoolClosed(Exception):
    """The pool starts nothing any more."""


class ProcessPool(Generic[P]):
    """Processes of one kind: idle, busy, or starting; never more than `most`. Each starts when it is first needed."""

    def __init__(self, start: Callable[[], P], *, most: int) -> None:
        """
        Args:
            start: starts one. What it raises goes to whoever needed the process.
            most: how many there may be at the same time.
        """
        self.most = most
        self.closed = False
        self.idle: list[P] = []
        self.busy: list[P] = []
        self._start = start
        self._starting = 0
        self._changed = threading.Condition()

    def take(self, *, patience: float | None = None) -> P:
        """One that nobody else uses until it is given back or lost.

        Args:
            patience: seconds to wait for one that is busy with others; None: as long as it takes.

        Raises:
            TimeoutError: all stayed busy.
            PoolClosed: it was closed.
        """
        end = None if patience is None else time.monotonic() + patience
        with self._changed:
            while not self.idle and len(self.busy) + self._starting >= self.most and not self.closed:
                left = None if end is None else max(0.0, end - time.monotonic())
                if not self._changed.wait(left) and left == 0.0:
                    raise TimeoutError(f"all {self.most} processes stayed busy")
            if self.closed:
                raise PoolClosed("the pool is closed")
            if self.idle:
                process = self.idle.pop()
                self.busy.append(process)
                return process
            self._starting += 1
        return self._started(self.busy)

    def give_back(self, process: P) -> None:
        with self._changed:
            self.busy.remove(process)
            closed = self.closed
            if not closed:
                self.idle.append(process)
            self._changed.notify()
        if closed:
            process.close()

    def lose(self, process: P) -> None:
        """Ends one that cannot be used again."""
        with self._changed:
            self.busy.remove(process)
            self._changed.notify()
        process.close()

    def start_another(self) -> None:
        """Starts one before it is needed, if there is room, so that it is warm then."""
        with self._changed:
            if self.closed or len(self.idle) + len(self.busy) + self._starting >= self.most:
                return
            self._starting += 1
        self._started(self.idle)

    def close(self) -> None:
        """Ends every idle process now, and a busy one when it is given back."""
        with self._changed:
            self.closed = True
            idle, self.idle = self.idle, []
            self._changed.notify_all()
        for process in idle:
            process.close()

    def forget(self) -> None:
        """In a forked process: starts with none of its own."""
        for process in (*self.idle, *self.busy):
            process.forget()
        self._changed = threading.Condition()
        self.idle, self.busy, self._starting = [], [], 0

    def _started(self, place: list[P]) -> P:
        """Starts a process that was counted in `_starting`."""
        started: list[P] = []
        try:
            started.append(self._start())
        finally:
            with self._changed:
                self._starting -= 1
                place += started
                self._changed.notify()
        return started[0]
