"""Every environment id, from one table."""

from __future__ import annotations

import difflib

import gymnasium as gym
from reasonrl.envs.families import DOMAINS, FAMILIES, camel

DATASETS = {"gsm8k": "GSM8K"}
"""Data set name to how its id is written."""


def environment_ids() -> dict[str, str]:
    """Id to the name of its source, in the order in which they are shown."""
    return {
        **{f"{domain.capitalize()}Reason-v0": domain for domain in DOMAINS},
        **{f"reasonrl/{camel(name)}-v0": name for name in FAMILIES},
        **{f"reasonrl/{written}-v0": name for name, written in DATASETS.items()},
    }


def source_name(id: str) -> str:
    """The name of an id's source; an unknown id is an error that says what there is."""
    ids = environment_ids()
    if id not in ids:
        near = [f"did you mean {close}? " for close in difflib.get_close_matches(id, ids, n=1, cutoff=0.5)]
        raise ValueError(f"unknown environment {id!r}: {''.join(near)}There are {', '.join(ids)}")
    return ids[id]


def register_all() -> None:
    """Adds the ids to Gymnasium's registry; string entry points keep the specs JSON-able and imports lazy."""
    for id, source in environment_ids().items():
        gym.register(
            id=id,
            entry_point="reasonrl.envs.environment:ReasonEnv",
            vector_entry_point="reasonrl.envs.vector:VectorReasonEnv",
            kwargs={"source": source},
        )
