"""Where a run was made: the machine, the versions of what can change a result, and the commit of the code."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("reasonrl", "gymnasium", "numpy", "torch", "transformers")
_PATIENCE = 5.0
"""Seconds for git to answer."""


def describe_machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GiB, system, Python. No name that would identify it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0.0
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Installed versions of what can change a result, read without importing it."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    here = commit()
    return found if here is None else {**found, "commit": here}


def commit() -> str | None:
    """The commit of the checkout that this file belongs to, with a plus when files differ from it; None elsewhere."""
    here = Path(__file__).resolve()
    head = _git(here.parent, "rev-parse", "--short=12", "HEAD")
    if head is None or _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None  # no checkout, or somebody else's in which this package lies installed
    return head + ("+" if _git(here.parent, "status", "--porcelain", "--untracked-files=no", ":/") else "")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
