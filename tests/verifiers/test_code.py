"""What the code judge accepts and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from reasonrl.verifiers.code import CodeJob, extract_code, verify_code, verify_many
from reasonrl.verifiers.code import calls as calls_module
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.sandbox import Sandbox, SandboxError

TESTS = [((1, 2), 3), ((50, 7), 57), ((11, 4), 15)]
RIGHT = "def add(a,b):\n return a+b"


def judge(code: str, *, deadline: float = 2.0) -> Verdict:
    return verify_code(code, "add", TESTS, deadline=deadline)


def test_a_program_that_passes_every_test_is_correct() -> None:
    assert judge(RIGHT) == Verdict(Status.CORRECT, 1.0, RIGHT, "tests", "")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("def add(a,b):\n return a-b", Status.WRONG),
        ("def add(a,b):\n return 3", Status.WRONG),
        ("def add(a,b):\n return float(a+b)", Status.WRONG),
        ("def add(a,b):\n return [a+b]", Status.WRONG),
        ("def add(a,b):\n print(a+b)", Status.WRONG),
        ("def sub(a,b):\n return a+b", Status.WRONG),
        ("class T:\n def __eq__(s,o): return True\ndef add(a,b):\n return T()", Status.WRONG),
        ("def add(a,b):\n import os\n os._exit(0)", Status.WRONG),
        ("def add(a,b):\n return bytearray(1<<40)", Status.WRONG),
        ("#" * 30_000 + "\n" + RIGHT, Status.WRONG),
        ("def add(a,b)\n return a+b", Status.UNPARSABLE),
        ("", Status.NO_ANSWER),
        ("while True: pass", Status.TIMEOUT),
    ],
)
def test_any_other_program_scores_nothing(code: str, status: Status) -> None:
    verdict = judge(code, deadline=0.5)
    assert (verdict.status, verdict.score) == (status, 0.0), verdict
    assert "\n" not in verdict.reason


def test_the_reason_counts_the_tests_that_pass() -> None:
    assert judge("def add(a,b):\n return 57").reason == "1 of 3 tests pass"
    assert judge("def add(a,b):\n return [0]*(1<<40)").reason == "0 of 3 tests pass; memory: out of memory"
    assert judge("def add(a,b):\n return a+b if a>1 else 1/0").reason.startswith(
        "2 of 3 tests pass; exception: ZeroDiv"
    )


@pytest.mark.parametrize(
    "tests", [[], [((1,), object())], [((1,), 2 ** (1 << 24))], [((1,), "x" * (1 << 26))], [(1, 2, 3, 4)], [3]]
)
def test_tests_that_mean_nothing_are_a_bad_reference(tests: list[Any]) -> None:
    verdict = verify_code(RIGHT, "add", tests)
    assert verdict.status is Status.BAD_REFERENCE
    assert verdict.score != verdict.score


def test_a_sandbox_that_fails_is_an_error_and_not_a_wrong_answer() -> None:
    broken = Sandbox(workers=1)
    broken.close()
    verdict = verify_code("def add(a,b):\n return b+a", "add", TESTS, sandbox=broken)
    assert (verdict.status, verdict.judged) == (Status.ERROR, False)
    with pytest.raises(SandboxError):
        broken.run_calls(RIGHT, "add", [(1, 2)])


def test_many_jobs_give_the_verdicts_of_one_by_one() -> None:
    codes = [f"def add(a,b):\n return a+b+{i % 3}" for i in range(24)]
    verdicts = verify_many([CodeJob(code, "add", TESTS) for code in codes])
    assert [verdict.correct for verdict in verdicts] == [i % 3 == 0 for i in range(24)]
    assert verdicts == [judge(code) for code in codes]


def test_a_finished_verdict_is_remembered_and_a_timeout_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = "def add(a,b):\n return a+b # remembered"
    first = judge(fresh)
    slow = "import time\ndef add(a,b):\n time.sleep(0.2)\n return a+b"
    assert judge(slow, deadline=0.1).status is Status.TIMEOUT
    assert judge(slow, deadline=5.0).correct

    def unreachable() -> Sandbox:
        raise SandboxError("asked again")

    monkeypatch.setattr(calls_module, "default_sandbox", unreachable)
    assert judge(fresh) is first
    assert verify_code(fresh, "add", [*TESTS, ((0, 0), 0)]).status is Status.ERROR


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("def f(x):\n return x", "def f(x):\n return x"),
        ("Sure!\n```python\ndef f(x): return x\n```\nDone.", "def f(x): return x\n"),
        ("```\na\n```\ntext\n```py\nb\n```", "b\n"),
        ("def f(x):\n return x\nAnswer: f", "def f(x):\n return x"),
        ("```python\nnever closed", "never closed\n"),
    ],
)
def test_the_program_is_the_last_fence_or_everything(response: str, code: str) -> None:
    assert extract_code(response) == code
