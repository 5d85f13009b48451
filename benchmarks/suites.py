"""Named groups of environments: `--env all` says what `--env MathReason-v0,LogicReason-v0,CodeReason-v0` says."""

from __future__ import annotations

from collections.abc import Iterable

from reasonrl.envs.families import DOMAINS, camel
from reasonrl.envs.registry import source_name

SUITES: dict[str, tuple[str, ...]] = {
    "all": ("MathReason-v0", "LogicReason-v0", "CodeReason-v0"),
    **{domain: tuple(f"reasonrl/{camel(name)}-v0" for name in names) for domain, names in DOMAINS.items()},
    "families": tuple(f"reasonrl/{camel(name)}-v0" for names in DOMAINS.values() for name in names),
}
"""The three mixtures; each domain family by family; every family."""


def environments(names: Iterable[str]) -> tuple[str, ...]:
    """Ids of these suites and environments, in order, each once; an unknown one is an error that lists what there is.

    >>> environments(["all", "MathReason-v0"])
    ('MathReason-v0', 'LogicReason-v0', 'CodeReason-v0')
    """
    ids = [id for name in names for id in SUITES.get(name, (name,))]
    for id in ids:
        source_name(id)
    if not ids:
        raise ValueError(f"name at least one environment, or a suite: {', '.join(SUITES)}")
    return tuple(dict.fromkeys(ids))
