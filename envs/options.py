"""The rules of an environment from its options, each checked with a sentence that says what is allowed."""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reasonrl.envs.abilities import Ability, require
from reasonrl.envs.core import Source, View
from reasonrl.envs.mdp import ILLEGAL, MDP, Level, Potential
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.named import load_named

REWARDS = ("outcome", "potential")


def make_mdp(
    source: Source,
    *,
    level: str = "token",
    reward: str = "outcome",
    gamma: float = 1.0,
    attempts: int = 1,
    vocabulary: str = "char",
    max_tokens: int = 256,
    max_steps: int = 32,
    potential: Potential | str | None = None,
    illegal: str = "noop",
    instructions: bool = False,
) -> MDP:
    """The rules from an environment's options, each checked with a sentence that says what is allowed."""
    if level not in tuple(Level):
        raise ValueError(f"unknown level {level!r}: choose one of {', '.join(Level)}")
    if level == Level.CHOICE:
        require(source, Ability.MENU, "the choice level")
    if level not in source.levels:
        raise ValueError(
            f"{source.name} cannot be played at the {level} level: choose one of {', '.join(source.levels)}"
        )
    if reward not in REWARDS:
        raise ValueError(f"unknown reward {reward!r}: choose one of {', '.join(REWARDS)}")
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma must be in (0, 1], got {gamma}")
    for name, value in (("attempts", attempts), ("max_tokens", max_tokens), ("max_steps", max_steps)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if potential is not None and reward != "potential":
        raise ValueError(f"a potential needs reward='potential' to be paid, got reward={reward!r}")
    if reward == "potential" and potential is None:
        require(source, Ability.POTENTIAL, "reward='potential' without potential=...")
    if illegal not in ILLEGAL:
        raise ValueError(f"unknown illegal={illegal!r}: choose one of {', '.join(ILLEGAL)}")
    if illegal != "noop" and level != Level.CHOICE:
        raise ValueError(f"illegal={illegal!r} is for the choice level, where actions are masked: leave it out")
    if instructions and level not in (Level.STEP, Level.SOLUTION):
        raise ValueError(
            "instructions=True is for the step and solution levels: 'hf:' vocabularies have them in their prompts, and "
            "env.unwrapped.instructions has them everywhere"
        )
    return MDP(
        source,
        level=level,
        vocabulary=get_vocabulary(vocabulary),
        shaped=reward == "potential",
        gamma=gamma,
        attempts=attempts,
        max_tokens=max_tokens,
        max_steps=max_steps,
        potential=None if potential is None else get_potential(potential),
        illegal=illegal,
        instructions=instructions,
    )


def get_potential(potential: Potential | str) -> Potential:
    """The function, or the one that "package.module:name" or "file.py:name" names; it must return finite numbers.

    A name, unlike a function, leaves the environment's spec JSON-able.
    """
    if isinstance(potential, str):
        if potential.rpartition(":")[0].endswith(".py"):
            return _Finite(load_named(potential, what="a potential"), name=potential)
        try:
            function: Any = pkgutil.resolve_name(potential)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"there is no potential {potential!r}: write 'package.module:name' or 'file.py:name' ({error})"
            ) from error
    else:
        function = potential

    return _Finite(function)


@dataclass(frozen=True)
class _Finite:
    """A potential whose values are checked; it pickles if the function does, or by its name in a file."""

    function: Potential
    name: str = ""
    """Of a function in a file, `file.py:name`: another process cannot import it as a module."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (get_potential, (self.name,)) if self.name else (_Finite, (self.function,))

    def __call__(self, view: View, steps: Sequence[str]) -> float:
        value = float(self.function(view, steps))
        if not math.isfinite(value):
            raise ValueError(f"a potential must be a finite number, got {value} for {view.id}: give unknowns a number")
        return value
