"""Families with one fault each, and a sound one: what the audit must tell apart. All want one number repeated."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

from reasonrl.envs.behaviours import Behaviour, Trace, behaviour_of
from reasonrl.envs.core import Content, Problem, View
from reasonrl.verifiers.answers import MARK, extract_answer, is_answer_line
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject


class Sound:
    """`Say 7.` wants `Answer: 7`."""

    name = "sound"
    domain = "math"
    version = 0
    difficulties = range(1, 6)
    default_difficulty = 1
    exact_potential = False
    max_prompt_chars = 32
    max_choices = 2
    instructions = "Say it."

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        number = rng.randrange(100, 10_000)
        return Content(f"Say {number}.", {"number": number}, str(number))

    def verify(self, problem: Problem, answer: str) -> Verdict:
        found = extract_answer(answer)
        if found is None:
            return no_answer()
        if found == problem.reference.value:
            return accept(found, method="text")
        return reject(found[:80], method="text", reason="another number")

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return None

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        return StepVerdict.REDUNDANT

    def is_final(self, step: str) -> bool:
        return is_answer_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 1.0 if f"so {view.public['number']}" in steps else 0.5

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return [f"so {view.public['number']}", f"{MARK} {view.public['number']}"]

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        lines = (f"so {problem.reference.value}", f"{MARK} {problem.reference.value}")
        return Trace(lines, tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        yield f"{MARK} {int(problem.reference.value) + 1}"


class Evaluates(Sound):
    """Runs the answer as Python."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        found = extract_answer(answer) or ""
        if "**" in found or "<<" in found:  # would take for ever, which is another fault
            return reject(found[:80], method="eval", reason="too large")
        try:
            value = eval(found[:500].strip())
        except BaseException:
            return reject(found[:80], method="eval", reason="no value", status=Status.UNPARSABLE)
        right = found.isdigit() and str(value) == problem.reference.value
        return accept(found, method="eval") if right else reject(found[:80], method="eval", reason="another value")


class PaysAConstant(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        return accept("yes", method="yes") if answer.strip() == f"{MARK} yes" else super().verify(problem, answer)


class PaysLength(Sound):
    """A little for every line."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        return verdict._replace(score=1.0 + 0.01 * answer.count("\n")) if verdict.correct else verdict


class PaysSteps(Sound):
    """Its potential grows with every line, without bound."""

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 0.1 * len(steps)


class Raises(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        answer.encode()  # a lone surrogate has no encoding
        return super().verify(problem, answer)


class Fails(Sound):
    """Blames itself for what it cannot read."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        if "\x00" in answer:
            return Verdict(Status.ERROR, float("nan"))
        return super().verify(problem, answer)


class Slow(Sound):
    """Takes its time over a long answer."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        end = time.process_time() + 1.1
        while len(answer) > 900_000 and "9" in answer and time.process_time() < end:
            pass
        return super().verify(problem, answer)


class Hangs(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        while "9**9**9**9" in answer:
            pass
        return super().verify(problem, answer)


class Pedantic(Sound):
    """Refuses a right answer that ends with a line break."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        verdict = super().verify(problem, answer)
        return verdict if not answer.endswith("\n") else reject(None, method="text", reason="a line break")


class Moody(Sound):
    """Accepts a number without a mark for some problems only."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        value = problem.reference.value
        if answer.split("\n")[-1] == value and not int(value) % 2:
            return accept(value, method="text")
        return super().verify(problem, answer)


class Literal(Sound):
    """Reads no tags, though they are promised."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return reject(None, method="text", reason="a tag") if "<answer>" in answer else super().verify(problem, answer)


class Deaf(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        return reject(None, method="none", reason="nothing is right")
