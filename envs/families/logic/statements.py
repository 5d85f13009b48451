"""What knights and knaves say of each other, and what follows from it, one statement at a time.

A world says who is a knight: bit i of its number is for name i. A claim is the bitset of the worlds in which its
speaker is a knight exactly if it is true, so that what follows is a matter of a few bitwise operations.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reasonrl.envs.core import View
from reasonrl.verifiers.logic.formulas import columns

CLAIMS = {
    "knight": "{} is a knight",
    "knave": "{} is a knave",
    "both knights": "{} and {} are knights",
    "both knaves": "{} and {} are knaves",
    "some knight": "{} or {} is a knight",
    "some knave": "{} or {} is a knave",
    "alike": "{} and {} are alike",
    "differ": "{} and {} differ",
}
"""What a person may say: kind to text, about one person or two."""


class Puzzle(NamedTuple):
    names: str
    claims: dict[str, int]
    """Speaker to the worlds that fit what is said."""
    knight: dict[str, int]
    """Name to the worlds in which this is a knight."""
    full: int
    solution: int
    """The worlds that fit everything said: one bit."""

    @property
    def truth(self) -> dict[str, bool]:
        """Who is a knight in the one world that fits."""
        return {name: self.solution & self.knight[name] != 0 for name in self.names}


class Deduction(NamedTuple):
    speaker: str
    """Whose statement settles it; empty for a supposition."""
    name: str
    knight: bool

    def __str__(self) -> str:
        return (
            f"{self.speaker}: {self.name} {word(self.knight)}"
            if self.speaker
            else f"Say {self.name} {word(self.knight)}"
        )


def word(knight: bool) -> str:
    return "knight" if knight else "knave"


def draw_claim(names: str, speaker: str, rng: random.Random, *, selfish: bool) -> tuple[str, str]:
    """A kind of statement, and the one or two people it is about; the speaker may be one of two."""
    kind = rng.choice(tuple(CLAIMS))
    others = names.replace(speaker, "")
    if kind in ("knight", "knave"):
        return kind, rng.choice(others)
    return kind, "".join(sorted(rng.sample(names if selfish else others, 2)))


@functools.lru_cache(maxsize=1024)
def puzzle_of(view: View) -> Puzzle:
    return read_puzzle(view.public["names"], tuple((kind, about) for kind, about in view.public["statements"]))


@functools.lru_cache(maxsize=1024)
def read_puzzle(names: str, statements: tuple[tuple[str, str], ...]) -> Puzzle:
    knight = columns(names)
    full = (1 << (1 << len(names))) - 1
    claims = {}
    solution = full
    for speaker, (kind, about) in zip(names, statements, strict=True):
        one, other = knight[about[0]], knight[about[-1]]
        claimed = {
            "knight": one,
            "knave": full ^ one,
            "both knights": one & other,
            "both knaves": full ^ (one | other),
            "some knight": one | other,
            "some knave": full ^ (one & other),
            "alike": full ^ one ^ other,
            "differ": one ^ other,
        }[kind]
        claims[speaker] = full ^ knight[speaker] ^ claimed
        solution &= claims[speaker]
    return Puzzle(names, claims, knight, full, solution)


def worlds(puzzle: Puzzle, settled: Mapping[str, bool]) -> int:
    found = puzzle.full
    for name, value in settled.items():
        found &= puzzle.knight[name] if value else puzzle.full ^ puzzle.knight[name]
    return found


def contradicted(puzzle: Puzzle, settled: Mapping[str, bool]) -> bool:
    """Whether some one statement cannot be squared with what stands."""
    fitting = worlds(puzzle, settled)
    return any(not fitting & claim for claim in puzzle.claims.values())


def forced(puzzle: Puzzle, settled: Mapping[str, bool]) -> list[Deduction]:
    """Everyone not settled whom one statement settles, given what stands."""
    fitting = worlds(puzzle, settled)
    found = []
    for speaker, claim in puzzle.claims.items():
        for name in puzzle.names:
            knights = fitting & claim & puzzle.knight[name]
            if name not in settled and knights in (0, fitting & claim):
                found.append(Deduction(speaker, name, knights != 0))
    return found


def derive(puzzle: Puzzle) -> Iterator[Deduction]:
    """The solution: what is forced, else a supposition, of all the one from which most follows."""
    settled: dict[str, bool] = {}
    while len(settled) < len(puzzle.names):
        following = forced(puzzle, settled)
        if following:
            deduction = following[0]
        else:
            truth = puzzle.truth
            open_ = [name for name in puzzle.names if name not in settled]
            name = max(open_, key=lambda each: len(_propagate(puzzle, settled | {each: truth[each]})))
            deduction = Deduction("", name, truth[name])
        settled[deduction.name] = deduction.knight
        yield deduction


def _propagate(puzzle: Puzzle, settled: Mapping[str, bool]) -> list[Deduction]:
    """The deductions from what stands, until nothing more follows or a statement is contradicted."""
    values = dict(settled)
    deductions = []
    while not contradicted(puzzle, values) and (following := forced(puzzle, values)):
        values[following[0].name] = following[0].knight
        deductions.append(following[0])
    return deductions


def refute(puzzle: Puzzle, settled: Mapping[str, bool], name: str, value: bool) -> list[str]:
    """The supposition and what follows from it up to a contradiction; nothing when none is met."""
    supposed = {**settled, name: value}
    deductions = _propagate(puzzle, supposed)
    if not contradicted(puzzle, supposed | {each.name: each.knight for each in deductions}):
        return []
    return [str(Deduction("", name, value)), *map(str, deductions)]
