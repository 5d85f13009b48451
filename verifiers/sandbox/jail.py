"""What a fork server and its children give up, and the proof of it: each forbidden action is tried for real.

Taken once by the server and inherited: user id (when root), capabilities, network, IPC and host name (namespaces), the
file system (Landlock). Taken by each child: session, memory, processor time, files, processes, system calls (seccomp).
A measure that the platform lacks is left out and the others still hold; `probe` tells what that leaves open.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

Enter = Callable[[float, int], None]
"""What a child calls before it touches a program: seconds of processor time, bytes of memory."""

NOBODY = 65534
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 8, 22, 38
_NEWUTS, _NEWIPC, _NEWUSER, _NEWNET = 0x04000000, 0x08000000, 0x10000000, 0x40000000
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 4, 8
_CAP_DAC_READ_SEARCH = 1 << 2
_PTRACE_SEIZE = 0x4206
_PROBE_MEMORY = 256 << 20


class Config(NamedTuple):
    """What the judge asks of a fork server."""

    seccomp: bytes | None
    """The filter of system calls; None leaves the measure out, as elsewhere."""
    readable: list[str] | None
    """Folders that programs may read, for Landlock."""
    drop_user: bool
    namespaces: bool


def lock(config: Config) -> tuple[list[str], Enter]:
    """Takes the shared measures; returns the names of all in force, and what each child calls."""
    measures = ["rlimits", "session"]
    if not sys.platform.startswith("linux"):
        return measures, lambda processor, memory: _limit(processor, memory)
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # where memory runs out, the kernel ends a program and not the trainer
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    root = os.geteuid() == 0
    if config.namespaces and libc.unshare(_NEWNET | _NEWIPC | _NEWUTS | (0 if root else _NEWUSER)) == 0:
        measures.append("namespaces")
    rules = _landlock_rules(libc, config.readable) if config.readable is not None else -1
    # A Python under a closed home is out of reach for another user: then the right to read is kept, within Landlock.
    kept = _CAP_DAC_READ_SEARCH if rules >= 0 else 0
    if root and config.drop_user and (kept or _python_is_readable(NOBODY)) and _become(libc, NOBODY):
        measures.append("uid")
    else:
        kept = 0
    capabilities = struct.pack("<6I", kept, kept, 0, 0, 0, 0)
    if libc.capset(struct.pack("<Ii", 0x20080522, 0), capabilities) == 0:
        measures.append("capabilities")
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # nobody reads this process through /proc; a new user id resets it
    if rules >= 0:
        if libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0:
            measures.append("landlock")
        os.close(rules)
    program = config.seccomp
    buffer = ctypes.create_string_buffer(program or b"", len(program or b""))
    fprog = struct.pack("<HxxxxxxQ", len(program or b"") // 8, ctypes.addressof(buffer))
    filtered = program is not None

    def enter(processor: float, memory: int, keep: Any = buffer) -> None:
        _limit(processor, memory)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if filtered and libc.prctl(_PR_SET_SECCOMP, 2, fprog, 0, 0) != 0:
            raise OSError("the system call filter was refused")

    if filtered:
        if _attempt(enter, lambda: None) == _DONE:
            measures.append("seccomp")
        else:
            filtered = False
    return measures, enter


def _limit(processor: float, memory: int) -> None:
    os.setsid()
    signal.setitimer(signal.ITIMER_PROF, processor)  # ends the child unless it learns to ignore it
    for limit, value in (
        (resource.RLIMIT_CPU, int(processor) + 2),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _become(libc: ctypes.CDLL, user: int) -> bool:
    """Gives up root for this user, but not yet the capabilities."""
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    try:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError:  # not all of root's rights are ours: in a container, say
        return os.geteuid() == user
    return True


def _python_is_readable(user: int) -> bool:
    """Whether a process of this user could still import the standard library, tried in a child."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            code = 0 if os.access(os.__file__, os.R_OK) else 1
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _landlock_rules(libc: ctypes.CDLL, readable: list[str]) -> int:
    """Rules that deny files outside `readable`, TCP, and signals to other processes, as far as the kernel knows how."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return -1
    rights = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    attributes = struct.pack("<QQQ", (1 << rights) - 1, 3, 3)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules: int = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    for path in readable if rules >= 0 else ():
        try:
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("<Qi", _READ_FILE | _READ_DIR, folder), 0)
        os.close(folder)
    return rules


# --- the proof

_DENIED, _DONE, _UNCLEAR = 0, 1, 2


def probe(enter: Enter) -> list[str]:
    """Tries each forbidden action in a child of its own; returns the names of those that were denied."""
    return [name for name, action in _ACTIONS.items() if _attempt(enter, action) == _DENIED]


def _attempt(enter: Enter, action: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        code = _UNCLEAR
        try:
            enter(1.0, _PROBE_MEMORY)
            try:
                action()
                code = _DONE
            except (PermissionError, BlockingIOError, MemoryError):  # a limit on processes says "try again"
                code = _DENIED
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else _UNCLEAR


def _read_outside() -> None:
    refused = None
    for path in ("/etc/passwd", "/", f"/proc/{os.getppid()}/environ"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            return
        except PermissionError as error:
            refused = error
        except FileNotFoundError:
            continue
    if refused is not None:
        raise refused


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _socket() -> None:
    import _socket

    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)


def _trace() -> None:
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        os.close(os.open(f"/proc/{parent}/mem", os.O_RDONLY))
        return
    except OSError:
        pass
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(_PTRACE_SEIZE, parent, None, None) != 0:  # lets go of it again by leaving
        raise OSError(ctypes.get_errno(), "ptrace")


def _lift_limits() -> None:
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    except ValueError as error:  # what Python makes of EPERM here
        raise PermissionError from error


_ACTIONS: dict[str, Callable[[], object]] = {
    "memory": lambda: bytearray(_PROBE_MEMORY),
    "write": lambda: os.close(os.open("/dev/null", os.O_WRONLY)),
    "socket": _socket,
    "fork": _fork,
    "exec": lambda: os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", f"raise SystemExit({_DONE})"]),
    "signal": lambda: os.kill(os.getppid(), 0),
    "trace": _trace,
    "limits": _lift_limits,
    "read": _read_outside,
}
