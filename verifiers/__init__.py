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

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if __name__ != "reasonrl.verifiers":
    raise ImportError("import this package as reasonrl.verifiers: install the project first (pip install -e .)")

if TYPE_CHECKING:
    from reasonrl.verifiers.code import verify_code, verify_humaneval, verify_mbpp, verify_stdio
    from reasonrl.verifiers.core import Status, StepVerdict, Verdict
    from reasonrl.verifiers.logic.proofs import verify_proof
    from reasonrl.verifiers.math import MathOptions, verify_math, verify_number

__all__ = [
    "MathOptions",
    "Status",
    "StepVerdict",
    "Verdict",
    "verify_code",
    "verify_humaneval",
    "verify_math",
    "verify_mbpp",
    "verify_number",
    "verify_proof",
    "verify_stdio",
]

_PLACES = {
    **dict.fromkeys(("MathOptions", "verify_math", "verify_number"), "math"),
    **dict.fromkeys(("verify_code", "verify_humaneval", "verify_mbpp", "verify_stdio"), "code"),
    **dict.fromkeys(("Status", "StepVerdict", "Verdict"), "core"),
    "verify_proof": "logic.proofs",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"reasonrl.verifiers has no {name!r}: it has {', '.join(__all__)}, and its modules")
    return getattr(importlib.import_module(f"reasonrl.verifiers.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
