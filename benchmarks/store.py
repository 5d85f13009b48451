"""Where results live: one SQLite file, one transaction a problem, so that a killed run loses no finished problem.

    runs        one a run of the benchmark: command, config, machine, versions, times
    problems    what was asked, so that a store is readable without its sources; of those with one id, one is current
    results     one answer: who (policy, agent, settings, seed) on what (env, options, split, problem) at which budget
    codes       which modules with which hashes made or judged it (`identity`)
    texts       the candidates' answers, each once, so that they can be judged anew

What was asked about a problem that has changed since stays, and is shown again if the problem comes back.

A store of another schema version is refused, never rewritten.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from reasonrl.benchmarks.identity import Code
from reasonrl.benchmarks.machine import describe_machine, versions
from reasonrl.benchmarks.records import Candidate, Cell, Result, Run, Standing, Step, canonical

VERSION = 2
"""Of the schema below. Any change of it or of what a column means adds one."""
_APPLICATION = 0x52524C42  # "RRLB": tells our stores from other SQLite files

_KEY = "env, options, split, policy, agent, config, settings, seed, problem, budget, content"
_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL, command TEXT NOT NULL, config TEXT NOT NULL,
    machine TEXT NOT NULL, versions TEXT NOT NULL
);
CREATE TABLE problems (
    env TEXT, options TEXT, id TEXT, content TEXT, prompt TEXT NOT NULL, current INTEGER NOT NULL,
    PRIMARY KEY (env, options, id, content)
);
CREATE TABLE codes (key TEXT PRIMARY KEY, modules TEXT NOT NULL);
CREATE TABLE texts (key TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE results (
    env TEXT, options TEXT, split TEXT, policy TEXT, agent TEXT, config TEXT, settings TEXT, seed INTEGER,
    problem TEXT, budget INTEGER,
    run INTEGER NOT NULL REFERENCES runs (id),
    answer TEXT, status TEXT NOT NULL, score REAL, method TEXT NOT NULL, reason TEXT NOT NULL, grader TEXT NOT NULL,
    tokens INTEGER NOT NULL, guide_calls INTEGER, verifier_calls INTEGER, seconds REAL, oracle INTEGER NOT NULL,
    stop TEXT NOT NULL, candidates TEXT NOT NULL, steps TEXT NOT NULL, tree TEXT,
    content TEXT NOT NULL, reference TEXT NOT NULL, code TEXT NOT NULL, judge TEXT NOT NULL,
    PRIMARY KEY ({key})
);
"""


_COLUMNS = (
    "env", "options", "split", "policy", "agent", "config", "settings", "seed", "problem", "budget", "run", "answer",
    "status", "score", "method", "reason", "grader", "tokens", "guide_calls", "verifier_calls", "seconds", "oracle",
    "stop", "candidates", "steps", "tree", "content", "reference", "code", "judge",
)  # fmt: skip
_CURRENT = (
    "results JOIN problems ON problems.env = results.env AND problems.options = results.options "
    "AND problems.id = results.problem AND problems.content = results.content AND problems.current"
)


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
        """Notes the command, machine and versions of the results to come; returns the run's id."""
        cursor = self._db.execute(
            "INSERT INTO runs (started, command, config, machine, versions) VALUES (?, ?, ?, ?, ?)",
            (
                time.strftime("%Y-%m-%d %H:%M:%S %z"),
                shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
                json.dumps(config),
                json.dumps(describe_machine()),
                json.dumps(versions()),
            ),
        )
        return int(cursor.lastrowid or 0)

    def end_run(self, run: int, seconds: float) -> None:
        self._db.execute("UPDATE runs SET seconds = ? WHERE id = ?", (seconds, run))

    def config_of(self, agent: str, config: Mapping[str, Any]) -> str:
        """This config as canonical JSON, or as the store has it from before some of its settings were added.

        The agent's label names what is set otherwise than usual, so what was added since stands at its default.
        """
        today = canonical(config)
        stored = self._db.execute("SELECT DISTINCT config FROM results WHERE agent = ? ORDER BY config", (agent,))
        older = [each for (each,) in stored if json.loads(each).items() <= json.loads(today).items()]
        return today if today in older or not older else older[0]

    def finished(self, cell: Cell, budget: int) -> dict[str, Standing]:
        """The problems, as they are today, that this cell has a result for at this budget."""
        where = " AND ".join(f"results.{name} = ?" for name in Cell._fields)
        rows = self._db.execute(
            f"SELECT results.problem, status, reference, code, oracle FROM {_CURRENT} WHERE {where} AND budget = ?",
            (*cell, budget),
        )
        return {row[0]: Standing(row[1], row[2], row[3], bool(row[4])) for row in rows}

    def add(self, cell: Cell, results: Sequence[Result], *, prompt: str, run: int) -> None:
        """Commits one problem's results (one a budget) in one transaction.

        A result that is there already stays, unless other code made it, or it hung on another reference.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for problem, content in {(result.problem, result.content) for result in results}:
                self._make_current(cell.env, cell.options, problem, content, prompt)
            self._db.executemany(
                f"INSERT INTO results VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT ({_KEY}) DO UPDATE SET "
                + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
                + " WHERE results.code != excluded.code OR results.reference != excluded.reference",
                [(*cell, *self._row(result, run)) for result in results],
            )

    def judge_anew(self, cell: Cell, results: Sequence[Result]) -> None:
        """Commits new verdicts on stored results; who answered what, and what it cost, stays."""
        names = ("status", "score", "method", "reason", "grader", "candidates", "steps", "reference", "judge")
        where = " AND ".join(f"{name} = ?" for name in (*Cell._fields, "problem", "budget", "content"))
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for result in results:
                row = dict(zip(_COLUMNS[len(Cell._fields) :], self._row(result, 0), strict=True))
                self._db.execute(
                    f"UPDATE results SET {', '.join(f'{name} = ?' for name in names)} WHERE {where}",
                    (*(row[name] for name in names), *cell, result.problem, result.budget, result.content),
                )

    def know_code(self, code: Code) -> None:
        """Notes which modules a key stands for."""
        self._db.execute("INSERT OR IGNORE INTO codes VALUES (?, ?)", (code.key, json.dumps(dict(code.modules))))

    def codes(self) -> dict[str, dict[str, str]]:
        """Key to modules and their hashes, of all code that made or judged a result."""
        return {key: json.loads(modules) for key, modules in self._db.execute("SELECT key, modules FROM codes")}

    def problems(self, env: str, options: str) -> dict[str, str]:
        """Id to the hash of what was asked, of the problems that are current."""
        query = "SELECT id, content FROM problems WHERE env = ? AND options = ? AND current"
        return dict(self._db.execute(query, (env, options)).fetchall())

    def references(self, env: str, options: str) -> set[tuple[str, str]]:
        """(problem, hash of the reference that an answer to it was judged with), of the problems that are current."""
        where = "WHERE results.env = ? AND results.options = ?"
        return set(
            self._db.execute(f"SELECT DISTINCT results.problem, reference FROM {_CURRENT} {where}", (env, options))
        )

    def settle(self, env: str, options: str, contents: Mapping[str, str | None]) -> None:
        """Makes these problems current as they are today; None: it is gone. Others stay as they were."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "UPDATE problems SET current = (content IS ?) WHERE env = ? AND options = ? AND id = ?",
                [(content, env, options, id) for id, content in contents.items()],
            )

    def _make_current(self, env: str, options: str, id: str, content: str, prompt: str) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO problems VALUES (?, ?, ?, ?, ?, 1)", (env, options, id, content, prompt)
        )
        self._db.execute(
            "UPDATE problems SET current = (content = ?) WHERE env = ? AND options = ? AND id = ?",
            (content, env, options, id),
        )

    def results(
        self, *, split: str | None = None, trees: bool = False, answers: bool = False
    ) -> Iterator[tuple[Cell, Result]]:
        """Every result on a problem that is current, in the order in which they came.

        Args:
            split: only of this one.
            trees: with the search trees.
            answers: with what each candidate said.
        """
        fields = [name for name in (*Cell._fields, *Result.__dataclass_fields__) if trees or name != "tree"]
        where = "" if split is None else " WHERE split = ?"
        columns = ", ".join(f"results.{name}" for name in fields)
        texts = dict(self._db.execute("SELECT key, text FROM texts")) if answers else {}
        query = f"SELECT {columns} FROM {_CURRENT}{where} ORDER BY results.rowid"
        for row in self._db.execute(query, () if split is None else (split,)):
            cell = Cell(*row[: len(Cell._fields)])
            values = dict(zip(fields[len(Cell._fields) :], row[len(Cell._fields) :], strict=True))
            values["oracle"] = bool(values["oracle"])
            values["candidates"] = tuple(
                Candidate(tokens, correct, texts.get(key)) for tokens, correct, key in json.loads(values["candidates"])
            )
            values["steps"] = tuple(Step(*each) for each in json.loads(values["steps"]))
            yield cell, Result(**values)

    def prompts(self) -> dict[tuple[str, str, str], str]:
        """(env, options, problem id) to prompt, of the problems that are current."""
        query = "SELECT env, options, id, prompt FROM problems WHERE current"
        return {row[:3]: row[3] for row in self._db.execute(query)}

    def runs(self) -> list[Run]:
        rows = self._db.execute("SELECT id, started, seconds, command, config, machine, versions FROM runs ORDER BY id")
        return [Run(*row[:4], *map(json.loads, row[4:])) for row in rows]

    def _row(self, r: Result, run: int) -> tuple[Any, ...]:
        """The columns after the cell's, in the schema's order; keeps what candidates said among the texts."""
        keys = [None if each.answer is None else text_key(each.answer) for each in r.candidates]
        self._db.executemany(
            "INSERT OR IGNORE INTO texts VALUES (?, ?)",
            [(key, each.answer) for key, each in zip(keys, r.candidates, strict=True) if key is not None],
        )
        candidates = [(each.tokens, each.correct, key) for each, key in zip(r.candidates, keys, strict=True)]
        judged = (run, r.answer, r.status, r.score, r.method, r.reason, r.grader)
        spent = (r.tokens, r.guide_calls, r.verifier_calls, r.seconds, r.oracle, r.stop)
        kept = (json.dumps(candidates), json.dumps(r.steps), r.tree)
        return (r.problem, r.budget, *judged, *spent, *kept, r.content, r.reference, r.code, r.judge)


def text_key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


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
