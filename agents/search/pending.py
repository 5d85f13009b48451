"""What a search waits for: samples or scores."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from reasonrl.agents.policies.core import Unit
from reasonrl.agents.search.budget import SearchStop
from reasonrl.agents.search.core import UNBOUNDED, Expand
from reasonrl.agents.search.node import Node
from reasonrl.envs.mdp import State


class Job(NamedTuple):
    """One sample to draw."""

    node: Node
    start: State
    """What the policy goes on from: the node's state, or what the request makes of it."""
    sample: int
    """How many were drawn at the node before it."""


@dataclass
class Drawing:
    """A search waits for the samples of an `Expand`."""

    request: Expand
    jobs: deque[Job]
    """Still to draw."""
    reached: dict[int, Node] = field(default_factory=dict)
    """The reply so far, by the nodes' indices."""


@dataclass
class Scoring:
    """A search waits for the scores of a `Score`."""

    nodes: list[Node]
    refusal: SearchStop | None
    """The limit that allowed only these; None: they are all that was asked for."""


class Pace:
    """Mean length of a sample so far: it decides how many are drawn ahead near the limit, so only what is wasted."""

    def __init__(self) -> None:
        self.samples: Counter[Unit] = Counter()
        self.tokens: Counter[Unit] = Counter()

    def note(self, unit: Unit, tokens: int) -> None:
        self.samples[unit] += 1
        self.tokens[unit] += tokens

    def affordable(self, unit: Unit, tokens: int) -> int:
        return math.ceil(tokens * self.samples[unit] / self.tokens[unit]) if self.samples[unit] else UNBOUNDED
