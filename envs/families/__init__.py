"""The families of problems: one file each, loaded when first asked for."""

from __future__ import annotations

from typing import Any, cast

from reasonrl.envs.core import Family
from reasonrl.verifiers.registry import Registry, must_have


def _make(name: str, loaded: Any) -> Family:
    """The family itself, with a default for everything that it need not say."""
    from reasonrl.envs.abilities import complete  # not needed to list what there is

    plain = loaded() if isinstance(loaded, type) else loaded
    must_have(plain, ("name", "sample", "verify"), name=name, kind="family", see="reasonrl.envs.core.Family")
    return cast(Family, complete(plain))


FAMILIES = Registry(
    "family",
    "families",
    {
        "chain_sum": "reasonrl.envs.families.math.chain_sum:ChainSum",
        "countdown": "reasonrl.envs.families.math.countdown:Countdown",
        "linear_equation": "reasonrl.envs.families.math.linear_equation:LinearEquation",
        "entailment": "reasonrl.envs.families.logic.entailment:Entailment",
        "knights_knaves": "reasonrl.envs.families.logic.knights_knaves:KnightsKnaves",
        "sudoku4": "reasonrl.envs.families.logic.sudoku4:Sudoku4",
        "list_program": "reasonrl.envs.families.code.list_program:ListProgram",
        "bug_repair": "reasonrl.envs.families.code.bug_repair:BugRepair",
    },
    make=_make,
)
"""Family name to the family, or to where its class is. `register_family` adds more."""

DOMAINS: dict[str, tuple[str, ...]] = {
    domain: tuple(name for name in FAMILIES if f".families.{domain}." in FAMILIES.place(name))
    for domain in ("math", "code", "logic")
}
"""The mixtures that ship. A family that is registered joins none of them, so that results stay comparable."""


def camel(name: str) -> str:
    """
    >>> camel("chain_sum")
    'ChainSum'
    """
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


def get_family(name: str) -> Family:
    """The family of this name, or of `file.py:Class`; an unknown one is an error that lists what exists."""
    return cast(Family, FAMILIES.find(name))
