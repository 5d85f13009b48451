"""Where results live: one SQLite file, one transaction a problem, so that a killed run loses no finished problem.

    runs        one a run of the benchmark: command, config, machine, versions, times
    problems    what was asked, so that a store is readable without its sources, and never mixes two problems of one id
    results     one answer: who (policy, agent, settings, seed) on what (env, options, split, problem) at which budget

A store of another schema version is refused, never rewritten.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from reasonrl.verifiers.core import Status

VERSION = 1
"""Of the schema below. Any change of it or of what a column means adds one."""
_APPLICATION = 0x52524C42  # "RRLB": tells our stores from other SQLite files
_PACKAGES = ("reasonrl", "gymnasium", "numpy", "torch", "transformers")

_KEY = "env, options, split, policy, agent, config, settings, seed, problem, budget"
_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL, command TEXT NOT NULL, config TEXT NOT NULL,
    machine TEXT NOT NULL, versions TEXT NOT NULL
);
CREATE TABLE problems (
    env TEXT, options TEXT, id TEXT, prompt TEXT NOT NULL, PRIMARY KEY (env, options, id)
);
CREATE TABLE results (
    env TEXT, options TEXT, split TEXT, policy TEXT, agent TEXT, config TEXT, settings TEXT, seed INTEGER,
    problem TEXT, budget INTEGER,
    run INTEGER NOT NULL REFERENCES runs (id),
    answer TEXT, status TEXT NOT NULL, score REAL, method TEXT NOT NULL, reason TEXT NOT NULL, grader TEXT NOT NULL,
    tokens INTEGER NOT NULL, guide_calls INTEGER, verifier_calls INTEGER, seconds REAL, oracle INTEGER NOT NULL,
    stop TEXT NOT NULL, candidates TEXT NOT NULL, steps TEXT NOT NULL, tree TEXT,
    PRIMARY KEY ({key})
);
"""


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


class Step(NamedTuple):
    """One line of an answer and what it is worth."""

    line: str
    verdict: str


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

    @property
    def correct(self) -> bool | None:
        """None when the judge failed."""
        return None if self.score is None else self.status == Status.CORRECT


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


class Store:
    """An open store. `with Store(path) as store: ...`"""

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        """Opens a store, or makes an empty one.

        Raises:
            FileNotFoundError: there is none and `create` is False.
            ValueError: the file is something else, or a store of another version; it is left as it was.
        """
        self.path = Path(path)
        fresh = not self.path.exists() or self.path.stat().st_size == 0
        if fresh and not create:
            raise FileNotFoundError(f"there is no store at {path}: run `reasonrl bench --store {path}` first")
        if fresh:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        else:
            _refuse_others(self.path)
        self._db = sqlite3.connect(self.path, timeout=60.0, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; only a power cut could
        if fresh:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                if not self._db.execute(
                    "SELECT 1 FROM sqlite_schema WHERE name = 'results'"
                ).fetchone():  # another was first
                    for statement in _SCHEMA.format(key=_KEY).split(";"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
                    self._db.execute(f"PRAGMA user_version = {VERSION}")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def begin_run(self, config: Mapping[str, Any]) -> int:
        """Notes the command, machine and versions behind the results to come; returns the run's id."""
        cursor = self._db.execute(
            "INSERT INTO runs (started, command, config, machine, versions) VALUES (?, ?, ?, ?, ?)",
            (
                time.strftime("%Y-%m-%d %H:%M:%S %z"),
                shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
                json.dumps(config),
                json.dumps(describe_machine()),
                json.dumps(_versions()),
            ),
        )
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, seconds: float) -> None:
        self._db.execute("UPDATE runs SET seconds = ? WHERE id = ?", (seconds, run))

    def finished(self, cell: Cell, budget: int) -> dict[str, str]:
        """Ids of the problems that this cell has a result for at this budget, with the result's status."""
        where = " AND ".join(f"{name} = ?" for name in Cell._fields)
        rows = self._db.execute(f"SELECT problem, status FROM results WHERE {where} AND budget = ?", (*cell, budget))
        return dict(rows.fetchall())

    def add(self, cell: Cell, results: Sequence[Result], *, prompt: str, run: int) -> None:
        """Commits one problem's results (one a budget) in one transaction; a result that is there already stays."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for problem in {result.problem for result in results}:
                self._know(cell, problem, prompt)
            self._db.executemany(
                f"INSERT INTO results VALUES ({', '.join('?' * 26)}) ON CONFLICT ({_KEY}) DO NOTHING",
                [(*cell, *_row(result, run)) for result in results],
            )

    def check_problem(self, cell: Cell, problem: str, prompt: str) -> None:
        """
        Raises:
            ValueError: the store knows another problem by this id.
        """
        row = self._db.execute(
            "SELECT prompt FROM problems WHERE env = ? AND options = ? AND id = ?", (cell.env, cell.options, problem)
        ).fetchone()
        if row is not None and row[0] != prompt:
            raise ValueError(
                f"{self.path} holds another problem as {problem} of {cell.env} ({row[0][:60]!r}, now {prompt[:60]!r}): "
                "its results cannot be compared with new ones, choose another --store"
            )

    def _know(self, cell: Cell, problem: str, prompt: str) -> None:
        self.check_problem(cell, problem, prompt)
        self._db.execute(
            "INSERT OR IGNORE INTO problems VALUES (?, ?, ?, ?)", (cell.env, cell.options, problem, prompt)
        )

    def results(self, *, split: str | None = None, trees: bool = False) -> Iterator[tuple[Cell, Result]]:
        """Every result, in the order in which they came; without its tree unless asked for."""
        fields = [*Cell._fields, *(f for f in Result.__dataclass_fields__ if f != "tree"), "tree" if trees else "NULL"]
        where = "" if split is None else " WHERE split = ?"
        query = f"SELECT {', '.join(fields)} FROM results{where} ORDER BY rowid"
        for row in self._db.execute(query, () if split is None else (split,)):
            cell = Cell(*row[: len(Cell._fields)])
            values = dict(zip(Result.__dataclass_fields__, row[len(Cell._fields) :], strict=True))
            values["oracle"] = bool(values["oracle"])
            values["candidates"] = tuple(Candidate(*each) for each in json.loads(values["candidates"]))
            values["steps"] = tuple(Step(*each) for each in json.loads(values["steps"]))
            yield cell, Result(**values)

    def prompts(self) -> dict[tuple[str, str, str], str]:
        """(env, options, problem id) to prompt."""
        return {row[:3]: row[3] for row in self._db.execute("SELECT env, options, id, prompt FROM problems")}

    def runs(self) -> list[Run]:
        rows = self._db.execute("SELECT id, started, seconds, command, config, machine, versions FROM runs ORDER BY id")
        return [Run(*row[:4], *map(json.loads, row[4:])) for row in rows]


def _row(r: Result, run: int) -> tuple[Any, ...]:
    """The columns behind the cell's, in the schema's order."""
    judged = (run, r.answer, r.status, r.score, r.method, r.reason, r.grader)
    spent = (r.tokens, r.guide_calls, r.verifier_calls, r.seconds, r.oracle, r.stop)
    return (r.problem, r.budget, *judged, *spent, json.dumps(r.candidates), json.dumps(r.steps), r.tree)


def describe_machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GiB, system, Python. No name that would identify it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0.0
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _versions() -> dict[str, str]:
    """Installed versions of what can change a result, read without importing it."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _refuse_others(path: Path) -> None:
    """Only reads: a file that is not ours is not touched."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=60.0)) as db:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} is not a benchmark store ({error}): choose another --store") from None
    if application != _APPLICATION:
        raise ValueError(f"{path} is a database of something else, not a benchmark store: choose another --store")
    if version != VERSION:
        raise ValueError(
            f"{path} is a store of version {version} and this reasonrl reads version {VERSION}: choose another "
            "--store, or read it with the release that wrote it. It was left as it is"
        )
