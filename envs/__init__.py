"""Problems and the Markov decision processes made of them.

`core` (problems, families), `mdp` (states and pure transitions at four levels), `environment` (the Gymnasium shell),
`vector` (many lanes at once), `families` (one file per kind of problem), `datasets` (published problems).
"""

from typing import TYPE_CHECKING

if __name__ != "reasonrl.envs":
    raise ImportError("import this package as reasonrl.envs: install the project first (pip install -e .)")

from reasonrl.verifiers.lazy import lazy_names  # after the guard

if TYPE_CHECKING:
    from reasonrl.envs.abilities import Ability
    from reasonrl.envs.core import DataSet, Family, Problem, Rules, Source, View
    from reasonrl.envs.environment import ReasonEnv
    from reasonrl.envs.families import get_family
    from reasonrl.envs.generation import generate
    from reasonrl.envs.registry import (
        environment_id,
        environment_ids,
        open_source,
        register_dataset,
        register_family,
        rules_of,
    )
    from reasonrl.envs.testing import check_family
    from reasonrl.envs.vector import VectorReasonEnv
    from reasonrl.envs.vocabulary import get_vocabulary

__all__ = [
    "Ability",
    "DataSet",
    "Family",
    "Problem",
    "ReasonEnv",
    "Rules",
    "Source",
    "VectorReasonEnv",
    "View",
    "check_family",
    "environment_id",
    "environment_ids",
    "generate",
    "get_family",
    "get_vocabulary",
    "open_source",
    "register_dataset",
    "register_family",
    "rules_of",
]

_PLACES = {
    "Ability": "envs.abilities",
    "DataSet": "envs.core",
    "Family": "envs.core",
    "Problem": "envs.core",
    "ReasonEnv": "envs.environment",
    "Rules": "envs.core",
    "Source": "envs.core",
    "VectorReasonEnv": "envs.vector",
    "View": "envs.core",
    "check_family": "envs.testing",
    "environment_id": "envs.registry",
    "environment_ids": "envs.registry",
    "generate": "envs.generation",
    "get_family": "envs.families",
    "get_vocabulary": "envs.vocabulary",
    "open_source": "envs.registry",
    "register_dataset": "envs.registry",
    "register_family": "envs.registry",
    "rules_of": "envs.registry",
}
__getattr__, __dir__ = lazy_names("reasonrl.envs", _PLACES)
