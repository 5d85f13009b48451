"""Knights and knaves: knights only say what is true, knaves only what is false. One assignment fits.

Prompt      A: B is a knave. B: A or C is a knight. C: A and B differ. Who is what?
Step        a supposition when nothing else settles anyone: `Say A knight`; what one person's statement then settles,
            with who said it: `A: B knave`; a refuted supposition: `Wait: A knave`
Answer      `Answer: A knight, B knave, C knight`
Standing    lines that follow, and suppositions in order; any other line is passed over. `Wait:` takes back the last
            supposition, and all after it, once a statement contradicts what stands; `Or: Say A knave` replaces it
Potential   exact V* at the choice level, where nothing is taken back: 1 if what stands agrees with the solution, else 0
Menu        what follows and false friends of it, else suppositions; when everyone is settled, answer lines
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_lines, is_final_line
from reasonrl.verifiers.canonical import canonical_roles
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject
from reasonrl.verifiers.logic.formulas import columns

_NAMES = "ABCDEFGH"
_PEOPLE = {1: 2, 2: 3, 3: 3, 4: 4, 5: 4, 6: 5, 7: 5, 8: 6}
_SELFISH = (1, 2, 4, 6)
"""Difficulties at which people also speak of themselves: such a statement often settles someone by itself, so that no
supposition is needed. At the others the first step is always a supposition."""
_CLAIMS = {
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
_SUPPOSITION = re.compile(r"Say ([A-Z]) (knight|knave)")
_DEDUCTION = re.compile(r"([A-Z]): ([A-Z]) (knight|knave)")
_LITERAL = re.compile(r"([A-Z]) (knight|knave)")
_ITEM = re.compile(r"([A-Z])(?: is an?| is| ?=| ?:| ?->| ?\u2192)? ?(?:an? )?([Kk]night|[Kk]nave)")
_SEPARATOR = re.compile(r"[,;\n]+ ?(?:and )?| and ")
_MAX_ANSWER_CHARS = 200
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)


class KnightsKnaves:
    """Two to six people, one statement each."""

    name = "knights_knaves"
    domain = "logic"
    version = 0
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
            statements = [_claim(names, speaker, rng, selfish=difficulty in _SELFISH) for speaker in names]
            solution = _puzzle(names, tuple(statements)).solution
            if solution.bit_count() == 1:
                break
        spoken = " ".join(
            f"{speaker}: {_CLAIMS[kind].format(*about)}."
            for speaker, (kind, about) in zip(names, statements, strict=True)
        )
        world = solution.bit_length() - 1
        answer = {name: _word(bool(world >> i & 1)) for i, name in enumerate(names)}
        return Content(f"{spoken} Who is what?", {"names": names, "statements": statements}, answer)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(_puzzle_of(problem.view), answer)

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: who is what, in the order of names."""
        return canonical_roles(answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """The statements themselves judge an assignment: this is the whole judgement."""
        return _judge(_puzzle_of(view), answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """By deduction from the statements, one at a time, and what stands; the solution is not looked at."""
        puzzle = _puzzle_of(view)
        if is_final_line(step):
            return StepVerdict.USEFUL if _judge(puzzle, step).correct else StepVerdict.INVALID
        return _advance(puzzle, _standing(puzzle, steps), step)[1]

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        puzzle = _puzzle_of(view)
        return float(_worlds(puzzle, _standing(puzzle, steps).settled) & puzzle.solution != 0)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        puzzle = _puzzle_of(view)
        settled = _standing(puzzle, steps).settled
        rng = generator("menu", view.prompt, *sorted(settled.items()))
        if _contradicted(puzzle, settled):
            return [_answer(puzzle, dict.fromkeys(puzzle.names, True) | settled)]
        if len(settled) == len(puzzle.names):
            misses = [settled | {name: not settled[name]} for name in puzzle.names]
            menu = [_answer(puzzle, values) for values in (settled, *misses)]
        elif forced := _forced(puzzle, settled):
            rng.shuffle(forced)
            half = self.max_choices // 2
            menu = [_deduction(*each) for each in forced[:half]]
            false = (_deduction(speaker, name, not value) for speaker, name, value in forced[:half])
            menu += [line for line in false if line not in steps]  # a bad idea is not offered twice
        else:
            open_ = [name for name in puzzle.names if name not in settled][: self.max_choices // 2]
            menu = [f"Say {name} {_word(value)}" for name in open_ for value in (True, False)]
        menu = list(dict.fromkeys(menu))
        rng.shuffle(menu)
        return menu

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        puzzle = _puzzle_of(problem.view)
        truth = {name: word == "knight" for name, word in problem.reference.value.items()}
        derivation = list(_derive(puzzle, truth))
        alternative, correction = Behaviour.ALTERNATIVE in behaviours, Behaviour.CORRECTION in behaviours
        supposed = next((name for speaker, name, _ in derivation if not speaker), "")
        dead_end = _refute(puzzle, derivation, supposed, not truth[supposed]) if supposed else []
        refuted = bool(dead_end) and correction and not (alternative and rng.random() < 0.5)
        deductions = [position for position, (speaker, _, _) in enumerate(derivation) if speaker]
        slip = rng.choice(deductions) if correction and not refuted else -1
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"{PREFIXES[Behaviour.ANALYSIS]} {len(puzzle.names)} people")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} start with {derivation[0][1]}")
        for position, (speaker, name, value) in enumerate(derivation):
            line = _deduction(speaker, name, value) if speaker else f"Say {name} {_word(value)}"
            if name == supposed and refuted:
                lines += dead_end
                line = f"{PREFIXES[Behaviour.CORRECTION]} {name} {_word(value)}"
            elif name == supposed and alternative:
                lines.append(f"Say {name} {_word(not value)}")
                line = f"{PREFIXES[Behaviour.ALTERNATIVE]} {line}"
            elif position == slip:
                lines.append(_deduction(speaker, name, not value))
                line = f"{PREFIXES[Behaviour.CORRECTION]} {line}"
            lines.append(line)
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {_deduction(*derivation[rng.choice(deductions)])}")
        lines.append(_answer(puzzle, truth))
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        puzzle = _puzzle_of(problem.view)
        truth = {name: word == "knight" for name, word in problem.reference.value.items()}
        right = _answer(puzzle, truth)
        first = puzzle.names[0]
        flipped = _answer(puzzle, truth | {first: not truth[first]})
        yield ""
        yield f"{MARK}"
        yield flipped
        yield _answer(puzzle, {name: not value for name, value in truth.items()})
        yield f"{flipped}\n{right}"
        yield right.rsplit(",", 1)[0]
        yield f"{right}, {first} {_word(truth[first])}"
        yield f"{right}, {first} {_word(not truth[first])}"
        yield f"{right}, Z knight"
        yield f"{right} or not"
        yield f"{right}\u200b"
        yield right.replace(f" {first} ", f" {chr(ord(first) + 0xFEE0)} ")
        yield right.replace("knight", "knight or knave").replace("knave", "knight or knave")
        yield f"{MARK} everyone is a {_word(truth[first])}"
        yield f"{MARK} {problem.view.prompt}"
        yield right.removeprefix(MARK)
        yield f"{right}{', ' + first + ' knight'}" * 2000
        yield f"{MARK} {'knight, ' * 10_000}"


class _Puzzle(NamedTuple):
    names: str
    claims: dict[str, int]
    """Speaker to the bitset of worlds in which the speaker is a knight exactly if the statement is true."""
    knight: dict[str, int]
    """Name to the bitset of worlds in which this is a knight; bit i of a world is for name i."""
    full: int
    solution: int
    """The worlds that fit everything said: one bit."""


class _Standing(NamedTuple):
    settled: dict[str, bool]
    """Who is a knight, as far as said, in the order said."""
    suppositions: tuple[str, ...]
    """Those of them that were supposed."""
    seen: frozenset[frozenset[tuple[str, bool]]]
    """All that ever stood together: a line that only brings one of these back is no progress."""


def _word(knight: bool) -> str:
    return "knight" if knight else "knave"


def _deduction(speaker: str, name: str, value: bool) -> str:
    return f"{speaker}: {name} {_word(value)}"


def _answer(puzzle: _Puzzle, values: Mapping[str, bool]) -> str:
    return f"{MARK} {', '.join(f'{name} {_word(values[name])}' for name in puzzle.names)}"


def _claim(names: str, speaker: str, rng: random.Random, *, selfish: bool) -> tuple[str, str]:
    """A kind of statement, and the one or two people it is about; the speaker may be one of two."""
    kind = rng.choice(tuple(_CLAIMS))
    others = names.replace(speaker, "")
    if kind in ("knight", "knave"):
        return kind, rng.choice(others)
    return kind, "".join(sorted(rng.sample(names if selfish else others, 2)))


def _puzzle_of(view: View) -> _Puzzle:
    return _puzzle(view.public["names"], tuple((kind, about) for kind, about in view.public["statements"]))


@functools.lru_cache(maxsize=1024)
def _puzzle(names: str, statements: tuple[tuple[str, str], ...]) -> _Puzzle:
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
    return _Puzzle(names, claims, knight, full, solution)


def _worlds(puzzle: _Puzzle, settled: Mapping[str, bool]) -> int:
    worlds = puzzle.full
    for name, value in settled.items():
        worlds &= puzzle.knight[name] if value else puzzle.full ^ puzzle.knight[name]
    return worlds


def _contradicted(puzzle: _Puzzle, settled: Mapping[str, bool]) -> bool:
    """Whether some one statement cannot be squared with what stands."""
    worlds = _worlds(puzzle, settled)
    return any(not worlds & claim for claim in puzzle.claims.values())


def _forced(puzzle: _Puzzle, settled: Mapping[str, bool]) -> list[tuple[str, str, bool]]:
    """(speaker, name, value) for everyone not settled whom one statement settles, given what stands."""
    worlds = _worlds(puzzle, settled)
    found = []
    for speaker, claim in puzzle.claims.items():
        for name in puzzle.names:
            knights = worlds & claim & puzzle.knight[name]
            if name not in settled and knights in (0, worlds & claim):
                found.append((speaker, name, knights != 0))
    return found


def _standing(puzzle: _Puzzle, steps: Sequence[str]) -> _Standing:
    standing = _Standing({}, (), frozenset({frozenset()}))
    for step in steps:
        standing = _advance(puzzle, standing, step)[0]
    return standing


def _advance(puzzle: _Puzzle, standing: _Standing, step: str) -> tuple[_Standing, StepVerdict]:
    """What stands after one line, and what the line is worth."""
    behaviour, line = behaviour_of(step), strip_behaviour(step)
    settled, suppositions, seen = standing
    supposition = _SUPPOSITION.fullmatch(line)
    match = supposition or _DEDUCTION.fullmatch(line) or _LITERAL.fullmatch(line)
    if match is None:
        return standing, StepVerdict.REDUNDANT if behaviour in _TALK else StepVerdict.UNPARSABLE
    *speakers, name, word = match.groups()
    value = word == "knight"
    if not {name, *speakers} <= set(puzzle.names):
        return standing, StepVerdict.INVALID
    if behaviour is Behaviour.EVALUATION or settled.get(name) is value:
        supported = not speakers or _worlds(puzzle, settled) & puzzle.claims[speakers[0]] != 0
        good = settled.get(name) is value and supported
        return standing, StepVerdict.REDUNDANT if good else StepVerdict.INVALID
    if speakers:
        valid = (speakers[0], name, value) in _forced(puzzle, settled) and not _contradicted(puzzle, settled)
    elif supposition:
        if behaviour is Behaviour.ALTERNATIVE and suppositions:
            settled = _before(settled, suppositions[-1])
            suppositions = suppositions[:-1]
        valid = not (name in settled or _forced(puzzle, settled) or _contradicted(puzzle, settled))
        suppositions = (*suppositions, name)
    else:
        refuted = behaviour is Behaviour.CORRECTION and suppositions[-1:] == (name,) and _contradicted(puzzle, settled)
        valid = refuted
        settled = _before(settled, name) if refuted else settled
        suppositions = suppositions[:-1]
    if not valid:
        return standing, StepVerdict.INVALID
    settled = {**settled, name: value}
    now = frozenset(settled.items())
    verdict = StepVerdict.REDUNDANT if now in seen else StepVerdict.USEFUL
    return _Standing(settled, suppositions, seen | {now}), verdict


def _before(settled: Mapping[str, bool], name: str) -> dict[str, bool]:
    """What stood before this person was settled."""
    order = list(settled)
    return {each: settled[each] for each in order[: order.index(name)]}


def _derive(puzzle: _Puzzle, truth: Mapping[str, bool]) -> Iterator[tuple[str, str, bool]]:
    """The solution, one (speaker, name, value) at a time: what is forced, else a supposition, which has no speaker.

    Of all suppositions it takes the one from which most follows.
    """
    settled: dict[str, bool] = {}
    while len(settled) < len(puzzle.names):
        forced = _forced(puzzle, settled)
        if forced:
            speaker, name, value = forced[0]
        else:
            open_ = [name for name in puzzle.names if name not in settled]
            speaker, name = "", max(open_, key=lambda each: len(_propagate(puzzle, settled | {each: truth[each]})))
            value = truth[name]
        settled[name] = value
        yield speaker, name, value


def _propagate(puzzle: _Puzzle, settled: Mapping[str, bool]) -> list[tuple[str, str, bool]]:
    """The deductions from what stands, until nothing more follows or a statement is contradicted."""
    values = dict(settled)
    deductions = []
    while not _contradicted(puzzle, values) and (forced := _forced(puzzle, values)):
        speaker, name, value = forced[0]
        values[name] = value
        deductions.append((speaker, name, value))
    return deductions


def _refute(puzzle: _Puzzle, derivation: Sequence[tuple[str, str, bool]], name: str, value: bool) -> list[str]:
    """The supposition and what follows from it up to a contradiction; nothing when none is met."""
    settled: dict[str, bool] = {}
    for _, each, truth in derivation:
        if each == name:
            break
        settled[each] = truth
    settled[name] = value
    deductions = _propagate(puzzle, settled)
    settled.update((each, found) for _, each, found in deductions)
    if not _contradicted(puzzle, settled):
        return []
    return [f"Say {name} {_word(value)}", *(_deduction(*each) for each in deductions)]


def _judge(puzzle: _Puzzle, response: str) -> Verdict:
    answer = extract_lines(response)
    if answer is None:
        return no_answer()
    items = _SEPARATOR.split(answer.removesuffix("."), maxsplit=99) if len(answer) <= _MAX_ANSWER_CHARS else []
    matches = [match for match in map(_ITEM.fullmatch, items) if match is not None]
    if not items or len(matches) < len(items):
        reason = "the answer is not a list such as A knight, B knave"
        return reject(answer[:80], method="statements", reason=reason, status=Status.UNPARSABLE)
    if sorted(match[1] for match in matches) != sorted(puzzle.names):
        return reject(answer, method="statements", reason="the answer does not name everyone exactly once")
    if not _worlds(puzzle, {match[1]: match[2].lower() == "knight" for match in matches}) & puzzle.solution:
        return reject(answer, method="statements", reason="some statement does not fit")
    return accept(answer, method="statements")
