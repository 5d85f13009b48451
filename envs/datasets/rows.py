"""Published data sets: a form to fill in (`Published`), and the rows of its file as a source of problems (`RowSource`).

    class Sums(Published):
        name = "sums"
        where = "sums.jsonl from https://example.org/sums"

        def content(self, row):
            question, gold = texts(row, "question", "answer")
            return Content(question, {}, gold)

        def verify(self, problem, answer):
            return verify_number(problem.reference.value, up_to_first(answer))

    Sums.open("sums.jsonl").problem("test", 0)       a file: JSON Lines, a JSON array, CSV or Parquet, gzipped or not
    Sums.open("folder")                              a folder with train.jsonl, test.csv, test-00000-of-00002.parquet
    Sums.open("owner/repository")                    a repository of the hub, its splits by their names

A file is one split that goes by any name: which one it is, is up to whoever passes it. Every fault of a row is told
with its file and line.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reasonrl.envs.abilities import Ability, abilities, complete
from reasonrl.envs.core import SPLITS, Content, Frozen, Problem, Reference, Rules, View, freeze
from reasonrl.envs.vocabulary import to_ascii
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.inputs import reference_text
from reasonrl.verifiers.rows import Row, read_rows

ANY_SPLIT = ""
_REPOSITORY = re.compile(r"[\w-]+/[\w.-]+")
_ENDINGS = (".jsonl", ".json", ".gz", ".csv", ".tsv", ".parquet")
_SPLIT_NAMES = {**{split: split for split in SPLITS}, "val": "validation", "valid": "validation", "dev": "validation"}


class Published:
    """A data set to be filled in: `name`, `where`, `content` and `verify` at least.

    Its class is what is registered and what `my.py:MyData` names; `open` gives its problems, `rules` how they are
    written and judged, without any rows. What else rules may have can be added (see `envs.core.Rules`): `instructions`,
    `canonical`, `check_step`, `check_answer`.
    """

    name: str
    """As `View.family` has it: small letters, digits, _."""
    where: str
    """Where it is published, to be read after "pass --data <file>, with"."""
    version = 0
    """Goes up when the same row becomes another problem."""
    configuration: str | None = None
    """Which of a hub repository's parts to read, where it has several."""

    def content(self, row: Mapping[str, Any]) -> Content:
        """The prompt of a row, what else a solver may see, and the gold that only `verify` sees.

        Raises:
            ValueError: what the row lacks, in words that follow "line 3: "; any other exception is told as it is.
        """
        raise NotImplementedError

    def verify(self, problem: Problem, answer: str) -> Verdict:
        raise NotImplementedError

    @classmethod
    def open(cls, data: str | None) -> RowSource:
        """The problems of a file, of a folder with a file for each split, or of a hub repository.

        Raises:
            ValueError: no `data`, or a row that cannot be read.
            FileNotFoundError: no such file.
            ImportError: a hub repository without the `datasets` package.
        """
        if data is None:
            raise ValueError(f"{cls.name} needs its data: pass --data <file> (data=... in Python), with {cls.where}")
        path = Path(data).expanduser()
        files = _files(path)
        if files:
            return _from_files(cls, str(path), files)  # type: ignore[arg-type]  # mypy looks at its instances' hash
        if _REPOSITORY.fullmatch(data) and not data.endswith(_ENDINGS):
            return _from_hub(cls, data)  # type: ignore[arg-type]  # mypy looks at its instances' hash
        raise FileNotFoundError(f"there is no file {data!r}: pass --data <file>, with {cls.where}")

    @classmethod
    def rules(cls) -> Rules:
        """How its problems ask and its answers end, and their judge: all that needs no rows."""
        return _rules(cls)  # type: ignore[arg-type]  # mypy looks at its instances' hash


@dataclass(frozen=True)
class RowSource:
    """The rows of one file, or of each split, in their published order."""

    dataset: Rules
    name: str
    version: int
    rows: Mapping[str, tuple[Content, ...]]
    """By split; `ANY_SPLIT` where there is one file."""
    max_prompt_chars: int

    levels = ("token", "step", "solution")
    max_choices = 0

    @property
    def abilities(self) -> frozenset[Ability]:
        return abilities(self.dataset)

    def __len__(self) -> int:
        """Rows of all splits together."""
        return sum(map(len, self.rows.values()))

    def size(self, split: str) -> int:
        """How many problems a split has."""
        return len(self._split(split))

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        """Row `index`, counted round and round: `reset` without an index draws far larger ones."""
        if difficulty is not None:
            raise ValueError(f"{self.name} has no difficulties: leave difficulty={difficulty} out")
        rows = self._split(split)
        number = index % len(rows)
        prompt, public, gold = rows[number]
        return Problem(View(self.name, self.version, number, split, 0, prompt, public), Reference(gold))

    def rules_of(self, view: View) -> Rules:
        return self.dataset

    def _split(self, split: str) -> tuple[Content, ...]:
        rows = self.rows.get(split) or self.rows.get(ANY_SPLIT)
        if rows is None:
            raise ValueError(f"{self.name} has no {split!r} split: choose one of {', '.join(self.rows)}")
        return rows


def texts(row: Mapping[str, Any], *columns: str) -> list[str]:
    """The texts in these columns of a row, without blanks around them; a number is written as a text.

    Raises:
        ValueError: one is missing, blank, or neither a text nor a number.
    """
    found = [reference_text(row.get(column)) for column in columns]
    if not all(text and text.strip() for text in found):
        raise ValueError(f"it needs the texts {' and '.join(map(repr, columns))}")
    return [str(text).strip() for text in found]


@functools.cache
def _form(dataset: type[Published]) -> Published:
    return dataset()


@functools.cache
def _rules(dataset: type[Published]) -> Rules:
    return cast(Rules, complete(_form(dataset)))  # type: ignore[arg-type]  # mypy looks at its instances' hash


def _files(path: Path) -> tuple[tuple[str, str, int], ...]:
    """(split, path, time of change) of a file, or of those of a folder that are named after a split."""
    if path.is_file():
        return ((ANY_SPLIT, str(path), path.stat().st_mtime_ns),)
    found = []
    for file in sorted(path.iterdir()) if path.is_dir() else ():
        split = _SPLIT_NAMES.get(re.split(r"[-_.]", file.name)[0])
        if split is not None and file.is_file() and file.name.endswith(_ENDINGS):
            found.append((split, str(file), file.stat().st_mtime_ns))
    return tuple(found)


@functools.lru_cache(maxsize=4)
def _from_files(dataset: type[Published], path: str, files: tuple[tuple[str, str, int], ...]) -> RowSource:
    """Cached by name and time of change: a vector of environments reads the files once."""
    rows: dict[str, list[Content]] = {}
    for split, file, _ in files:
        rows.setdefault(split, []).extend(_contents(dataset, read_rows(file)))
    return _source(dataset, rows, path)


@functools.lru_cache(maxsize=4)
def _from_hub(dataset: type[Published], repository: str) -> RowSource:
    try:
        hub = importlib.import_module("datasets")
    except ImportError as error:
        raise ImportError(
            f"there is no file {repository!r}, and to read it from the hub needs datasets: pip install 'reasonrl[hub]'"
        ) from error
    given = (repository,) if dataset.configuration is None else (repository, dataset.configuration)
    rows = {}
    for split, records in hub.load_dataset(*given).items():
        read = (Row(f"{repository}, {split} row {n}", n, record, "") for n, record in enumerate(records))
        rows[str(split)] = list(_contents(dataset, read))
    return _source(dataset, rows, repository)


def _contents(dataset: type[Published], rows: Iterable[Row]) -> Iterator[Content]:
    """What the rows ask; a fault is told with its place."""
    form = _form(dataset)  # type: ignore[arg-type]  # mypy looks at its instances' hash
    for row in rows:
        if row.error:
            raise ValueError(row.error)
        if not isinstance(row.value, Mapping):
            raise ValueError(f"{row.place}: not a JSON object but {type(row.value).__name__}")
        try:
            prompt, public, gold = form.content(row.value)
        except KeyError as error:
            raise ValueError(f"{row.place}: it has no {error}, it has {', '.join(map(str, row.value))}") from error
        except ValueError as error:
            raise ValueError(f"{row.place}: {error}") from error
        except Exception as error:
            raise ValueError(f"{row.place}: {type(error).__name__} in {dataset.name}.content: {error}") from error
        if not isinstance(prompt, str) or not prompt.strip():
            raise ValueError(f"{row.place}: its prompt is no text, or blank")
        yield Content(prompt, Frozen(public), freeze(gold))


def _source(dataset: type[Published], rows: Mapping[str, Sequence[Content]], data: str) -> RowSource:
    full = {split: tuple(contents) for split, contents in rows.items() if contents}
    if not full:
        raise ValueError(f"{data} is empty: pass {dataset.where}")
    prompts = [row.prompt for contents in full.values() for row in contents]
    # some characters become several when they are written in ASCII
    longest = max(max(len(prompt), len(to_ascii(prompt))) for prompt in prompts)
    return RowSource(dataset.rules(), dataset.name, dataset.version, full, longest)
