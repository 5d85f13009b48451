"""`ForkServer`: one process that forks jobs (`fork_server.py`), seen from the judge. Used by one thread at a time.

For each job the judge opens what the child needs, hands the descriptors over a Unix socket, and reads the report.
"""

from __future__ import annotations

import _socket
import array
import contextlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from reasonrl.verifiers.sandbox.fork_server import CONFIGURE, HEADER, KILLED, LATE, REPLY
from reasonrl.verifiers.sandbox.isolation import Report
from reasonrl.verifiers.sandbox.results import SandboxError
from reasonrl.verifiers.sandbox.seccomp import system_call_filter
from reasonrl.verifiers.sandbox.values import MAX_REPORT

_START_SECONDS = 60.0
_PATIENCE_SECONDS = 60.0
"""How much later than its deadline a live server must answer. The program is dead by then; only a machine too busy to
run the server explains the wait, so giving up early would blame the wrong process."""
_LIBRARIES = ("/usr/lib", "/lib", "/lib64")
_BOOTSTRAP = """
import sys
for name in ("reasonrl", "reasonrl.verifiers", "reasonrl.verifiers.sandbox"):
    package = sys.modules[name] = type(sys)(name)
    package.__path__ = []
package.__path__ = [sys.argv[1]]
from reasonrl.verifiers.sandbox.fork_server import main
main(int(sys.argv[2]))
"""
"""Loads the fork server and what it imports, but not the packages around them: it stays small."""


class ServerGone(Exception):
    """A fork server does not answer any more; says what is known."""


class Ending(NamedTuple):
    """How a job's process ended, and what it reported."""

    letter: bytes
    number: int
    report: bytes
    overflow: bool
    seconds: float

    @property
    def timed_out(self) -> bool:
        """At the deadline, or out of processor time."""
        return self.letter == LATE or (self.letter == KILLED and self.number in (signal.SIGPROF, signal.SIGXCPU))


class ForkServer:
    """See the module."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = str(Path(__file__).parent)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-S", "-B", "-c", _BOOTSTRAP, folder, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": "0"},  # sets in the same order each time; nothing else is inherited
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self._socket.close()
            raise SandboxError(f"cannot start {sys.executable} to run programs in: {error}") from error
        finally:
            theirs.close()
        self._report = -1
        self._sent = self._end = 0.0
        try:
            config = marshal.dumps((system_call_filter(), _readable(), True, True))
            self.start(CONFIGURE, config, deadline=_START_SECONDS)
            _, _, payload = self._reply()
            measures, denied = payload.decode().split("\n")
        except (ServerGone, ValueError) as error:
            self.close()
            raise SandboxError(f"the process that runs programs did not start: {error}") from error
        finally:
            self._close_report()
        self.report = Report(frozenset(measures.split()), frozenset(denied.split()))

    def start(
        self,
        kind: bytes,
        body: bytes,
        *,
        deadline: float,
        processor: float = 0.0,
        memory: int = 0,
        extra: Sequence[int] = (),
    ) -> None:
        """Sends a job. `extra` are descriptors that its process gets besides its body and its report."""
        self._sent = time.monotonic()
        self._end = self._sent + deadline
        self._report, writer = os.pipe()
        try:
            with anonymous_file(body) as file:
                numbers = array.array("i", [file, writer, *extra])
                header = HEADER.pack(kind, deadline, processor, memory)
                try:
                    sent = self._socket.sendmsg([header], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)])
                except OSError as error:
                    raise ServerGone(self._obituary()) from error
                if sent < len(header):
                    raise ServerGone("it takes no more jobs")
        except BaseException:
            self._close_report()
            raise
        finally:
            os.close(writer)

    def finish(self, *, most: int = MAX_REPORT + 16) -> Ending:
        """Waits for the job that was sent and returns how it ended, with at most that many bytes of its report."""
        report, overflow = bytearray(), False
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._report, select.POLLIN)
        try:
            replied, open_report = False, True
            # The reply says that the process has gone, whoever else may hold the other end of its report by accident.
            while not replied:
                for number, _ in self._poll(poll):
                    if number == self._report:
                        chunk = os.read(self._report, 1 << 16)
                        report += chunk
                        overflow = len(report) > most
                        if overflow or not chunk:
                            poll.unregister(self._report)
                            self._close_report()  # a program that prints without end gets an error, and ends
                            open_report = False
                    else:
                        replied = True
            if open_report:
                os.set_blocking(self._report, False)
            with contextlib.suppress(BlockingIOError):
                while open_report and not overflow and (chunk := os.read(self._report, 1 << 16)):
                    report += chunk
                    overflow = len(report) > most
            letter, number, _ = self._reply()
        finally:
            self._close_report()
        return Ending(letter, number, bytes(report), overflow, time.monotonic() - self._sent)

    def close(self) -> None:
        self._socket.close()
        self._close_report()
        self._process.kill()  # its children die with it
        self._process.wait()

    def forget(self) -> None:
        """In a process forked from the judge's: lets go of what belongs to the judge."""
        self._socket.close()
        self._close_report()
        self._process.returncode = 0  # not a child of this process: nothing to wait for

    def _reply(self) -> tuple[bytes, int, bytes]:
        letter, number, length = REPLY.unpack(self._read(REPLY.size))
        return letter, number, self._read(length)

    def _read(self, count: int) -> bytes:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        data = b""
        while len(data) < count:
            self._poll(poll)
            try:
                chunk = self._socket.recv(count - len(data))
            except OSError as error:
                raise ServerGone(self._obituary()) from error
            if not chunk:
                raise ServerGone(self._obituary())
            data += chunk
        return data

    def _poll(self, poll: select.poll) -> list[tuple[int, int]]:
        left = self._end + _PATIENCE_SECONDS - time.monotonic()
        events = poll.poll(max(0.0, left) * 1000)
        if not events:
            raise ServerGone(f"no answer {_PATIENCE_SECONDS:.0f} s after the deadline: the machine is too busy")
        return events

    def _obituary(self) -> str:
        """How the process ended."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "it closed its socket"
        if code == -signal.SIGKILL:
            return "it was killed (by the kernel, if memory ran out)"
        return f"it died of signal {-code}" if code < 0 else f"it left with exit code {code}"

    def _close_report(self) -> None:
        if self._report >= 0:
            os.close(self._report)
            self._report = -1


@contextlib.contextmanager
def anonymous_file(content: bytes) -> Iterator[int]:
    """A descriptor of a file without a name that holds these bytes."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("job")
    else:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(number, view) :]
        os.lseek(number, 0, os.SEEK_SET)
        yield number
    finally:
        os.close(number)


def _readable() -> list[str]:
    """Folders that a program may import from: the standard library and the shared libraries that it needs."""
    standard = [path for path in sys.path if path.startswith(sys.base_prefix) and not path.endswith("site-packages")]
    return [*standard, *_LIBRARIES]
