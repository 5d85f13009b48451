"""Search agents by name: an algorithm, its settings, and the guide it listens to.

    greedy, majority                     no guide
    best_of_n, beam, mcts                the environment's feedback
    mcts:logprob, best_of_n:self_consistency, beam:feedback+logprob
                                         another guide, see `guides`

    my.py:search, my.py:search:logprob   an algorithm of your own: a function of the tree, or of tree and config

Every algorithm's settings are the fields of its config.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.beam import BeamConfig, beam
from reasonrl.agents.search.best_of_n import BestOfNConfig, best_of_n
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import Search, SearchResult
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.greedy import GreedyConfig, greedy
from reasonrl.agents.search.guides import Guide, get_guide
from reasonrl.agents.search.majority import MajorityConfig, majority
from reasonrl.agents.search.mcts import MCTSConfig, mcts
from reasonrl.agents.search.selection import Vote
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem, Source, View
from reasonrl.verifiers.named import is_place, load_named

DEFAULT_GUIDE = "feedback"
Config = GreedyConfig | MajorityConfig | BestOfNConfig | BeamConfig | MCTSConfig


class Role(StrEnum):
    """What an agent is to a comparison."""

    SINGLE = "single"
    """One answer, whatever the budget: what the policy does without search."""
    VOTE = "vote"
    """Samples that vote: what more tokens give without a guide."""
    SEARCH = "search"


@dataclass(frozen=True)
class AgentKind:
    """What a name stands for."""

    config: type[Any]
    run: Callable[[Tree, Any], Search]
    guided: bool
    summary: str
    role: Role = Role.SEARCH
    independent: bool = False
    """Whether its finished samples are independent draws, so that coverage at k follows from the counts."""


AGENTS: dict[str, AgentKind] = {
    "greedy": AgentKind(GreedyConfig, greedy, False, "one answer, the most probable token at every place", Role.SINGLE),
    "majority": AgentKind(
        MajorityConfig, majority, False, "sample answers, give the one most of them agree on", Role.VOTE, True
    ),
    "best_of_n": AgentKind(BestOfNConfig, best_of_n, True, "sample answers, give the one the guide scores highest"),
    "beam": AgentKind(BeamConfig, beam, True, "step by step, keep the few best continuations"),
    "mcts": AgentKind(MCTSConfig, mcts, True, "Monte Carlo tree search over steps (PUCT)"),
}


@dataclass(frozen=True)
class SearchAgent:
    """A search that can be run on any problems with any policy. Make one with `get_agent`."""

    name: str
    """As given to `get_agent`."""
    config: Any
    """A dataclass of the algorithm's settings."""
    guide: Guide | None

    @property
    def oracle(self) -> bool:
        """Whether it knows more than a solver may."""
        return self.guide is not None and self.guide.oracle

    @property
    def anytime(self) -> bool:
        """Whether `SearchResult.answer_at(b)` is exactly what a run with a budget of b tokens would answer.

        Not so when scores change as the tree grows: then the curve has the grain of one round of samples.
        """
        return self.guide is None or not self.guide.changes

    def run(
        self,
        views: Iterable[View],
        *,
        source: Source,
        policy: Policy,
        budget: Budget,
        seed: int = 0,
        batch_size: int = 16,
        max_steps: int = 32,
        max_tokens: int = 256,
        vote: Vote | None = None,
        on_done: Callable[[SearchResult], None] | None = None,
    ) -> list[SearchResult]:
        """Searches every problem; see `search_many`."""
        kind = agent_kind(self.name)
        return search_many(
            views,
            source=source,
            policy=policy,
            algorithm=functools.partial(_start, kind.run, self.config),
            guide=self.guide,
            budget=budget,
            seed=seed,
            batch_size=batch_size,
            max_steps=max_steps,
            max_tokens=max_tokens,
            vote=vote,
            on_done=on_done,
        )


def split_spec(spec: str) -> tuple[str, str]:
    """The algorithm's name and the guide's, "" where none is named.

    >>> split_spec("mcts:logprob"), split_spec("my.py:search"), split_spec("my.py:search:my.py:guide")
    (('mcts', 'logprob'), ('my.py:search', ''), ('my.py:search', 'my.py:guide'))
    """
    first, _, rest = spec.partition(":")
    second, _, guide = rest.partition(":")
    return (f"{first}:{second}", guide) if is_place(f"{first}:{second}") else (first, rest)


def agent_kind(spec: str) -> AgentKind:
    """What an agent's name stands for; an unknown one is an error that lists what there is."""
    name, _ = split_spec(spec)
    if is_place(name):
        return _own_kind(name)
    if name not in AGENTS:
        near = difflib.get_close_matches(name, AGENTS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"unknown agent {name!r}: {hint}There are {', '.join(AGENTS)}, or your own: file.py:name")
    return AGENTS[name]


@dataclass(frozen=True)
class OwnConfig:
    """The settings of an algorithm that has none of its own."""

    temperature: float = 1.0
    """Of the samples, where the algorithm asks for it."""


def _own_kind(place: str) -> AgentKind:
    """An algorithm in somebody's file: a function of the tree, or of the tree and a config (a dataclass)."""
    made = load_named(place, what="a search algorithm")
    if isinstance(made, AgentKind):
        return made
    if not inspect.isfunction(made):
        raise ValueError(f"{place} is no search algorithm: write a function of the tree, such as agents/search/mcts.py")
    parameters = list(inspect.signature(made).parameters)
    summary = (made.__doc__ or "an algorithm of your own").strip().split("\n")[0]
    if len(parameters) == 1:
        return AgentKind(OwnConfig, _without_config(made), True, summary)
    config = typing.get_type_hints(made).get(parameters[1]) if len(parameters) == 2 else None
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        raise ValueError(f"{place} takes (tree) or (tree, config: a dataclass), got ({', '.join(parameters)})")
    return AgentKind(config, made, True, summary)


def _without_config(algorithm: Callable[[Tree], Search]) -> Callable[[Tree, Any], Search]:
    return lambda tree, config: algorithm(tree)


def get_agent(spec: str, *, problems: Iterable[Problem] | None = None, **settings: Any) -> SearchAgent:
    """The agent of this name.

    Args:
        spec: a name of `AGENTS` or `file.py:name`, for a guided one optionally with its guide: "mcts:logprob".
        problems: what the oracle guide "hidden_verifier" may look up.
        settings: fields of the agent's config to change, such as `width=8`.
    """
    name, guide_name = split_spec(spec)
    kind = agent_kind(spec)
    if guide_name and not kind.guided:
        raise ValueError(f"{name} listens to no guide: drop ':{guide_name}', or take best_of_n:{guide_name}")
    fields = [field.name for field in dataclasses.fields(kind.config)]
    unknown = next((setting for setting in settings if setting not in fields), None)
    if unknown is not None:
        raise ValueError(f"{name} has no setting {unknown!r}: there are {', '.join(fields)}")
    guide = get_guide(guide_name or DEFAULT_GUIDE, problems=problems) if kind.guided else None
    config = kind.config(**settings)
    for field, value in dataclasses.asdict(config).items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise ValueError(f"{field} must be at least 1, got {value}")
    return SearchAgent(spec, config, guide)


def _start(run: Callable[[Tree, Any], Search], config: Any, tree: Tree) -> Search:
    return run(tree, config)
