"""What a judge says: `Verdict` for a finished answer, `StepVerdict` for one line of reasoning."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Why an answer got its score. `ERROR` and `BAD_REFERENCE` are the judge's failure, never the answer's."""

    CORRECT = "correct"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    UNPARSABLE = "unparsable"
    TIMEOUT = "timeout"
    ERROR = "error"
    BAD_REFERENCE = "bad_reference"


class Verdict(NamedTuple):
    """The judgement of one finished answer."""

    status: Status
    score: float
    """In [0, 1]; NaN when the judge failed (`ERROR`, `BAD_REFERENCE`), so that nobody trains on it by accident."""
    extracted: str | None = None
    """The final answer as found in the response."""
    method: str = ""
    """Which rule decided: "exact", "rational", "tests", ..."""
    reason: str = ""
    """One short sentence for a person."""

    @property
    def correct(self) -> bool:
        return self.status is Status.CORRECT

    @property
    def judged(self) -> bool:
        """False when the judge itself failed and the score means nothing."""
        return self.status not in (Status.ERROR, Status.BAD_REFERENCE)


class StepVerdict(StrEnum):
    """What one line of reasoning is worth, judged without the reference."""

    USEFUL = "useful"
    REDUNDANT = "redundant"
    INVALID = "invalid"
    UNPARSABLE = "unparsable"


def accept(extracted: str, *, method: str) -> Verdict:
    return Verdict(Status.CORRECT, 1.0, extracted, method)


def reject(extracted: str | None, *, method: str, reason: str, status: Status = Status.WRONG) -> Verdict:
    return Verdict(status, 0.0, extracted, method, reason)


def no_answer(reason: str = "no line starts with 'Answer:'") -> Verdict:
    return Verdict(Status.NO_ANSWER, 0.0, None, "extract", reason)


def failed(reason: str, *, status: Status = Status.ERROR, method: str = "") -> Verdict:
    """The judge could not judge."""
    return Verdict(status, float("nan"), None, method, reason)
