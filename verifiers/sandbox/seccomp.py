"""The list of system calls that a program may make, as a filter for the kernel (classic BPF, see seccomp(2)).

Everything else fails with EPERM: no process, no socket, no signal, no file opened for writing, no change of limits.
"""

from __future__ import annotations

import platform
import struct
import sys

_ALLOWED = {
    # read, write, close, stat, fstat, lstat, poll, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask,
    # rt_sigreturn, pread64, readv, writev, access, sched_yield, mremap, madvise, dup, nanosleep, getpid, exit, uname,
    # getcwd, readlink, gettimeofday, getrusage, sysinfo, getuid, getgid, geteuid, getegid, getppid, sigaltstack,
    # gettid, time, futex, sched_getaffinity, getdents64, clock_gettime, clock_getres, clock_nanosleep, exit_group,
    # newfstatat, readlinkat, getrandom, statx, rseq
    "x86_64": (
        *(
            0,
            1,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            17,
            19,
            20,
            21,
            24,
            25,
            28,
            32,
            35,
            39,
            60,
            63,
            79,
            89,
            96,
            98,
        ),
        *(99, 102, 104, 107, 108, 110, 131, 186, 201, 202, 204, 217, 228, 229, 230, 231, 262, 267, 318, 332, 334),
    ),
    # the same where they exist, with faccessat for access and ppoll for poll
    "aarch64": (
        *(
            63,
            64,
            57,
            79,
            80,
            73,
            62,
            222,
            226,
            215,
            214,
            134,
            135,
            139,
            67,
            65,
            66,
            48,
            124,
            216,
            233,
            23,
            101,
            172,
            93,
            160,
        ),
        *(17, 78, 169, 165, 179, 174, 176, 175, 177, 173, 132, 178, 98, 123, 61, 113, 114, 115, 94, 278, 291, 293),
    ),
}
"""Numbers from the kernel's own tables, by machine."""
_OPENAT = {"x86_64": 257, "aarch64": 56}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_WRITING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND."""
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
_NUMBER, _MACHINE, _THIRD_ARGUMENT = 0, 4, 32
"""Offsets into `struct seccomp_data`."""


def system_call_filter(machine: str | None = None) -> bytes | None:
    """The filter for this machine, 8 bytes an instruction; None where no table is known."""
    machine = machine or (platform.machine() if sys.platform.startswith("linux") else "")
    if machine not in _ALLOWED:
        return None
    allowed = _ALLOWED[machine]
    count = len(allowed)
    program = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, count + 1, 0, _OPENAT[machine]),  # to the look at its flags, after the list
        *((_EQUAL, count - position + 2, 0, number) for position, number in enumerate(allowed)),
        (_RETURN, 0, 0, _DENY),
        (_LOAD, 0, 0, _THIRD_ARGUMENT),
        (_ANY_BIT, 1, 0, _WRITING),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
