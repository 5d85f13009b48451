"""A policy that says what a script says: for tests, for teaching, and to see a search at work without a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.policies.noise import sequence_keys, uniforms
from reasonrl.envs.core import END
from reasonrl.envs.mdp import State
from reasonrl.envs.vocabulary import get_vocabulary

Choices = Sequence[tuple[str, float]]
"""Texts and how probable each is; the numbers are weights and need not sum to 1."""


class ScriptedPolicy:
    """Draws from a table's texts with keyed noise; tokens are characters of the "char" vocabulary.

    >>> from reasonrl.envs.core import View
    >>> policy = ScriptedPolicy({"": [("1+2=3", 1.0)], "1+2=3": [("Answer: 3", 1.0)]})
    >>> policy.propose([State(View("chain_sum", 0, 0, "test", 1, "1+2=?"))], [4], [0], Sampling())
    [[Proposal(action='1+2=3', logprob=0.0, tokens=6, count=4, finish=<Finish.STEP: 'step'>)]]
    """

    def __init__(self, script: Mapping[str, Choices] | Callable[[State], Choices], *, name: str = "scripted") -> None:
        """
        Args:
            script: what to say, by the text said so far ("" at the start), or a function of the state.
            name: of the policy.
        """
        self.name = name
        self._script = script
        self._vocabulary = get_vocabulary("char")

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        return [
            self._draw(self._choices(state), sequence_keys([key] * count, range(count)), sampling)
            for state, count, key in zip(states, counts, keys, strict=True)
        ]

    def _choices(self, state: State) -> Choices:
        if callable(self._script):
            return self._script(state)
        if state.text not in self._script:
            raise ValueError(f"the script has nothing to say after {state.text!r}: give it an entry")
        return self._script[state.text]

    def _draw(self, choices: Choices, keys_B: np.ndarray, sampling: Sampling) -> list[Proposal]:
        weights = np.array([weight for _, weight in choices], float)
        if not len(weights) or weights.min() < 0 or weights.sum() <= 0:
            raise ValueError(f"a script needs at least one text, and weights that are not negative: got {choices!r}")
        shares = weights / weights.sum()
        if sampling.temperature == 0:
            picked = np.full(len(keys_B), int(shares.argmax()))
        else:
            shares = np.where(shares > 0, shares, 0.0) ** (1.0 / sampling.temperature)
            shares /= shares.sum()
            cumulative = shares.cumsum()
            picked = np.searchsorted(cumulative, uniforms(keys_B, 0) * cumulative[-1], side="right")
        numbers, first, counts = np.unique(picked, return_index=True, return_counts=True)
        order = np.argsort(first)
        return [
            self._proposal(choices[numbers[i]][0], math.log(shares[numbers[i]]), int(counts[i]), sampling)
            for i in order
        ]

    def _proposal(self, text: str, logprob: float, count: int, sampling: Sampling) -> Proposal:
        ids = self._vocabulary.encode(text.removesuffix(END))
        if len(ids) + 1 > sampling.max_tokens:
            cut = self._vocabulary.decode(ids[: sampling.max_tokens])
            return Proposal(cut, logprob, sampling.max_tokens, count, Finish.LENGTH)
        if sampling.unit is Unit.SOLUTION:
            text = text.removesuffix(END) + END
        return Proposal(text, logprob, len(ids) + 1, count, Finish.END if text.endswith(END) else Finish.STEP)
