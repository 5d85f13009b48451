"""Hands an environment its problems, each with its judge, its first state, and its prompt in tokens.

How an episode starts depends on nothing but the problem, so the latest starts are kept: a group of episodes on one
problem generates it once.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, Rules
from reasonrl.envs.generation import INDEX_BITS, pick_difficulty
from reasonrl.envs.mdp import MDP, RETRY, Level, State
from reasonrl.envs.sources import check_difficulties
from reasonrl.verifiers.core import Verdict

_KEPT = 4096
_NO_TOKENS = np.empty(0, np.int64)


class EpisodeStart(NamedTuple):
    """A problem made ready to be played."""

    problem: Problem
    judge: Callable[[str], Verdict]
    """Scores a finished answer."""
    state: State
    prompt: NDArray[np.int64]
    """Tokens of the prompt; empty where observations are text."""
    rules: Rules


class Episodes:
    """Gives problems of one split by index, or any problem given."""

    def __init__(
        self, mdp: MDP, *, split: str, difficulty: int | Sequence[int] | None = None, num_problems: int | None = None
    ) -> None:
        if num_problems is not None and not 1 <= num_problems <= 2**INDEX_BITS:
            raise ValueError(f"num_problems must be from 1 to {2**INDEX_BITS}, got {num_problems}")
        self.mdp = mdp
        self.split = split
        self.longest = prompt_length(mdp)
        self.difficulty = check_difficulties(mdp.source, difficulty, split=split)
        self.num_problems = 2**INDEX_BITS if num_problems is None else num_problems
        self._kept: dict[int, EpisodeStart] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Episodes:
        return self  # what it keeps are values: copies of an environment may share them

    def draw(self, rng: np.random.Generator) -> EpisodeStart:
        """A problem at random; takes one number from `rng`."""
        return self.by_index(int(rng.random() * self.num_problems))

    def by_index(self, index: int) -> EpisodeStart:
        episode = self._kept.get(index)
        if episode is None:
            difficulty = pick_difficulty(self.difficulty, index)
            episode = self.of(self.mdp.source.problem(self.split, index, difficulty))
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[index] = episode
        return episode

    def of(self, problem: Problem) -> EpisodeStart:
        """Raises ValueError for a prompt that is longer than the source allows."""
        if not isinstance(problem, Problem):
            raise TypeError(f"the option 'problem' is a Problem, as env.unwrapped.problem is, got {problem!r:.80}")
        view, mdp = problem.view, self.mdp
        rules = mdp.source.rules_of(view)
        judge = functools.partial(rules.verify, problem)
        if mdp.level not in (Level.TOKEN, Level.CHOICE):
            return EpisodeStart(problem, judge, mdp.initial(view), _NO_TOKENS, rules)
        ids = mdp.vocabulary.encode_prompt(view.prompt, rules.instructions)
        if len(ids) > self.longest:
            raise ValueError(
                f"the prompt of {problem.id} has {len(ids)} tokens, more than the {self.longest} that "
                f"{mdp.source.name} allows: shorten it"
            )
        prompt = np.array(ids, np.int64)
        prompt.setflags(write=False)
        return EpisodeStart(problem, judge, mdp.initial(view), prompt, rules)


def whole_index(index: Any) -> int:
    """The index of a problem as an int. Raises TypeError for what is no whole number: "3", 1.5, True."""
    try:
        if not isinstance(index, bool):
            return operator.index(index)
    except TypeError:
        pass
    raise TypeError(f"the index of a problem is one whole number, got {index!r:.80}")


def prompt_length(mdp: MDP) -> int:
    """Tokens of the longest prompt."""
    return mdp.source.max_prompt_chars + mdp.vocabulary.prompt_overhead


def context_length(mdp: MDP) -> int:
    """T: room for the longest prompt, all answer tokens, and the feedback between attempts."""
    feedback = (mdp.attempts - 1) * len(mdp.vocabulary.encode(f"\n{RETRY}\n"))
    return prompt_length(mdp) + mdp.max_tokens + feedback
