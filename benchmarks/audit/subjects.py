"""What can be audited: our families and data sets, and anybody's family, behind one small interface.

A subject is named by an id of the registry, the name of a family or data set, `module:Class` or `file.py:Class`; a data
set's file is given as name=file.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

from reasonrl.benchmarks.audit.answers import Kind
from reasonrl.envs.abilities import Ability, abilities, complete
from reasonrl.envs.core import Family, Problem, Rules, Source
from reasonrl.envs.datasets import DATASETS
from reasonrl.envs.families import DOMAINS, FAMILIES, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.registry import environment_ids, is_dataset, open_source, source_name
from reasonrl.envs.seeding import generator
from reasonrl.envs.sources import only
from reasonrl.verifiers.answers import MARK, extract_answer
from reasonrl.verifiers.math import parse_number
from reasonrl.verifiers.named import load_named

PEERS = ("reasoning_gym",)


class Judged(NamedTuple):
    """What a judge said."""

    score: float
    status: str
    failed: bool = False
    """The judge failed, as it says itself."""


class Case(NamedTuple):
    """One problem to audit."""

    name: str
    prompt: str
    gold: str
    """A right response."""
    final: str
    """Its final answer alone."""
    kind: Kind
    problem: Any = None


class Subject(Protocol):
    """Something that judges answers."""

    @property
    def name(self) -> str: ...
    @property
    def full(self) -> float:
        """The score from which on an answer counts as accepted."""
        ...

    @property
    def partial_credit(self) -> bool:
        """Whether a score between nothing and full is documented, and so no fault."""
        ...

    def cases(self, count: int, *, seed: int, difficulty: int | None) -> list[Case]: ...
    def judge(self, case: Case, answer: str) -> Judged: ...
    def truly_right(self, case: Case, answer: str, other: Case) -> bool:
        """Whether another problem's answer solves this one as well, decided without the judge under audit."""
        ...

    def impostors(self, case: Case, rng: random.Random) -> Iterator[str]: ...
    def steps_of(self, case: Case) -> tuple[Source, Problem] | None:
        """Source and problem to play at the step level; None where there are no steps."""
        ...


@dataclass(frozen=True)
class FamilySubject:
    """A family: its demonstrations are the gold."""

    family: Family
    full = 1.0
    partial_credit = False

    @property
    def name(self) -> str:
        return self.family.name

    def cases(self, count: int, *, seed: int, difficulty: int | None) -> list[Case]:
        """`count` problems of each difficulty, or of the one given."""
        levels = list(self.family.difficulties) if difficulty is None else [difficulty]
        found = []
        for level in levels:
            for number in range(count):
                problem = generate(self.family, "train", seed * 100_003 + number, level)
                gold = self._gold(problem, seed)
                answer = extract_answer(gold)
                kind = Kind.CODE if answer is None else Kind.LINE
                found.append(
                    Case(problem.id, problem.view.prompt, gold, gold if answer is None else answer, kind, problem)
                )
        return found

    def _gold(self, problem: Problem, seed: int) -> str:
        """A right response: a demonstration, or where the family has none its reference as an answer line."""
        if Ability.DEMONSTRATIONS in abilities(self.family):
            return self.family.demonstrate(problem, generator("audit", seed, problem.id), frozenset()).text
        return _reference_line(self.family, problem, "give it demonstrate(problem, rng, behaviours)")

    def judge(self, case: Case, answer: str) -> Judged:
        verdict = self.family.verify(case.problem, answer)
        return Judged(verdict.score, verdict.status.value, not verdict.judged)

    def truly_right(self, case: Case, answer: str, other: Case) -> bool:
        if same_answer(case.final, other.final) or case.problem.reference == other.problem.reference:
            return True
        verdict = self.family.check_answer(case.problem.view, answer)
        return verdict is not None and verdict.correct

    def impostors(self, case: Case, rng: random.Random) -> Iterator[str]:
        return iter(self.family.impostors(case.problem, rng))

    def steps_of(self, case: Case) -> tuple[Source, Problem] | None:
        return only(self.family), case.problem


@dataclass(frozen=True)
class DatasetSubject:
    """A data set: its published answers are the gold."""

    source: Source
    full = 1.0
    partial_credit = False

    @property
    def name(self) -> str:
        return self.source.name

    def cases(self, count: int, *, seed: int, difficulty: int | None) -> list[Case]:
        """As many problems as there are of a family with eight difficulties."""
        found: dict[str, Case] = {}
        for number in range(8 * count):
            problem = self.source.problem("test", generator("audit", seed, number).randrange(2**31))
            gold = _reference_line(self.source.rules_of(problem.view), problem, "let it accept one")
            final = gold.removeprefix(MARK).strip()
            kind = Kind.LINE if parse_number(final) is None else Kind.MARKED
            found[problem.id] = Case(problem.id, problem.view.prompt, gold, final, kind, problem)
        return list(found.values())

    def judge(self, case: Case, answer: str) -> Judged:
        verdict = self.source.rules_of(case.problem.view).verify(case.problem, answer)
        return Judged(verdict.score, verdict.status.value, not verdict.judged)

    def truly_right(self, case: Case, answer: str, other: Case) -> bool:
        return same_answer(case.final, other.final)

    def impostors(self, case: Case, rng: random.Random) -> Iterator[str]:
        return iter(())

    def steps_of(self, case: Case) -> tuple[Source, Problem] | None:
        return self.source, case.problem


def _reference_line(rules: Rules, problem: Problem, advice: str) -> str:
    """The reference as an answer line, where that is a right response."""
    gold = f"{MARK} {problem.reference.value}"
    if not rules.verify(problem, gold).correct:
        raise ValueError(
            f"an audit needs right responses, and {problem.view.family} has no demonstrations, nor accepts its "
            f"reference as an answer line ({gold[:60]}): {advice}"
        )
    return gold


def same_answer(one: str, other: str) -> bool:
    """Whether two final answers are the same text but for its case, or the same number."""
    one, other = one.strip().casefold(), other.strip().casefold()
    return one == other or (parse_number(one) is not None and parse_number(one) == parse_number(other))


def open_subject(name: str, data: str | None) -> Subject:
    """The subject of this name, in the process that asks.

    Raises:
        ValueError: there is none of this name; the message says what there is.
    """
    peer, slash, rest = name.partition("/")
    if slash and peer in PEERS:
        module = importlib.import_module(f"reasonrl.benchmarks.audit.{peer}")
        return cast(Subject, module.open_peer(rest))
    if is_dataset(name):
        return DatasetSubject(open_source(name, data=data))
    return FamilySubject(get_family(name) if name in FAMILIES else _load(name))


def subject_names(ids: Sequence[str], data: dict[str, str]) -> list[str]:
    """Names for `open_subject`, each once: an id of a domain is its families. No ids: all families, and the data sets
    for which there is a file.
    """
    if not ids:
        return [*FAMILIES, *(name for name in DATASETS if name in data)]
    names: list[str] = []
    for each in ids:
        if each in environment_ids():
            each = source_name(each)
        if each in DOMAINS:
            names += DOMAINS[each]
        elif each.partition("/")[0] in PEERS:
            names += _peer_names(each)
        elif is_dataset(each):
            if each not in data:
                raise ValueError(f"{each} needs its data: pass --data {each}=<file>")
            names.append(each)
        elif each in FAMILIES or ":" in each:
            names.append(each)
        else:
            source_name(each)  # raises, with what there is
    return list(dict.fromkeys(names))


def peer_version(peer: str) -> str:
    return str(importlib.import_module(f"reasonrl.benchmarks.audit.{peer}").version())


def _peer_names(name: str) -> list[str]:
    peer, slash, _ = name.partition("/")
    if slash:
        return [name]
    module = importlib.import_module(f"reasonrl.benchmarks.audit.{peer}")
    return [f"{peer}/{each}" for each in module.peer_names()]


def _load(name: str) -> Family:
    """A family from `module:Class` or `file.py:Class`."""
    return cast(Family, complete(load_named(name, what="a family")()))
