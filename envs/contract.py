"""What every family promises: one function for each promise, which its docstring states.

`envs.testing.check_family` runs them all. A fault is an `AssertionError` that names the problem and shows the text.
"""

from __future__ import annotations

import json
import pickle
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from reasonrl.envs.abilities import Ability, abilities
from reasonrl.envs.behaviours import Behaviour, Trace, behaviour_of
from reasonrl.envs.core import END, SPLITS, Family, Problem
from reasonrl.envs.generation import generate, split_of
from reasonrl.envs.mdp import MDP, State
from reasonrl.envs.sources import only
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.answers import MARK
from reasonrl.verifiers.core import StepVerdict

PLAIN: frozenset[Behaviour] = frozenset()
EVERY = frozenset(Behaviour)
MOST_SECONDS = 5.0
"""What a verdict may take, on a busy machine."""
_TEXTS = 40
_LOOKED = 3000
"""States that the search through the menus may look at."""
_HOSTILE = ("", " ", "\x00", "\ud800", "(" * 10_000, "9" * 10_000, f"{MARK} ", f"{MARK}\n" * 100)


class Skip(Exception):
    """A check does not apply; the message says why."""


@dataclass(frozen=True)
class Trial:
    """A family, and which of its problems are looked at."""

    family: Family
    count: int
    seed: int

    drawn: dict[tuple[str, int, int], Problem] = field(default_factory=dict)
    shown: dict[tuple[str, frozenset[Behaviour]], Trace] = field(default_factory=dict)

    def problems(self, most: int | None = None, *, split: str = "train") -> Iterator[Problem]:
        """The first problems of each difficulty, at most so many of each; each is drawn once."""
        first = 1000 * self.seed
        for level in self.family.difficulties:
            for index in range(first, first + min(self.count, most or self.count)):
                if (split, index, level) not in self.drawn:
                    self.drawn[split, index, level] = self.draw(split, index, level)
                yield self.drawn[split, index, level]

    def draw(self, split: str, index: int, level: int) -> Problem:
        return generate(self.family, split, index, level)

    def need(self, ability: Ability) -> None:
        if ability not in abilities(self.family):
            raise Skip(f"it has no {ability.value}")

    def demonstration(self, problem: Problem, behaviours: frozenset[Behaviour]) -> Trace:
        """The same for the same problem and behaviours, made once."""
        key = (problem.id, behaviours)
        if key not in self.shown:
            self.shown[key] = self.demonstrate(problem, behaviours)
        return self.shown[key]

    def demonstrate(self, problem: Problem, behaviours: frozenset[Behaviour]) -> Trace:
        return self.family.demonstrate(problem, random.Random(f"{self.seed} {problem.id}"), behaviours)

    def mdp(self) -> MDP:
        vocabulary = get_vocabulary("char")
        return MDP(only(self.family), level="step", vocabulary=vocabulary, max_tokens=4096, max_steps=200)

    def fault(self, sentence: str, problem: Problem | None = None, text: str | None = None) -> NoReturn:
        where = f" in problem {problem.id}" if problem is not None else ""
        shown = "" if text is None else f": {text[:400]!r}" + (f" ({len(text)} characters)" if len(text) > 400 else "")
        asked = "" if problem is None else f"\nprompt: {problem.view.prompt!r}"
        raise AssertionError(f"{self.family.name}: {sentence}{where}{shown}{asked}")


def repeatable(trial: Trial) -> None:
    """A problem is a pure function of its index, in whatever order they are drawn."""
    state = random.getstate()
    try:
        random.seed(0)
        first = list(trial.problems())
        random.seed(1)
        before = random.getstate()
        again = [trial.draw("train", each.view.index, each.view.difficulty) for each in reversed(first)]
        touched = random.getstate() != before
    finally:
        random.setstate(state)
    for one, other in zip(first, reversed(again), strict=True):
        if one != other:
            trial.fault("drawing it twice gives two problems", one, other.view.prompt)
    if touched:
        trial.fault("sample draws from the module random: draw from the rng that it is given")


def splits(trial: Trial) -> None:
    """The splits share no prompt."""
    for split in SPLITS:
        for problem in trial.problems(split=split):
            if split_of(problem.view.prompt) != split:
                trial.fault(f"it lies in another split than {split}", problem)


def values(trial: Trial) -> None:
    """Problems are values: they hash, pickle, and go to JSON and back."""
    for problem in trial.problems(2):
        try:
            copies = {
                "pickle": pickle.loads(pickle.dumps(problem)),
                "JSON": Problem.from_json(json.loads(json.dumps(problem.to_json()))),
            }
        except (TypeError, ValueError, AttributeError, pickle.PickleError) as error:
            trial.fault(f"it is no plain value ({error}): use numbers, texts, lists and mappings", problem)
        for way, copy in copies.items():
            if copy != problem or hash(copy) != hash(problem):
                trial.fault(f"another problem comes back from {way}: use numbers, texts, lists and mappings", problem)


def hidden(trial: Trial) -> None:
    """A view does not hold the reference."""
    keys: set[str] | None = None
    for problem in trial.problems():
        secret, view = problem.reference.value, problem.view
        if hasattr(view, "reference") or "hidden" not in repr(problem):
            trial.fault("its view or its repr shows the reference", problem)
        told = {key for key, value in view.public.items() if value == secret and str(secret) not in view.prompt}
        keys = told if keys is None else keys & told
    if keys:
        trial.fault(f"public[{min(keys)!r}] is the reference of every problem: keep it in the reference alone")


def prompts(trial: Trial) -> None:
    """Prompts are printable ASCII (drawing refuses longer ones than `max_prompt_chars`); facts fit each other."""
    family = trial.family
    if family.default_difficulty not in family.difficulties:
        trial.fault(f"default_difficulty {family.default_difficulty} is not one of its {family.difficulties}")
    if not family.instructions.strip():
        trial.fault("instructions are empty: say how an answer is written")
    for problem in trial.problems():
        prompt = problem.view.prompt
        if not prompt.strip() or not prompt.isascii() or not prompt.replace("\n", "").isprintable():
            trial.fault("a prompt is not printable ASCII", problem)


def right_answers(trial: Trial) -> None:
    """Right answers are accepted with score 1, each time: demonstrations, or the reference as an answer line."""
    family = trial.family
    shows = Ability.DEMONSTRATIONS in abilities(family)
    refused: list[tuple[str, Problem, str]] = []
    accepted = 0
    for problem in trial.problems():
        reference = f"{MARK} {problem.reference.value}"
        for text in [trial.demonstration(problem, each).text for each in (PLAIN, EVERY)] if shows else [reference]:
            verdict = family.verify(problem, text)
            if family.verify(problem, text) != verdict:
                trial.fault("the same answer gets two verdicts", problem, text)
            if verdict.correct and verdict.score == 1.0:
                accepted += 1
            else:
                refused.append((f"({verdict.status}, score {verdict.score}: {verdict.reason})", problem, text))
    if refused and not shows and not accepted:
        raise Skip("it has no demonstrate, and its reference is no answer: nothing right to try")
    for why, problem, text in refused:
        kind = "a demonstration" if shows else "the reference, which other problems accept,"
        trial.fault(f"{kind} is not accepted {why}", problem, text)


def demonstrations(trial: Trial) -> None:
    """Each step of a demonstration is one line, named by the behaviour that it shows; a plain one shows none."""
    trial.need(Ability.DEMONSTRATIONS)
    for problem in trial.problems(1):
        trace = trial.demonstration(problem, EVERY)
        if trace != trial.demonstrate(problem, EVERY):
            trial.fault("from the same rng come two demonstrations", problem, trace.text)
    for problem in trial.problems():
        for behaviours in (PLAIN, EVERY):
            trace = trial.demonstration(problem, behaviours)
            if any("\n" in step or not step.strip() for step in trace.steps):
                trial.fault("a step of a demonstration is not one line with text", problem, trace.text)
            if trace.behaviours != tuple(map(behaviour_of, trace.steps)):
                trial.fault(
                    "the behaviours of a demonstration are not those of its lines (behaviour_of)", problem, trace.text
                )
            if behaviours is PLAIN and set(trace.behaviours) != {Behaviour.COMPLETION}:
                trial.fault("a plain demonstration shows behaviours that nobody asked for", problem, trace.text)


def behaviours(trial: Trial) -> None:
    """Asked for every behaviour, demonstrations show some."""
    trial.need(Ability.DEMONSTRATIONS)
    shown = {each for problem in trial.problems(3) for each in trial.demonstration(problem, EVERY).behaviours}
    if shown == {Behaviour.COMPLETION}:
        raise Skip("its demonstrations show no behaviour but task completion")


def steps(trial: Trial) -> None:
    """No step of a plain demonstration is invalid."""
    trial.need(Ability.DEMONSTRATIONS)
    trial.need(Ability.STEP_CHECKS)
    for problem in trial.problems():
        trace = trial.demonstration(problem, PLAIN)
        for position, step in enumerate(trace.steps):
            verdict = trial.family.check_step(problem.view, trace.steps[:position], step)
            if verdict not in (StepVerdict.USEFUL, StepVerdict.REDUNDANT):
                trial.fault(f"the step {step!r} of a demonstration is {verdict}", problem, trace.text)


def endings(trial: Trial) -> None:
    """A demonstration ends where its answer does, and what was said until then is right."""
    trial.need(Ability.DEMONSTRATIONS)
    mdp = trial.mdp()
    for problem in trial.problems(3):
        trace = trial.demonstration(problem, EVERY)
        state = mdp.initial(problem.view)
        for position, step in enumerate(trace.steps):
            if state.done:
                trial.fault(f"the answer ended ({state.stop.value}) before the step {step!r}", problem, trace.text)
            last = position == len(trace.steps) - 1
            state = mdp.step(state, step + END if last else step).state
        if not state.done or not trial.family.verify(problem, state.answer).correct:
            trial.fault("played step by step, a demonstration is no right answer", problem, state.answer)


def answers(trial: Trial) -> None:
    """What can be checked without the reference accepts demonstrations."""
    trial.need(Ability.ANSWER_CHECKS)
    trial.need(Ability.DEMONSTRATIONS)
    for problem in trial.problems(3):
        text = trial.demonstration(problem, PLAIN).text
        verdict = trial.family.check_answer(problem.view, text)
        if verdict is not None and not verdict.correct:
            trial.fault(f"check_answer refuses a demonstration ({verdict.status}: {verdict.reason})", problem, text)


def impostors(trial: Trial) -> None:
    """Every impostor is rejected, quickly, and is never the judge's failure."""
    trial.need(Ability.IMPOSTORS)
    for problem in trial.problems(2):
        for impostor in trial.family.impostors(problem, random.Random(trial.seed)):
            start = time.perf_counter()
            verdict = trial.family.verify(problem, impostor)
            seconds = time.perf_counter() - start
            if verdict.correct or verdict.score != 0.0 or not verdict.judged:
                trial.fault(
                    f"an impostor gets the verdict {verdict.status} and score {verdict.score}", problem, impostor
                )
            if seconds > MOST_SECONDS:
                trial.fault(f"a verdict on an impostor took {seconds:.0f} seconds", problem, impostor)


def any_text(trial: Trial) -> None:
    """Any text at all gets a verdict, and none by chance the right one."""
    family, problem = trial.family, next(trial.problems(1))
    rng = random.Random(trial.seed)
    codes = (10, 32, 65, 0x1D7D9, 0x202E)
    texts = [
        "".join(chr(rng.choice((*codes, rng.randrange(1, 0xD800)))) for _ in range(rng.randrange(80)))
        for _ in range(_TEXTS)
    ]
    for text in (*_HOSTILE, *texts):
        said = "verify"
        try:
            verdict = family.verify(problem, text)
            said = "check_answer"
            family.check_answer(problem.view, text)
            said = "check_step"
            step = family.check_step(problem.view, (), text)
            said = "is_final"
            family.is_final(text)
            said = "potential"
            worth = family.potential(problem.view, (text,)) if Ability.POTENTIAL in abilities(family) else 0.0
            said = "legal_steps"
            if Ability.MENU in abilities(family):
                family.legal_steps(problem.view, (text,))
        except Exception as error:
            trial.fault(f"{said} raises {type(error).__name__} ({error}) on a text", problem, text)
        if verdict.correct or verdict.score != 0.0 or not verdict.judged:
            trial.fault(f"a meaningless text gets the verdict {verdict.status}, score {verdict.score}", problem, text)
        if not (step is None or isinstance(step, StepVerdict)):
            trial.fault(f"check_step says {step!r}, which is no StepVerdict", problem, text)
        if not 0.0 <= worth <= 1.0:
            trial.fault(f"the potential is {worth}, not from 0 to 1", problem, text)


def menu(trial: Trial) -> None:
    """Menus name each line once (the MDP refuses more than `max_choices`), and some way through them is right."""
    trial.need(Ability.MENU)
    family = trial.family
    for level in dict.fromkeys((family.difficulties[0], family.default_difficulty)):
        problem = trial.draw("train", 1000 * trial.seed + 1, level)
        if not _is_solved(trial, problem):
            trial.fault(f"no right answer among {_LOOKED} states that its menus lead to", problem)


def _is_solved(trial: Trial, problem: Problem) -> bool:
    """Depth-first search through the menus, the highest potential first."""
    family, mdp = trial.family, trial.mdp()
    stack: list[State] = [mdp.initial(problem.view)]
    for _ in range(_LOOKED):
        if not stack:
            return False
        state = stack.pop()
        lines: Sequence[str] = mdp.menu(state)
        if not lines:
            trial.fault("a menu is empty, where the answer has not ended", problem, state.answer)
        if len(set(lines)) < len(lines):
            trial.fault("a menu names a line twice", problem, "\n".join(lines))
        after = [mdp.step(state, line).state for line in lines]
        if any(each.done and family.verify(problem, each.answer).correct for each in after):
            return True
        running = [each for each in after if not each.done and len(each.steps) > len(state.steps)]
        if Ability.POTENTIAL in abilities(family):
            running.sort(key=lambda each: family.potential(each.view, each.steps))
        stack += running
    return False


def potential(trial: Trial) -> None:
    """The potential lies in 0 to 1 along a demonstration; where it is called exact, it is 1 there."""
    trial.need(Ability.POTENTIAL)
    trial.need(Ability.DEMONSTRATIONS)
    for problem in trial.problems(3):
        trace = trial.demonstration(problem, PLAIN)
        for position in range(len(trace.steps)):
            worth = trial.family.potential(problem.view, trace.steps[:position])
            if not 0.0 <= worth <= 1.0:
                trial.fault(f"after {position} steps the potential is {worth}, not from 0 to 1", problem, trace.text)
            if trial.family.exact_potential and worth != 1.0:
                trial.fault(f"after {position} right steps the exact potential is {worth}, not 1", problem, trace.text)


CHECKS: dict[str, Callable[[Trial], None]] = {
    check.__name__: check
    for check in (
        *(repeatable, splits, values, hidden, prompts, right_answers, demonstrations, behaviours, steps, endings),
        *(answers, impostors, any_text, menu, potential),
    )
}
"""What is checked, in this order; each function's docstring is the promise."""
