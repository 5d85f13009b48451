"""How many threads torch takes: as many as cores are idle when a command starts.

Threads wait for each other at every matrix product, so one that must share its core with another process holds all of
them up. Measured with the shipped model on two cores that others kept busy: 144.7 s with two threads for what took
37.8 s with one. The results do not hang on the number of threads: samples, log-probabilities and learned weights were
the same to the last bit.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_STAT = Path("/proc/stat")
_LOOK = 0.2
"""Seconds in which the cores are watched."""


def use_idle_cores() -> str:
    """Sets torch's threads for this process, unless OMP_NUM_THREADS does; a sentence where others have some cores.

    Only commands call this: a library does not change its user's settings.
    """
    torch = sys.modules.get("torch")
    if torch is None or os.environ.get("OMP_NUM_THREADS"):  # without torch (a policy at a server) there are none
        return ""
    most = int(torch.get_num_threads())
    threads = max(1, min(most, round(idle_cores())))
    torch.set_num_threads(threads)
    if threads == most:
        return ""
    return f"{threads} of {most} cores: the others are busy (OMP_NUM_THREADS sets another number)"


def idle_cores(*, stat: Path = _STAT, look: float = _LOOK) -> float:
    """Cores that nobody uses, by the kernel's own count or, where there is none, by the load of the last minute."""
    cores = os.cpu_count() or 1
    try:
        before = _ticks(stat)
        time.sleep(look)
        after = _ticks(stat)
    except (OSError, ValueError, IndexError):
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return max(0.0, cores - load)
    idle, total = after[0] - before[0], after[1] - before[1]
    return cores * idle / total if total > 0 else float(cores)


def _ticks(stat: Path) -> tuple[int, int]:
    """Idle ticks and all ticks since the machine started: "cpu user nice system idle iowait irq ..."."""
    line = next(line for line in stat.read_text().splitlines() if line.startswith("cpu "))
    values = [int(value) for value in line.split()[1:9]]
    return values[3] + values[4], sum(values)
