"""The families of problems: one file each, loaded when first asked for."""

from __future__ import annotations

import difflib
import functools
import importlib
from typing import cast

from reasonrl.envs.core import Family
from reasonrl.verifiers.named import is_place, load_named

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


_OWN: dict[str, Family] = {}
"""Families of somebody's own code that were loaded, by their names."""


def is_family(name: str) -> bool:
    """Whether problems of this name come from a family, shipped or loaded."""
    return name in FAMILIES or name in _OWN


def get_family(name: str) -> Family:
    """The family of this name, or of `file.py:Class`; an unknown one is an error that lists what exists."""
    if name in _OWN:
        return _OWN[name]
    if is_place(name):
        made = load_named(name, what="a family")
        family = cast(Family, made() if isinstance(made, type) else made)
        missing = [each for each in ("name", "difficulties", "verify", "check_step") if not hasattr(family, each)]
        if missing:
            raise ValueError(f"{name} is no family, it has no {missing[0]!r}: see reasonrl.envs.core.Family")
        if family.name in FAMILIES:
            raise ValueError(f"{name} calls itself {family.name!r}, as a shipped family does: give it another name")
        _OWN[family.name] = family
        return family
    return _shipped(name)


@functools.cache
def _shipped(name: str) -> Family:
    if name not in FAMILIES:
        near = difflib.get_close_matches(name, FAMILIES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown family {name!r}: {hint}There are {', '.join(FAMILIES)}")
    module, attribute = FAMILIES[name].split(":")
    return cast(Family, getattr(importlib.import_module(module), attribute)())
