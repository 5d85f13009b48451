"""MBPP (Austin et al. 2021, arXiv 2108.07732): a program is judged by a list of assertions that call what it defines.

The assertions are trusted text and run in a jailed process without the program; the functions and classes that they
name send each call across. Objects stay with the program; what a test may do with them, and when they are equal, is in
`reasonrl.verifiers.sandbox.remote`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reasonrl.verifiers.code.extract import programs
from reasonrl.verifiers.code.verdicts import FINAL, digest, guarded, remembered, unusable, verdict_of_tests
from reasonrl.verifiers.core import Status, Verdict, failed, no_answer
from reasonrl.verifiers.sandbox import Sandbox, default_sandbox

_METHOD = "mbpp"
_CALLED = re.compile(r"([^\W\d]\w*)\s*\(")


def verify_mbpp(
    problem: Mapping[str, Any],
    code: str,
    *,
    challenge: bool = False,
    deadline: float = 5.0,
    memory_mb: int = 512,
    sandbox: Sandbox | None = None,
) -> Verdict:
    """Whether the program passes the problem's assertions. Never raises.

    Args:
        problem: a record of MBPP: "test_list", and if it has them "test_setup_code", "test_imports",
            "challenge_test_list" and "code", a solution that only tells which names are the program's.
        code: the program, bare or in a fence.
        challenge: run the challenge tests as well.
        deadline: seconds for program and tests together.
        memory_mb: address space of the program's process.
    """

    def judge() -> Verdict:
        units = [*_texts(problem, "test_list"), *(_texts(problem, "challenge_test_list") if challenge else ())]
        if not units:
            return failed("an MBPP problem needs a test_list of texts", status=Status.BAD_REFERENCE, method=_METHOD)
        empty = unusable(code)
        if empty is not None:
            return empty
        setup = [*_texts(problem, "test_imports"), *_texts(problem, "test_setup_code"), *_texts(problem, "test_setup")]
        reference = problem.get("code") or ""
        key = digest(_METHOD, units, setup, reference, code)
        known = remembered.get(key)
        if known is not None:
            return known
        readings = programs(code, names=set(_CALLED.findall("\n".join(units))))
        if not any(map(str.strip, readings)):
            return no_answer("there is no code")
        run = (sandbox or default_sandbox()).run_tests(
            readings,
            units,
            setup=setup,
            reference=reference if isinstance(reference, str) else "",
            deadline=deadline,
            memory_mb=memory_mb,
        )
        verdict = verdict_of_tests(readings[0], run, method=_METHOD)
        if run.status in FINAL:
            remembered.put(key, verdict)
        return verdict

    return guarded(judge, method=_METHOD)


def _texts(problem: Mapping[str, Any], field: str) -> list[str]:
    """The texts of a field that may be absent, one text or a list."""
    value = problem.get(field) or []
    texts = [value] if isinstance(value, str) else list(value)
    return [text for text in texts if isinstance(text, str) and text.strip()]
