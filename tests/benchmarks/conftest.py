"""A policy that needs no model, and results that nobody had to answer.

The policy picks from the menu of legal steps, the useful one as often as a test sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.search.registry import AGENTS, AgentKind
from reasonrl.benchmarks.records import Candidate, Cell, Result
from reasonrl.envs.core import END
from reasonrl.envs.families import get_family
from reasonrl.envs.mdp import State
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.core import StepVerdict


class MenuPolicy:
    """Right at each step with probability `skill`; a token is a character."""

    def __init__(self, *, skill: float = 0.7, after: Callable[[], Any] = lambda: None) -> None:
        self.name = f"menu-{skill}"
        self.skill = skill
        self.after = after
        """Called after each batch of proposals."""
        self.asked = 0

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        found = []
        for state, count, key in zip(states, counts, keys, strict=True):
            self.asked += count
            seeds = [key if sampling.temperature else "greedy" for _ in range(count)]
            found.append([self._one(state, (seed, i), sampling) for i, seed in enumerate(seeds)])
        self.after()
        return found

    def _one(self, state: State, seed: tuple[object, ...], sampling: Sampling) -> Proposal:
        family = get_family(state.view.family)
        lines: list[str] = []
        while True:
            steps = (*state.steps, *lines)
            rng = generator("menu policy", state.view.prompt, *steps, *seed)
            menu = family.legal_steps(state.view, steps)
            good = [line for line in menu if family.check_step(state.view, steps, line) is StepVerdict.USEFUL]
            line = good[0] if good and rng.random() < self.skill else rng.choice(menu)
            lines.append(line)
            final = family.is_final(line) or line.endswith(END)
            if final or sampling.unit is Unit.STEP or sum(map(len, lines)) > sampling.max_tokens:
                break
        action = "\n".join(lines)
        tokens = len(action) + 1
        if tokens > sampling.max_tokens:
            return Proposal(action[: sampling.max_tokens], -1.0, sampling.max_tokens, 1, Finish.LENGTH)
        return Proposal(
            action.rstrip(END) + END if final else action, -1.0, tokens, 1, Finish.END if final else Finish.STEP
        )


@pytest.fixture(scope="session")
def make_policy() -> Callable[..., MenuPolicy]:
    return MenuPolicy


def _answered(
    agent: str,
    right: int,
    *,
    budget: int = 100,
    split: str = "test",
    seed: int = 0,
    tokens: int | None = None,
    candidates: tuple[Candidate, ...] = (),
    oracle: bool = False,
    unjudged: int = 0,
    policy: str = "p",
) -> list[tuple[Cell, Result]]:
    """An agent that solves the first `right` of ten problems; the judge fails on the last `unjudged`."""
    cell = Cell("E-v0", "{}", split, policy, agent, "{}", "{}", seed)
    found = []
    for index in range(10):
        score = None if index >= 10 - unjudged else float(index < right)
        found.append(
            (
                cell,
                Result(
                    problem=f"f-v0/{split}/1/{index}",
                    budget=budget,
                    answer="",
                    status="correct" if score else "wrong",
                    score=score,
                    method="",
                    reason="",
                    grader="f-v0",
                    tokens=budget if tokens is None else tokens,
                    guide_calls=3,
                    verifier_calls=2,
                    seconds=0.5,
                    oracle=oracle,
                    stop="done",
                    candidates=candidates,
                ),
            )
        )
    return found


@pytest.fixture(scope="session")
def answered() -> Callable[..., list[tuple[Cell, Result]]]:
    return _answered


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, AgentKind], None]:
    """Gives a search a name for as long as the test runs."""

    def register(name: str, kind: AgentKind) -> None:
        monkeypatch.setattr(AGENTS, "_things", dict(AGENTS._things))
        AGENTS.register(name, kind, replace=True)

    return register
