"""Guides: what tells a search which nodes are worth more.

    feedback          the environment: do the steps hold, does the answer pass what can be checked without the reference
    logprob           the policy's own confidence: the mean log-probability of its tokens
    self_consistency  how many of the finished answers agree
    hidden_verifier   oracle: the verifier with the reference
    exact_potential   oracle: the best outcome still reachable

A guide scores nodes with finite numbers in its `range`. An oracle knows more than a solver may, and marks its results.
The driver scores a node once, and gives nodes that ended for their length the lowest score without asking.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from reasonrl.agents.search.tree import Node
from reasonrl.envs.core import Problem, View
from reasonrl.verifiers.core import StepVerdict, Verdict
from reasonrl.verifiers.named import is_place, load_named

NEUTRAL = 0.5
"""The score of what cannot be judged."""
_USEFUL_GAIN = 0.15
_CEILING = 0.9
_REDUNDANT = 0.9
_INVALID = 0.4


class Guide(Protocol):
    """Scores nodes."""

    name: str
    oracle: bool
    """Whether it knows more than a solver may."""
    range: tuple[float, float]
    """No score lies outside it."""
    certain: float | None
    """A finished answer with this score needs no rival: search may stop. None: no score says so."""
    changes: bool
    """Whether a node's score changes as its tree grows; the driver then scores finished answers anew."""

    def verifier_calls(self, node: Node) -> int:
        """How many answers and steps scoring this node has checked."""
        ...

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        """[B] one score for each node, which may be of different problems."""
        ...


class EnvironmentFeedback:
    """External guidance from the environment's own rules.

    A finished answer: 1 if it passes everything that can be checked without the reference, 0 if it fails, 0.5 if
    nothing can be checked. An unfinished one starts at 0.5; a useful step moves it 15 % of the way to 0.9, a redundant
    one keeps 90 % of it, an invalid or unreadable one 40 %. So progress counts a little, and an error a lot without
    being final, because a later line can correct it.
    """

    name = "feedback"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = 1.0
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 1 if node.finished else len(node.state.steps) - len(_judged_ancestor(node).state.steps)

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._answer(node) if node.finished else self._validity(node) for node in nodes])

    def _answer(self, node: Node) -> float:
        verdict = node.tree.judge.check_answer(node.tree.view, node.state.answer)
        return NEUTRAL if verdict is None else _outcome(verdict)

    def _validity(self, node: Node) -> float:
        ancestor = _judged_ancestor(node)
        value = NEUTRAL if ancestor.validity is None else ancestor.validity
        steps = node.state.steps
        for position in range(len(ancestor.state.steps), len(steps)):
            verdict = node.tree.judge.check_step(node.tree.view, steps[:position], steps[position])
            if verdict is StepVerdict.USEFUL:
                value += _USEFUL_GAIN * max(0.0, _CEILING - value)
            elif verdict is not None:  # of None nothing is known: it counts neither way
                value *= _REDUNDANT if verdict is StepVerdict.REDUNDANT else _INVALID
        node.validity = value  # its children go on from here
        return value


class PolicyLogprob:
    """Internal guidance: exp of the mean log-probability per token of everything said, in [0, 1]."""

    name = "logprob"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([math.exp(min(0.0, node.path_logprob / max(1, node.state.count))) for node in nodes])


class SelfConsistency:
    """Internal guidance: the share of the tree's finished samples that give the same answer; 0.5 while unfinished."""

    name = "self_consistency"
    oracle = False
    range = (0.0, 1.0)
    certain: float | None = None
    changes = True

    def verifier_calls(self, node: Node) -> int:
        return 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._share(node) for node in nodes])

    def _share(self, node: Node) -> float:
        votes = node.tree.votes
        return NEUTRAL if node.ballot is None else votes[node.ballot] / max(1, votes.total())


class HiddenVerifier:
    """Oracle: 1 for a right answer, 0 for a wrong one, by the verifier with the reference; 0.5 while unfinished."""

    name = "hidden_verifier"
    oracle = True
    range = (0.0, 1.0)
    certain: float | None = 1.0
    changes = False

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: dict[View, Problem] = {problem.view: problem for problem in problems}

    def verifier_calls(self, node: Node) -> int:
        return 1 if node.finished else 0

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._outcome(node) if node.finished else NEUTRAL for node in nodes])

    def _outcome(self, node: Node) -> float:
        problem = self.problems.get(node.tree.view)
        if problem is None:
            raise ValueError(f"the hidden verifier was not given {node.tree.view.id}: pass it all problems searched")
        return _outcome(node.tree.judge.verify(problem, node.state.answer))


class ExactPotential:
    """Oracle: V*(s), the best outcome still reachable, where the family can compute it."""

    name = "exact_potential"
    oracle = True
    range = (0.0, 1.0)
    certain: float | None = None
    changes = False

    def verifier_calls(self, node: Node) -> int:
        return 1

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        return np.array([self._value(node) for node in nodes])

    def _value(self, node: Node) -> float:
        judge, view = node.tree.judge, node.tree.view
        if not getattr(judge, "exact_potential", False):
            raise ValueError(f"the potential of {view.family} is a heuristic, not V*: choose another guide for it")
        verdict = judge.check_answer(view, node.state.answer) if node.finished else None
        return _outcome(verdict) if verdict is not None else judge.potential(view, node.state.steps)


class Sum:
    """A weighted mean of guides, each brought to [0, 1]."""

    range = (0.0, 1.0)
    certain: float | None = None

    def __init__(self, guides: Sequence[Guide], weights: Sequence[float] | None = None) -> None:
        weights = [1.0] * len(guides) if weights is None else list(weights)
        if not guides or len(weights) != len(guides) or min(weights) <= 0.0:
            raise ValueError(
                f"a sum needs a weight above 0 for each guide, got {len(guides)} guides, weights {weights}"
            )
        self.guides = tuple(guides)
        self.shares = tuple(weight / sum(weights) for weight in weights)
        self.name = "+".join(guide.name for guide in guides)
        self.oracle = any(guide.oracle for guide in guides)
        self.changes = any(guide.changes for guide in guides)

    def verifier_calls(self, node: Node) -> int:
        return sum(guide.verifier_calls(node) for guide in self.guides)

    def score(self, nodes: Sequence[Node]) -> NDArray[np.float64]:
        total = np.zeros(len(nodes))
        for guide, share in zip(self.guides, self.shares, strict=True):
            low, high = guide.range
            total += share * (guide.score(nodes) - low) / (high - low)
        return np.clip(total, 0.0, 1.0)  # shares add up to 1 only to the last bit


GUIDES: dict[str, Callable[[], Guide]] = {
    "feedback": EnvironmentFeedback,
    "logprob": PolicyLogprob,
    "self_consistency": SelfConsistency,
    "exact_potential": ExactPotential,
}
"""The guides that need nothing but their name. `hidden_verifier` needs the problems too."""


def get_guide(name: str, *, problems: Iterable[Problem] | None = None) -> Guide:
    """The guide of this name, or the mean of several: "feedback+logprob".

    Args:
        name: one of `GUIDES`, "hidden_verifier", `file.py:name` (a guide, or a class of one), or several joined by "+".
        problems: what "hidden_verifier" may look up.
    """
    if "+" in name:
        problems = None if problems is None else list(problems)
        return Sum([get_guide(part, problems=problems) for part in name.split("+")])
    if name == "hidden_verifier":
        if problems is None:
            raise ValueError("the hidden verifier is an oracle and needs the problems: pass problems=[...]")
        return HiddenVerifier(problems)
    if is_place(name):
        made = load_named(name, what="a guide")
        guide = made if hasattr(made, "score") and not isinstance(made, type) else made()
        for needed in ("name", "oracle", "range", "certain", "changes", "verifier_calls", "score"):
            if not hasattr(guide, needed):
                raise ValueError(f"{name} is no guide, it has no {needed!r}: see reasonrl.agents.search.guides.Guide")
        return cast(Guide, guide)
    if name not in GUIDES:
        known = (*GUIDES, "hidden_verifier")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown guide {name!r}: {hint}There are {', '.join(known)}, and sums: feedback+logprob")
    return GUIDES[name]()


def _judged_ancestor(node: Node) -> Node:
    """The nearest node above whose validity is known, or the root."""
    at = node
    while at.parent is not None:
        at = at.parent
        if at.validity is not None:
            break
    return at


def _outcome(verdict: Verdict) -> float:
    """A judge that failed says nothing about the answer."""
    if not verdict.judged:
        return NEUTRAL
    return 1.0 if verdict.correct else 0.0
