"""reasoning-gym's data sets as subjects of the audit (https://github.com/open-thought/reasoning-gym, not one of ours).

Gold        the entry's stored answer, given to `score_answer` bare, as the library asks (answers are extracted before)
Accepted    a score of 0.9999 or more; a score in proportion to length is below that
Partial     many scorers document a score between 0 and 1 for what is nearly right or long; it is counted apart
Left out    data sets that store no answer, that need a download, or that cannot be built with their default settings:
            these are errors with a name, not faults
"""

from __future__ import annotations

import importlib
import importlib.metadata
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reasonrl.benchmarks.audit.answers import Kind
from reasonrl.benchmarks.audit.subjects import Case, Judged, same_answer
from reasonrl.envs.core import Problem, Source

FULL = 0.9999
_SIZE = 50


@dataclass(frozen=True)
class PeerSubject:
    """One data set of reasoning-gym."""

    short: str
    full = FULL
    partial_credit = True

    @property
    def name(self) -> str:
        return f"reasoning_gym/{self.short}"

    def cases(self, count: int, *, seed: int, difficulty: int | None) -> list[Case]:
        """Twice `count` problems with the library's default settings; they have no difficulties of ours."""
        if difficulty is not None:
            raise ValueError("reasoning-gym's data sets have no difficulty of ours: leave --difficulty out")
        library = importlib.import_module("reasoning_gym")
        rows = library.create_dataset(self.short, size=_SIZE, seed=seed)
        found = []
        for number in range(2 * count):
            entry = rows[number]
            gold = entry["answer"]
            if not isinstance(gold, str):
                raise ValueError("it stores no answer, so there is no gold to try")
            found.append(Case(f"{self.name}/{number}", str(entry["question"]), gold, gold, Kind.BARE, (rows, entry)))
        return found

    def judge(self, case: Case, answer: str) -> Judged:
        rows, entry = case.problem
        score: Any = rows.score_answer(answer, entry)
        return Judged(float(score), "scored")

    def truly_right(self, case: Case, answer: str, other: Case) -> bool:
        """Many of these problems have several answers, and there is no second opinion: what it accepts is believed."""
        return same_answer(case.final, other.final) or self.judge(case, answer).score >= FULL

    def impostors(self, case: Case, rng: random.Random) -> Iterator[str]:
        return iter(())

    def steps_of(self, case: Case) -> tuple[Source, Problem] | None:
        return None


def open_peer(short: str) -> PeerSubject:
    if short not in peer_names():
        raise ValueError(f"reasoning-gym has no data set {short!r}: there are {', '.join(peer_names())}")
    return PeerSubject(short)


def peer_names() -> list[str]:
    """Every data set of the library but the one that is made of others."""
    try:
        factory = importlib.import_module("reasoning_gym.factory")
    except ModuleNotFoundError:
        raise ValueError("reasoning-gym is not installed: pip install reasoning-gym") from None
    return sorted(name for name in factory.DATASETS if name != "composite")


def version() -> str:
    return importlib.metadata.version("reasoning-gym")
