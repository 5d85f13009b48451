"""Judging code: a program passes when it does what the tests expect.

It runs in `reasonrl.verifiers.sandbox`; what the tests expect never enters its process.

`verify_code` (arguments and values), `verify_humaneval`, `verify_mbpp` (tests written in Python), `verify_stdio`
(programs that read and print). All return a `Verdict` and never raise.
"""

from reasonrl.verifiers.code.calls import CodeJob, Test, verify_code, verify_many
from reasonrl.verifiers.code.extract import extract_code
from reasonrl.verifiers.code.humaneval import verify_humaneval
from reasonrl.verifiers.code.mbpp import verify_mbpp
from reasonrl.verifiers.code.stdio import verify_stdio

__all__ = [
    "CodeJob",
    "Test",
    "extract_code",
    "verify_code",
    "verify_humaneval",
    "verify_many",
    "verify_mbpp",
    "verify_stdio",
]
