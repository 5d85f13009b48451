"""`Sandbox`: fork servers that judges share. They start when first needed and are replaced when they die.

Programs and trusted tests never share a server, so no program's process descends from one that has seen a test.
"""

from __future__ import annotations

import atexit
import json
import marshal
import math
import os
import signal
import socket
import threading
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from reasonrl.verifiers.processes import PoolClosed, ProcessPool
from reasonrl.verifiers.sandbox.fork_server import CALLS, LEFT, OUT_OF_MEMORY, PROGRAM, SERVE, TESTS
from reasonrl.verifiers.sandbox.isolation import Isolation
from reasonrl.verifiers.sandbox.jobs import Ending, ForkServer, ServerGone, anonymous_file
from reasonrl.verifiers.sandbox.results import (
    MAX_CODE_BYTES,
    MAX_OUTPUT,
    RunResult,
    RunStatus,
    SandboxError,
    TrustedRun,
    one_line,
    read_report,
)
from reasonrl.verifiers.sandbox.trusted_tests import (
    BAD_TESTS,
    FAILED,
    GONE,
    MEMORY,
    OUTPUT,
    PASSED,
    RAISED,
    UNDEFINED,
    UNSUPPORTED,
)
from reasonrl.verifiers.sandbox.values import MAX_REPORT, is_plain

_T = TypeVar("_T")
_Pool = ProcessPool[ForkServer]
_TESTER_MEMORY = 512 << 20


class Sandbox:
    """A pool of fork servers: started when first needed, replaced when one dies, safe to share between threads.

    A process forked from this one (an asynchronous vector env's, say) starts its own.
    """

    def __init__(self, *, workers: int | None = None, require: Isolation = Isolation.NONE) -> None:
        """
        Args:
            workers: jobs that can run at the same time; by default one for each processor.
            require: the isolation below which nothing is run.
        """
        if workers is not None and workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.workers = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self.require = Isolation(require)
        self.restarts = 0
        """Fork servers that died and were replaced."""
        self.losses: deque[str] = deque(maxlen=20)
        """Why the last of them were lost."""
        self._programs = ProcessPool(ForkServer, most=self.workers)
        self._testers = ProcessPool(ForkServer, most=self.workers)
        _sandboxes.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def isolation(self) -> frozenset[str]:
        """Measures in force: rlimits and session; uid, capabilities, namespaces, landlock, seccomp if they exist."""
        return self._with_servers((self._programs,), lambda servers: servers[0].report.measures)

    @property
    def denied(self) -> frozenset[str]:
        """The actions that a server tried and was refused, see `isolation.ACTIONS`."""
        return self._with_servers((self._programs,), lambda servers: servers[0].report.denied)

    @property
    def level(self) -> Isolation:
        """The isolation that holds here, as measured."""
        return self._with_servers((self._programs,), lambda servers: servers[0].report.level)

    def run_calls(
        self,
        code: str | Sequence[str],
        entry_point: str,
        calls: Sequence[tuple[Any, ...]],
        *,
        keywords: Sequence[Mapping[str, Any]] | None = None,
        deadline: float = 2.0,
        processor_seconds: float | None = None,
        memory_mb: int = 256,
        room: int = MAX_REPORT,
    ) -> RunResult:
        """Defines `code` in a fresh child and calls `entry_point` with each tuple of arguments.

        Args:
            code: the program, or several readings of it, of which the first that compiles counts.
            keywords: the keyword arguments of each call.
            deadline: seconds for all of it together.
            processor_seconds: processor time for all of it together, which a busy machine does not shorten. A program
                can arrange to ignore it, and then has until the deadline. None: no less than the deadline.
            memory_mb: address space of the child.
            room: bytes that the values may take together, as they travel.

        Raises:
            TypeError: an argument is not made of plain types.
            ValueError: a limit is not a positive number.
            SandboxError: no child can be started here.
        """
        named = [dict(names) for names in keywords] if keywords is not None else [{} for _ in calls]
        both = [(tuple(arguments), names) for arguments, names in zip(calls, named, strict=True)]
        if not is_plain(both):
            raise TypeError("arguments must be made of int, float, str, bool, None, list, tuple, dict and set")
        sources = _sources(code)
        if sources is None:
            return _REFUSED
        body = marshal.dumps((sources, entry_point, both, room))
        limits = _limits(deadline, processor_seconds, memory_mb)

        def work(servers: Sequence[ForkServer]) -> Ending:
            servers[0].start(CALLS, body, **limits)
            return servers[0].finish(most=room + 16)

        ending = self._attempt((self._programs,), work)
        if ending.report.endswith(b"\n") and not ending.overflow and not ending.timed_out:
            return read_report(ending.report, len(both))  # only a whole report ends so
        return _ended_badly(ending, limits["processor"], memory_mb)

    def run_program(
        self,
        code: str,
        stdin: str,
        *,
        deadline: float = 2.0,
        processor_seconds: float | None = None,
        memory_mb: int = 256,
        room: int = MAX_OUTPUT,
    ) -> RunResult:
        """Runs `code` as a main program; `values` holds what it printed, at most `room` bytes.

        Limits and errors as in `run_calls`.
        """
        sources = _sources(code)
        if sources is None:
            return _REFUSED
        limits = _limits(deadline, processor_seconds, memory_mb)
        body = marshal.dumps(sources)
        text = stdin.encode(errors="surrogateescape")

        def work(servers: Sequence[ForkServer]) -> Ending:
            with anonymous_file(text) as file:
                servers[0].start(PROGRAM, body, extra=(file,), **limits)
            return servers[0].finish(most=room)

        ending = self._attempt((self._programs,), work)
        if ending.overflow or ending.letter != LEFT or ending.number != 0:
            return _ended_badly(ending, limits["processor"], memory_mb)
        printed, end, failure = ending.report.rpartition(b"\0")
        output = (printed if end else failure).decode(errors="replace")
        if end and failure:
            return RunResult(RunStatus.EXCEPTION, (output,), one_line(failure.decode(errors="replace")))
        return RunResult(RunStatus.OK, (output,))

    def run_tests(
        self,
        code: str | Sequence[str],
        units: Sequence[str],
        *,
        setup: Sequence[str] = (),
        remote: Sequence[str] | None = None,
        reference: str = "",
        deadline: float = 5.0,
        processor_seconds: float | None = None,
        memory_mb: int = 256,
    ) -> TrustedRun:
        """Runs trusted tests against a program: they in one process, it in another, each call sent across.

        Args:
            code: as in `run_calls`.
            units: source texts; each must run without an exception.
            setup: source texts to run before them.
            remote: the names in the tests that stand for the program's; by default those that nothing else defines.
            reference: a known solution: what it defines is always remote when `remote` is None. It is not run.
        """
        sources = _sources(code)
        if sources is None:
            return TrustedRun(RunStatus.REFUSED, total=len(units), error=_REFUSED.error)
        limits = _limits(deadline, processor_seconds, memory_mb)
        program = marshal.dumps((sources,))
        names = None if remote is None else list(remote)
        tests = marshal.dumps((list(setup), list(units), names, reference))

        def work(servers: Sequence[ForkServer]) -> tuple[Ending, Ending]:
            runner, tester = servers
            mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            with mine, theirs:
                runner.start(SERVE, program, extra=(mine.fileno(),), **limits)
                tester.start(TESTS, tests, extra=(theirs.fileno(),), **(limits | {"memory": _TESTER_MEMORY}))
            said = tester.finish()
            return said, runner.finish()

        said, ran = self._attempt((self._programs, self._testers), work)
        return _read_tests(said, ran, len(units), limits["processor"], memory_mb)

    def close(self) -> None:
        """Ends every idle server now, and a busy one when its job is done."""
        self._programs.close()
        self._testers.close()

    @property
    def closed(self) -> bool:
        return self._programs.closed

    def _attempt(self, pools: Sequence[_Pool], work: Callable[[Sequence[ForkServer]], _T]) -> _T:
        """Does the work, and a second time when a server dies, for that may have been something else's doing."""
        for _ in range(2):
            try:
                return self._with_servers(pools, work)
            except ServerGone as gone:
                self.losses.append(str(gone))
                self.restarts += 1
        raise SandboxError(f"the process that runs programs was lost twice: {self.losses[-1]}")

    def _with_servers(self, pools: Sequence[_Pool], work: Callable[[Sequence[ForkServer]], _T]) -> _T:
        """Always takes from the pools in the same order, so that no two jobs wait for each other."""
        held: list[tuple[_Pool, ForkServer]] = []
        try:
            for pool in pools:
                try:
                    server = pool.take()
                except PoolClosed as error:
                    raise SandboxError("the sandbox is closed") from error
                held.append((pool, server))
                shortfall = server.report.shortfall(self.require)
                if shortfall:
                    raise SandboxError(
                        f"{shortfall}. Use a newer Linux kernel, or ask for less with Sandbox(require=...)"
                    )
            result = work([server for _, server in held])
        except SandboxError:
            for pool, server in held:
                pool.give_back(server)
            raise
        except BaseException:  # one has gone, or is in the middle of a job: none can be used again
            for pool, server in held:
                pool.lose(server)
            raise
        for pool, server in held:
            pool.give_back(server)
        return result

    def _forget(self) -> None:
        self._programs.forget()
        self._testers.forget()


_REFUSED = RunResult(RunStatus.REFUSED, error=f"the code is longer than {MAX_CODE_BYTES} bytes")


def _sources(code: str | Sequence[str]) -> tuple[str, ...] | None:
    """The readings of a program; None if it is too long."""
    sources = (code,) if isinstance(code, str) else tuple(code)
    short = all(
        len(source) <= MAX_CODE_BYTES and len(source.encode(errors="surrogatepass")) <= MAX_CODE_BYTES
        for source in sources
    )
    return sources if short else None


def _limits(deadline: float, processor_seconds: float | None, memory_mb: int) -> dict[str, Any]:
    processor = deadline if processor_seconds is None else min(deadline, processor_seconds)
    for name, value in (("deadline", deadline), ("processor_seconds", processor), ("memory_mb", memory_mb)):
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a positive number, got {value}")
    return {"deadline": float(deadline), "processor": float(processor), "memory": int(memory_mb) << 20}


def _ended_badly(ending: Ending, processor: float, memory_mb: int) -> RunResult:
    if ending.overflow:
        return RunResult(RunStatus.OUTPUT, error="the report is too large")
    if ending.timed_out:
        return RunResult(RunStatus.TIMEOUT, error="not finished in time")
    if ending.letter == LEFT:
        if ending.number == OUT_OF_MEMORY:
            return RunResult(RunStatus.MEMORY, error=f"more than {memory_mb} MB")
        return RunResult(RunStatus.CRASH, error=f"the process left with exit code {ending.number}")
    if ending.number == signal.SIGKILL:  # the kernel's last word on processor time, and on memory
        late = ending.seconds >= processor
        return RunResult(
            RunStatus.TIMEOUT if late else RunStatus.MEMORY, error="killed by the kernel: too much time or memory"
        )
    return RunResult(RunStatus.CRASH, error=f"the process died of signal {ending.number}")


_STATUS = {
    PASSED: RunStatus.OK,
    FAILED: RunStatus.OK,
    RAISED: RunStatus.EXCEPTION,
    UNDEFINED: RunStatus.EXCEPTION,
    OUTPUT: RunStatus.OUTPUT,
    MEMORY: RunStatus.MEMORY,
    BAD_TESTS: RunStatus.OK,
    UNSUPPORTED: RunStatus.OK,
}


def _read_tests(said: Ending, ran: Ending, total: int, processor: float, memory_mb: int) -> TrustedRun:
    """What the tests' process said, and where it could not go on, what became of the program's."""
    if said.timed_out:
        return TrustedRun(RunStatus.TIMEOUT, total=total, error="not finished in time")
    try:
        kind, passed, _, reason = json.loads(said.report)
    except ValueError:
        how = _ended_badly(said, processor, memory_mb)
        # Only what the program returned can have cost the tests so much memory; anything else is our failure.
        fault = "program" if how.status is RunStatus.MEMORY else "sandbox"
        return TrustedRun(how.status, total=total, error=f"the tests' process ended: {how.error}", fault=fault)
    if kind == GONE:
        how = _ended_badly(ran, processor, memory_mb)
        status = RunStatus.CRASH if how.status is RunStatus.OK else how.status
        return TrustedRun(status, passed, total, one_line(how.error))
    fault = {BAD_TESTS: "tests", UNSUPPORTED: "sandbox"}.get(kind, "program")
    return TrustedRun(_STATUS[kind], passed, total, one_line(reason), fault)


_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()
_default: Sandbox | None = None
_default_lock = threading.Lock()


def default_sandbox() -> Sandbox:
    """The pool that this process's judges share."""
    global _default
    with _default_lock:
        if _default is None or _default.closed:
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
