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


def split_behaviour(line: str) -> tuple[Behaviour, str]:
    """The behaviour that a line shows, and the line without its prefix.

    >>> split_behaviour("Wait: 2+2=4")
    (<Behaviour.CORRECTION: 'self-correction'>, '2+2=4')
    """
    text = line.strip()
    bare = text.removeprefix("# ")
    if ":" in bare:
        for behaviour, prefix in PREFIXES.items():
            if bare.startswith(prefix):
                return behaviour, bare.removeprefix(prefix).strip()
    return Behaviour.COMPLETION, text


def behaviour_of(line: str) -> Behaviour:
    """
    >>> behaviour_of("Wait: 2+2=4")
    <Behaviour.CORRECTION: 'self-correction'>
    """
    return split_behaviour(line)[0]


def strip_behaviour(line: str) -> str:
    """The line without its behaviour prefix."""
    return split_behaviour(line)[1]


class Trace(NamedTuple):
    """A full derivation: its lines, and for each line the behaviour that it shows."""

    steps: tuple[str, ...]
    behaviours: tuple[Behaviour, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.steps)
