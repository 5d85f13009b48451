"""From a name to a source of problems and its Gymnasium id, and from a problem to its rules: one way each.

    register_family("dice", "my_package.dice:Dice")           reasonrl/Dice-v0, wherever an id or a name is taken
    register_dataset("gsm_hard", "my_package.rows:GSMHard", written="GSMHard")
    open_source("reasonrl/Dice-v0")                            its problems; also "dice", "math", "my.py:Dice"
    rules_of(view)                                             how the answers to this problem are written and judged

A package that is installed registers what it brings by an entry point (see `verifiers.registry`).
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable
from typing import Any, cast

import gymnasium as gym
from reasonrl.envs.core import DataSet, Family, Rules, Source, View
from reasonrl.envs.datasets import DATASETS, get_dataset
from reasonrl.envs.families import DOMAINS, FAMILIES, camel, get_family
from reasonrl.verifiers.named import is_place, load_named
from reasonrl.verifiers.registry import must_have

_IDS: dict[str, str] = {}
"""Gymnasium id to the name of its source, in the order in which they are shown."""


def environment_ids() -> dict[str, str]:
    """Id to the name of its source: domains, families and data sets that ship, then what was registered."""
    return dict(_IDS)


def register_family(
    name: str | type, family: Any = None, *, version: int | None = None, written: str = "", replace: bool = False
) -> str:
    """Adds a family under its name, and gives it a Gymnasium id.

    Args:
        name: of the family; or its class alone, which has a `name`.
        family: the family, its class, or where that is: "my_package.dice:Dice", which is imported when it is needed. It
            needs `name`, `sample` and `verify`; `reasonrl.envs.abilities` says what everything else is good for.
        version: of the id; the family's own, or 0, when left out.
        written: the name as the id has it; in camel case when left out.
        replace: whether the family takes the place of another of this name.

    Returns:
        The id: "reasonrl/Dice-v0".

    Raises:
        ValueError: the name or id is taken, or cannot be one.
    """
    if isinstance(name, type):
        name, family = str(getattr(name, "name", "")), name
    if family is None:
        raise ValueError(f"say which family {name!r} is: its class, or its place 'my_package.module:Class'")
    _check(name, family, ("name", "sample", "verify"), kind="family", see="reasonrl.envs.core.Family")
    if version is None:
        version = getattr(family, "version", 0)
    id = f"reasonrl/{written or camel(name)}-v{version}"
    _check_free(name, id, others=(DATASETS, DOMAINS))
    FAMILIES.register(name, family, replace=replace)
    _add(id, name)
    return id


def register_dataset(name: str, dataset: Any, *, version: int = 0, written: str = "", replace: bool = False) -> str:
    """Adds a data set under its name, and gives it a Gymnasium id.

    Args:
        name: of the data set.
        dataset: something with `name`, `open(data) -> Source` and `rules() -> Rules` (see `envs.core.DataSet`), or
            where it is: "my_package.rows:GSMHard", which is imported when it is needed.
        version: of the id.
        written: the name as the id has it: "GSMHard"; in camel case when left out.
        replace: whether it takes the place of another of this name.

    Returns:
        The id: "reasonrl/GSMHard-v0".

    Raises:
        ValueError: the name or id is taken, or cannot be one.
    """
    _check(name, dataset, ("name", "open", "rules"), kind="data set", see="reasonrl.envs.core.DataSet")
    id = f"reasonrl/{written or camel(name)}-v{version}"
    _check_free(name, id, others=(FAMILIES, DOMAINS))
    DATASETS.register(name, dataset, replace=replace)
    _add(id, name)
    return id


def source_name(id: str) -> str:
    """The name of an id's source; an unknown id is an error that says what there is. `file.py:Class` is its own."""
    if is_place(id):
        _find_own(id)  # what is wrong with it is said now
        return id
    if id not in _IDS:
        near = difflib.get_close_matches(id, [*_IDS, *_IDS.values()], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ValueError(f"unknown environment {id!r}: {hint}There are {', '.join(_IDS)}")
    return _IDS[id]


def is_dataset(source: str) -> bool:
    """Whether a source, by its name or place, is a data set: its problems are rows, read from a file."""
    return DATASETS.knows(source) or (is_place(source) and _brings_rows(load_named(source, what="a data set")))


def environment_id(name: str) -> str:
    """The id to give to `gym.make`, once it is known to exist; for `file.py:Class` one is registered.

    Args:
        name: an id, the name of a domain, family or data set, or `file.py:Class` of a family or data set.

    Raises:
        ValueError: an unknown id, or code of yours that cannot be loaded.
    """
    for id, source in _IDS.items():
        if name in (id, source):
            return id
    source = source_name(name)
    id = f"reasonrl/{camel(_find_own(source).name)}-v0"
    if id in _IDS:
        raise ValueError(f"{name} would have the id {id}, as {_IDS[id]} has: give it another name")
    if id not in gym.registry or gym.registry[id].kwargs.get("source") != source:
        _register(id, source)
    return id


def open_source(name: str, *, family: str | None = None, data: str | None = None) -> Source:
    """The problems of an environment.

    Args:
        name: an id, a domain ("math", "code", "logic"), a family, a data set, or `file.py:Class` of either.
        family: with a domain, the one family to draw from.
        data: with a data set, the path of its file or the name of a hub repository.

    Raises:
        ValueError: there is no such source, or it takes no such option; or what a data set says of its file.
    """
    from reasonrl.envs.sources import of_domain, only  # not needed to list what there is

    known = name in DOMAINS or FAMILIES.knows(name) or DATASETS.knows(name)
    source = name if known else source_name(name)
    if source in DOMAINS:
        _take_no_data(name, data)
        return of_domain(source, family)
    if is_dataset(source):
        _take_no_family(source, family)
        return get_dataset(source).open(data)
    _take_no_data(name, data)
    own = get_family(source)
    _take_no_family(own.name, family)
    return only(own)


def rules_of(view: View) -> Rules:
    """What knows how this problem's answers are written, when they are final, and what can be checked of them.

    Raises:
        ValueError: its family or data set is not known here: register it, or open its file first.
    """
    from reasonrl.envs.abilities import complete

    name = view.family
    if FAMILIES.knows(name):
        return get_family(name)
    if DATASETS.knows(name):
        return cast(Rules, complete(get_dataset(name).rules()))
    known = ", ".join([*FAMILIES, *DATASETS])
    raise ValueError(f"no family or data set {name!r} is known here: there are {known}; register yours first")


def register_all() -> None:
    """Adds the ids of what ships to Gymnasium's registry; string entry points keep specs JSON-able and imports lazy."""
    for domain in DOMAINS:
        _add(f"{domain.capitalize()}Reason-v0", domain)
    for name in FAMILIES.shipped:
        _add(f"reasonrl/{camel(name)}-v0", name)
    for name in DATASETS.shipped:
        _add(f"reasonrl/{DATASETS.place(name).rpartition(':')[2]}-v0", name)  # written as its class is


def _add(id: str, source: str) -> None:
    for old in [old for old, name in _IDS.items() if name == source and old != id]:  # of another version, replaced
        del _IDS[old]
        gym.registry.pop(old, None)
    _IDS[id] = source
    _register(id, source)


def _register(id: str, source: str) -> None:
    gym.registry.pop(id, None)  # Gymnasium warns of a second one
    gym.register(
        id=id,
        entry_point="reasonrl.envs.environment:ReasonEnv",
        vector_entry_point="reasonrl.envs.vector:VectorReasonEnv",
        kwargs={"source": source},
    )


def _check(name: str, thing: Any, needed: tuple[str, ...], *, kind: str, see: str) -> None:
    """What can be said before a thing that was given, and not its place, is used."""
    if isinstance(thing, str):
        return
    must_have(thing, needed, name=repr(thing), kind=kind, see=see)
    if thing.name != name:
        raise ValueError(f"the {kind} {name!r} calls itself {thing.name!r}: register it by that name")


def _check_free(name: str, id: str, *, others: Iterable[Container[str]]) -> None:
    if any(name in other for other in others):
        raise ValueError(f"{name!r} is already the name of another environment: take another name")
    if _IDS.get(id, name) != name:
        raise ValueError(f"{id} is already the id of {_IDS[id]}: take another name, or pass written='...'")


def _brings_rows(loaded: Any) -> bool:
    return hasattr(loaded, "rules") and hasattr(loaded, "open")


def _find_own(place: str) -> Family | DataSet:
    """The family or data set that own code holds."""
    rows = _brings_rows(load_named(place, what="a family or data set"))
    thing: Family | DataSet = get_dataset(place) if rows else get_family(place)
    if thing.name in DOMAINS or thing.name in (FAMILIES if rows else DATASETS):
        raise ValueError(f"{place} calls itself {thing.name!r}, as another environment does: give it another name")
    return thing


def _take_no_data(name: str, data: str | None) -> None:
    if data is not None:
        raise ValueError(f"{name} makes its own problems and reads no data: leave --data {data} out")


def _take_no_family(name: str, family: str | None) -> None:
    if family not in (None, name):
        raise ValueError(f"this environment draws from {name} only: drop family={family!r}")
