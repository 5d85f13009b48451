"""Our own format: a function passes when every call returns what the tests expect, in value and in type.

>>> verify_code("def f(a, b):\\n return a+b", "f", [((1, 2), 3), ((4, 0), 4)]).correct
True
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from reasonrl.verifiers.code.extract import programs
from reasonrl.verifiers.code.verdicts import FINAL, digest, guarded, remembered, unusable, verdict_of_counts
from reasonrl.verifiers.core import Status, Verdict, failed, no_answer
from reasonrl.verifiers.sandbox import Raised, RunStatus, Sandbox, default_sandbox
from reasonrl.verifiers.sandbox.values import MAX_REPORT, MAX_VALUE, TooBig, encode, is_plain, same

Test = tuple[tuple[Any, ...], Any] | tuple[tuple[Any, ...], dict[str, Any], Any]
"""Arguments of one call, keyword arguments if there are any, and the value it must return."""


class CodeJob(NamedTuple):
    """One program to judge."""

    code: str
    entry_point: str
    tests: Sequence[Test]


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
        code: Python that defines `entry_point`, bare or in a fence.
        tests: (arguments, expected) or (arguments, keyword arguments, expected), of plain values (int, float, str,
            bool, None, complex, bytes, list, tuple, dict, set, frozenset).
        deadline: seconds for all tests together.
        processor_seconds: less of it, as processor time, which a busy machine does not shorten.
        memory_mb: address space of the process that runs the program.
        sandbox: where to run it; by default the pool of this process.
    """

    def judge() -> Verdict:
        cases = _cases(tests)
        room = _room([expected for _, _, expected in cases]) if cases else None
        if cases is None or room is None:
            return failed(
                "tests must be a non-empty list of (arguments, expected), of plain values that a program could return",
                status=Status.BAD_REFERENCE,
                method="tests",
            )
        empty = unusable(code)
        if empty is not None:
            return empty
        key = digest("calls", code, entry_point, cases)
        known = remembered.get(key)
        if known is not None:
            return known
        readings = programs(code, names=(entry_point,))
        if not any(map(str.strip, readings)):
            return no_answer("there is no code")
        result = (sandbox or default_sandbox()).run_calls(
            readings,
            entry_point,
            [case[0] for case in cases],
            keywords=[case[1] for case in cases],
            deadline=deadline,
            processor_seconds=processor_seconds,
            memory_mb=memory_mb,
            room=room,
        )
        expected, values = [case[2] for case in cases], result.values
        passed = sum(map(same, values, expected)) if len(values) == len(expected) else 0
        first = next((value.error for value in values if isinstance(value, Raised)), result.error)
        # A program whose last calls went wrong may still have passed every test: Raised equals no plain value.
        status = RunStatus.OK if passed == len(expected) else result.status
        verdict = verdict_of_counts(
            readings[0],
            status,
            passed=passed,
            total=len(expected),
            error=first,
            defined=bool(values),
            method="tests",
        )
        if result.status in FINAL:
            remembered.put(key, verdict)
        return verdict

    return guarded(judge, method="tests")


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


def _cases(tests: Sequence[Test]) -> list[tuple[tuple[Any, ...], dict[str, Any], Any]] | None:
    """The tests in one shape; None unless a program could pass them."""
    try:
        cases = [
            (tuple(test[0]), dict(test[1]) if len(test) == 3 else {}, test[-1]) for test in tests if len(test) in (2, 3)
        ]
        return cases if cases and len(cases) == len(tests) and is_plain(cases) else None
    except (TypeError, ValueError):
        return None


def _room(expected: list[Any]) -> int | None:
    """Bytes for the values, enough for those expected; None if they are too large for any. A power of two: a program
    that finds this number learns nothing of ordinary values, and little of large ones."""
    room = MAX_REPORT
    while room <= MAX_VALUE:
        try:
            encode(expected, room - 16 * len(expected))
            return room
        except TooBig:
            room *= 2
    return None
