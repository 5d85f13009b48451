"""Problems and the Markov decision processes made of them.

`core` (problems, families), `mdp` (states and pure transitions at four levels), `environment` (the Gymnasium shell),
`vector` (many lanes at once), `families` (one file per kind of problem), `datasets` (published problems).
"""

from typing import TYPE_CHECKING

if __name__ != "reasonrl.envs":
    raise ImportError("import this package as reasonrl.envs: install the project first (pip install -e .)")

from reasonrl.verifiers.lazy import lazy_names  # behind the guard

if TYPE_CHECKING:
    from reasonrl.envs.core import Family, Problem, Source, View
    from reasonrl.envs.environment import ReasonEnv
    from reasonrl.envs.families import get_family
    from reasonrl.envs.generation import generate
    from reasonrl.envs.registry import environment_id, environment_ids, open_source
    from reasonrl.envs.vector import VectorReasonEnv
    from reasonrl.envs.vocabulary import get_vocabulary

__all__ = [
    "Family",
    "Problem",
    "ReasonEnv",
    "Source",
    "VectorReasonEnv",
    "View",
    "environment_id",
    "environment_ids",
    "generate",
    "get_family",
    "get_vocabulary",
    "open_source",
]

_PLACES = {
    "Family": "envs.core",
    "Problem": "envs.core",
    "ReasonEnv": "envs.environment",
    "Source": "envs.core",
    "VectorReasonEnv": "envs.vector",
    "View": "envs.core",
    "environment_id": "envs.registry",
    "environment_ids": "envs.registry",
    "generate": "envs.generation",
    "get_family": "envs.families",
    "open_source": "envs.registry",
    "get_vocabulary": "envs.vocabulary",
}
__getattr__, __dir__ = lazy_names("reasonrl.envs", _PLACES)
