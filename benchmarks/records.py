"""What a store holds, as plain values: who was asked what (`Cell`), what came of it (`Result`), and by which run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from reasonrl.verifiers.core import Status


class Cell(NamedTuple):
    """One agent with one seed on one environment: results that belong together."""

    env: str
    """Environment id, its version included."""
    options: str
    """What was asked of the environment beyond its id, as canonical JSON."""
    split: str
    policy: str
    agent: str
    """The agent's name, with its guide and what was set otherwise than usual."""
    config: str
    """All of the agent's settings, as canonical JSON."""
    settings: str
    """What else could change an answer and is the same for all agents (limits), as canonical JSON."""
    seed: int


class Candidate(NamedTuple):
    """A finished sample that a search came across."""

    tokens: int
    """Tokens spent on the problem when it was found."""
    correct: bool | None
    """By the hidden verifier; None when it could not judge."""
    answer: str | None = None
    """What it said; None where it was not asked for (see `Store.results`)."""


class Step(NamedTuple):
    """One line of an answer and what it is worth."""

    line: str
    verdict: str
    """See `grading.line_verdicts`."""


@dataclass(frozen=True)
class Result:
    """What one agent answered to one problem within one budget, and how that was judged."""

    problem: str
    budget: int
    """Tokens per problem."""
    answer: str | None
    """None: it found none within the budget."""
    status: str
    score: float | None
    """In [0, 1]; None when the judge failed."""
    method: str
    reason: str
    grader: str
    """Judge and version: the judge alone can move an accuracy by many points."""
    tokens: int
    guide_calls: int | None
    """None at budgets that were read off a larger run: counted only at its end, as are the next two."""
    verifier_calls: int | None
    seconds: float | None
    """The problem's share of its batch's wall time."""
    oracle: bool
    """A guide knew more than a solver may."""
    stop: str
    candidates: tuple[Candidate, ...] = ()
    steps: tuple[Step, ...] = ()
    tree: str | None = None
    """The search tree as JSON, kept for a few problems."""
    content: str = ""
    """Hash of what was asked, as are the next three of what else it hangs on: see `identity`."""
    reference: str = ""
    code: str = ""
    """Key of the code that made it, and of the code that judged it."""
    judge: str = ""

    @property
    def correct(self) -> bool | None:
        """None when the judge failed."""
        return None if self.score is None else self.status == Status.CORRECT


class Standing(NamedTuple):
    """What is known of one stored result without reading it."""

    status: str
    reference: str
    code: str
    oracle: bool


class Run(NamedTuple):
    id: int
    started: str
    seconds: float | None
    """None while it runs, or when it was killed."""
    command: str
    config: Mapping[str, Any]
    machine: Mapping[str, Any]
    versions: Mapping[str, str]


def canonical(options: Mapping[str, Any]) -> str:
    """
    >>> canonical({"b": 1, "a": None})
    '{"b":1}'
    """
    return json.dumps({k: v for k, v in options.items() if v is not None}, sort_keys=True, separators=(",", ":"))
