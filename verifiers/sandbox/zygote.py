"""The process that runs model-written code: a small warm interpreter that forks one child per job.

Started as `python -s -P -S -B zygote.py <descriptor of jobs> <descriptor of replies>`; it imports nothing of ours.
It knows no test's expected value, so neither it nor a child can forge a verdict: whatever a child reports is only what
the program "returned". The first frame in is its configuration, the others are jobs; each gets one frame out.

    frame in    length (uint32), deadline, processor time (float64 seconds), memory (uint64 bytes), a marshalled body
    frame out   one letter, length (uint32), payload

The child gives up what it can: descriptors, memory, processor time, files, processes, and where the kernel offers them
capabilities, the file system (Landlock) and all but a short list of system calls (seccomp). Every measure that the
platform lacks is left out and the others still hold; the first reply names those in force.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import marshal
import os
import resource
import select
import signal
import struct
import sys
import time
from _json import encode_basestring_ascii as quote
from collections.abc import Callable
from typing import Any

FRAME = struct.Struct("<IddQ")
REPLY = struct.Struct("<cI")
REPORT, TIMEOUT, MEMORY, OUTPUT, CRASH = b"R", b"T", b"M", b"O", b"C"
MAX_REPORT = 1 << 18
"""Bytes that one job may report."""
MAX_DEPTH = 24
MAX_BITS = 14_000
"""Size of the largest integer that leaves: Python reads no longer decimal numbers without being told to."""
_OUT_OF_MEMORY = 77
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 4, 8


class _TooBig(Exception):
    """The value is not made of plain types, or too large to leave."""


class _Pipes:
    """Descriptors of the pipes to the judge."""

    jobs = -1
    replies = -1


def main() -> None:
    _Pipes.jobs, _Pipes.replies = map(int, sys.argv[1:3])
    libc = ctypes.CDLL(None, use_errno=True)
    body = _receive()[-1]
    assert body is not None
    seccomp, readable = marshal.loads(body)
    measures, filter_system_calls = _harden(libc, seccomp, readable)
    # One job here first: children then share what the interpreter sets up at its first compilation (1.2, not 3.0 ms).
    _run("import math\ndef f(x):\n x=[v+1 for v in sorted(x)]\n return x,{1:2.5},'a',f", "f", [([1],), (0,)])
    del sys.modules["program"]
    _reply(REPORT, " ".join(measures).encode())
    # Frozen objects are never touched by the collector, so that children share their memory pages.
    gc.collect()
    gc.freeze()
    while True:
        deadline, processor, memory, body = _receive()
        if body is None:
            os._exit(0)
        letter, payload = _supervise(body, deadline, processor, memory, filter_system_calls)
        _reply(letter, payload)


def _supervise(
    body: bytes, deadline: float, processor: float, memory: int, filter_system_calls: Callable[[], None]
) -> tuple[bytes, bytes]:
    """Forks a child for the job, reads its report until the deadline, and kills all that is left of it."""
    end = time.monotonic() + deadline
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _work(body, processor, memory, reader, writer, filter_system_calls)
    os.close(writer)
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    report, letter = bytearray(), REPORT
    while True:
        left = end - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000 + 1):
            letter = TIMEOUT
            break
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        report += chunk
        if len(report) > MAX_REPORT + 16:
            letter = OUTPUT
            break
    os.close(reader)
    status = _kill(child)
    if letter != REPORT:
        return letter, b""
    if report.endswith(b"\n"):  # only a whole report ends so
        return REPORT, bytes(report)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return (
            (TIMEOUT, b"")
            if number in (signal.SIGPROF, signal.SIGXCPU)
            else (CRASH, b"the process died of signal %d" % number)
        )
    code = os.WEXITSTATUS(status)
    return (MEMORY, b"") if code == _OUT_OF_MEMORY else (CRASH, b"the process left with exit code %d" % code)


def _kill(child: int) -> int:
    """Ends the child and its group. A child that has already left keeps its exit status."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            end(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _work(
    body: bytes, processor: float, memory: int, reader: int, writer: int, filter_system_calls: Callable[[], None]
) -> None:
    """The child: gives up its rights, runs the job, reports, and leaves without any clean-up of the program's."""
    code = _OUT_OF_MEMORY
    try:
        os.setsid()
        for descriptor in (_Pipes.jobs, _Pipes.replies, reader):
            os.close(descriptor)
        seconds = int(processor) + 2
        signal.setitimer(signal.ITIMER_PROF, processor)  # ends the child unless it learns to ignore it
        for limit, value in (
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, 16),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NPROC, 0),
        ):
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))
        filter_system_calls()
        report = _run(*marshal.loads(body)).encode()
        while report:
            report = report[os.write(writer, report) :]
        code = 0
    except MemoryError:
        pass
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def _run(code: str, entry_point: str, calls: list[tuple[Any, ...]]) -> str:
    """Defines the program and makes the calls. Returns a JSON array: what went wrong at first (or null), then calls.

    A call is ["v", value], ["e", exception], ["m", ""] out of memory, or ["o", why the value cannot leave].
    """
    module = type(sys)("program")
    sys.modules["program"] = module
    try:
        exec(compile(code, "<program>", "exec"), module.__dict__)
        function = module.__dict__[entry_point]
    except MemoryError:
        return '[["m",""]]\n'
    except KeyError as error:
        missing = entry_point not in module.__dict__
        return f'[["e",{quote(f"NameError: there is no function {entry_point}" if missing else _describe(error))}]]\n'
    except BaseException as error:
        return f'[["e",{quote(_describe(error))}]]\n'
    reports = ["null"]
    room = MAX_REPORT
    for arguments in calls:
        try:
            kind, text = "v", _encode(function(*arguments), room)
        except _TooBig as error:
            kind, text = "o", quote(str(error))
        except MemoryError:
            kind, text = "m", '""'
        except BaseException as error:
            kind, text = "e", quote(_describe(error))
        room -= len(text) + 8
        if room < 0:
            kind, text = "o", '"the values are too large together"'
        reports.append(f'["{kind}",{text}]')
    return f"[{','.join(reports)}]\n"


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except BaseException:
        return "an exception that cannot be printed"


def _encode(value: Any, room: int) -> str:
    """Tagged JSON of exact builtin types; a subclass with a clever `__eq__` does not leave."""
    parts: list[str] = []
    left = room

    def put(part: str) -> None:
        nonlocal left
        left -= len(part)
        if left < 0:
            raise _TooBig(f"the value is larger than {MAX_REPORT} bytes")
        parts.append(part)

    def put_all(opening: str, items: Any, closing: str, depth: int) -> None:
        put(opening)
        for position, item in enumerate(items):
            if position:
                put(",")
            walk(item, depth + 1)
        put(closing)

    def walk(item: Any, depth: int) -> None:
        kind = type(item)
        if depth > MAX_DEPTH:
            raise _TooBig(f"the value is nested more than {MAX_DEPTH} deep")
        if item is None or kind is bool:
            put("null" if item is None else "true" if item else "false")
        elif kind is int:
            if item.bit_length() > MAX_BITS:
                raise _TooBig(f"an integer has more than {MAX_BITS} bits")
            put(str(item))
        elif kind is str:
            if len(item) > left:
                raise _TooBig(f"the value is larger than {MAX_REPORT} bytes")
            put(quote(item))
        elif kind is float:
            put(f'{{"f":"{item!r}"}}')
        elif kind is list:
            put_all("[", item, "]", depth)
        elif kind is tuple:
            put_all('{"t":[', item, "]}", depth)
        elif kind is set:
            put_all('{"s":[', item, "]}", depth)
        elif kind is dict:
            put_all('{"d":[', [part for pair in item.items() for part in pair], "]}", depth)
        else:
            raise _TooBig(f"a value of type {str(kind.__name__)[:60]} is not plain")

    walk(value, 0)
    return "".join(parts)


def _harden(libc: ctypes.CDLL, program: bytes | None, readable: list[str]) -> tuple[list[str], Callable[[], None]]:
    """Measures that zygote and children share, taken once; returns their names and what each child does for itself."""
    measures = ["rlimits", "session"]
    if not sys.platform.startswith("linux"):
        return measures, lambda: None
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody reads this process through /proc
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = struct.pack("<Ii", 0x20080522, 0)
    if libc.capset(header, bytes(24)) == 0:
        measures.append("capabilities")
    if _landlock(libc, readable):
        measures.append("landlock")
    buffer = ctypes.create_string_buffer(program or b"", len(program or b""))
    fprog = struct.pack("<HxxxxxxQ", len(program or b"") // 8, ctypes.addressof(buffer))

    def filter_system_calls(keep: Any = buffer) -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if program and libc.prctl(_PR_SET_SECCOMP, 2, fprog, 0, 0) != 0:
            raise OSError("the system call filter was refused")

    if program and _accepts(filter_system_calls):
        measures.append("seccomp")
    else:
        program = None
    return measures, filter_system_calls


def _accepts(filter_system_calls: Callable[[], None]) -> bool:
    """Whether the kernel takes the filter, tried in a child, and whether it then denies a fork."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            filter_system_calls()
            try:
                os.fork()
            except PermissionError:
                code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _landlock(libc: ctypes.CDLL, readable: list[str]) -> bool:
    """Denies files outside `readable`, TCP, and signals to other processes, as far as the kernel knows how."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return False
    rights = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    attributes = struct.pack("<QQQ", (1 << rights) - 1, 3, 3)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return False
    for path in readable:
        try:
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("<Qi", _READ_FILE | _READ_DIR, folder), 0)
        os.close(folder)
    done: bool = libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return done


def _receive() -> tuple[float, float, int, bytes | None]:
    head = _read(FRAME.size)
    if head is None:
        return 0.0, 0.0, 0, None
    length, deadline, processor, memory = FRAME.unpack(head)
    return deadline, processor, memory, _read(length)


def _read(count: int) -> bytes | None:
    """Exactly `count` bytes; None when the judge has gone."""
    data = bytearray()
    while len(data) < count:
        chunk = os.read(_Pipes.jobs, count - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def _reply(letter: bytes, payload: bytes) -> None:
    data = REPLY.pack(letter, len(payload)) + payload
    while data:
        data = data[os.write(_Pipes.replies, data) :]


if __name__ == "__main__":
    main()
