"""`check_family` names each fault: families with one fault each, and what it says of them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence

import pytest
from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of
from reasonrl.envs.contract import CHECKS
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.testing import check_family
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject


class Least:
    """`Double 7.` wants `Answer: 14`. Says no more than it must."""

    name = "double"

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        number = rng.randrange(100, 10_000)
        return Content(f"Double {number}.", {"number": number}, 2 * number)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        found = extract_answer(answer)
        if found is None:
            return no_answer()
        right = found == str(problem.reference.value)
        return accept(found, method="text") if right else reject(found[:80], method="text", reason="another number")


class Sound(Least):
    """Has everything."""

    exact_potential = True
    max_prompt_chars = 20
    max_choices = 2
    instructions = "Finish with a line 'Answer: ' and the number."

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return None

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict | None:
        good = step.endswith(str(2 * view.public["number"])) or behaviour_of(step) is not Behaviour.COMPLETION
        return StepVerdict.USEFUL if good else StepVerdict.INVALID

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return float(not any(is_final_line(step) for step in steps[:-1]))

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return [f"{MARK} {2 * view.public['number'] + miss}" for miss in (1, 0)]

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        plan = [f"{PREFIXES[Behaviour.DECOMPOSITION]} add"] if Behaviour.DECOMPOSITION in behaviours else []
        lines = (*plan, f"so {problem.reference.value}", f"{MARK} {problem.reference.value}")
        return Trace(lines, tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        yield f"{MARK} 1"


class DrawsFromElsewhere(Sound):
    def sample(self, rng: random.Random, difficulty: int) -> Content:
        return super().sample(random.Random(random.random()), difficulty)


class Remembers(Sound):
    drawn = 0

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        type(self).drawn += 1
        return super().sample(random.Random(f"{rng.random()} {self.drawn // 4}"), difficulty)


class HoldsAnObject(Sound):
    def sample(self, rng: random.Random, difficulty: int) -> Content:
        prompt, public, reference = super().sample(rng, difficulty)
        return Content(prompt, {**public, "digits": {1, 2}}, reference)


class Tells(Sound):
    def sample(self, rng: random.Random, difficulty: int) -> Content:
        prompt, public, reference = super().sample(rng, difficulty)
        return Content(prompt, {**public, "hint": reference}, reference)


class IsTooLong(Sound):
    max_prompt_chars = 10


class IsNotAscii(Sound):
    def sample(self, rng: random.Random, difficulty: int) -> Content:
        content = super().sample(rng, difficulty)
        return content._replace(prompt=content.prompt.replace("Double", "D\u00f6uble"))


class HasAnotherDefault(Sound):
    default_difficulty = 3


class RefusesDemonstrations(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        return reject(None, method="text", reason="a plan") if "Plan:" in answer else super().verify(problem, answer)


class Wavers(Sound):
    asked = 0

    def verify(self, problem: Problem, answer: str) -> Verdict:
        type(self).asked += 1
        return super().verify(problem, answer)._replace(reason=f"asked {self.asked} times")


class BreaksLines(Sound):
    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        text = super().demonstrate(problem, rng, behaviours).text
        return Trace((text,), (Behaviour.COMPLETION,))


class Mislabels(Sound):
    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        steps = super().demonstrate(problem, rng, behaviours).steps
        return Trace(steps, (Behaviour.EVALUATION,) * len(steps))


class AlwaysTalks(Sound):
    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        return super().demonstrate(problem, rng, frozenset(Behaviour))


class Improvises(Sound):
    said = 0

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        type(self).said += 1
        steps = (f"{self.said}-th time", *super().demonstrate(problem, rng, frozenset()).steps)
        return Trace(steps, tuple(map(behaviour_of, steps)))


class CallsItsOwnStepsWrong(Sound):
    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict | None:
        return StepVerdict.INVALID if step.startswith("so ") else StepVerdict.USEFUL


class EndsTooEarly(Sound):
    def is_final(self, step: str) -> bool:
        return step.startswith("so ")


class ChecksAgainstItself(Sound):
    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return reject(None, method="check", reason="never enough")


class AcceptsAnImpostor(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        return accept("1", method="text") if answer == f"{MARK} 1" else super().verify(problem, answer)


class IsSlow(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        time.sleep(0.02 * (answer == f"{MARK} 1"))
        return super().verify(problem, answer)


class FailsOnTrickery(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        failed = answer == f"{MARK} 1"
        return Verdict(Status.ERROR, float("nan")) if failed else super().verify(problem, answer)


class Raises(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        answer.encode()  # a lone surrogate has no encoding
        return super().verify(problem, answer)


class RaisesOnAStep(Sound):
    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 1.0 if not steps else 1.0 / len(steps[0].strip())


class PaysSilence(Sound):
    def verify(self, problem: Problem, answer: str) -> Verdict:
        return super().verify(problem, answer) if answer.strip() else accept("", method="text")


class Outbids(Sound):
    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 1.0 + 0.1 * len(steps)


class DoubtsItself(Sound):
    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 0.5


class HasALongMenu(Sound):
    max_choices = 1


class RepeatsItself(Sound):
    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return ["so", "so"]


class FallsSilent(Sound):
    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return () if steps else ["so"]


class LeadsNowhere(Sound):
    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return [f"{MARK} 1", "so"] if len(steps) < 3 else [f"{MARK} 1"]


class ForgetsSome(Least):
    """Accepts its reference for even numbers only."""

    def verify(self, problem: Problem, answer: str) -> Verdict:
        odd = problem.view.public["number"] % 2
        return reject(None, method="text", reason="odd") if odd else super().verify(problem, answer)


@pytest.mark.parametrize(
    ("family", "check", "sentence"),
    [
        (DrawsFromElsewhere, "repeatable", "drawing it twice gives two problems"),
        (Remembers, "repeatable", "drawing it twice gives two problems"),
        (HoldsAnObject, "values", "it is no plain value"),
        (Tells, "hidden", r"public\['hint'\] is the reference of every problem"),
        (IsTooLong, "prompts", "max_prompt_chars"),
        (IsNotAscii, "prompts", "a prompt is not printable ASCII"),
        (HasAnotherDefault, "prompts", "default_difficulty 3 is not one of"),
        (RefusesDemonstrations, "right_answers", "a demonstration is not accepted .*a plan"),
        (Wavers, "right_answers", "the same answer gets two verdicts"),
        (ForgetsSome, "right_answers", "the reference, which other problems accept, is not accepted"),
        (BreaksLines, "demonstrations", "not one line with text"),
        (Mislabels, "demonstrations", "not those of its lines"),
        (AlwaysTalks, "demonstrations", "shows behaviours that nobody asked for"),
        (Improvises, "demonstrations", "from the same rng come two demonstrations"),
        (CallsItsOwnStepsWrong, "steps", "the step 'so [0-9]+' of a demonstration is invalid"),
        (EndsTooEarly, "endings", r"the answer ended \(answer\) before the step"),
        (ChecksAgainstItself, "answers", "check_answer refuses a demonstration .*never enough"),
        (AcceptsAnImpostor, "impostors", "an impostor gets the verdict correct and score 1.0"),
        (FailsOnTrickery, "impostors", "an impostor gets the verdict error"),
        (Raises, "any_text", r"verify raises UnicodeEncodeError .*'\\ud800'"),
        (RaisesOnAStep, "any_text", "potential raises ZeroDivisionError"),
        (PaysSilence, "any_text", "a meaningless text gets the verdict correct"),
        (Outbids, "any_text", "the potential is 1.1, not from 0 to 1"),
        (Outbids, "potential", "after 1 steps the potential is 1.1"),
        (DoubtsItself, "potential", "the exact potential is 0.5, not 1"),
        (HasALongMenu, "menu", r"a menu of double has 2 lines, more than the 1"),
        (RepeatsItself, "menu", "a menu names a line twice"),
        (FallsSilent, "menu", "a menu is empty"),
        (LeadsNowhere, "menu", "no right answer among 3000 states"),
    ],
)
def test_each_fault_is_named(family: type[Least], check: str, sentence: str) -> None:
    with pytest.raises(AssertionError, match="double: "):
        check_family(family)
    with pytest.raises(AssertionError, match=f"double: .*{sentence}"):
        check_family(family, checks=[check])


def test_a_slow_verdict_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reasonrl.envs.contract.MOST_SECONDS", 0.01)
    with pytest.raises(AssertionError, match="a verdict on an impostor took"):
        check_family(IsSlow, checks=["impostors"])


def test_a_fault_shows_the_problem_and_the_text() -> None:
    with pytest.raises(AssertionError) as caught:
        check_family(AcceptsAnImpostor)
    assert "in problem double-v0/train/1/0: 'Answer: 1'" in str(caught.value)
    assert "prompt: 'Double " in str(caught.value)


def test_a_sound_family_passes_every_check() -> None:
    report = check_family(Sound(), problems=3, seed=1)
    assert report.passed == tuple(CHECKS)
    assert str(report) == f"double: {len(CHECKS)} checks passed, on 3 problems of each difficulty"


def test_what_a_family_cannot_do_is_skipped_and_told() -> None:
    report = check_family(Least)
    assert set(report.passed) == {"repeatable", "splits", "values", "hidden", "prompts", "right_answers", "any_text"}
    assert set(report.passed) | set(report.skipped) == set(CHECKS)
    assert report.skipped["menu"] == "it has no legal_steps"
    assert "skipped demonstrations: it has no demonstrate" in str(report)


def test_a_family_is_found_by_name_and_global_random_numbers_are_left_alone() -> None:
    before = random.getstate()
    assert check_family("chain_sum", problems=1, checks=["repeatable", "values"]).family == "chain_sum"
    assert random.getstate() == before


def test_a_check_that_there_is_not_is_an_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"unknown check 'looks': there are repeatable"):
        check_family(Sound, checks=["looks"])
