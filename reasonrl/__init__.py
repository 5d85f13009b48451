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
    from reasonrl.agents.learning.registry import register_learner
    from reasonrl.agents.learning.rollout import roll_out
    from reasonrl.agents.learning.run import Run, train
    from reasonrl.agents.policies.core import Policy, Sampling
    from reasonrl.agents.policies.local import LocalPolicy
    from reasonrl.agents.policies.options import PolicyOptions
    from reasonrl.agents.policies.registry import get_policy, register_policy
    from reasonrl.agents.policies.scripted import ScriptedPolicy
    from reasonrl.agents.search.agents import get_agent
    from reasonrl.agents.search.budget import Budget
    from reasonrl.agents.search.core import SearchResult, SearchTask
    from reasonrl.agents.search.driver import search_many
    from reasonrl.agents.search.guides.registry import get_guide, register_guide
    from reasonrl.agents.search.registry import register_search
    from reasonrl.envs.core import END, Content, Problem, View
    from reasonrl.envs.derivation import Derivation
    from reasonrl.envs.environment import ReasonEnv
    from reasonrl.envs.generation import generate
    from reasonrl.envs.making import make, make_vec
    from reasonrl.envs.program import Program
    from reasonrl.envs.testing import check_family
    from reasonrl.envs.vector import VectorReasonEnv
    from reasonrl.verifiers.answers import up_to_first
    from reasonrl.verifiers.code import verify_code
    from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, reject
    from reasonrl.verifiers.logic.proofs import verify_proof
    from reasonrl.verifiers.math import verify_math, verify_number
    from reasonrl.verifiers.steps import judge_steps

__all__ = [
    "END",
    "Budget",
    "Content",
    "Derivation",
    "LocalPolicy",
    "Policy",
    "PolicyOptions",
    "Problem",
    "Program",
    "ReasonEnv",
    "Run",
    "Sampling",
    "ScriptedPolicy",
    "SearchResult",
    "SearchTask",
    "Status",
    "StepVerdict",
    "VectorReasonEnv",
    "Verdict",
    "View",
    "__version__",
    "accept",
    "check_family",
    "environment_ids",
    "generate",
    "get_agent",
    "get_guide",
    "get_policy",
    "judge_steps",
    "make",
    "make_vec",
    "open_source",
    "register_dataset",
    "register_family",
    "register_guide",
    "register_learner",
    "register_policy",
    "register_search",
    "reject",
    "roll_out",
    "search_many",
    "train",
    "up_to_first",
    "verify_code",
    "verify_math",
    "verify_number",
    "verify_proof",
]

_PLACES = {
    "Budget": "agents.search.budget",
    "Content": "envs.core",
    "Derivation": "envs.derivation",
    "END": "envs.core",
    "LocalPolicy": "agents.policies.local",
    "Policy": "agents.policies.core",
    "PolicyOptions": "agents.policies.options",
    "Problem": "envs.core",
    "Program": "envs.program",
    "ReasonEnv": "envs.environment",
    "Run": "agents.learning.run",
    "Sampling": "agents.policies.core",
    "ScriptedPolicy": "agents.policies.scripted",
    "SearchResult": "agents.search.core",
    "SearchTask": "agents.search.core",
    "Status": "verifiers.core",
    "StepVerdict": "verifiers.core",
    "VectorReasonEnv": "envs.vector",
    "Verdict": "verifiers.core",
    "View": "envs.core",
    "accept": "verifiers.core",
    "check_family": "envs.testing",
    "generate": "envs.generation",
    "get_agent": "agents.search.agents",
    "get_guide": "agents.search.guides.registry",
    "get_policy": "agents.policies.registry",
    "judge_steps": "verifiers.steps",
    "make": "envs.making",
    "make_vec": "envs.making",
    "register_guide": "agents.search.guides.registry",
    "register_learner": "agents.learning.registry",
    "register_policy": "agents.policies.registry",
    "register_search": "agents.search.registry",
    "reject": "verifiers.core",
    "roll_out": "agents.learning.rollout",
    "search_many": "agents.search.driver",
    "train": "agents.learning.run",
    "up_to_first": "verifiers.answers",
    "verify_code": "verifiers.code",
    "verify_math": "verifiers.math",
    "verify_number": "verifiers.math",
    "verify_proof": "verifiers.logic.proofs",
}
__getattr__, __dir__ = lazy_names("reasonrl", _PLACES)

__version__ = "0.1.0"

register_all()
load_suites()  # last, so that an installed package may register with all that is here
