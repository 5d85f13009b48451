"""Entailment: prove a formula from premises, one rule application per line.

Prompt      1 A>B; 2 B>C; 3 A. Prove C in 3.                     (in at most 3 lines of one's own)
Step        the next line, its rule and the lines it cites: `4 B MP 1 3`, then `5 C MP 2 4`
Answer      the number of the line that is the goal: `Answer: 5`
Standing    valid lines within the allowance; any other line is passed over and cannot be cited. `Wait:` or `Or:` may
            write an earlier number again: that line and all after it are taken back
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

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line, said_lines
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject
from reasonrl.verifiers.logic.formulas import AND, IMPLIES, NOT, OR, Formula, consistent, negation, parse_formula
from reasonrl.verifiers.logic.proofs import (
    INTRODUCTIONS,
    RULES,
    Derivation,
    ProofLine,
    buildable,
    check_proof_line,
    derivations,
    parse_proof_line,
    shortest_proof,
)

_NAMES = "ABCDEFGH"
_LENGTHS = {1: (1, 1), 2: (2, 1), 3: (3, 1), 4: (3, 2), 5: (4, 2), 6: (4, 3), 7: (5, 3), 8: (6, 3)}
"""Difficulty to (lines of the shortest proof, premises that play no part)."""
_NUMBER = re.compile(r"(?:line |step )?\(?([0-9]{1,3})\)?")
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)
_REVISIONS = (Behaviour.CORRECTION, Behaviour.ALTERNATIVE)


class Entailment:
    """Proofs of one to six lines by modus ponens, modus tollens, syllogisms, and the rules for and, or, not-not."""

    name = "entailment"
    domain = "logic"
    version = 0
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

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        count, distractors = _LENGTHS[difficulty]
        while True:
            premises, goal = _draw(rng, difficulty, count, distractors)
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

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(problem.view, answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """A proof proves itself: this is the whole judgement."""
        return _judge(view, answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """A valid line is useful only if its formula is new and, when introduced, one that the problem can need."""
        task, standing = _task(view), _standing(view, steps)
        if is_final_line(step):
            return (
                StepVerdict.USEFUL
                if _judge_number(task, standing.lines, extract_answer(step) or "").correct
                else StepVerdict.INVALID
            )
        behaviour, line = behaviour_of(step), parse_proof_line(strip_behaviour(step))
        if line is None:
            return StepVerdict.REDUNDANT if behaviour in _TALK else StepVerdict.UNPARSABLE
        if behaviour is Behaviour.EVALUATION:
            before = standing.lines[: max(line.number - 1, 0)]
            stands = standing.lines[line.number - 1 : line.number] == [line.formula]
            return StepVerdict.REDUNDANT if stands and not check_proof_line(before, line) else StepVerdict.INVALID
        if _extend(task, standing.lines, line, behaviour) is None:
            return StepVerdict.INVALID
        needed = line.rule not in INTRODUCTIONS or line.formula in task.build
        return StepVerdict.USEFUL if needed and line.formula not in standing.seen else StepVerdict.REDUNDANT

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        task = _task(view)
        return _provable(task, tuple(_standing(view, steps).lines))

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        task, lines = _task(view), _standing(view, steps).lines
        rng = generator("menu", view.prompt, *lines)
        if task.goal in lines:
            right = lines.index(task.goal) + 1
            others = [number for number in range(1, len(lines) + 1) if lines[number - 1] != task.goal]
            menu = [f"{MARK} {number}" for number in (right, *others[-3:])]
        elif len(lines) == len(task.premises) + task.max_lines:
            return [f"{MARK} {len(lines)}"]
        else:
            fresh = {d.formula: d for d in reversed(list(derivations(lines, task.build))) if d.formula not in lines}
            valid = list(fresh.values())
            rng.shuffle(valid)
            room = self.max_choices - 2
            if len(valid) > room:  # cut what loses before what leads on, so that a way to the goal is never cut off
                valid.sort(key=lambda d: -_provable(task, (*lines, d.formula)))
            menu = [str(_numbered(lines, [derivation])[0]) for derivation in valid[:room]]
            claims = [ProofLine(len(lines) + 1, task.goal, rule, (1, 2)) for rule in ("MP", "DS")]
            unsound = (str(claim) for claim in claims if check_proof_line(lines, claim))
            menu += [line for line in unsound if line not in steps]  # a bad idea is not offered twice
        rng.shuffle(menu)
        return menu

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        task = _task(problem.view)
        proof = list(map(parse_proof_line, problem.reference.value))
        proved = [line for line in proof if line is not None]
        lines: list[str] = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"{PREFIXES[Behaviour.ANALYSIS]} {len(task.premises)} lines, prove {task.goal}")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {', '.join(str(line.formula) for line in proved)}")
        slip = rng.randrange(len(proved)) if Behaviour.CORRECTION in behaviours else -1
        detour = rng.randrange(len(proved)) if Behaviour.ALTERNATIVE in behaviours else -1
        known = list(task.premises)
        for position, line in enumerate(proved):
            prefix = ""
            aside = _aside(task, known, line, rng) if position == detour else None
            if aside is not None:
                lines.append(str(aside))
                prefix = f"{PREFIXES[Behaviour.ALTERNATIVE]} "
            if position == slip:
                lines.append(f"{prefix}{_slip(known, line, rng)}")
                prefix = f"{PREFIXES[Behaviour.CORRECTION]} "
            lines.append(f"{prefix}{line}")
            known.append(line.formula)
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {proved[-1]}")
        lines.append(f"{MARK} {proved[-1].number}")
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        task = _task(problem.view)
        proof = list(problem.reference.value)
        number = len(task.premises) + 1
        end = f"{MARK} {number + len(proof) - 1}"
        last = proof[-1].split(" ")
        yield ""
        yield f"{MARK}"
        yield end
        yield f"{number} {task.goal}\n{MARK} {number}"
        yield f"{number} {task.goal} MP {number} {number}\n{MARK} {number}"
        yield f"{number} {task.goal} DN {number + 1}\n{number + 1} ~~{task.goal} DN {number}\n{MARK} {number}"
        yield f"1 {task.goal} AE 1\n{MARK} 1"
        yield f"{number} {task.goal} BECAUSE 1 2\n{MARK} {number}"
        yield "\n".join((*proof[:-1], " ".join((*last[:2], "XX", *last[3:])), end))
        yield "\n".join((*proof[:-1], f"{PREFIXES[Behaviour.EVALUATION]} {proof[-1]}", end))
        yield "\n".join((*proof, f"{MARK} {number - 1}"))
        yield "\n".join((*proof, f"{MARK} {task.goal}"))
        yield "\n".join((*proof, f"{end} or {number}"))
        yield "\n".join((*proof, f"{MARK} {''.join(chr(0xFF10 + int(digit)) for digit in end.split()[1])}"))
        yield "\n".join((*proof[:-1], proof[-1].replace(str(task.goal), str(task.goal) + "\u200b"), end))
        yield "\n".join((*_padding(task, number), f"{MARK} {number + task.max_lines}"))
        yield f"{problem.view.prompt}\n{end}"
        yield f"The goal {task.goal} follows from the premises."
        yield f"{number} {'(' * 5000}{task.goal}{')' * 5000} MP 1 2\n{MARK} {number}"
        yield f"{MARK} {'9' * 10_000}"


class _Task(NamedTuple):
    premises: tuple[Formula, ...]
    goal: Formula
    max_lines: int
    build: tuple[Formula, ...]
    """What introductions are good for here."""


class _Proof(NamedTuple):
    lines: list[Formula]
    """Premises and standing lines; line n is at n - 1."""
    seen: set[Formula]
    """Those, and what was taken back."""


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


def _extend(task: _Task, lines: list[Formula], line: ProofLine, behaviour: Behaviour) -> list[Formula] | None:
    """The lines once `line` is written; None when it may not be."""
    if behaviour in _REVISIONS and len(task.premises) < line.number <= len(lines):
        lines = lines[: line.number - 1]
    if len(lines) == len(task.premises) + task.max_lines or check_proof_line(lines, line):
        return None
    return [*lines, line.formula]


def _standing(view: View, steps: Sequence[str]) -> _Proof:
    task = _task(view)
    lines = list(task.premises)
    seen = set(lines)
    for step in steps:
        if (behaviour := behaviour_of(step)) is Behaviour.EVALUATION:
            continue
        line = parse_proof_line(strip_behaviour(step))
        longer = None if line is None else _extend(task, lines, line, behaviour)
        if longer is not None:
            lines = longer
            seen.add(lines[-1])
    return _Proof(lines, seen)


def _judge(view: View, response: str) -> Verdict:
    """Whether the line that the answer names is the goal and was derived, by lines that stand, before the answer."""
    answer = extract_answer(response)
    if answer is None:
        return no_answer()
    steps = response.split("\n")
    said = said_lines("", steps)
    final = next((position for position, step in enumerate(said) if is_final_line(step)), len(steps))
    return _judge_number(_task(view), _standing(view, steps[:final]).lines, answer)


def _judge_number(task: _Task, lines: Sequence[Formula], answer: str) -> Verdict:
    match = _NUMBER.fullmatch(answer)
    if match is None:
        reason = "the answer is not the number of a line"
        return reject(answer[:80], method="proof", reason=reason, status=Status.UNPARSABLE)
    number = int(match[1])
    if not 1 <= number <= len(lines):
        return reject(answer, method="proof", reason="no valid line has this number")
    if lines[number - 1] != task.goal:
        return reject(answer, method="proof", reason="this line is not the goal")
    return accept(answer, method="proof")


def _numbered(lines: Sequence[Formula], proof: Sequence[Derivation]) -> list[ProofLine]:
    """Derivations as the lines that follow `lines`."""
    known = list(lines)
    numbered = []
    for formula, rule, premises in proof:
        known.append(formula)
        numbered.append(ProofLine(len(known), formula, rule, tuple(known.index(p) + 1 for p in premises)))
    return numbered


def _aside(task: _Task, known: Sequence[Formula], line: ProofLine, rng: random.Random) -> ProofLine | None:
    """A valid line that could stand here instead, where there is one."""
    others = [d for d in derivations(known, task.build) if d.formula not in known and d.formula != line.formula]
    return _numbered(known, [rng.choice(others)])[0] if others else None


def _slip(known: Sequence[Formula], line: ProofLine, rng: random.Random) -> ProofLine:
    """The same line with a wrong citation or, should every other citation do as well, by a wrong rule."""
    wrong = [line._replace(cites=(*line.cites[:-1], cite)) for cite in range(1, len(known) + 1)]
    wrong = [other for other in wrong if check_proof_line(known, other)]
    return rng.choice(wrong) if wrong else line._replace(rule="MT" if RULES[line.rule] == 1 else "AE")


def _padding(task: _Task, number: int) -> list[str]:
    """As many valid lines as are allowed, all of them beside the point, and then a claim of the goal."""
    padding = [ProofLine(number, negation(negation(task.premises[0])), "DN", (1,))]
    while len(padding) < task.max_lines:
        last = padding[-1]
        padding.append(ProofLine(last.number + 1, negation(negation(last.formula)), "DN", (last.number,)))
    return [*map(str, padding), f"{number + task.max_lines} {task.goal} MP 1 2"]


def _draw(rng: random.Random, difficulty: int, count: int, distractors: int) -> tuple[list[Formula], Formula]:
    """Premises and a goal that follows from them in `count` lines or fewer."""
    names = list(_NAMES)
    rng.shuffle(names)
    used: list[str] = []

    def variable() -> Formula:
        used.append(names[len(used)] if len(used) < len(names) else rng.choice(names))
        return Formula(used[-1])

    def literal() -> Formula:
        return negation(variable()) if difficulty > 1 and rng.random() < 0.2 else variable()

    def pair(op: str, one: Formula, other: Formula) -> Formula:
        return Formula(op, (one, other) if rng.random() < 0.5 else (other, one))

    def grow(target: Formula, lines: int) -> list[Formula]:
        """Premises from which `lines` applications of rules give the target, worked out backwards."""
        if lines == 0:
            return [target]
        op, parts = target
        rules = ["MP", "MP", "DS", "AE"]
        if not parts and difficulty >= 5:
            rules.append("DN")
        if op == NOT and not parts[0].parts:
            rules += ["MT"] * 4
        rules += {AND: ["AI"] * 12, OR: ["OI"] * 12, IMPLIES: ["HS"] * 12}.get(op, [])
        rule = rng.choice(rules)
        if rule == "MP":
            other = literal()
            needs = [other, Formula(IMPLIES, (other, target))]
        elif rule == "DS":
            other = variable()
            needs = [negation(other), pair(OR, other, target)]
        elif rule == "AE":
            needs = [pair(AND, literal(), target)]
        elif rule == "DN":
            needs = [negation(negation(target))]
        elif rule == "MT":
            other = variable()
            needs = [negation(other), Formula(IMPLIES, (parts[0], other))]
        elif rule == "HS":
            other = literal()
            needs = [Formula(IMPLIES, (parts[0], other)), Formula(IMPLIES, (other, parts[1]))]
        else:
            needs = [rng.choice(parts)] if rule == "OI" else list(parts)
        shares = [0] * len(needs)
        for _ in range(lines - 1):
            large = len(needs) == 2 and rule in ("MP", "DS", "MT")  # the second one is: prove it less often
            shares[int(rng.random() < 0.15) if large else rng.randrange(len(needs))] += 1
        return [premise for need, share in zip(needs, shares, strict=True) for premise in grow(need, share)]

    shape = rng.random()
    if shape < (0.8 if difficulty == 1 else 0.6):
        goal = variable() if shape < 0.45 else negation(variable())
    else:
        ops = (AND,) if difficulty == 1 else (AND, OR, IMPLIES)
        goal = Formula(rng.choice(ops), (literal(), literal()))
    premises = grow(goal, count)
    for _ in range(distractors):
        one = literal()
        other = Formula(rng.choice(used[:-1]))
        premises.append(rng.choice((one, pair(AND, one, other), pair(OR, one, other), pair(IMPLIES, one, other))))
    rng.shuffle(premises)
    return premises, goal
