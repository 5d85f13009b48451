"""The fork server: a small warm interpreter, started by `jobs.py`, that forks a child for each job and runs nothing.

It sees neither a program nor a value: the judge sends it one header per job together with open descriptors, and only
the child reads and writes those. So no child finds in its memory what an earlier job left there, and none holds a test.

    header in   kind, deadline, processor time (float64 seconds), memory (uint64 bytes), and beside it descriptors of
                the body (to read), the report (to write), and for some kinds the channel or the program's input
    reply out   one letter, a number (exit code or signal), length (uint32), payload (only for CONFIGURE)
"""

from __future__ import annotations

import _socket
import contextlib
import gc
import marshal
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable

from reasonrl.verifiers.sandbox import jail, programs, serve, surroundings, trusted_tests

HEADER = struct.Struct("<cddQ")
REPLY = struct.Struct("<ciI")
CONFIGURE, CALLS, SERVE, PROGRAM, TESTS = b"G", b"C", b"S", b"P", b"T"
LEFT, KILLED, LATE = b"L", b"K", b"D"
"""How a job's process ended: by itself with an exit code, by a signal, or at the deadline."""
OUT_OF_MEMORY = 77
"""The exit code of a child that ran out of memory."""
_MOST_DESCRIPTORS = 4
_WARM = "re,math,cmath,collections,itertools,functools,operator,typing,string,random,heapq,bisect,copy,json,decimal"
"""Modules that programs often import: children find them loaded."""

_KINDS: dict[bytes, Callable[[bytes, int, int], None]] = {
    CALLS: programs.make_calls,
    SERVE: serve.serve,
    PROGRAM: programs.run_program,
    TESTS: trusted_tests.run_tests,
}


def main(descriptor: int) -> None:
    judge = _socket.socket(fileno=descriptor)
    *_, descriptors = _receive(judge)
    measures, enter = jail.lock(jail.Config(*marshal.loads(_read_all(descriptors[0]))))
    for number in descriptors:
        os.close(number)
    for name in _WARM.split(","):
        with contextlib.suppress(ImportError):
            __import__(name)
    # One job here first: children then share what the interpreter sets up at its first compilation.
    programs.warm_up()
    denied = jail.probe(enter)
    surroundings.tidy()
    _reply(judge, LEFT, 0, f"{' '.join(measures)}\n{' '.join(denied)}".encode())
    # Frozen objects are never touched by the collector, so that children share their memory pages.
    gc.collect()
    gc.freeze()
    while True:
        kind, deadline, processor, memory, descriptors = _receive(judge)
        end = time.monotonic() + deadline
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            judge.close()
            os.close(reader)
            _work(kind, processor, memory, descriptors, enter)
        os.close(writer)
        for number in descriptors:
            os.close(number)
        _reply(judge, *_watch(process, reader, end))


def _watch(process: int, reader: int, end: float) -> tuple[bytes, int]:
    """Waits until the child has left or must; nothing of it remains. The pipe closes when the child is gone."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    in_time = bool(poll.poll(max(0.0, end - time.monotonic()) * 1000 + 1))
    os.close(reader)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)  # a child that has already left keeps its exit status
    status = os.waitpid(process, 0)[1]
    if not in_time:
        return LATE, 0
    return (KILLED, os.WTERMSIG(status)) if os.WIFSIGNALED(status) else (LEFT, os.WEXITSTATUS(status))


def _work(kind: bytes, processor: float, memory: int, descriptors: list[int], enter: jail.Enter) -> None:
    """The child: gives up its rights, does the job, and leaves without any clean-up of the program's."""
    code = OUT_OF_MEMORY
    try:
        body, report, extra = [*descriptors, -1][:3]
        job = _read_all(body)
        os.close(body)
        if kind == PROGRAM:
            os.dup2(extra, 0)
            os.dup2(report, 1)
        enter(processor, memory)
        _KINDS[kind](job, report, extra)
        code = 0
    except MemoryError:
        pass
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def _read_all(descriptor: int) -> bytes:
    """All of a file, wherever it has been left."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def _receive(judge: _socket.socket) -> tuple[bytes, float, float, int, list[int]]:
    """The next job; leaves with the judge."""
    head, ancillary, _, _ = judge.recvmsg(HEADER.size, _socket.CMSG_LEN(4 * _MOST_DESCRIPTORS), _socket.MSG_WAITALL)
    if len(head) < HEADER.size:
        os._exit(0)
    descriptors = [number for _, _, data in ancillary for (number,) in struct.iter_unpack("i", data)]
    return (*HEADER.unpack(head), descriptors)


def _reply(judge: _socket.socket, letter: bytes, number: int, payload: bytes = b"") -> None:
    judge.sendall(REPLY.pack(letter, number, len(payload)) + payload)


if __name__ == "__main__":
    main(int(sys.argv[1]))
