"""Runs model-written Python in child processes, within a deadline and a memory limit, and brings back plain values.

Four kinds of processes, and the files whose code runs in each:

    judge               pool.py, jobs.py         yours: holds the expected values, never runs a program, never forks
    fork server         fork_server.py           a small warm interpreter that forks a process for each job, and no more
    program's process   programs.py, serve.py    runs one program, jailed: makes the calls it is asked for
    tests' process      trusted_tests.py         runs trusted tests, and sends each call of the program across

So a program cannot read what is expected of it, and cannot pass but by returning it.

What holds is measured when a fork server starts (`isolation.py`): `Sandbox().level`. Below `Isolation.JAILED` a program
can still not forge a verdict, but it may do what the levels above would deny. docs/sandbox.md has the threat model.

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
