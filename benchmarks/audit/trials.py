"""Every trial of one subject, in a fixed order: what is tried, on which problem, and what would be a fault.

A trial is run by calling it; it returns what is wrong, or "". How long it took and what else happened is seen by
`child`, which runs it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from reasonrl.benchmarks.audit import answers
from reasonrl.benchmarks.audit.answers import Kind, Text
from reasonrl.benchmarks.audit.farming import farming
from reasonrl.benchmarks.audit.subjects import Case, Judged, Subject, same_answer
from reasonrl.envs.seeding import generator


class Check(StrEnum):
    """The columns of the table."""

    GOLD = "gold"
    """Right answers are accepted."""
    FORMATS = "formats"
    """So are they in every form that is promised; and of one that is not, all problems are treated alike."""
    IMPOSTORS = "impostors"
    """Constants, echoes, other problems' answers, hedges, look-alikes and the family's own impostors are rejected."""
    HOSTILE = "hostile"
    """So is what is oversized, deep, huge or broken."""
    ERRORS = "errors"
    """The judge never raises and never fails."""
    SPEED = "speed"
    """Each answer is judged within a second of processor time, and within the deadline."""
    ISOLATION = "isolation"
    """Nothing is executed; no file, socket or process is made."""
    FARMING = "farming"
    """Padding, repeating and splitting of steps never earn more than the demonstration does."""


class Trial(NamedTuple):
    check: Check
    problem: str
    label: str
    answer: str
    run: Callable[[], str]
    """What is wrong, or ""."""


class Traps(NamedTuple):
    """Where a canary leaves its trace."""

    file: str
    port: int


def trials(subject: Subject, cases: Sequence[Case], *, seed: int, traps: Traps, partial: list[str]) -> Iterator[Trial]:
    """All trials of a subject.

    Args:
        partial: collects the labels of wrong answers with a documented partial score.
    """
    for position, case in enumerate(cases):
        others = [other for other in cases if other.prompt != case.prompt]
        other = next((each for each in others[position % max(len(others), 1) :] if _differs(case, each)), None)
        other = other or next((each for each in others if _differs(case, each)), None)
        yield _accepts(subject, case, Check.GOLD, Text("gold", case.gold))
        for text in answers.formats(case.kind, case.gold, case.final):
            yield _accepts(subject, case, Check.FORMATS, text)
        wrong = other.final if other is not None else "no"
        for text in answers.impostors(case.kind, case.prompt, case.final, wrong, same=same_answer):
            yield _rejects(subject, case, Check.IMPOSTORS, text, partial)
        for number, impostor in enumerate(subject.impostors(case, generator("impostors", seed, case.name))):
            yield _rejects(subject, case, Check.IMPOSTORS, Text(f"impostor {number}", impostor), partial)
        for each in _some(others, 3, generator("others", seed, case.name)):
            if not subject.truly_right(case, each.gold, each):
                yield _rejects(subject, case, Check.IMPOSTORS, Text(f"gold of {each.name}", each.gold), partial)
        for text in answers.canaries(case.kind, case.gold, case.final, file=traps.file, port=traps.port):
            yield _rejects(subject, case, Check.IMPOSTORS, text, partial)
        if case.kind is Kind.CODE:
            for text in answers.side_effects(case.gold, file=traps.file, port=traps.port):
                yield Trial(Check.ISOLATION, case.name, text.label, text.text, _only_judged(subject, case, text.text))
        if position < 2:  # they depend little on the problem, and a megabyte each adds up
            for text in answers.hostile(case.kind, case.final):
                yield _rejects(subject, case, Check.HOSTILE, text, partial)
        steps = subject.steps_of(case)
        if steps is not None:
            for name, run in farming(*steps, case.gold, generator("farming", seed, case.name)):
                yield Trial(Check.FARMING, case.name, name, case.gold, run)
    yield from _styles(subject, cases)


def verdicts_on_styles(subject: Subject, cases: Sequence[Case]) -> dict[str, str]:
    """Of each form that is not promised: "accepted", "rejected", or "some"."""
    found: dict[str, set[bool]] = {}
    for case in cases:
        for text in answers.styles(case.kind, case.gold, case.final):
            found.setdefault(text.label, set()).add(_score(subject.judge(case, text.text)) >= subject.full)
    return {
        label: "some" if len(each) > 1 else "accepted" if True in each else "rejected" for label, each in found.items()
    }


def _styles(subject: Subject, cases: Sequence[Case]) -> Iterator[Trial]:
    labels = dict.fromkeys(t.label for c in cases for t in answers.styles(c.kind, c.gold, c.final))
    for label in labels:

        def run(label: str = label) -> str:
            seen = {}
            for case in cases:
                for text in answers.styles(case.kind, case.gold, case.final):
                    if text.label == label:
                        seen[_score(subject.judge(case, text.text)) >= subject.full] = case.name
            return f"accepted for {seen[True]}, rejected for {seen[False]}" if len(seen) > 1 else ""

        yield Trial(Check.FORMATS, "all", f"{label}: all problems alike", "", run)


def _accepts(subject: Subject, case: Case, check: Check, text: Text) -> Trial:
    def run() -> str:
        judged = subject.judge(case, text.text)
        if judged.failed:
            return f"the judge failed ({judged.status})"
        return "" if _score(judged) >= subject.full else f"a right answer is rejected ({judged.status}, {judged.score})"

    return Trial(check, case.name, text.label, text.text, run)


def _rejects(subject: Subject, case: Case, check: Check, text: Text, partial: list[str]) -> Trial:
    def run() -> str:
        judged = subject.judge(case, text.text)
        score = _score(judged)
        if judged.failed:
            return f"the judge failed ({judged.status})"
        if score <= 0:
            return ""
        if score < subject.full and subject.partial_credit:
            partial.append(text.label)
            return ""
        return f"a wrong answer earns {score:g} ({judged.status})"

    return Trial(check, case.name, text.label, text.text, run)


def _only_judged(subject: Subject, case: Case, text: str) -> Callable[[], str]:
    """Right or wrong is open here: only what else happens counts."""

    def run() -> str:
        subject.judge(case, text)
        return ""

    return run


def _score(judged: Judged) -> float:
    return 0.0 if judged.failed or judged.score != judged.score else judged.score


def _differs(case: Case, other: Case) -> bool:
    return not same_answer(case.final, other.final)


def _some(cases: Sequence[Case], count: int, rng: random.Random) -> list[Case]:
    return rng.sample(list(cases), min(count, len(cases)))
