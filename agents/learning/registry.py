"""Learners by name: the one table that the commands `reasonrl train ...` are made of.

A learner is a module with a frozen dataclass of settings, whose docstrings are the help, and `main(config)`. To add
one, write its page and its row here; from a package of your own, call `register_learner` (entry points:
`verifiers/registry.py`). A file of your own needs no row: `reasonrl train my.py:Config`.
"""

from __future__ import annotations

from typing import NamedTuple

from reasonrl.verifiers.named import is_place
from reasonrl.verifiers.registry import Registry


class Learner(NamedTuple):
    """A row of the table."""

    place: str
    """module:ConfigClass, or file.py:ConfigClass; the module also has `main(config)`."""
    summary: str
    """What it does, as a sentence of help."""


LEARNERS = Registry(
    "learner",
    "learners",
    {
        "sft": Learner("reasonrl.agents.initialization.sft:SFTConfig", "Learn from demonstrations."),
        "reinforce": Learner(
            "reasonrl.agents.learning.reinforce:ReinforceConfig", "Learn from rewards: policy gradient, batch baseline."
        ),
        "rloo": Learner(
            "reasonrl.agents.learning.rloo:RLOOConfig", "Learn from rewards: policy gradient, leave-one-out baseline."
        ),
        "grpo": Learner(
            "reasonrl.agents.learning.grpo:GRPOConfig", "Learn from rewards: group-relative policy gradient, clipped."
        ),
        "gspo": Learner(
            "reasonrl.agents.learning.gspo:GSPOConfig", "Learn from rewards: group-relative, one ratio for each answer."
        ),
    },
)
"""Name to learner. `sft` needs no rewards, and is here because it trains."""


def register_learner(name: str, place: str, *, summary: str, replace: bool = False) -> None:
    """Adds a learner, so that `reasonrl train NAME` runs it.

    Args:
        name: of the command.
        place: where its config is: "my_package.learner:Config".
        summary: a sentence of help.
        replace: take the place of a learner of this name.
    """
    if not place.rpartition(":")[0]:
        raise ValueError(f"{place!r} is no place of a learner: name its config as package.module:Config")
    LEARNERS.register(name, Learner(place, summary), replace=replace)


def find_learner(name: str) -> Learner:
    """The learner of this name, or that a place names: my.py:Config."""
    if is_place(name):
        return Learner(name, "A learner of your own.")
    learner: Learner = LEARNERS.find(name)
    return learner
