"""Judges: they read text that an adversary may have written and return a `Verdict`; they never raise and never run it.

    verify_math(gold, prediction, **options)        verify_number(gold, response)
    verify_code(code, entry_point, tests)           verify_humaneval(problem, completion)
    verify_mbpp(problem, code)                      verify_stdio(code, cases)
    verify_proof(premises, goal, lines)

`core` holds the vocabulary of judgement, `answers` finds the final answer in a response, and each domain has a module
or package of its own. `steps`, `shaping` and `potentials` are process rewards; `learned` holds reward models and needs
torch only when one is loaded; `trl` makes a judge a reward function. Nothing here imports the environments: every
verifier can be used alone, and each loads when it is first asked for.
"""

from typing import TYPE_CHECKING

if __name__ != "reasonrl.verifiers":
    raise ImportError("import this package as reasonrl.verifiers: install the project first (pip install -e .)")

from reasonrl.verifiers.lazy import lazy_names  # behind the guard

if TYPE_CHECKING:
    from reasonrl.verifiers.code import verify_code, verify_humaneval, verify_mbpp, verify_stdio
    from reasonrl.verifiers.core import Status, StepVerdict, Verdict
    from reasonrl.verifiers.logic.proofs import verify_proof
    from reasonrl.verifiers.math import MathOptions, verify_math, verify_number
    from reasonrl.verifiers.rows import read_rows
    from reasonrl.verifiers.trl import reward_function

__all__ = [
    "MathOptions",
    "Status",
    "StepVerdict",
    "Verdict",
    "read_rows",
    "reward_function",
    "verify_code",
    "verify_humaneval",
    "verify_math",
    "verify_mbpp",
    "verify_number",
    "verify_proof",
    "verify_stdio",
]

_PLACES = {
    "MathOptions": "verifiers.math",
    "Status": "verifiers.core",
    "StepVerdict": "verifiers.core",
    "Verdict": "verifiers.core",
    "read_rows": "verifiers.rows",
    "reward_function": "verifiers.trl",
    "verify_code": "verifiers.code",
    "verify_humaneval": "verifiers.code",
    "verify_math": "verifiers.math",
    "verify_mbpp": "verifiers.code",
    "verify_number": "verifiers.math",
    "verify_proof": "verifiers.logic.proofs",
    "verify_stdio": "verifiers.code",
}
__getattr__, __dir__ = lazy_names("reasonrl.verifiers", _PLACES)
