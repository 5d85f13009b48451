"""A policy that needs no model: it picks from the menu of legal steps, the useful one as often as a test sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
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
