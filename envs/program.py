"""The form of a family whose answer is a program: a family says a few things about itself, the rest follows.

It says   sample      a problem: `examples` in public, hidden `tests` and a right `program` in the reference;
                      an example and a test are (arguments, value), a program is its lines, `def f(...):` first
          menu        lines that may come next
and, where it can do more than the form does by itself,
          start      the line that begins each function     value       how good unfinished lines are
          changes    whether a line does anything           example     how an example is written
          given, plan, aside, checked                       what comments tell in demonstrations
          slip       a wrong line, to be corrected          disguises   impostors of its own

What a line means, in every family of this form:

| line | meaning | worth |
|---|---|---|
| `def f(x):` | begins the function | useful |
| `def f(x):` later | begins anew: the lines before it are dropped | redundant |
| a statement that goes on with the text as Python | part of the function | useful, redundant where `changes` says so |
| another | breaks the text, which no later line mends | invalid; unparsable if it is Python nowhere |
| ` return ...`, indented by one | completes the answer | useful if the examples pass, else invalid |
| `# Given:`, `# Plan:`, `# Or:`, `# Wait:`, any comment | talk: only a new `def` takes lines back | redundant |
| `# Check:` | talk, too; what restates an example must restate it truly | redundant, invalid if untrue |
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from reasonrl.envs import source_lines
from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.impostors import program_impostors
from reasonrl.envs.source_lines import definition, is_comment, judge, show
from reasonrl.verifiers.canonical import canonical_program
from reasonrl.verifiers.core import StepVerdict, Verdict

Lines = tuple[str, ...]
UNKNOWN = 0.5
"""The potential of unfinished lines, in a family that cannot tell."""


class Slip(NamedTuple):
    """A mistake that a demonstration makes and takes back."""

    place: int
    """Which line of the right program is got wrong, counted from 0."""
    line: str
    """What stands there instead."""
    wait: str
    """What the comment `# Wait:` says of it."""


def comment(behaviour: Behaviour, text: str) -> str:
    """
    >>> comment(Behaviour.DECOMPOSITION, "sort, then add")
    '# Plan: sort, then add'
    """
    return f"# {PREFIXES[behaviour]} {text}"


class Program(ABC):
    """A family of functions `f` to write. Fill in `sample` and `menu`, and what else the family knows."""

    name: str
    domain = "code"
    version = 0
    difficulties = range(1, 2)
    default_difficulty = 1
    exact_potential = False
    max_prompt_chars = 400
    max_choices = 64
    instructions = (
        "Write the Python function f, one statement a line, indented by one space a level. Write nothing else."
    )
    thinks: tuple[Behaviour, ...] = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION, Behaviour.ALTERNATIVE)
    """What demonstrations say before they write, in this order."""

    @abstractmethod
    def sample(self, rng: random.Random, difficulty: int) -> Content:
        """Public has `examples`; the reference has `tests`, that a lookup of the examples fails, and `program`."""

    @abstractmethod
    def menu(self, view: View, lines: Lines) -> Sequence[str]:
        """What may follow these lines of a function that has begun; a last line with END finishes the answer."""

    def start(self, view: View) -> str:
        """The line that begins a function."""
        return "def f(x):"

    def program(self, problem: Problem) -> Lines:
        """A right program."""
        return tuple(problem.reference.value["program"])

    def value(self, view: View, lines: Lines) -> float:
        """Phi of a function that has been begun, or not yet (no lines)."""
        if not lines or not self.is_final(lines[-1]):
            return UNKNOWN
        return float(judge("\n".join(lines), view.public["examples"]).correct)

    def changes(self, view: View, lines: Lines, step: str) -> bool:
        """Whether a line that goes on with these does anything, as far as the examples show."""
        return True

    def example(self, arguments: Sequence[Any], value: Any) -> str:
        """How an example is written."""
        return f"f({show(arguments)[1:-1]})={show(value)}"

    def given(self, problem: Problem) -> str | None:
        """What is said after `# Given:`; here and below, None says nothing."""
        return f"{len(problem.view.public['examples'])} examples"

    def plan(self, problem: Problem) -> str | None:
        """What is said after `# Plan:`."""
        return None

    def aside(self, problem: Problem, rng: random.Random) -> str | None:
        """What is said after `# Or:`."""
        return None

    def checked(self, problem: Problem) -> str | None:
        """What is said after `# Check:`."""
        return self.example(*problem.view.public["examples"][0])

    def slip(self, problem: Problem, rng: random.Random) -> Slip | None:
        """A mistake that looks possible; None where the family knows of none."""
        return None

    def disguises(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        """Impostors of this family alone, besides those that all families of programs share."""
        yield from ()

    # What follows.

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return judge(answer, (*problem.view.public["examples"], *problem.reference.value["tests"]))

    def canonical(self, view: View, answer: str) -> str | None:
        """What the answer votes for: its program, without fence and comments."""
        return canonical_program(answer) or None

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """Whether it passes the examples."""
        return judge(answer, view.public["examples"])

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        if is_comment(step):
            return self._check_comment(view, step)
        if not source_lines.continues(steps, step):
            return StepVerdict.INVALID if source_lines.stands_alone(step) else StepVerdict.UNPARSABLE
        lines = definition(steps)
        if lines and step.startswith("def "):
            return StepVerdict.REDUNDANT
        if self.is_final(step):
            verdict = self.check_answer(view, "\n".join((*steps, step)))
            return StepVerdict.USEFUL if verdict is not None and verdict.correct else StepVerdict.INVALID
        return StepVerdict.USEFUL if self.changes(view, lines, step) else StepVerdict.REDUNDANT

    def _check_comment(self, view: View, step: str) -> StepVerdict:
        if not source_lines.is_sound_comment(step):
            return StepVerdict.UNPARSABLE
        if behaviour_of(step) is Behaviour.EVALUATION:
            claim = strip_behaviour(step)
            for arguments, value in view.public["examples"]:
                shown = self.example(arguments, value)
                if claim != shown and claim.startswith(shown.removesuffix(show(value))):
                    return StepVerdict.INVALID
        return StepVerdict.REDUNDANT

    def is_final(self, step: str) -> bool:
        return source_lines.is_final(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        lines = definition(steps)
        if not lines and any(step.strip() and not is_comment(step) for step in steps):
            return 0.0  # a program that begins with anything else is none of this family's
        return self.value(view, lines)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        lines = definition(steps)
        return self.menu(view, lines) if lines else (self.start(view),)

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        program = self.program(problem)
        lines = []
        for behaviour in (each for each in self.thinks if each in behaviours):
            lines += self._said(behaviour, problem, rng)
        if Behaviour.CORRECTION in behaviours and (slip := self.slip(problem, rng)) is not None:
            lines += self._false_start(program, slip)
        lines += program[:-1]
        if Behaviour.EVALUATION in behaviours:
            lines += self._said(Behaviour.EVALUATION, problem, rng)
        lines.append(program[-1])
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def _said(self, behaviour: Behaviour, problem: Problem, rng: random.Random) -> list[str]:
        """The comment that shows this behaviour, where the family has one."""
        if behaviour is Behaviour.ALTERNATIVE:
            text = self.aside(problem, rng)
        else:
            say = {Behaviour.ANALYSIS: self.given, Behaviour.DECOMPOSITION: self.plan}.get(behaviour, self.checked)
            text = say(problem)
        return [] if text is None else [comment(behaviour, text)]

    def _false_start(self, program: Lines, slip: Slip) -> list[str]:
        """The program up to the mistake and the comment that withdraws it; the program then begins anew."""
        if self.is_final(slip.line):  # writing it would end the answer, so it is withdrawn while planned
            lines = [comment(Behaviour.ALTERNATIVE, slip.line.strip())]
        else:
            lines = [*program[: slip.place], slip.line]
            following = iter(program[slip.place + 1 :])
            while lines[-1].endswith(":"):  # a block must have a line to be Python
                block = " " * (len(lines[-1]) - len(lines[-1].lstrip()) + 1)
                line = next(following, "")
                lines.append(line if line.startswith(block) else f"{block}pass")
        return [*lines, comment(Behaviour.CORRECTION, slip.wait)]

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        view = problem.view
        yield from program_impostors(self.program(problem), examples=view.public["examples"], prompt=view.prompt)
        yield from self.disguises(problem, rng)
