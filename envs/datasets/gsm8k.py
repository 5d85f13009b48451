"""GSM8K: grade-school word problems (Cobbe et al., arXiv 2110.14168), read from the published JSONL.

Prompt      the question, as published
Step        a line of reasoning; calculations in it (`3+4=7`, `<<3+4=7>>`) are checked, words are not
Answer      a line that starts with `Answer:` or `####`, or that holds a `\\boxed{}`; one number, compared exactly
Potential   0 everywhere: nothing is known about how far a line is from the answer
Menu        none, so there is no choice level
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from reasonrl.envs.behaviours import Behaviour, behaviour_of
from reasonrl.envs.core import Problem, Reference, Rules, View
from reasonrl.envs.vocabulary import to_ascii
from reasonrl.verifiers.answers import final_answer, is_final_line, up_to_first
from reasonrl.verifiers.arithmetic import evaluate
from reasonrl.verifiers.canonical import canonical_response
from reasonrl.verifiers.core import StepVerdict, Verdict
from reasonrl.verifiers.inputs import reference_text
from reasonrl.verifiers.math import parse_number, stated_number, verify_number
from reasonrl.verifiers.percentages import asks_for_percent
from reasonrl.verifiers.rows import Row as ReadRow
from reasonrl.verifiers.rows import read_rows

PUBLISHED = "https://github.com/openai/grade-school-math/tree/master/grade_school_math/data"
HUB = "openai/gsm8k"

_HASHES = "####"
_ANY_SPLIT = ""
_MAX_LINE = 1000
"""A longer line of reasoning is not looked at."""
_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_SIDE = rf"[(\s-]*{_NUMBER}[)\s]*(?:[+*/-][(\s-]*{_NUMBER}[)\s]*)*"
_EQUALITY = re.compile(rf"{_SIDE}(?:={_SIDE})+")
_ANNOTATION = re.compile(r"<<([^<>]*)>>")
_GOES_ON_BEFORE = re.compile(r"(?:[\w.,:]|[+*/=%^-]\s*|[0-9],?\s+|\b(?:and|of|by|times|plus|minus|x)\s+)$")
_GOES_ON_BEHIND = re.compile(
    r"[A-Za-z(]|:[0-9]|\s*(?:[%^*/+=]|(?:and\s+\(?)?[0-9]+/[0-9]|[0-9]{3}|(?:x|times|plus|minus|percent|cents?)\b)"
)
"""What shows that a match is only a part of a calculation, and so says nothing about it."""
_PLAIN = str.maketrans({"$": "", "\N{EN DASH}": "-", "\N{MINUS SIGN}": "-", "\N{DIVISION SIGN}": "/"})


class Row(NamedTuple):
    question: str
    gold: str
    """The number behind `####`, as published."""


@dataclass(frozen=True)
class GSM8K:
    """The rows of one file, or of each split of a hub repository, in their published order."""

    rows: Mapping[str, tuple[Row, ...]]
    """By split. A file is one split that goes by any name: which one it is, is up to whoever passes it."""
    max_prompt_chars: int

    name = "gsm8k"
    levels = ("token", "step", "solution")
    max_choices = 0
    instructions = "Solve it in a few short lines, one calculation a line. The last line is: Answer: <number>."

    @classmethod
    def open(cls, data: str | None) -> GSM8K:
        """Reads a JSONL file, or the repository of that name on the hub (`openai/gsm8k`)."""
        return load(data)

    @classmethod
    def rules(cls) -> Rules:
        """What its problems ask for and how their answers end, without its rows (it verifies nothing)."""
        return cls(rows={}, max_prompt_chars=0)

    def __len__(self) -> int:
        """Rows of all splits together."""
        return sum(map(len, self.rows.values()))

    def size(self, split: str) -> int:
        """How many problems a split has."""
        return len(self._split(split))

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        """Row `index`, counted round and round: `reset` without an index draws far larger ones."""
        if difficulty is not None:
            raise ValueError(f"gsm8k has no difficulties: leave difficulty={difficulty} out")
        rows = self._split(split)
        number = index % len(rows)
        row = rows[number]
        view = View(self.name, 0, number, split, 0, row.question)
        return Problem(view, Reference(row.gold))

    def rules_of(self, view: View) -> Rules:
        return self

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Reads up to the first final line: whoever answers twice gains nothing."""
        percent = asks_for_percent(problem.view.prompt, odds=True)  # this data set gives chances in per cent
        return verify_number(problem.reference.value, up_to_first(answer), percent_is_unit=percent)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: its number, with or without the per cent sign that was asked for."""
        return canonical_response(answer, percent_is_unit=asks_for_percent(view.prompt, odds=True))

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return None

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """Whether the line's calculations hold. Most wrong solutions have no such error, so this is a weak signal."""
        if self.is_final(step):
            return StepVerdict.USEFUL if stated_number(final_answer(step) or "") is not None else StepVerdict.INVALID
        found = list(_calculations(step))
        if not all(right for _, right in found):
            return StepVerdict.INVALID
        if found:
            known = {text for earlier in steps for text, _ in _calculations(earlier)}
            return StepVerdict.REDUNDANT if all(text in known for text, _ in found) else StepVerdict.USEFUL
        talk = behaviour_of(step) is not Behaviour.COMPLETION or re.search("[A-Za-z]", step)
        return StepVerdict.REDUNDANT if talk else StepVerdict.UNPARSABLE

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 0.0

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return ()

    def _split(self, split: str) -> tuple[Row, ...]:
        if _ANY_SPLIT in self.rows:
            return self.rows[_ANY_SPLIT]
        if split not in self.rows:
            raise ValueError(f"gsm8k has no {split!r} split on the hub: choose one of {', '.join(self.rows)}")
        return self.rows[split]


def load(data: str | None) -> GSM8K:
    """Reads a JSONL file, or the repository of that name on the hub (`openai/gsm8k`)."""
    if data is None:
        raise ValueError(f"gsm8k needs its data: pass --data <file> (data=... in Python), {_where()}")
    path = Path(data).expanduser()
    if path.is_file():
        return _from_file(str(path), path.stat().st_mtime_ns)
    if re.fullmatch(r"[\w-]+/[\w.-]+", data) and not data.endswith((".jsonl", ".json", ".gz")):
        return _from_hub(data)
    raise FileNotFoundError(f"there is no file {data!r}: pass --data <file>, {_where()}")


def _where() -> str:
    return f"with test.jsonl or train.jsonl from {PUBLISHED}, or --data {HUB} to read it from the hub"


@functools.lru_cache(maxsize=4)
def _from_file(path: str, changed: int) -> GSM8K:
    """Cached by name and time of change: a vector of environments reads the file once."""
    rows = tuple(map(_from_row, read_rows(path)))
    if not rows:
        raise ValueError(f"{path} is empty: pass the published JSONL, {_where()}")
    return _source({_ANY_SPLIT: rows})


def _from_row(read: ReadRow) -> Row:
    if read.error:
        raise ValueError(read.error)
    return _row(read.value, read.place)


def _row(record: Any, place: str) -> Row:
    if not isinstance(record, Mapping):
        raise ValueError(f"{place}: not a JSON object but {type(record).__name__}")
    question, answer = record.get("question"), record.get("answer")
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        answer = f"{_HASHES} {reference_text(answer)}"
    if not isinstance(question, str) or not isinstance(answer, str) or not question.strip():
        raise ValueError(f"{place}: it needs the texts 'question' and 'answer'")
    _, mark, gold = answer.rpartition(_HASHES)
    if not mark or parse_number(gold) is None:
        raise ValueError(f"{place}: its answer must end with '{_HASHES} ' and a number")
    return Row(question.strip(), gold.strip())


def _from_hub(repository: str) -> GSM8K:
    try:
        hub = importlib.import_module("datasets")
    except ImportError as error:
        raise ImportError(
            f"there is no file {repository!r}, and to read it from the hub needs datasets: pip install 'reasonrl[hub]'"
        ) from error
    splits = hub.load_dataset(repository, "main")
    return _source(
        {
            str(split): tuple(
                _row(record, f"{repository}, {split} row {number}") for number, record in enumerate(records)
            )
            for split, records in splits.items()
        }
    )


def _source(rows: Mapping[str, tuple[Row, ...]]) -> GSM8K:
    questions = [row.question for split in rows.values() for row in split]
    # some characters become several when they are written in ASCII
    return GSM8K(rows, max(max(len(text), len(to_ascii(text))) for text in questions))


def _calculations(line: str) -> Iterable[tuple[str, bool]]:
    """(text, whether it holds) of every calculation in a line: annotations, and equalities written in the open."""
    if len(line) > _MAX_LINE:
        return
    for annotation in _ANNOTATION.findall(line):
        yield from _judged(annotation)
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", _ANNOTATION.sub("", line).translate(_PLAIN))
    text = re.sub(r"(?<=[0-9)])\s*[xX\u00d7]\s*(?=[0-9(.])", "*", text)
    for match in _EQUALITY.finditer(text):
        start, end = match.end() - len(match[0].lstrip()), match.start() + len(match[0].rstrip())
        if not _GOES_ON_BEFORE.search(text[:start]) and not _GOES_ON_BEHIND.match(text[end:]):
            yield from _judged(match[0])


def _judged(equality: str) -> Iterable[tuple[str, bool]]:
    """One calculation's verdict; nothing when no side calculates or some side cannot be read."""
    sides = [side.strip() for side in equality.split("=")]
    values = [evaluate(side) for side in sides]
    if len(sides) < 2 or not any(re.search(r"[0-9)]\s*[+*/-]", side) for side in sides):
        return
    found = [value for value in values if value is not None]
    if len(found) < len(sides):
        return
    # a result with k decimals may have been rounded or cut there: 10/3=3.33
    decimals = len(sides[-1].partition(".")[2]) if re.fullmatch(_NUMBER, sides[-1]) else 0
    exact = all(value == found[0] for value in found)
    near = decimals > 0 and all(abs(value - found[-1]) * 10**decimals < 1 for value in found)
    yield "=".join(re.sub(r"\s", "", side) for side in sides), exact or near
