"""The families of problems: one file each, loaded when first asked for."""

from __future__ import annotations

import difflib
import functools
import importlib
from typing import cast

from reasonrl.envs.core import Family

FAMILIES = {
    "chain_sum": "reasonrl.envs.families.math.chain_sum:ChainSum",
    "countdown": "reasonrl.envs.families.math.countdown:Countdown",
    "linear_equation": "reasonrl.envs.families.math.linear_equation:LinearEquation",
    "entailment": "reasonrl.envs.families.logic.entailment:Entailment",
    "knights_knaves": "reasonrl.envs.families.logic.knights_knaves:KnightsKnaves",
    "sudoku4": "reasonrl.envs.families.logic.sudoku4:Sudoku4",
    "list_program": "reasonrl.envs.families.code.list_program:ListProgram",
    "bug_repair": "reasonrl.envs.families.code.bug_repair:BugRepair",
}
"""Family name to where its class is."""

DOMAINS: dict[str, tuple[str, ...]] = {
    domain: tuple(name for name, place in FAMILIES.items() if f".families.{domain}." in place)
    for domain in ("math", "code", "logic")
}


def camel(name: str) -> str:
    """
    >>> camel("chain_sum")
    'ChainSum'
    """
    return "".join(part.capitalize() for part in name.split("_"))


@functools.cache
def get_family(name: str) -> Family:
    """The family of this name; an unknown one is an error that lists what exists."""
    if name not in FAMILIES:
        near = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown family {name!r}: {hint}There are {', '.join(FAMILIES)}")
    module, attribute = FAMILIES[name].split(":")
    return cast(Family, getattr(importlib.import_module(module), attribute)())
