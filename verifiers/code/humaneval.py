"""HumanEval (Chen et al. 2021, arXiv 2107.03374): a function completes its prompt and is judged by `check(candidate)`.

The test text is trusted and runs in a jailed process without the program; `candidate` sends each call across. Helpers
that a test uses (`poly`, `encode_cyclic`) are the prompt's own, not what the completion may have put in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reasonrl.verifiers.code.extract import readings
from reasonrl.verifiers.code.verdicts import FINAL, digest, guarded, remembered, unusable, verdict_of_tests
from reasonrl.verifiers.core import Status, Verdict, failed
from reasonrl.verifiers.sandbox import Sandbox, default_sandbox

_METHOD = "humaneval"


def verify_humaneval(
    problem: Mapping[str, Any],
    completion: str,
    *,
    deadline: float = 5.0,
    memory_mb: int = 512,
    sandbox: Sandbox | None = None,
) -> Verdict:
    """Whether the completed function passes the problem's test. Never raises.

    Args:
        problem: a record of HumanEval: "prompt", "test" and "entry_point".
        completion: the rest of the body, or the whole function, bare or in a fence.
        deadline: seconds for program and tests together.
        memory_mb: address space of the program's process.
    """

    def judge() -> Verdict:
        fields = [problem.get(name) for name in ("prompt", "test", "entry_point")]
        if not all(isinstance(field, str) and field for field in fields):
            return failed(
                "a HumanEval problem needs the texts prompt, test and entry_point",
                status=Status.BAD_REFERENCE,
                method=_METHOD,
            )
        prompt, test, entry_point = map(str, fields)
        empty = unusable(completion)
        if empty is not None:
            return empty
        key = digest(_METHOD, prompt, test, entry_point, completion)
        known = remembered.get(key)
        if known is not None:
            return known
        run = (sandbox or default_sandbox()).run_tests(
            readings(prompt, completion, entry_point),
            [f"check({entry_point})"],
            setup=[f"{prompt.rstrip()}\n    pass\n", test],
            remote=[entry_point],
            deadline=deadline,
            memory_mb=memory_mb,
        )
        verdict = verdict_of_tests(completion, run, method=_METHOD)
        if run.status in FINAL:
            remembered.put(key, verdict)
        return verdict

    return guarded(judge, method=_METHOD)
