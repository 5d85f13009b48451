"""Searches by name: a row for each algorithm, with what others need to know about it.

    mcts                                 one of `AGENTS`
    my.py:search                         an algorithm of your own: a function of the tree, or of tree and config

A row names a function by its place, so listing imports nothing. Its settings are the fields of its config, the
dataclass that the function's second parameter is annotated with.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reasonrl.agents.search.core import Search
from reasonrl.agents.search.selection import Select
from reasonrl.agents.search.tree import Tree
from reasonrl.verifiers.named import is_place, load_named
from reasonrl.verifiers.registry import Registry, load_suites


class Role(StrEnum):
    """What an agent is to a comparison."""

    SINGLE = "single"
    """One answer, whatever the budget: what the policy does without search."""
    VOTE = "vote"
    """Samples that vote: what more tokens give without a guide."""
    SEARCH = "search"


@dataclass(frozen=True)
class OwnConfig:
    """The settings of an algorithm that has none of its own."""

    temperature: float = 1.0
    """Of the samples, where the algorithm asks for it."""


@dataclass(frozen=True)
class AgentKind:
    """What a name stands for."""

    algorithm: str | Callable[..., Search]
    """A function of the tree, or of tree and config; or its place, "my_package.searches:mine"."""
    guided: bool = True
    """Whether it asks a guide."""
    summary: str = ""
    select: Select = Select.SCORE
    """How its answer is chosen among the finished ones."""
    role: Role = Role.SEARCH
    independent: bool = False
    """Whether its finished samples are independent draws, so that coverage at k follows from the counts."""

    @functools.cached_property
    def run(self) -> Callable[[Tree, Any], Search]:
        """The algorithm, as a function of tree and config."""
        function = self._function
        return function if self._takes_config else _without_config(function)

    @functools.cached_property
    def config(self) -> type[Any]:
        """The dataclass of its settings."""
        if not self._takes_config:
            return OwnConfig
        parameters = list(inspect.signature(self._function).parameters)
        config = typing.get_type_hints(self._function).get(parameters[1])
        if len(parameters) != 2 or not (isinstance(config, type) and dataclasses.is_dataclass(config)):
            place = self.algorithm if isinstance(self.algorithm, str) else self._function.__name__
            raise ValueError(f"{place} takes (tree) or (tree, config: a dataclass), got ({', '.join(parameters)})")
        return config

    @functools.cached_property
    def _function(self) -> Callable[..., Search]:
        if not isinstance(self.algorithm, str):
            return self.algorithm
        made: Callable[..., Search] = load_named(self.algorithm, what="a search algorithm")
        return made

    @property
    def _takes_config(self) -> bool:
        return len(inspect.signature(self._function).parameters) > 1


_HERE = "reasonrl.agents.search.algorithms"
AGENTS = Registry(
    "agent",
    "agents",
    {
        "greedy": AgentKind(
            f"{_HERE}.greedy:greedy",
            guided=False,
            role=Role.SINGLE,
            summary="one answer, the most probable token at every place",
        ),
        "majority": AgentKind(
            f"{_HERE}.majority:majority",
            guided=False,
            select=Select.VOTES,
            role=Role.VOTE,
            independent=True,
            summary="sample answers, give the one most of them agree on",
        ),
        "best_of_n": AgentKind(
            f"{_HERE}.best_of_n:best_of_n", summary="sample answers, give the one the guide scores highest"
        ),
        "beam": AgentKind(f"{_HERE}.beam:beam", summary="step by step, keep the few best continuations"),
        "mcts": AgentKind(f"{_HERE}.mcts:mcts", summary="Monte Carlo tree search over steps (PUCT)"),
    },
)
"""Name to kind."""


def register_search(
    name: str,
    algorithm: str | Callable[..., Search] | AgentKind,
    *,
    guided: bool = True,
    select: Select | str = Select.SCORE,
    role: Role | str = Role.SEARCH,
    independent: bool = False,
    summary: str = "",
    replace: bool = False,
) -> None:
    """Gives a search this name: see `AgentKind` for what there is to say of it.

    register_search("weighted_majority", "reasonrl.agents.search.algorithms.best_of_n:best_of_n", select="weighted")
    """
    if not isinstance(algorithm, AgentKind):
        algorithm = AgentKind(algorithm, guided, summary, Select(select), Role(role), independent)
    AGENTS.register(name, algorithm, replace=replace)


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
    load_suites()
    name, _ = split_spec(spec)
    made = AGENTS.find(name)
    return made if isinstance(made, AgentKind) else _own_kind(name, made)


def _own_kind(place: str, made: Any) -> AgentKind:
    """An algorithm in somebody's file."""
    if not inspect.isfunction(made):
        see = "such as agents/search/algorithms/mcts.py"
        raise ValueError(f"{place} is no search algorithm: write a function of the tree, {see}")
    kind = AgentKind(place, summary=(made.__doc__ or "an algorithm of your own").strip().split("\n")[0])
    _ = kind.config  # its parameters are looked at now
    return kind


def _without_config(algorithm: Callable[[Tree], Search]) -> Callable[[Tree, Any], Search]:
    @functools.wraps(algorithm)
    def run(tree: Tree, config: Any) -> Search:
        return algorithm(tree)

    return run
