"""Runs model-written Python in child processes, within a deadline and a memory limit, and brings back plain values.

The judge's process never runs the program and never forks: it starts small interpreters (`worker.py`, `zygote.py`) that
fork a child for each job. Expected values stay in the judge, or for trusted tests in a process of their own
(`tester.py`), so a program cannot read them, and cannot pass but by returning them.

What holds is measured when a worker starts (`isolation.py`): `Sandbox().level`. Below `Isolation.JAILED` a program can
still not forge a verdict, but it may do what the levels above would deny. docs/sandbox.md has the threat model.

>>> with Sandbox(workers=1) as sandbox:
...     sandbox.run_calls("def f(x):\\n return x+1", "f", [(1,), (2,)]).values
(2, 3)
"""

from reasonrl.verifiers.sandbox.isolation import Isolation
from reasonrl.verifiers.sandbox.pool import Sandbox, default_sandbox
from reasonrl.verifiers.sandbox.results import MAX_CODE_BYTES, Raised, RunResult, RunStatus, SandboxError, TrustedRun

__all__ = [
    "MAX_CODE_BYTES",
    "Isolation",
    "Raised",
    "RunResult",
    "RunStatus",
    "Sandbox",
    "SandboxError",
    "TrustedRun",
    "default_sandbox",
]
