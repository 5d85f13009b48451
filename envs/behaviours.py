"""The six reasoning behaviours of the roadmap, and how a line of an answer shows its own."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Behaviour(StrEnum):
    """The six reasoning behaviours of the roadmap (arXiv 2412.14135, table 1)."""

    ANALYSIS = "problem analysis"
    DECOMPOSITION = "task decomposition"
    COMPLETION = "task completion"
    ALTERNATIVE = "alternative proposal"
    EVALUATION = "self-evaluation"
    CORRECTION = "self-correction"


PREFIXES = {
    Behaviour.ANALYSIS: "Given:",
    Behaviour.DECOMPOSITION: "Plan:",
    Behaviour.ALTERNATIVE: "Or:",
    Behaviour.EVALUATION: "Check:",
    Behaviour.CORRECTION: "Wait:",
}
"""How a line shows its behaviour (in code: after "# "). A line without a prefix completes the task."""


def behaviour_of(line: str) -> Behaviour:
    """
    >>> behaviour_of("Wait: 2+2=4")
    <Behaviour.CORRECTION: 'self-correction'>
    """
    text = line.strip().removeprefix("# ")
    for behaviour, prefix in PREFIXES.items():
        if text.startswith(prefix):
            return behaviour
    return Behaviour.COMPLETION


def strip_behaviour(line: str) -> str:
    """The line without its behaviour prefix."""
    prefix = PREFIXES.get(behaviour_of(line))
    return line.strip() if prefix is None else line.strip().removeprefix("# ").removeprefix(prefix).strip()


class Trace(NamedTuple):
    """A full derivation: its lines, and for each line the behaviour that it shows."""

    steps: tuple[str, ...]
    behaviours: tuple[Behaviour, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.steps)
