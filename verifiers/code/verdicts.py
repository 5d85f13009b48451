"""From what a run gave to a `Verdict`, and the memory of verdicts that every judge of code shares."""

from __future__ import annotations

import hashlib
import marshal
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from reasonrl.verifiers.code.extract import MOST_CHARACTERS
from reasonrl.verifiers.core import Status, Verdict, accept, failed, no_answer, reject
from reasonrl.verifiers.sandbox import RunStatus, SandboxError, TrustedRun

_SYNTAX = ("SyntaxError:", "IndentationError:", "TabError:")
_MOST_REMEMBERED = 20_000
FINAL = (RunStatus.OK, RunStatus.EXCEPTION, RunStatus.OUTPUT, RunStatus.REFUSED)
"""Endings that another run would repeat; time and memory depend on the machine."""


def guarded(judge: Callable[[], Verdict], *, method: str) -> Verdict:
    """What the judge says; what fails on our side becomes `ERROR`."""
    try:
        return judge()
    except SandboxError as error:
        return failed(str(error), method=method)
    except Exception as error:  # a judge never raises: what is left is a fault of ours, or of the limits it was given
        return failed(f"the judge failed: {type(error).__name__}: {error}"[:300], method=method)


def unusable(response: object) -> Verdict | None:
    """What to say of a response that holds no program; None for any other."""
    if not isinstance(response, str) or not response.strip():
        return no_answer("there is no code")
    if len(response) > MOST_CHARACTERS:
        return reject(None, method="length", reason=f"the response is longer than {MOST_CHARACTERS} characters")
    return None


def verdict_of_counts(
    code: str, status: RunStatus, *, passed: int, total: int, error: str, defined: bool, method: str
) -> Verdict:
    """Correct when every test passes; `defined` says whether the program got as far as its first test."""
    if passed == total and status is RunStatus.OK:
        return accept(code, method=method)
    if status is RunStatus.TIMEOUT:
        kind = Status.TIMEOUT
    elif not defined and error.startswith(_SYNTAX):
        kind = Status.UNPARSABLE
    else:
        kind = Status.WRONG
    words = error if status is RunStatus.OK else f"{status.value}: {error}"
    reason = f"{passed} of {total} tests pass" + (f"; {words}" if error else "")
    return reject(code, method=method, reason=reason, status=kind)


def verdict_of_tests(code: str, run: TrustedRun, *, method: str) -> Verdict:
    if run.fault == "tests":
        return failed(run.error, status=Status.BAD_REFERENCE, method=method)
    if run.fault == "sandbox":
        return failed(run.error, method=method)
    return verdict_of_counts(
        code, run.status, passed=run.passed, total=run.total, error=run.error, defined=run.passed > 0, method=method
    )


def digest(*parts: Any) -> bytes:
    """A key for what was judged: plain values only."""
    return hashlib.blake2b(marshal.dumps(parts, 2), digest_size=16).digest()


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

    def renew_lock(self) -> None:
        self._lock = threading.Lock()


remembered = _Memory()
os.register_at_fork(after_in_child=remembered.renew_lock)
