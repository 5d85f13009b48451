"""`reasonrl verify`: judges answers from the command line, one JSON verdict per line.

One pair      reasonrl verify --gold 3/4 --pred "Answer: 0.75"
Many          reasonrl verify --file pairs.jsonl        each line {"gold": ..., "pred": ..., "kind": ...}; `-` is stdin;
              a line may have a "question" (or "problem"), whose own expressions are no answer to it;
              gzip, a JSON array and byte order marks are read; pred may be null or the messages of a chat
Kinds         math, number: gold is the answer, or a list of answers of which any will do
                     proof: gold is {"premises": [...], "goal": ...}
              code: gold is {"entry_point": ..., "tests": [[[arguments], expected], ...]}
              humaneval, mbpp: gold is the data set's row
Exit code     0 all are correct, 1 some are not, 2 some could not be judged, or a line is malformed
              (its verdict is an error that names it; the lines behind it are judged)
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from reasonrl.verifiers.core import Verdict, failed
from reasonrl.verifiers.inputs import alternatives, reference_text, response_text
from reasonrl.verifiers.logic.proofs import verify_proof
from reasonrl.verifiers.rows import Row, read_rows

Kind = Literal["math", "number", "code", "humaneval", "mbpp", "proof"]


@dataclass(frozen=True)
class VerifyConfig:
    """Judges answers; prints one JSON verdict per line.

    Examples: `reasonrl verify --gold 3/4 --pred "Answer: 0.75"`; `reasonrl verify --file pairs.jsonl.gz --kind number`.
    Exit code: 0 all are correct, 1 some are not, 2 some could not be judged.
    """

    gold: str | None = None
    """The reference of one answer; for code, humaneval, mbpp and proof it is JSON."""
    pred: str | None = None
    """The response to judge, with its final answer marked (`Answer:`, `####` or a box)."""
    question: str | None = None
    """The text of the task, for kind math: an answer that only repeats what stands in it is none."""
    file: str | None = None
    """A file of {"gold", "pred", "kind", "question"}: an object a line, or an array, gzipped; "-": standard input."""
    kind: Kind = "math"
    """How to judge; a line of the file may say otherwise."""


class Pair(NamedTuple):
    gold: Any
    pred: str
    kind: str
    place: str
    """Where it was read, for messages."""
    line: int
    question: str | None = None


class Malformed(NamedTuple):
    """A line that holds no pair."""

    reason: str
    """A sentence that names file and line."""
    line: int


def main(config: VerifyConfig) -> None:
    pairs = read_pairs(config)
    warnings.filterwarnings("ignore", category=UserWarning, module="reasonrl")  # the verdict says the same
    worst = 0
    for number, pair in enumerate(pairs, start=1):
        verdict = _verdict(pair)
        print(to_json(verdict, number=number, line=pair.line), flush=True)
        worst = max(worst, 0 if verdict.correct else 1 if verdict.judged else 2)
    if worst:
        raise SystemExit(worst)


def read_pairs(config: VerifyConfig) -> Iterator[Pair | Malformed]:
    """The pairs to judge, as they are read, and in their places the lines that hold none.

    Raises:
        ValueError: neither or both of a pair and a file, a gold that is not JSON where it must be, or no text file.
        FileNotFoundError: no such file.
    """
    one = config.gold is not None and config.pred is not None
    if one == (config.file is not None) or (config.file is not None and (config.gold or config.pred)):
        raise ValueError("give --gold and --pred, or --file pairs.jsonl")
    if config.gold is not None and config.pred is not None:
        gold = _parse(config.gold, "--gold") if config.kind in _JUDGES_OF_OBJECTS else config.gold
        if config.kind in _JUDGES_OF_OBJECTS and not isinstance(gold, Mapping):
            raise ValueError(f"--gold: the gold of kind {config.kind} is an object: {_JUDGES_OF_OBJECTS[config.kind]}")
        return iter([Pair(gold, config.pred, config.kind, "--gold", 1, config.question)])
    return _pairs(read_rows(str(config.file)), config.kind)


def _pairs(rows: Iterator[Row], kind: str) -> Iterator[Pair | Malformed]:
    for row in rows:
        if row.error:
            yield Malformed(row.error, row.number)
            continue
        try:
            yield _pair(row, kind)
        except ValueError as error:
            yield Malformed(str(error), row.number)


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: this is not JSON ({error})") from error


def _pair(row: Row, kind: str) -> Pair:
    value, place = row.value, row.place
    if not isinstance(value, Mapping) or "gold" not in value or "pred" not in value:
        raise ValueError(f'{place}: it must be an object such as {{"gold": "3/4", "pred": "Answer: 0.75"}}')
    gold, pred, wanted = value["gold"], value["pred"], value.get("kind") or kind
    if not isinstance(wanted, str) or wanted not in _JUDGES:
        raise ValueError(f"{place}: unknown kind {wanted!r}: choose one of {', '.join(_JUDGES)}")
    if wanted in _JUDGES_OF_OBJECTS and not isinstance(gold, Mapping):
        raise ValueError(f"{place}: the gold of kind {wanted} is an object: {_JUDGES_OF_OBJECTS[wanted]}")
    if wanted not in _JUDGES_OF_OBJECTS and any(reference_text(each) is None for each in alternatives(gold)):
        raise ValueError(f'{place}: the gold of kind {wanted} is a text or a number, such as "3/4", or a list of them')
    if isinstance(pred, int | float):
        raise ValueError(f"{place}: the pred is the response, a text or the messages of a chat, not the number {pred}")
    question = value.get("question", value.get("problem"))
    return Pair(gold, response_text(pred), wanted, place, row.number, question if isinstance(question, str) else None)


def _verdict(pair: Pair | Malformed) -> Verdict:
    """A line that holds no pair has a verdict, too: the others are judged all the same."""
    if isinstance(pair, Malformed):
        return failed(pair.reason, method="read")
    try:
        return judge(pair)
    except ValueError as error:
        return failed(str(error), method="read")


def judge(pair: Pair) -> Verdict:
    """The verdict on one pair. Raises ValueError when the gold is not of the form that its kind asks for."""
    try:
        if pair.kind == "math":
            return _math(pair.gold, pair.pred, question=pair.question)
        return _JUDGES[pair.kind](pair.gold, pair.pred)
    except (KeyError, TypeError) as error:
        form = _JUDGES_OF_OBJECTS.get(pair.kind, "a text")
        raise ValueError(f"{pair.place}: the gold of kind {pair.kind} is not {form} ({error!r})") from error


def to_json(verdict: Verdict, *, number: int, line: int) -> str:
    """One line of JSON; a score that means nothing is null. `row` counts rows, `line` the lines of the file."""
    return json.dumps(
        {
            "row": number,
            "line": line,
            "correct": verdict.correct,
            "status": verdict.status.value,
            "score": None if math.isnan(verdict.score) else verdict.score,
            "extracted": verdict.extracted,
            "method": verdict.method,
            "reason": verdict.reason,
        }
    )


def _math(gold: Any, pred: str, *, question: str | None = None) -> Verdict:
    from reasonrl.verifiers.math import verify_math

    return verify_math(gold, pred, question=question)


def _number(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.math import verify_number

    return verify_number(gold, pred)


def _code(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.code import verify_code

    tests = [(tuple(arguments), expected) for arguments, expected in gold["tests"]]
    return verify_code(pred, gold["entry_point"], tests)


def _humaneval(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.code import verify_humaneval

    return verify_humaneval(gold, pred)


def _mbpp(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.code import verify_mbpp

    return verify_mbpp(gold, pred)


def _proof(gold: Any, pred: str) -> Verdict:
    return verify_proof(list(map(str, gold["premises"])), str(gold["goal"]), pred)


_JUDGES: dict[str, Callable[[Any, str], Verdict]] = {
    "math": _math,
    "number": _number,
    "code": _code,
    "humaneval": _humaneval,
    "mbpp": _mbpp,
    "proof": _proof,
}
_JUDGES_OF_OBJECTS = {
    "code": '{"entry_point": "f", "tests": [[[arguments], expected], ...]}',
    "humaneval": "the data set's row",
    "mbpp": "the data set's row",
    "proof": '{"premises": ["A>B", "A"], "goal": "B"}',
}
"""Kinds whose gold is an object, and how it looks."""
