"""`reasonrl verify`: judges answers from the command line, one JSON verdict per line.

One pair      reasonrl verify --gold 3/4 --pred "Answer: 0.75"
Many          reasonrl verify --file pairs.jsonl        each line {"gold": ..., "pred": ..., "kind": ...}; `-` is stdin
Kinds         math, number: gold is the answer.        proof: gold is {"premises": [...], "goal": ...}
              code: gold is {"entry_point": ..., "tests": [[[arguments], expected], ...]}
              humaneval, mbpp: gold is the data set's row
Exit code     0 all are correct, 1 some are not, 2 some could not be judged, or a line (named by number) is malformed
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.logic.proofs import verify_proof

Kind = Literal["math", "number", "code", "humaneval", "mbpp", "proof"]


@dataclass(frozen=True)
class VerifyConfig:
    """Judges answers; prints one JSON verdict per line."""

    gold: str | None = None
    """The reference of one answer; for code, humaneval, mbpp and proof it is JSON."""
    pred: str | None = None
    """The response to judge, with its final answer marked (`Answer:`, `####` or a box)."""
    file: str | None = None
    """A JSONL file of {"gold", "pred", "kind"}; "-" reads standard input."""
    kind: Kind = "math"
    """How to judge; a line of the file may say otherwise."""


class Pair(NamedTuple):
    gold: Any
    pred: str
    kind: str
    place: str
    """Where it was read, for messages."""


def main(config: VerifyConfig) -> None:
    pairs = read_pairs(config)
    warnings.filterwarnings("ignore", category=UserWarning, module="reasonrl")  # the verdict says the same
    worst = 0
    for number, pair in enumerate(pairs, start=1):
        verdict = judge(pair)
        print(to_json(verdict, number=number), flush=True)
        worst = max(worst, 0 if verdict.correct else 1 if verdict.judged else 2)
    if worst:
        raise SystemExit(worst)


def read_pairs(config: VerifyConfig) -> Iterator[Pair]:
    """The pairs to judge, as they are read.

    Raises:
        ValueError: neither or both of a pair and a file, or a malformed line.
    """
    one = config.gold is not None and config.pred is not None
    if one == (config.file is not None) or (config.file is not None and (config.gold or config.pred)):
        raise ValueError("give --gold and --pred, or --file pairs.jsonl")
    if config.gold is not None and config.pred is not None:
        gold = _parse(config.gold, "--gold") if config.kind in _JUDGES_OF_OBJECTS else config.gold
        return iter([Pair(gold, config.pred, config.kind, "--gold")])
    return _from_file(str(config.file), config.kind)


def _from_file(path: str, kind: str) -> Iterator[Pair]:
    if path != "-" and not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path!r}: pass --file <pairs.jsonl>, or - for standard input")
    name = "standard input" if path == "-" else path
    source: Any = nullcontext(sys.stdin) if path == "-" else open(path, encoding="utf-8")  # noqa: SIM115
    with source as lines:
        yield from _from_lines(lines, name, kind)


def _from_lines(lines: TextIO, name: str, kind: str) -> Iterator[Pair]:
    try:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _pair(_parse(line, f"{name}, line {number}"), f"{name}, line {number}", kind)
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not a text file in UTF-8: pass JSONL") from error


def _parse(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: this is not JSON ({error})") from error


def _pair(row: Any, place: str, kind: str) -> Pair:
    if not isinstance(row, Mapping) or "gold" not in row or not isinstance(row.get("pred"), str):
        raise ValueError(f'{place}: it must be an object such as {{"gold": "3/4", "pred": "Answer: 0.75"}}')
    wanted = row.get("kind", kind)
    if wanted not in _JUDGES:
        raise ValueError(f"{place}: unknown kind {wanted!r}: choose one of {', '.join(_JUDGES)}")
    if wanted in _JUDGES_OF_OBJECTS and not isinstance(row["gold"], Mapping):
        raise ValueError(f"{place}: the gold of kind {wanted} is an object: {_JUDGES_OF_OBJECTS[wanted]}")
    if wanted not in _JUDGES_OF_OBJECTS and (isinstance(row["gold"], bool) or not isinstance(row["gold"], str | int)):
        raise ValueError(f'{place}: the gold of kind {wanted} is a text, such as "3/4"')
    return Pair(row["gold"], row["pred"], wanted, place)


def judge(pair: Pair) -> Verdict:
    """The verdict on one pair. Raises ValueError when the gold is not of the form that its kind asks for."""
    try:
        return _JUDGES[pair.kind](pair.gold, pair.pred)
    except (KeyError, TypeError) as error:
        form = _JUDGES_OF_OBJECTS.get(pair.kind, "a text")
        raise ValueError(f"{pair.place}: the gold of kind {pair.kind} is not {form} ({error!r})") from error


def to_json(verdict: Verdict, *, number: int) -> str:
    """One line of JSON; a score that means nothing is null."""
    return json.dumps(
        {
            "row": number,
            "correct": verdict.correct,
            "status": verdict.status.value,
            "score": None if math.isnan(verdict.score) else verdict.score,
            "extracted": verdict.extracted,
            "method": verdict.method,
            "reason": verdict.reason,
        }
    )


def _math(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.math import verify_math

    return verify_math(str(gold), pred)


def _number(gold: Any, pred: str) -> Verdict:
    from reasonrl.verifiers.math import verify_number

    return verify_number(str(gold), pred)


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
