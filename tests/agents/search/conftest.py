"""Small policies and a toy family whose trees can be written down by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.envs.core import END, Frozen, Problem, Reference, View
from reasonrl.envs.families import get_family
from reasonrl.envs.mdp import State
from reasonrl.envs.seeding import generator
from reasonrl.envs.sources import Generated, only
from reasonrl.verifiers.answers import is_answer_line
from reasonrl.verifiers.core import StepVerdict, Verdict


class Slips:
    """Plays chain sums from the menu, with slips, talk, overlong lines and early ends; a character is a token."""

    name = "slips"

    def __init__(self, right: float = 0.6) -> None:
        self.right = right
        self.calls = 0

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        self.calls += 1
        drawn = []
        for state, count, key in zip(states, counts, keys, strict=True):
            samples = Counter(self._sample(state, key, i, sampling) for i in range(count))
            drawn.append([proposal._replace(count=n) for proposal, n in samples.items()])
        return drawn

    def _sample(self, state: State, key: int, i: int, sampling: Sampling) -> Proposal:
        family = get_family(state.view.family)
        rng = generator(state.transcript, *(() if sampling.temperature == 0 else (key, i)))
        lines: list[str] = []
        steps, ended = state.steps, False
        while not ended:
            menu = family.legal_steps(state.view, steps)
            roll = rng.random()
            line = max(menu, key=lambda each: family.check_step(state.view, steps, each) is StepVerdict.USEFUL)
            if roll > self.right:
                line = rng.choice((*menu, "Plan: add them up", "Answer: 7", "so " + "la" * rng.randrange(30)))
            ended = family.is_final(line) or roll > 0.97
            lines.append(line)
            steps = (*steps, line)
            if sampling.unit is Unit.STEP:
                break
        text = "\n".join(lines)
        tokens = len(text) + 1
        if tokens > sampling.max_tokens:
            cut = text[: sampling.max_tokens]
            return Proposal(cut, -0.1 * sampling.max_tokens, sampling.max_tokens, 1, Finish.LENGTH)
        finish = Finish.END if ended else Finish.STEP
        return Proposal(text + END if ended else text, -0.1 * tokens, tokens, 1, finish)


class Script:
    """At each state says its lines in turn, whatever the key; every line is one token. Steps only."""

    name = "script"

    def __init__(self, lines: Mapping[str, Sequence[str]]) -> None:
        self.lines = lines
        self.said: Counter[str] = Counter()

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        drawn = []
        for state, count in zip(states, counts, strict=True):
            assert count == 1
            menu = self.lines[state.answer]
            line = menu[self.said[state.answer] % len(menu)]
            self.said[state.answer] += 1
            drawn.append([Proposal(line, -1.0, 1, 1, Finish.END if line.endswith(END) else Finish.STEP)])
        return drawn


class Toy:
    """A source with one judge that accepts the answers it is told to."""

    name = "toy"
    levels = ("step",)
    max_prompt_chars = 10
    max_choices = 1
    instructions = ""

    def __init__(self, check: Callable[[str], Verdict | None] = lambda answer: None) -> None:
        self.check = check

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem:
        return Problem(View("toy", 0, index, split, 1, "go", Frozen()), Reference(None))

    def rules_of(self, view: View) -> Toy:
        return self

    def verify(self, problem: Problem, answer: str) -> Verdict:
        raise AssertionError("search must not ask the verifier that holds the reference")

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return self.check(answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        return StepVerdict.USEFUL

    def is_final(self, step: str) -> bool:
        return is_answer_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        return 0.0

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        return ()


@pytest.fixture
def slips() -> Slips:
    return Slips()


@pytest.fixture
def script() -> type[Script]:
    return Script


@pytest.fixture
def toy() -> type[Toy]:
    return Toy


@pytest.fixture(scope="session")
def source() -> Generated:
    return only(get_family("chain_sum"))


@pytest.fixture(scope="session")
def problems(source: Generated) -> list[Problem]:
    return [source.problem("train", index, 2 + index % 3) for index in range(9)]
