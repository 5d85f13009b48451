"""The form that line-by-line families fill in, so that one line means one thing in all of them.

a family says                                            and from it follow
sample   draws a problem                                 check_step, is_final, potential, legal_steps,
start    the state before any line                       verify, check_answer, demonstrate, impostors
read     a line as a move, or None
apply    a move to a state: the state after, or None
moves    right next lines       slips    wrong ones      A state is an immutable value, a move too; neither
answer   what is answered at a state, or None            holds an episode.
judge    an answer              value    Phi of a state

line                               what it does                                 what it is worth
fits what stands                   its state stands now                         USEFUL; REDUNDANT if that state, or one
                                                                                of the same `key`, stood before
says what stands already           nothing                                      REDUNDANT
does not follow                    nothing: it is passed over                   INVALID
cannot be read                     nothing                                      UNPARSABLE; an aside that `holds` is
                                                                                REDUNDANT, one that does not INVALID
`Given:`, `Plan:` (talk)           nothing, whatever it says                    REDUNDANT
`Check:`                           nothing                                      REDUNDANT if it says what stands or
                                                                                `holds` by itself, else INVALID
`Wait:` (a correction)             is tried on what stands, then on what stood before it, the latest first; what came
                                   after is taken back                          as a line that fits, or does not
`Or:` (an alternative)             takes the place of the last line: is tried on what stood before that, then
                                   earlier, then on what stands                 the same
answer line                        ends the response                            USEFUL if the answer is right, as far as
                                                                                the view tells, else INVALID
"""

from __future__ import annotations

import functools
import random
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, split_behaviour, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.impostors import common_impostors
from reasonrl.envs.seeding import generator
from reasonrl.envs.telling import aside_first, woven
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line, said_lines
from reasonrl.verifiers.core import StepVerdict, Verdict, no_answer

S = TypeVar("S")
M = TypeVar("M")

_LINES_KEPT = 64
"""Of longer responses the rest is read anew each time."""
_MOST_LINES = 200
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)


class Standing(NamedTuple, Generic[S]):
    """What a response has come to."""

    trail: tuple[S, ...]
    """What stood before its lines and, last, what stands now; lines that were passed over repeat a state, once."""
    seen: frozenset[Hashable]
    """The key of every state that ever stood."""

    @property
    def state(self) -> S:
        return self.trail[-1]


class Derivation(ABC, Generic[S, M]):
    """A family (`envs.core.Family`) whose responses are derivations of one line after another and an answer line."""

    name: str
    domain: str
    version: int = 0
    difficulties: range
    default_difficulty: int
    exact_potential: bool = False
    max_prompt_chars: int
    max_choices: int
    instructions: str
    rests_on_lines: bool = False
    """Whether an answer counts only for the lines said before it; where not, `judge` gets the start."""
    slips_again: bool = False
    """Whether a wrong line stays in the menu once it was said."""

    # what a family says

    @abstractmethod
    def sample(self, rng: random.Random, difficulty: int) -> Content: ...

    @abstractmethod
    def start(self, view: View) -> S:
        """What stands before the first line."""

    @abstractmethod
    def read(self, line: str) -> M | None:
        """The move that a line without its prefix spells, right or wrong; None for any other text. Never slow."""

    @abstractmethod
    def apply(self, view: View, state: S, move: M) -> S | None:
        """The state after a move that follows; the same state where it says what stands; None for a wrong move."""

    @abstractmethod
    def moves(self, view: View, state: S, rng: random.Random) -> Sequence[str]:
        """Lines that follow, the menu's. A demonstration takes the first of those with the highest `value`."""

    @abstractmethod
    def answer(self, view: View, state: S) -> str | None:
        """The answer that is given at this state; None while there are moves to make."""

    @abstractmethod
    def judge(self, view: View, state: S, answer: str) -> Verdict:
        """What an answer is worth, by the view and, where `rests_on_lines`, by what stands when it is given."""

    @abstractmethod
    def value(self, view: View, state: S) -> float:
        """Phi in [0, 1]."""

    @abstractmethod
    def wrong(self, problem: Problem, rng: random.Random) -> str:
        """A wrong answer that is well written."""

    # what a family may say

    def slips(self, view: View, state: S, line: str) -> Sequence[str]:
        """Wrong lines that look like this right one."""
        return ()

    def tempting(self, view: View, state: S, moves: Sequence[str]) -> Iterable[str]:
        """Wrong lines in the menu beside the right ones."""
        return [slip for line in moves for slip in self.slips(view, state, line)]

    def misses(self, view: View, state: S, answer: str, rng: random.Random) -> Sequence[str]:
        """Wrong answers in the menu beside the right one."""
        return ()

    def key(self, view: View, state: S) -> Hashable:
        """What two states share that are the same progress; by default the state."""
        return state

    def menu_key(self, view: View, state: S) -> Iterable[object]:
        """What the order of the menu hangs on, beside the prompt."""
        return (self.key(view, state),)

    def holds(self, view: View, line: str) -> bool | None:
        """Whether an aside is true by itself, such as a sum; None where it cannot be told."""
        return None

    def revise(self, view: View, trail: Sequence[S], move: M, behaviour: Behaviour) -> tuple[int, S] | None:
        """Where on the trail a line with `Wait:` or `Or:` fits, and the state after it; None where it never does."""
        latest = len(trail) - 1
        places = list(range(latest, -1, -1))
        if behaviour is Behaviour.ALTERNATIVE:
            places = [*places[1:], latest]
        for place in places:
            after = self.apply(view, trail[place], move)
            if after is not None:
                return place, after
        return None

    def extract(self, response: str) -> str | None:
        """The text of the answer."""
        return extract_answer(response)

    # what follows

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return self._judged(problem.view, answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return self._judged(view, answer)

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        if not is_final_line(step):
            standing = self.standing(view, steps)
            worth = self._follow(view, standing, step)[1]
            if worth is StepVerdict.INVALID and (move := self.read(strip_behaviour(step))) is not None:
                return StepVerdict.REDUNDANT if self._stands(view, standing.trail, move) else worth
            return worth
        answer = self.extract(step)
        state = self.standing(view, steps).state if self.rests_on_lines else self.start(view)
        right = answer is not None and self.judge(view, state, answer).correct
        return StepVerdict.USEFUL if right else StepVerdict.INVALID

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return self.value(view, self.standing(view, steps).state)

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        state = self.standing(view, steps).state
        rng = generator("menu", view.prompt, *self.menu_key(view, state))
        answer = self.answer(view, state)
        if answer is not None:
            menu = [f"{MARK} {each}" for each in (answer, *self.misses(view, state, answer, rng))]
        else:
            moves = self.moves(view, state, rng)
            slips = self.tempting(view, state, moves)
            said = () if self.slips_again else steps
            menu = list(dict.fromkeys([*moves, *(line for line in slips if line not in said)]))[: self.max_choices]
        rng.shuffle(menu)
        return menu

    def standing(self, view: View, steps: Sequence[str]) -> Standing[S]:
        """What the lines have come to. That of the latest prefixes is kept, so that a next line is read by itself."""
        standing: Standing[S] = _standing(self, view, tuple(steps[:_LINES_KEPT]))
        for step in steps[_LINES_KEPT:]:
            standing = self._follow(view, standing, step)[0]
        return standing

    def _follow(self, view: View, standing: Standing[S], step: str) -> tuple[Standing[S], StepVerdict]:
        """What stands after one more line, and what the line is worth: the table above."""
        behaviour, line = split_behaviour(step)
        if behaviour in _TALK:
            return standing, StepVerdict.REDUNDANT
        move = self.read(line)
        if move is None:
            return standing, _ASIDE[self.holds(view, line)]
        trail, seen = standing
        if behaviour is Behaviour.EVALUATION:
            true = self._stands(view, trail, move) or self.holds(view, line)
            return standing, StepVerdict.REDUNDANT if true else StepVerdict.INVALID
        if behaviour is Behaviour.COMPLETION:
            after = self.apply(view, trail[-1], move)
        elif (found := self.revise(view, trail, move, behaviour)) is not None:
            trail, after = trail[: found[0] + 1], found[1]
        else:
            after = None
        if after is None:
            return Standing(_longer(trail, trail[-1]), seen), StepVerdict.INVALID
        key = self.key(view, after)
        if key in seen:
            return Standing(_longer(trail, after), seen), StepVerdict.REDUNDANT
        return Standing((*trail, after), seen | {key}), StepVerdict.USEFUL

    def _stands(self, view: View, trail: Sequence[S], move: M) -> bool:
        """Whether this move was made on the way to what stands, or would change nothing there."""
        return self.apply(view, trail[-1], move) == trail[-1] or any(
            after != before and self.apply(view, before, move) == after for before, after in pairwise(trail)
        )

    def _judged(self, view: View, response: str) -> Verdict:
        answer = self.extract(response)
        if answer is None:
            return no_answer()
        if not self.rests_on_lines:
            return self.judge(view, self.start(view), answer)
        return self.judge(view, self.standing(view, _before_the_answer(response)).state, answer)

    # what a demonstration says, in one order: given, plan, lines, check, answer

    def derive(self, problem: Problem) -> Sequence[str]:
        """The right lines, without the answer."""
        view, lines = problem.view, list[str]()
        state, rng = self.start(view), generator("derive", problem.view.prompt)
        while self.answer(view, state) is None:
            moves = self.moves(view, state, rng)
            if not moves or len(lines) == _MOST_LINES:
                raise RuntimeError(f"no answer of {self.name} after {lines}: let moves lead on, or write derive")
            states = [self._after(view, state, line) for line in moves]
            best = max(range(len(moves)), key=lambda i: self.value(view, states[i]))
            lines.append(moves[best])
            state = states[best]
        return lines

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        derived = self.derive(problem)
        lines = []
        if Behaviour.ANALYSIS in behaviours:
            lines.append(f"{PREFIXES[Behaviour.ANALYSIS]} {self.given(problem)}")
        if Behaviour.DECOMPOSITION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {self.plan(problem, derived)}")
        lines += self.told(problem, derived, rng, behaviours)
        if Behaviour.EVALUATION in behaviours and derived:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {self.checked(problem, derived, rng)}")
        lines.append(f"{MARK} {self.right(problem)}")
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def right(self, problem: Problem) -> str:
        """The answer that the right lines lead to."""
        answer = self.answer(problem.view, self._states(problem.view, self.derive(problem))[-1])
        if answer is None:
            raise RuntimeError(f"the lines of {self.name} lead to no answer: see its derive")
        return answer

    def given(self, problem: Problem) -> str:
        return problem.view.prompt.partition("\n")[0]

    def plan(self, problem: Problem, lines: Sequence[str]) -> str:
        return f"{len(lines)} step{'s' * (len(lines) > 1)}"

    def checked(self, problem: Problem, lines: Sequence[str], rng: random.Random) -> str:
        """What is said again, or worked out, after `Check:`."""
        return lines[-1]

    def told(
        self, problem: Problem, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]
    ) -> list[str]:
        """The right lines, one of them after another that could stand there too, one of them after a slip."""
        view, states = problem.view, self._states(problem.view, lines)
        slip, detour = self.places(lines, rng, behaviours)
        return woven(
            lines,
            slip=slip,
            detour=detour,
            wrong=lambda i: self.slip(view, states[i], lines[i], rng),
            aside=lambda i: self.aside(view, states[i], lines[i], rng),
        )

    def told_aside_first(
        self, problem: Problem, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]
    ) -> list[str]:
        """Another way, where `slips` need no state: a family says `told = Derivation.told_aside_first`."""
        view, states = problem.view, self._states(problem.view, lines)
        return aside_first(
            lines,
            behaviours,
            rng,
            wrong=lambda line: self.slip(view, states[0], line, rng),
            aside=lambda i: self.aside(view, states[i], lines[i], rng),
        )

    def places(self, lines: Sequence[str], rng: random.Random, behaviours: frozenset[Behaviour]) -> tuple[int, int]:
        """Which line comes after a slip and which after an alternative; -1: none."""
        return rng.randrange(len(lines)) if lines and Behaviour.CORRECTION in behaviours else -1, -1

    def slip(self, view: View, state: S, line: str, rng: random.Random) -> str | None:
        """A wrong line that is then corrected; None where the family knows none."""
        slips = self.slips(view, state, line)
        return rng.choice(slips) if slips else None

    def aside(self, view: View, state: S, line: str, rng: random.Random) -> str | None:
        """Another line that could be tried in the place of this one."""
        return None

    def _states(self, view: View, lines: Sequence[str]) -> list[S]:
        """What stands before each of these right lines, and after the last."""
        states = [self.start(view)]
        for line in lines:
            states.append(self._after(view, states[-1], line))
        return states

    def _after(self, view: View, state: S, line: str) -> S:
        move = self.read(line)
        after = None if move is None else self.apply(view, state, move)
        if after is None:
            raise RuntimeError(f"{self.name} offers {line!r} as a right line and does not take it: see its moves")
        return after

    # responses that look right and are not

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        right, wrong, prompt = self.right(problem), self.wrong(problem, rng), problem.view.prompt
        said = "".join(f"{line}\n" for line in self.derive(problem)) if self.rests_on_lines else ""
        yield from common_impostors(right, wrong, prompt=prompt, said=said)
        yield from self.disguises(problem, right, rng)

    def disguises(self, problem: Problem, right: str, rng: random.Random) -> Iterator[str]:
        """Impostors of this family alone."""
        yield from ()


_ASIDE = {None: StepVerdict.UNPARSABLE, True: StepVerdict.REDUNDANT, False: StepVerdict.INVALID}


@functools.lru_cache(maxsize=1 << 13)
def _standing(family: Derivation[S, M], view: View, steps: tuple[str, ...]) -> Standing[S]:
    if not steps:
        start = family.start(view)
        return Standing((start,), frozenset((family.key(view, start),)))
    return family._follow(view, _standing(family, view, steps[:-1]), steps[-1])[0]


def _longer(trail: tuple[S, ...], state: S) -> tuple[S, ...]:
    """However many lines change nothing, the trail holds what stands twice, so that no text makes it long."""
    return trail if trail[-2:] == (state, state) else (*trail, state)


def _before_the_answer(response: str) -> list[str]:
    """The lines before the first final one that is not thought."""
    steps = response.split("\n")
    said = said_lines("", steps)
    return steps[: next((position for position, step in enumerate(said) if is_final_line(step)), len(steps))]
