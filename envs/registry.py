"""Every environment id, from one table."""

from __future__ import annotations

import difflib

import gymnasium as gym
from reasonrl.envs.families import DOMAINS, FAMILIES, camel, get_family
from reasonrl.verifiers.named import is_place

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
    """The name of an id's source; an unknown id is an error that says what there is. `file.py:Family` is its own."""
    if is_place(id):
        get_family(id)  # what is wrong with it is said now
        return id
    ids = environment_ids()
    if id not in ids:
        near = [f"did you mean {close}? " for close in difflib.get_close_matches(id, ids, n=1, cutoff=0.5)]
        raise ValueError(f"unknown environment {id!r}: {''.join(near)}There are {', '.join(ids)}")
    return ids[id]


def environment_id(name: str) -> str:
    """The id to give to `gym.make`, once it is known to exist; for `file.py:Family` one is registered.

    Raises:
        ValueError: an unknown id, or a family that cannot be loaded.
    """
    source = source_name(name)
    if not is_place(name):
        return name
    id = f"reasonrl/{camel(get_family(name).name)}-v0"
    if id not in gym.registry or gym.registry[id].kwargs.get("source") != source:
        gym.registry.pop(id, None)
        _register(id, source)
    return id


def register_all() -> None:
    """Adds the ids to Gymnasium's registry; string entry points keep the specs JSON-able and imports lazy."""
    for id, source in environment_ids().items():
        _register(id, source)


def _register(id: str, source: str) -> None:
    gym.register(
        id=id,
        entry_point="reasonrl.envs.environment:ReasonEnv",
        vector_entry_point="reasonrl.envs.vector:VectorReasonEnv",
        kwargs={"source": source},
    )
