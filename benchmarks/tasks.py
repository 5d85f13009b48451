"""The problems of a benchmark: the first distinct ones of a split, and what has become of those that are stored."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reasonrl.benchmarks.identity import content_of
from reasonrl.benchmarks.records import canonical
from reasonrl.benchmarks.store import Store
from reasonrl.envs import registry
from reasonrl.envs.core import Problem, Source
from reasonrl.envs.generation import pick_difficulty
from reasonrl.envs.registry import is_dataset, source_name

_MOST_REPEATS = 400
"""Indices in a row that give nothing new before a generator counts as having no more."""


@dataclass(frozen=True)
class Suite:
    """The problems of one environment."""

    env: str
    options: str
    split: str
    source: Source
    problems: tuple[Problem, ...]


def make_suite(env: str, split: str, limit: int, *, difficulty: Sequence[int] = (), data: str | None = None) -> Suite:
    """The first `limit` problems: rows of a data set, or what a generator makes from 0, 1, ... less repeats."""
    source, options = open_source(env, difficulty=difficulty, data=data)
    drawn = _problems(source, split, difficulty, rows=is_dataset(source_name(env)))
    return Suite(env, options, split, source, tuple(itertools.islice(drawn, limit)))


def open_source(env: str, *, difficulty: Sequence[int] = (), data: str | None = None) -> tuple[Source, str]:
    """An environment's source, and what was asked of it beyond its id as canonical JSON."""
    name = source_name(env)
    is_rows = is_dataset(name)
    options = {
        "difficulty": list(difficulty) or None,
        "data": Path(data).name if data is not None and is_rows else None,
    }
    return registry.open_source(name, data=data if is_rows else None), canonical(options)


def _problems(source: Source, split: str, difficulty: Sequence[int], *, rows: bool) -> Iterator[Problem]:
    """Each problem once: a data set's rows begin again after the last, a generator repeats itself where it has few."""
    seen: set[str] = set()
    repeats = 0
    for index in itertools.count():
        problem = source.problem(split, index, pick_difficulty(difficulty or None, index))
        name = problem.id if rows else problem.view.prompt
        if name not in seen:
            seen.add(name)
            repeats = 0
            yield problem
        elif (repeats := repeats + 1) > _MOST_REPEATS or rows:
            return


def find_problem(source: Source, env: str, id: str) -> Problem | None:
    """The problem that has this id today; None when there is none."""
    _, split, difficulty, index = id.rsplit("/", 3)
    level = None if is_dataset(source_name(env)) else int(difficulty)
    try:
        problem = source.problem(split, int(index), level)
    except (ValueError, LookupError, RuntimeError):
        return None
    return problem if problem.id == id else None


@dataclass(frozen=True)
class Settled:
    """What has become of the problems that a store knows."""

    changed: int
    gone: int

    def __str__(self) -> str:
        parts = [f"{self.changed} changed"] * bool(self.changed) + [f"{self.gone} gone"] * bool(self.gone)
        return " and ".join(parts)


def settle(store: Store, suite: Suite) -> Settled:
    """Looks at every stored problem of this environment and split, and shelves what was asked about another.

    A row that was deleted from a data file is gone, and one whose text was mended has changed: their results stay in
    the store, but count no longer.
    """
    stored = store.problems(suite.env, suite.options)
    known = {id: content for id, content in stored.items() if id.rsplit("/", 3)[1] == suite.split}
    today = contents_today(suite.source, suite.env, known, {problem.id: problem for problem in suite.problems})
    others = {id: content for id, content in today.items() if content != known[id]}
    # what was shelved before and is asked again comes back
    back = {problem.id: content_of(problem) for problem in suite.problems}
    store.settle(suite.env, suite.options, {**others, **back})
    gone = sum(content is None for content in others.values())
    return Settled(changed=len(others) - gone, gone=gone)


def contents_today(source: Source, env: str, ids: Iterable[str], known: Mapping[str, Problem]) -> dict[str, str | None]:
    """Id to the hash of what is asked under it today, None where nothing is."""
    found = {id: known.get(id) or find_problem(source, env, id) for id in ids}
    return {id: None if problem is None else content_of(problem) for id, problem in found.items()}
