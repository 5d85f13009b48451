"""Programs that read their input and print their output, as in programming contests.

>>> verify_stdio("print(int(input()) * 2)", [("21", "42"), ("-1", "-2")]).correct
True
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence

from reasonrl.verifiers.code.extract import extract_code
from reasonrl.verifiers.code.verdicts import FINAL, digest, guarded, remembered, unusable, verdict_of_counts
from reasonrl.verifiers.core import Status, Verdict, failed, no_answer
from reasonrl.verifiers.sandbox import RunResult, RunStatus, Sandbox, default_sandbox
from reasonrl.verifiers.sandbox.results import MAX_OUTPUT

_METHOD = "stdio"
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,4})?")

Compare = Callable[[str, str], bool]
"""Whether what was printed (first) is what was expected."""


def same_lines(printed: str, expected: str) -> bool:
    """Equal line by line, but for blanks at the ends of lines and empty lines at the end.

    >>> same_lines("1 2 \\n3\\n\\n", "1 2\\n3"), same_lines("1  2", "1 2")
    (True, False)
    """
    return _lines(printed) == _lines(expected)


def close_numbers(*, tolerance: float = 1e-6) -> Compare:
    """A comparison of the words of each line, where two numbers may differ by `tolerance`, absolute or relative.

    >>> close_numbers()("x 0.3333333", "x 0.33333333"), close_numbers()("1 2", "1 3"), close_numbers()("nan", "1")
    (True, False, False)
    """
    if not (0 <= tolerance < 1):
        raise ValueError(f"tolerance must be at least 0 and below 1, got {tolerance}")

    def word(printed: str, expected: str) -> bool:
        if printed == expected:
            return True
        if not (_NUMBER.fullmatch(printed) and _NUMBER.fullmatch(expected)):
            return False
        x, y = float(printed), float(expected)
        return math.isfinite(x) and math.isfinite(y) and math.isclose(x, y, rel_tol=tolerance, abs_tol=tolerance)

    def compare(printed: str, expected: str) -> bool:
        left, right = _lines(printed), _lines(expected)
        if len(left) != len(right):
            return False
        pairs = [(a.split(), b.split()) for a, b in zip(left, right, strict=True)]
        return all(len(a) == len(b) and all(map(word, a, b)) for a, b in pairs)

    return compare


def verify_stdio(
    code: str,
    cases: Sequence[tuple[str, str]],
    *,
    deadline: float = 5.0,
    processor_seconds: float | None = None,
    memory_mb: int = 512,
    compare: Compare = same_lines,
    sandbox: Sandbox | None = None,
) -> Verdict:
    """Whether the program prints what is expected for every input. Never raises; stops at the first case that fails.

    Args:
        code: the program, bare or in a fence.
        cases: (input, expected output) pairs; each runs in a fresh process.
        deadline: seconds for all cases together.
        processor_seconds: processor time for each case.
        memory_mb: address space of the process.
        compare: decides whether an output (first) is right; it sees text that an adversary wrote. `ValueError` is no.
    """

    def judge() -> Verdict:
        pairs = [tuple(case) for case in cases]
        if not pairs or not all(len(pair) == 2 and all(type(text) is str for text in pair) for pair in pairs):
            return failed(
                "cases must be a non-empty list of (input, expected output)",
                status=Status.BAD_REFERENCE,
                method=_METHOD,
            )
        empty = unusable(code)
        if empty is not None:
            return empty
        key = digest(_METHOD, code, pairs, compare.__qualname__) if compare is same_lines else b""
        known = remembered.get(key)
        if known is not None:
            return known
        program = extract_code(code, script=True)
        if not program.strip():
            return no_answer("there is no code")
        pool, end = sandbox or default_sandbox(), time.monotonic() + deadline
        passed, result = 0, RunResult(RunStatus.OK)
        for stdin, expected in pairs:
            left = end - time.monotonic()
            if left <= 0:
                result = RunResult(RunStatus.TIMEOUT, error="not finished in time")
                break
            result = pool.run_program(
                program,
                stdin,
                deadline=left,
                processor_seconds=processor_seconds,
                memory_mb=memory_mb,
                room=max(MAX_OUTPUT, 4 * len(expected)),
            )
            if result.status is not RunStatus.OK:
                break
            try:
                right = compare(result.values[0], expected)
            except ValueError:  # as `float` says of what is no number
                right = False
            if not right:
                result = RunResult(RunStatus.OK, error="the output differs")
                break
            passed += 1
        verdict = verdict_of_counts(
            program,
            result.status,
            passed=passed,
            total=len(pairs),
            error=result.error,
            defined=passed > 0,
            method=_METHOD,
        )
        if key and result.status in FINAL:
            remembered.put(key, verdict)
        return verdict

    return guarded(judge, method=_METHOD)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
