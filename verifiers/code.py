"""Judging code: a function passes when every call returns what the tests expect, in value and in type.

The program runs in `reasonrl.verifiers.sandbox`; what the tests expect stays in this process.

>>> verify_code("def f(a, b):\\n return a+b", "f", [((1, 2), 3), ((4, 0), 4)]).correct
True
"""

from __future__ import annotations

import hashlib
import marshal
import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from reasonrl.verifiers.answers import is_answer_line
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.sandbox import Raised, RunResult, RunStatus, Sandbox, SandboxError, default_sandbox
from reasonrl.verifiers.sandbox.values import is_plain, same

Test = tuple[tuple[Any, ...], Any]
"""Arguments of one call, and the value it must return."""

_FENCE = re.compile(r"^```[ \t]*(?:python3?|py)?[ \t\r]*\n(.*?)^```", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_SYNTAX = ("SyntaxError:", "IndentationError:", "TabError:")
_MOST_REMEMBERED = 20_000


class CodeJob(NamedTuple):
    """One program to judge."""

    code: str
    entry_point: str
    tests: Sequence[Test]


def extract_code(response: str) -> str:
    """The program in a response: its last fenced Python block, or without one the whole text less any answer line."""
    blocks = _FENCE.findall(response) if "```" in response else []
    if blocks:
        return str(blocks[-1])
    return "\n".join(line for line in response.split("\n") if not is_answer_line(line))


def verify_code(
    code: str,
    entry_point: str,
    tests: Sequence[Test],
    *,
    deadline: float = 2.0,
    processor_seconds: float | None = None,
    memory_mb: int = 256,
    sandbox: Sandbox | None = None,
) -> Verdict:
    """Whether the program passes every test. Never raises; a verdict without timeout is remembered.

    Args:
        code: Python that defines `entry_point`.
        tests: (arguments, expected) pairs of plain values (int, float, str, bool, None, list, tuple, dict, set).
        deadline: seconds for all tests together.
        processor_seconds: less of it, as processor time, which a busy machine does not shorten.
        memory_mb: address space of the process that runs the program.
        sandbox: where to run it; by default the pool of this process.
    """
    cases = [(tuple(arguments), expected) for arguments, expected in tests]
    if not cases or not is_plain(cases):
        return failed("tests must be a non-empty list of plain values", status=Status.BAD_REFERENCE, method="tests")
    if not code.strip():
        return no_answer("there is no code")
    key = hashlib.blake2b(marshal.dumps((code, entry_point, cases), 2), digest_size=16).digest()
    known = _remembered.get(key)
    if known is not None:
        return known
    try:
        result = (sandbox or default_sandbox()).run_calls(
            code,
            entry_point,
            [arguments for arguments, _ in cases],
            deadline=deadline,
            processor_seconds=processor_seconds,
            memory_mb=memory_mb,
        )
    except SandboxError as error:
        return failed(str(error), method="tests")
    verdict = _judge(code, result, [expected for _, expected in cases])
    if result.status in (RunStatus.OK, RunStatus.EXCEPTION, RunStatus.OUTPUT, RunStatus.REFUSED):
        _remembered.put(key, verdict)
    return verdict


def verify_many(
    jobs: Sequence[CodeJob],
    *,
    deadline: float = 2.0,
    processor_seconds: float | None = None,
    memory_mb: int = 256,
    sandbox: Sandbox | None = None,
) -> list[Verdict]:
    """`verify_code` for each job, in order, with every worker of the sandbox busy."""
    pool = sandbox or default_sandbox()

    def judge(job: CodeJob) -> Verdict:
        return verify_code(
            *job, deadline=deadline, processor_seconds=processor_seconds, memory_mb=memory_mb, sandbox=pool
        )

    if len(jobs) < 2 or pool.workers == 1:
        return list(map(judge, jobs))
    with ThreadPoolExecutor(pool.workers) as threads:
        return list(threads.map(judge, jobs))


def _judge(code: str, result: RunResult, expected: Sequence[Any]) -> Verdict:
    values = result.values
    passed = sum(map(same, values, expected)) if len(values) == len(expected) else 0
    if passed == len(expected):
        return accept(code, method="tests")
    if result.status is RunStatus.TIMEOUT:
        status = Status.TIMEOUT
    elif not values and result.error.startswith(_SYNTAX):
        status = Status.UNPARSABLE
    else:
        status = Status.WRONG
    first = next((value.error for value in values if isinstance(value, Raised)), result.error)
    reason = f"{passed} of {len(expected)} tests pass" + (f"; {result.status.value}: {first}" if first else "")
    return reject(code, method="tests", reason=reason, status=status)


class _Memory:
    """The verdicts of the programs seen last."""

    def __init__(self) -> None:
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Verdict | None:
        with self._lock:
            verdict = self._verdicts.get(key)
            if verdict is not None:
                self._verdicts.move_to_end(key)
            return verdict

    def put(self, key: bytes, verdict: Verdict) -> None:
        with self._lock:
            self._verdicts[key] = verdict
            while len(self._verdicts) > _MOST_REMEMBERED:
                self._verdicts.popitem(last=False)


_remembered = _Memory()
