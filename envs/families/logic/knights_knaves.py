"""Knights and knaves: knights only say what is true, knaves only what is false. One assignment fits.

Prompt      A: B is a knave. B: A or C is a knight. C: A and B differ. Who is what?
Step        a supposition when nothing else settles anyone: `Say A knight`; what one person's statement then settles,
            with who said it: `A: B knave`; a refuted supposition: `Wait: A knave`
Answer      `Answer: A knight, B knave, C knight`
Taken back  `Wait: A knave` needs a contradiction: some statement cannot be squared with what stands, and A was supposed
            last. `Or: Say A knave` puts another supposition in the place of one
Potential   exact V* at the choice level, where nothing is taken back: 1 if what stands agrees with the solution, else 0
Menu        what follows and false friends of it, else suppositions; when everyone is settled, answer lines
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.logic.statements import (
    CLAIMS,
    Deduction,
    contradicted,
    derive,
    draw_claim,
    forced,
    puzzle_of,
    read_puzzle,
    refute,
    word,
    worlds,
)
from reasonrl.verifiers.answers import MARK, extract_lines
from reasonrl.verifiers.canonical import canonical_roles
from reasonrl.verifiers.core import Status, Verdict, accept, reject

_NAMES = "ABCDEFGH"
_PEOPLE = {1: 2, 2: 3, 3: 3, 4: 4, 5: 4, 6: 5, 7: 5, 8: 6}
_SELFISH = (1, 2, 4, 6)
"""Difficulties at which people also speak of themselves: such a statement often settles someone by itself, so that no
supposition is needed. At the others the first step is always a supposition."""
_LINE = re.compile(r"(?:(?P<say>Say )|(?P<speaker>[A-Z]): )?(?P<name>[A-Z]) (?P<word>knight|knave)")
_ITEM = re.compile(r"([A-Z])(?: is an?| is| ?=| ?:| ?->| ?\u2192)? ?(?:an? )?([Kk]night|[Kk]nave)")
_SEPARATOR = re.compile(r"[,;\n]+ ?(?:and )?| and ")
_MAX_ANSWER_CHARS = 200


class Move(NamedTuple):
    kind: str
    """"say" (a supposition), "follows" (a deduction) or "not" (a supposition is refuted)."""
    speaker: str
    name: str
    knight: bool


class Settled(NamedTuple):
    people: tuple[tuple[str, bool], ...] = ()
    """Who is a knight, as far as said, in the order said."""
    supposed: tuple[str, ...] = ()
    """Those of them that were supposed."""

    def and_(self, name: str, knight: bool, *, supposed: bool = False) -> Settled:
        return Settled((*self.people, (name, knight)), (*self.supposed, name) if supposed else self.supposed)


class KnightsKnaves(Derivation[Settled, Move]):
    """Two to six people, one statement each."""

    name = "knights_knaves"
    domain = "logic"
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 200
    max_choices = 8
    instructions = (
        "Knights only tell the truth and knaves only lie. Write 'Say A knight' to suppose, 'A: B knave' for what A's "
        "statement then settles, 'Wait: A knave' when the supposition is refuted. Finish with a line such as "
        "'Answer: A knight, B knave' that names everyone."
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        names = "".join(sorted(rng.sample(_NAMES, _PEOPLE[difficulty])))
        while True:
            statements = [draw_claim(names, speaker, rng, selfish=difficulty in _SELFISH) for speaker in names]
            puzzle = read_puzzle(names, tuple(statements))
            if puzzle.solution.bit_count() == 1:
                break
        claims = (CLAIMS[kind].format(*about) for kind, about in statements)
        spoken = " ".join(f"{speaker}: {claim}." for speaker, claim in zip(names, claims, strict=True))
        answer = {name: word(knight) for name, knight in puzzle.truth.items()}
        return Content(f"{spoken} Who is what?", {"names": names, "statements": statements}, answer)

    def start(self, view: View) -> Settled:
        return Settled()

    def read(self, line: str) -> Move | None:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        kind = "say" if match["say"] else "follows" if match["speaker"] else "not"
        return Move(kind, match["speaker"] or "", match["name"], match["word"] == "knight")

    def apply(self, view: View, state: Settled, move: Move) -> Settled | None:
        """By deduction from the statements, one at a time, and what stands; the solution is not looked at."""
        puzzle, settled = puzzle_of(view), dict(state.people)
        kind, speaker, name, knight = move
        if name not in puzzle.knight or (speaker and speaker not in puzzle.claims):
            return None
        if settled.get(name) is knight:
            return state if not speaker or worlds(puzzle, settled) & puzzle.claims[speaker] else None
        if name in settled or kind == "not" or contradicted(puzzle, settled):
            return None
        following = forced(puzzle, settled)
        if (not following) if kind == "say" else (Deduction(speaker, name, knight) in following):
            return state.and_(name, knight, supposed=kind == "say")
        return None

    def revise(
        self, view: View, trail: Sequence[Settled], move: Move, behaviour: Behaviour
    ) -> tuple[int, Settled] | None:
        """A refuted supposition turns into its opposite, where it was made."""
        if move.kind != "not" or behaviour is not Behaviour.CORRECTION or (move.name, move.knight) in trail[-1].people:
            return super().revise(view, trail, move, behaviour)
        refuted = trail[-1].supposed[-1:] == (move.name,) and contradicted(puzzle_of(view), dict(trail[-1].people))
        if not refuted:
            return None
        before = max(i for i, state in enumerate(trail) if move.name not in dict(state.people))
        return before, trail[before].and_(move.name, move.knight)

    def key(self, view: View, state: Settled) -> frozenset[tuple[str, bool]]:
        return frozenset(state.people)

    def menu_key(self, view: View, state: Settled) -> Sequence[object]:
        return sorted(state.people)

    def moves(self, view: View, state: Settled, rng: random.Random) -> Sequence[str]:
        puzzle, settled, half = puzzle_of(view), dict(state.people), self.max_choices // 2
        following = forced(puzzle, settled)
        if following:
            rng.shuffle(following)
            return list(map(str, following[:half]))
        open_ = [name for name in puzzle.names if name not in settled][:half]
        return [str(Deduction("", name, knight)) for name in open_ for knight in (True, False)]

    def slips(self, view: View, state: Settled, line: str) -> Sequence[str]:
        """The opposite of what follows; a supposition may be either."""
        return () if line.startswith("Say ") else (_opposite(line),)

    def answer(self, view: View, state: Settled) -> str | None:
        puzzle, settled = puzzle_of(view), dict(state.people)
        if contradicted(puzzle, settled):  # a dead end: all there is to do is to give up
            settled = dict.fromkeys(puzzle.names, True) | settled
        return _list(puzzle.names, settled) if len(settled) == len(puzzle.names) else None

    def misses(self, view: View, state: Settled, answer: str, rng: random.Random) -> Sequence[str]:
        puzzle, settled = puzzle_of(view), dict(state.people)
        if contradicted(puzzle, settled):
            return ()
        return [_list(puzzle.names, settled | {name: not settled[name]}) for name in puzzle.names]

    def value(self, view: View, state: Settled) -> float:
        puzzle = puzzle_of(view)
        return float(worlds(puzzle, dict(state.people)) & puzzle.solution != 0)

    def extract(self, response: str) -> str | None:
        return extract_lines(response)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: who is what, in the order of names."""
        return canonical_roles(answer)

    def judge(self, view: View, state: Settled, answer: str) -> Verdict:
        """By the statements, which need no reference: this is the whole judgement."""
        puzzle = puzzle_of(view)
        items = _SEPARATOR.split(answer.removesuffix("."), maxsplit=99) if len(answer) <= _MAX_ANSWER_CHARS else []
        matches = [match for match in map(_ITEM.fullmatch, items) if match is not None]
        if not items or len(matches) < len(items):
            reason = "the answer is not a list such as A knight, B knave"
            return reject(answer[:80], method="statements", reason=reason, status=Status.UNPARSABLE)
        if sorted(match[1] for match in matches) != sorted(puzzle.names):
            return reject(answer, method="statements", reason="the answer does not name everyone exactly once")
        if not worlds(puzzle, {match[1]: match[2].lower() == "knight" for match in matches}) & puzzle.solution:
            return reject(answer, method="statements", reason="some statement does not fit")
        return accept(answer, method="statements")

    def derive(self, problem: Problem) -> Sequence[str]:
        return list(map(str, derive(puzzle_of(problem.view))))

    def given(self, problem: Problem) -> str:
        return f"{len(problem.view.public['names'])} people"

    def plan(self, problem: Problem, lines: Sequence[str]) -> str:
        return f"start with {lines[0].split()[1]}"

    def told(
        self, problem: Problem, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]
    ) -> list[str]:
        """The supposition is taken back where its opposite ends in a contradiction; else a deduction is corrected."""
        alternative, correction = Behaviour.ALTERNATIVE in behaviours, Behaviour.CORRECTION in behaviours
        supposition = next((i for i, line in enumerate(lines) if line.startswith("Say ")), -1)
        dead_end = self._dead_end(problem.view, lines, supposition)
        refuted = bool(dead_end) and correction and not (alternative and rng.random() < 0.5)
        slip = rng.choice(_deductions(lines)) if correction and not refuted else -1
        told: list[str] = []
        for position, line in enumerate(lines):
            if position == supposition and refuted:
                told += [*dead_end, f"{PREFIXES[Behaviour.CORRECTION]} {line.removeprefix('Say ')}"]
            elif position == supposition and alternative:
                told += [_opposite(line), f"{PREFIXES[Behaviour.ALTERNATIVE]} {line}"]
            elif position == slip:
                told += [_opposite(line), f"{PREFIXES[Behaviour.CORRECTION]} {line}"]
            else:
                told.append(line)
        return told

    def _dead_end(self, view: View, lines: Sequence[str], supposition: int) -> list[str]:
        """The opposite of the supposition and what follows from it, up to a contradiction where there is one."""
        if supposition < 0:
            return []
        state = self.start(view)
        for line in lines[:supposition]:
            state = self._after(view, state, line)
        move = self.read(lines[supposition])
        return [] if move is None else refute(puzzle_of(view), dict(state.people), move.name, not move.knight)

    def checked(self, problem: Problem, lines: Sequence[str], rng: random.Random) -> str:
        return lines[rng.choice(_deductions(lines))]

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        puzzle = puzzle_of(problem.view)
        return _list(puzzle.names, puzzle.truth | {puzzle.names[0]: not puzzle.truth[puzzle.names[0]]})

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        puzzle = puzzle_of(problem.view)
        first = puzzle.names[0]
        kind, other = word(puzzle.truth[first]), word(not puzzle.truth[first])
        yield f"{MARK} {_list(puzzle.names, {name: not knight for name, knight in puzzle.truth.items()})}"
        for more in (f", {first} {kind}", f", {first} {other}", ", Z knight", " or not", "\u200b"):
            yield f"{MARK} {right}{more}"
        yield f"{MARK} {right.rsplit(',', 1)[0]}"
        yield f"{MARK} {right.replace(first, chr(ord(first) + 0xFEE0))}"
        yield f"{MARK} {right.replace('knight', 'knight or knave').replace('knave', 'knight or knave')}"
        yield f"{MARK} everyone is a {kind}"
        yield f"{MARK} {right}, {first} knight" * 2000
        yield f"{MARK} {'knight, ' * 10_000}"


def _opposite(line: str) -> str:
    head, _, kind = line.rpartition(" ")
    return f"{head} {word(kind == 'knave')}"


def _deductions(lines: Sequence[str]) -> list[int]:
    return [position for position, line in enumerate(lines) if not line.startswith("Say ")]


def _list(names: str, knights: Mapping[str, bool]) -> str:
    return ", ".join(f"{name} {word(knights[name])}" for name in names)
