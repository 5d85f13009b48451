"""Runs model-written Python in child processes, within a deadline and a memory limit, and brings back plain values.

The judge's process never runs the program and never forks: it starts small interpreters (`zygote.py`) that fork a child
for each job. Expected values stay here, so a program cannot read them, and cannot pass but by returning them.

What holds: the child has no descriptor but /dev/null and its report; no file to write, no process, socket or signal; an
empty environment; limited memory and time. Where the kernel lacks seccomp or Landlock (see `Sandbox.isolation`), a
program can still not forge a verdict, but it may read files, and reach the network, as the user who runs the judge.

>>> with Sandbox(workers=1) as sandbox:
...     sandbox.run_calls("def f(x):\\n return x+1", "f", [(1,), (2,)]).values
(2, 3)
"""

from __future__ import annotations

import atexit
import io
import marshal
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from reasonrl.verifiers.sandbox.seccomp import system_call_filter
from reasonrl.verifiers.sandbox.values import decode, is_plain
from reasonrl.verifiers.sandbox.zygote import CRASH, FRAME, MEMORY, OUTPUT, REPLY, REPORT, TIMEOUT

MAX_CODE_BYTES = 20_000
_GRACE_SECONDS = 5.0
"""How much later than its deadline a zygote must answer before it counts as dead."""
_ZYGOTE = Path(__file__).with_name("zygote.py")
_LIBRARIES = ("/usr/lib", "/lib", "/lib64")


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
    """One for each call, `Raised` where it raised; empty when the program could not be defined or did not finish."""
    error: str = ""
    """The first thing that went wrong, for a person."""


class SandboxError(RuntimeError):
    """The sandbox itself could not do its work."""


class _Gone(Exception):
    """A zygote does not answer any more."""


class _Zygote:
    """One interpreter that forks jobs, seen from the judge. Used by one thread at a time."""

    def __init__(self) -> None:
        jobs, mine = os.pipe()
        mine_too, replies = os.pipe()
        # as file objects, so that a sandbox that is dropped without `close` lets its zygotes go
        self._jobs, self._replies = io.FileIO(mine, "wb"), io.FileIO(mine_too, "rb")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-S", "-B", str(_ZYGOTE), str(jobs), str(replies)],
                pass_fds=(jobs, replies),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": "0"},  # sets in the same order each time; nothing else is inherited
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self._jobs.close()
            self._replies.close()
            raise SandboxError(f"cannot start {sys.executable} to run programs in: {error}") from error
        finally:
            os.close(jobs)
            os.close(replies)
        try:
            _, names = self.ask(marshal.dumps((system_call_filter(), _readable())), deadline=10.0)
        except _Gone as error:
            self.close()
            raise SandboxError("the process that runs programs died while starting") from error
        self.isolation = frozenset(names.decode().split())

    def ask(self, body: bytes, *, deadline: float, processor: float = 0.0, memory: int = 0) -> tuple[bytes, bytes]:
        """Sends one frame and waits for its reply."""
        end = time.monotonic() + deadline + _GRACE_SECONDS
        data = memoryview(FRAME.pack(len(body), deadline, processor, memory) + body)
        try:
            while data:
                data = data[self._jobs.write(data) or 0 :]
        except OSError as error:
            raise _Gone from error
        letter, length = REPLY.unpack(self._read(REPLY.size, end))
        return letter, self._read(length, end)

    def close(self) -> None:
        self._jobs.close()
        self._replies.close()
        self._process.kill()  # its children die with it
        self._process.wait()

    def forget(self) -> None:
        """In a process forked from the judge's: lets go of what belongs to the judge."""
        self._jobs.close()
        self._replies.close()
        self._process.returncode = 0  # not a child of this process: nothing to wait for

    def _read(self, count: int, end: float) -> bytes:
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        data = b""
        while len(data) < count:
            if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                raise _Gone
            chunk = self._replies.read(count - len(data))
            if not chunk:
                raise _Gone
            data += chunk
        return data


def _readable() -> list[str]:
    """Folders that a program may import from: the standard library and the shared libraries that it needs."""
    standard = [path for path in sys.path if path.startswith(sys.base_prefix) and not path.endswith("site-packages")]
    return [*standard, *_LIBRARIES]


class Sandbox:
    """A pool of zygotes: started when first needed, replaced when one dies, safe to share between threads.

    A process forked from this one (an asynchronous vector env's, say) starts its own.
    """

    def __init__(self, *, workers: int | None = None) -> None:
        """
        Args:
            workers: jobs that can run at the same time; by default one for each processor.
        """
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.workers = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self.restarts = 0
        """Zygotes that died and were replaced."""
        self._closed = False
        self._changed = threading.Condition()
        self._idle: list[_Zygote] = []
        self._busy: list[_Zygote] = []
        self._starting = 0
        _sandboxes.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def isolation(self) -> frozenset[str]:
        """Measures in force: rlimits and session; capabilities, landlock and seccomp where the kernel has them."""
        zygote = self._take()
        self._give_back(zygote)
        return zygote.isolation

    def run_calls(
        self,
        code: str,
        entry_point: str,
        calls: Sequence[tuple[Any, ...]],
        *,
        deadline: float = 2.0,
        processor_seconds: float | None = None,
        memory_mb: int = 256,
    ) -> RunResult:
        """Defines `code` in a fresh child and calls `entry_point` with each tuple of arguments.

        Args:
            deadline: seconds for all of it together.
            processor_seconds: processor time for all of it together, which a busy machine does not shorten. A program
                can arrange to ignore it, and then has until the deadline. None: no less than the deadline.
            memory_mb: address space of the child.

        Raises:
            TypeError: an argument is not made of plain types.
            SandboxError: no child can be started here.
        """
        calls = [tuple(arguments) for arguments in calls]
        if not is_plain(calls):
            raise TypeError("arguments must be made of int, float, str, bool, None, list, tuple, dict and set")
        if len(code.encode(errors="surrogatepass")) > MAX_CODE_BYTES:
            return RunResult(RunStatus.REFUSED, error=f"the code is longer than {MAX_CODE_BYTES} bytes")
        body = marshal.dumps((code, entry_point, calls))
        letter, payload = self._ask(body, deadline, min(deadline, processor_seconds or deadline), memory_mb << 20)
        if letter == REPORT:
            return _read_report(payload, len(calls))
        if letter == TIMEOUT:
            return RunResult(RunStatus.TIMEOUT, error="not finished in time")
        if letter == MEMORY:
            return RunResult(RunStatus.MEMORY, error=f"more than {memory_mb} MB")
        if letter == OUTPUT:
            return RunResult(RunStatus.OUTPUT, error="the report is too large")
        return RunResult(RunStatus.CRASH, error=payload.decode(errors="replace"))

    def close(self) -> None:
        """Ends every idle zygote now, and a busy one when its job is done."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for zygote in idle:
            zygote.close()

    def _ask(self, body: bytes, deadline: float, processor: float, memory: int) -> tuple[bytes, bytes]:
        """One job on any zygote; on a second one when the first dies, for that may have been another job's doing."""
        for _ in range(2):
            zygote = self._take()
            try:
                reply = zygote.ask(body, deadline=deadline, processor=processor, memory=memory)
            except _Gone:
                self._lose(zygote)
                self.restarts += 1
                continue
            except BaseException:  # interrupted in the middle of a reply: it cannot be used again
                self._lose(zygote)
                raise
            self._give_back(zygote)
            return reply
        return CRASH, b"the process that runs programs died twice"

    def _take(self) -> _Zygote:
        with self._changed:
            while not self._idle and len(self._busy) + self._starting >= self.workers and not self._closed:
                self._changed.wait()
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._idle:
                zygote = self._idle.pop()
                self._busy.append(zygote)
                return zygote
            self._starting += 1
        started: list[_Zygote] = []
        try:
            started.append(_Zygote())
        finally:
            with self._changed:
                self._starting -= 1
                self._busy += started
                self._changed.notify()
        return started[0]

    def _give_back(self, zygote: _Zygote) -> None:
        with self._changed:
            self._busy.remove(zygote)
            closed = self._closed
            if not closed:
                self._idle.append(zygote)
            self._changed.notify()
        if closed:
            zygote.close()

    def _lose(self, zygote: _Zygote) -> None:
        with self._changed:
            self._busy.remove(zygote)
            self._changed.notify()
        zygote.close()

    def _forget(self) -> None:
        for zygote in (*self._idle, *self._busy):
            zygote.forget()
        self._changed = threading.Condition()
        self._idle, self._busy, self._starting = [], [], 0


def _read_report(payload: bytes, count: int) -> RunResult:
    """What the child reported, believed in nothing but its shape."""
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
            value = Raised(" ".join(str(value).split())[:200] or "out of memory")
            first = first or value.error
        status = max(status, kind, key=order.index)
        values.append(value)
    if report[0] is not None:
        return RunResult(status if status is not RunStatus.OK else RunStatus.CRASH, (), first)
    return RunResult(status, tuple(values), first)


_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()
_default: Sandbox | None = None
_default_lock = threading.Lock()


def default_sandbox() -> Sandbox:
    """The pool that this process's judges share."""
    global _default
    with _default_lock:
        if _default is None or _default._closed:
            _default = Sandbox()
        return _default


def _close_all() -> None:
    for sandbox in list(_sandboxes):
        sandbox.close()


def _after_fork() -> None:
    global _default_lock
    _default_lock = threading.Lock()
    for sandbox in list(_sandboxes):
        sandbox._forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork)
