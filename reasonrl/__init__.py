"""reasonrl: reasoning as a Gymnasium suite, with verifiers that resist, and agents that search and learn.

Importing it registers the environment ids; torch, transformers and sympy load only when something needs them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

_here = Path(__file__).resolve().parent
if not (_here / "verifiers").is_dir():  # a clone: the four folders lie beside this one
    __path__ = [str(_here), str(_here.parent)]

from reasonrl.envs.registry import (  # noqa: E402  # found by the path above
    environment_ids,
    open_source,
    register_all,
    register_dataset,
    register_family,
)
from reasonrl.verifiers.lazy import lazy_names  # noqa: E402
from reasonrl.verifiers.registry import load_suites  # noqa: E402

if TYPE_CHECKING:
    from reasonrl.agents.policies.registry import get_policy
    from reasonrl.agents.search.agents import get_agent
    from reasonrl.agents.search.budget import Budget
    from reasonrl.envs.environment import ReasonEnv
    from reasonrl.envs.vector import VectorReasonEnv
    from reasonrl.verifiers.code import verify_code
    from reasonrl.verifiers.core import Status, Verdict
    from reasonrl.verifiers.logic.proofs import verify_proof
    from reasonrl.verifiers.math import verify_math, verify_number

__all__ = [
    "Budget",
    "ReasonEnv",
    "Status",
    "VectorReasonEnv",
    "Verdict",
    "__version__",
    "environment_ids",
    "get_agent",
    "get_policy",
    "open_source",
    "register_dataset",
    "register_family",
    "verify_code",
    "verify_math",
    "verify_number",
    "verify_proof",
]

_PLACES = {
    "Budget": "agents.search.budget",
    "ReasonEnv": "envs.environment",
    "Status": "verifiers.core",
    "VectorReasonEnv": "envs.vector",
    "Verdict": "verifiers.core",
    "get_agent": "agents.search.agents",
    "get_policy": "agents.policies.registry",
    "verify_code": "verifiers.code",
    "verify_math": "verifiers.math",
    "verify_number": "verifiers.math",
    "verify_proof": "verifiers.logic.proofs",
}
__getattr__, __dir__ = lazy_names("reasonrl", _PLACES)

__version__ = "0.1.0"

register_all()
load_suites()  # last, so that an installed package may register with all that is here
