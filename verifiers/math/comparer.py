"""Questions to a process that can be killed: "are these two trees equal?", asked with a deadline from any thread.

The process is a fresh interpreter that runs `symbolic.py`; it is never forked from this one, so threads, GPU memory and
signals of a trainer are of no concern to it. Frames on its pipes are a length (4 bytes, big endian) and JSON. When a
deadline passes it is killed and the next one is started at once, so that it is warm when it is needed.

It is no fork server as the sandbox has: it runs code of ours, which needs no jail, and SymPy takes seconds to start.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from reasonrl.verifiers.processes import PoolClosed, ProcessPool

FRAME = struct.Struct(">I")
MAX_COMPARERS = 2
QUEUE_SECONDS = 120.0
"""How long a question may wait for a free process; not part of any deadline."""
START_SECONDS = 30.0
"""How long SymPy may take to be imported; not part of any deadline."""
MEMORY_MB = 2_048
_SCRIPT = Path(__file__).with_name("symbolic.py")


class ComparerError(RuntimeError):
    """The process could not be started or asked."""


class _Gone(Exception):
    """The process does not answer."""


class Comparer:
    """One process, used by one thread at a time."""

    def __init__(self, kind: str) -> None:
        questions, mine = os.pipe()
        mine_too, answers = os.pipe()
        self._questions, self._answers = io.FileIO(mine, "wb"), io.FileIO(mine_too, "rb")
        self._ready = False
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-B", str(_SCRIPT), kind, str(questions), str(answers), str(MEMORY_MB)],
                pass_fds=(questions, answers),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._questions.close()
            self._answers.close()
            raise ComparerError(f"cannot start {sys.executable} to compare formulas in: {error}") from error
        finally:
            os.close(questions)
            os.close(answers)

    def ask(self, question: bytes, *, deadline: float) -> Any:
        """
        Raises:
            _Gone: it died, or did not answer in time. It must be closed.
            ComparerError: it never became ready. It must be closed, too.
        """
        if not self._ready:
            try:
                self._receive(time.monotonic() + START_SECONDS)
            except _Gone:
                raise ComparerError("the process that compares formulas did not start; is sympy installed?") from None
            self._ready = True
        end = time.monotonic() + deadline
        data = memoryview(FRAME.pack(len(question)) + question)
        try:
            while data:
                data = data[self._questions.write(data) or 0 :]
        except OSError as error:
            raise _Gone from error
        return self._receive(end)

    def close(self) -> None:
        self._questions.close()
        self._answers.close()
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """In a process forked from ours: lets go of what is not its own."""
        self._questions.close()
        self._answers.close()
        self.process.returncode = 0

    def _receive(self, end: float) -> Any:
        (length,) = FRAME.unpack(self._read(FRAME.size, end))
        return json.loads(self._read(min(length, 10_000), end))

    def _read(self, count: int, end: float) -> bytes:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        data = b""
        while len(data) < count:
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                raise _Gone
            chunk = self._answers.read(count - len(data))
            if not chunk:
                raise _Gone
            data += chunk
        return data


class Reply(NamedTuple):
    """What the process said: None for no proof either way, or no answer in time."""

    answer: bool | None
    seconds: float


class ComparerPool:
    """At most `MAX_COMPARERS` processes of one kind."""

    def __init__(self, kind: str) -> None:
        self.restarts = 0
        """Processes that were killed at a deadline, or died."""
        self._processes = ProcessPool(lambda: Comparer(kind), most=MAX_COMPARERS)

    def ask(self, question: dict[str, Any], *, deadline: float) -> Reply:
        """The answer and the seconds it took. Waiting for a process that is busy with others does not count.

        Raises:
            ComparerError: the process cannot be started here, or all stayed busy for `QUEUE_SECONDS`.
        """
        body = json.dumps(question, default=_plain).encode()
        try:
            comparer = self._processes.take(patience=QUEUE_SECONDS)
        except TimeoutError as error:
            raise ComparerError("every process that compares formulas is busy") from error
        except PoolClosed as error:
            raise ComparerError("this program is about to end: no more formulas are compared") from error
        start = time.monotonic()
        try:
            answer = comparer.ask(body, deadline=deadline)
        except _Gone:
            seconds = time.monotonic() - start
            self._replace(comparer)
            return Reply(None, seconds)
        except ComparerError:
            self._processes.lose(comparer)
            raise
        except BaseException:  # interrupted in the middle of an answer
            self._replace(comparer)
            raise
        self._processes.give_back(comparer)
        return Reply(answer if isinstance(answer, bool) else None, time.monotonic() - start)

    def close(self) -> None:
        self._processes.close()

    def forget(self) -> None:
        self._processes.forget()

    @property
    def pids(self) -> list[int]:
        """Processes that are waiting for a question."""
        return [each.process.pid for each in list(self._processes.idle) if each.process.poll() is None]

    def _replace(self, comparer: Comparer) -> None:
        self.restarts += 1
        self._processes.lose(comparer)
        with contextlib.suppress(ComparerError):  # told to whoever needs it next
            self._processes.start_another()


def _plain(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator:x}/{value.denominator:x}"  # hexadecimal: no limit on digits, linear time
    raise TypeError(type(value).__name__)


_pools: dict[str, ComparerPool] = {}
_lock = threading.Lock()


def default_pool(kind: str) -> ComparerPool:
    """The pool that all threads of this process share: kind is "sympy" or "math-verify"."""
    with _lock:
        return _pools.setdefault(kind, ComparerPool(kind))


def _close_all() -> None:
    for pool in list(_pools.values()):
        pool.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for pool in _pools.values():
        pool.forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
