"""Entailment: prove a formula from premises, one rule application per line.

Prompt      1 A>B; 2 B>C; 3 A. Prove C in 3.                     (in at most 3 lines of one's own)
Step        the next line, its rule and the lines it cites: `4 B MP 1 3`, then `5 C MP 2 4`
Answer      the number of the line that is the goal: `Answer: 5`
Taken back  `Wait:` or `Or:` may write an earlier number again: that line and all after it are gone
Potential   exact V* at the choice level, where nothing is taken back: 1 if the shortest remaining proof fits into the
            lines left, else 0. Padding with valid lines therefore earns nothing and in the end costs the proof
Menu        valid next lines, useful or not, and two unsound claims of the goal; when the goal stands, answer lines
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.envs.families.logic.premises import draw_premises
from reasonrl.verifiers.answers import MARK
from reasonrl.verifiers.core import Status, Verdict, accept, reject
from reasonrl.verifiers.logic.formulas import Formula, consistent, negation, parse_formula
from reasonrl.verifiers.logic.proofs import (
    INTRODUCTIONS,
    RULES,
    Inference,
    ProofLine,
    buildable,
    check_proof_line,
    derivations,
    parse_proof_line,
    shortest_proof,
)

_LENGTHS = {1: (1, 1), 2: (2, 1), 3: (3, 1), 4: (3, 2), 5: (4, 2), 6: (4, 3), 7: (5, 3), 8: (6, 3)}
"""Difficulty to (lines of the shortest proof, premises that play no part)."""
_NUMBER = re.compile(r"(?:line |step )?\(?([0-9]{1,3})\)?")


class Proof(NamedTuple):
    lines: tuple[Formula, ...]
    """Premises and lines that stand; line n is at n - 1."""
    needed: frozenset[Formula]
    """Those of them that the problem can need: not what was introduced beside the point."""


class Entailment(Derivation[Proof, ProofLine]):
    """Proofs of one to six lines by modus ponens, modus tollens, syllogisms, and the rules for and, or, not-not."""

    name = "entailment"
    domain = "logic"
    difficulties = range(1, 9)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 160
    max_choices = 16
    instructions = (
        "Write one proof line per line: its number, the formula, the rule and the lines it cites, such as 4 B MP 1 3. "
        "Rules: MP, MT, HS, DS, AI, AE (and introduction, elimination), OI (or introduction), DN (double negation). "
        "Finish with a line 'Answer: ' and the number of the line that is the goal."
    )
    rests_on_lines = True

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        count, distractors = _LENGTHS[difficulty]
        while True:
            premises, goal = draw_premises(rng, difficulty, count, distractors)
            build = buildable((*premises, goal))
            if len({*premises, goal}) <= len(premises) or not consistent(premises):
                continue
            proof = shortest_proof(premises, goal, build=build, limit=count)
            if proof is not None and len(proof) == count:
                break
        most = count + 1 + count // 3
        texts = list(map(str, premises))
        numbered = "; ".join(f"{number} {text}" for number, text in enumerate(texts, start=1))
        public = {"premises": texts, "goal": str(goal), "max_lines": most}
        return Content(f"{numbered}. Prove {goal} in {most}.", public, list(map(str, _numbered(premises, proof))))

    def start(self, view: View) -> Proof:
        premises = _task(view).premises
        return Proof(premises, frozenset(premises))

    def read(self, line: str) -> ProofLine | None:
        return parse_proof_line(line)

    def apply(self, view: View, state: Proof, move: ProofLine) -> Proof | None:
        task = _task(view)
        if len(state.lines) == task.most or check_proof_line(state.lines, move):
            return None
        needed = move.rule not in INTRODUCTIONS or move.formula in task.build
        return Proof((*state.lines, move.formula), state.needed | {move.formula} if needed else state.needed)

    def key(self, view: View, state: Proof) -> frozenset[Formula]:
        """Padding, and a formula that is there already, are no progress."""
        return state.needed

    def menu_key(self, view: View, state: Proof) -> Sequence[object]:
        return state.lines

    def moves(self, view: View, state: Proof, rng: random.Random) -> Sequence[str]:
        task, lines = _task(view), state.lines
        fresh = {d.formula: d for d in reversed(list(derivations(lines, task.build))) if d.formula not in lines}
        valid = list(fresh.values())
        rng.shuffle(valid)
        room = self.max_choices - 2
        if len(valid) > room:  # cut what loses before what leads on, so that a way to the goal is never cut off
            valid.sort(key=lambda d: -_provable(task, (*lines, d.formula)))
        return [str(_numbered(lines, [each])[0]) for each in valid[:room]]

    def tempting(self, view: View, state: Proof, moves: Sequence[str]) -> Sequence[str]:
        """Unsound claims of the goal."""
        goal, lines = _task(view).goal, state.lines
        claims = [ProofLine(len(lines) + 1, goal, rule, (1, 2)) for rule in ("MP", "DS")]
        return [str(claim) for claim in claims if check_proof_line(lines, claim)]

    def answer(self, view: View, state: Proof) -> str | None:
        """The number of the goal; where no line is left, to give up is to name the last one."""
        task, lines = _task(view), state.lines
        if task.goal in lines:
            return str(lines.index(task.goal) + 1)
        return str(len(lines)) if len(lines) == task.most else None

    def misses(self, view: View, state: Proof, answer: str, rng: random.Random) -> Sequence[str]:
        goal, lines = _task(view).goal, state.lines
        if goal not in lines:
            return ()
        return [str(number) for number in range(1, len(lines) + 1) if lines[number - 1] != goal][-3:]

    def value(self, view: View, state: Proof) -> float:
        return _provable(_task(view), state.lines)

    def judge(self, view: View, state: Proof, answer: str) -> Verdict:
        """Whether the line it names is the goal and was derived, by lines that stand: a proof proves itself."""
        match = _NUMBER.fullmatch(answer)
        if match is None:
            reason = "the answer is not the number of a line"
            return reject(answer[:80], method="proof", reason=reason, status=Status.UNPARSABLE)
        number = int(match[1])
        if not 1 <= number <= len(state.lines):
            return reject(answer, method="proof", reason="no valid line has this number")
        if state.lines[number - 1] != _task(view).goal:
            return reject(answer, method="proof", reason="this line is not the goal")
        return accept(answer, method="proof")

    def derive(self, problem: Problem) -> Sequence[str]:
        return list(problem.reference.value)

    def given(self, problem: Problem) -> str:
        task = _task(problem.view)
        return f"{len(task.premises)} lines, prove {task.goal}"

    def plan(self, problem: Problem, lines: Sequence[str]) -> str:
        return ", ".join(line.split(" ")[1] for line in lines)

    def places(self, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]) -> tuple[int, int]:
        slip = rng.randrange(len(lines)) if Behaviour.CORRECTION in behaviours else -1
        return slip, rng.randrange(len(lines)) if Behaviour.ALTERNATIVE in behaviours else -1

    def slip(self, view: View, state: Proof, line: str, rng: random.Random) -> str:
        """The same line with a wrong citation or, should every other citation do as well, by a wrong rule."""
        right = parse_proof_line(line)
        if right is None:
            raise ValueError(f"{line!r} is no proof line")
        cited = [right._replace(cites=(*right.cites[:-1], cite)) for cite in range(1, len(state.lines) + 1)]
        wrong = [other for other in cited if check_proof_line(state.lines, other)]
        return str(rng.choice(wrong) if wrong else right._replace(rule="MT" if RULES[right.rule] == 1 else "AE"))

    def aside(self, view: View, state: Proof, line: str, rng: random.Random) -> str | None:
        """A valid line that could stand here instead, where there is one."""
        known, right = state.lines, parse_proof_line(line)
        others = [
            d
            for d in derivations(known, _task(view).build)
            if d.formula not in known and (right is None or d.formula != right.formula)
        ]
        return str(_numbered(known, [rng.choice(others)])[0]) if others else None

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return str(len(_task(problem.view).premises))

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        task, proof = _task(problem.view), list(problem.reference.value)
        goal, number, last = task.goal, len(task.premises) + 1, proof[-1].split(" ")
        end = f"{MARK} {right}"
        yield end
        yield f"{number} {goal}\n{MARK} {number}"
        yield f"{number} {goal} MP {number} {number}\n{MARK} {number}"
        yield f"{number} {goal} DN {number + 1}\n{number + 1} ~~{goal} DN {number}\n{MARK} {number}"
        yield f"1 {goal} AE 1\n{MARK} 1"
        yield f"{number} {goal} BECAUSE 1 2\n{MARK} {number}"
        for spoilt in (
            " ".join((*last[:2], "XX", *last[3:])),
            f"{PREFIXES[Behaviour.EVALUATION]} {proof[-1]}",
            f"{PREFIXES[Behaviour.DECOMPOSITION]} {proof[-1]}",
            proof[-1].replace(str(goal), f"{goal}\u200b"),
        ):
            yield "\n".join((*proof[:-1], spoilt, end))
        yield "\n".join((*proof, f"{MARK} {goal}"))
        yield "\n".join((*_padding(task, number), f"{MARK} {number + task.max_lines}"))
        yield f"{problem.view.prompt}\n{end}"
        yield f"The goal {goal} follows from the premises."
        yield f"{number} {'(' * 5000}{goal}{')' * 5000} MP 1 2\n{MARK} {number}"


class _Task(NamedTuple):
    premises: tuple[Formula, ...]
    goal: Formula
    max_lines: int
    build: tuple[Formula, ...]
    """What introductions are good for here."""

    @property
    def most(self) -> int:
        """Lines of a proof, premises included."""
        return len(self.premises) + self.max_lines


def _task(view: View) -> _Task:
    return _read(tuple(view.public["premises"]), view.public["goal"], view.public["max_lines"])


@functools.lru_cache(maxsize=1024)
def _read(premises: tuple[str, ...], goal: str, max_lines: int) -> _Task:
    first, *rest = [formula for formula in map(parse_formula, (goal, *premises)) if formula is not None]
    return _Task(tuple(rest), first, max_lines, buildable((*rest, first)))


@functools.lru_cache(maxsize=16384)
def _provable(task: _Task, lines: tuple[Formula, ...]) -> float:
    left = task.max_lines - (len(lines) - len(task.premises))
    return float(shortest_proof(lines, task.goal, build=task.build, limit=left) is not None)


def _numbered(lines: Sequence[Formula], proof: Sequence[Inference]) -> list[ProofLine]:
    """Inferences as the lines that follow `lines`."""
    known = list(lines)
    numbered = []
    for formula, rule, premises in proof:
        known.append(formula)
        numbered.append(ProofLine(len(known), formula, rule, tuple(known.index(p) + 1 for p in premises)))
    return numbered


def _padding(task: _Task, number: int) -> list[str]:
    """As many valid lines as are allowed, all of them beside the point, and then a claim of the goal."""
    padding = [ProofLine(number, negation(negation(task.premises[0])), "DN", (1,))]
    while len(padding) < task.max_lines:
        last = padding[-1]
        padding.append(ProofLine(last.number + 1, negation(negation(last.formula)), "DN", (last.number,)))
    return [*map(str, padding), f"{number + task.max_lines} {task.goal} MP 1 2"]
