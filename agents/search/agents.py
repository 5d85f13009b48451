"""Search agents by name: an algorithm, its settings, and the guide it listens to.

greedy, majority                     no guide
best_of_n, beam, mcts                the environment's feedback
mcts:logprob, best_of_n:self_consistency, beam:feedback+logprob, best_of_n:reward:my_folder
                                     another guide, see `guides.registry`

my.py:search, my.py:search:logprob   an algorithm of your own, see `registry`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchResult, SearchTask
from reasonrl.agents.search.driver import search_many
from reasonrl.agents.search.guides.core import Guide
from reasonrl.agents.search.guides.registry import get_guide
from reasonrl.agents.search.registry import agent_kind, split_spec
from reasonrl.agents.search.selection import Select, Vote
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem, View
from reasonrl.verifiers.learned.core import RewardModel

DEFAULT_GUIDE = "feedback"


@dataclass(frozen=True)
class SearchAgent:
    """A search that can be run on any problems with any policy. Make one with `get_agent`."""

    name: str
    """As given to `get_agent`."""
    config: Any
    """A dataclass of the algorithm's settings."""
    guide: Guide | None
    select: Select
    """How the answer is chosen among the finished ones."""

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
        task: SearchTask,
        *,
        budget: Budget,
        vote: Vote | None = None,
        trees: Mapping[str, Tree] | None = None,
        on_done: Callable[[SearchResult], None] | None = None,
    ) -> list[SearchResult]:
        """Searches every problem; see `search_many`."""
        run = agent_kind(self.name).run
        return search_many(
            views,
            task,
            algorithm=lambda tree: run(tree, self.config),
            budget=budget,
            guide=self.guide,
            select=self.select,
            vote=vote,
            trees=trees,
            on_done=on_done,
        )


def get_agent(
    spec: str,
    *,
    problems: Iterable[Problem] | None = None,
    policy: Policy | None = None,
    models: Mapping[str, RewardModel] | None = None,
    select: Select | str | None = None,
    **settings: Any,
) -> SearchAgent:
    """The agent of this name.

    Args:
        spec: a name of `AGENTS` or `file.py:name`, for a guided one optionally with its guide: "mcts:logprob".
        problems: what the oracle guide "hidden_verifier" may look up.
        policy: for guides that ask the policy.
        models: open reward models by name: "best_of_n:reward:<name>".
        select: how the answer is chosen, where it is not the way of its kind: "weighted", say.
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
    guide = None
    if kind.guided:
        guide = get_guide(guide_name or DEFAULT_GUIDE, problems=problems, policy=policy, models=models)
    config = kind.config(**settings)
    for field, value in dataclasses.asdict(config).items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise ValueError(f"{field} must be at least 1, got {value}")
    if select is not None and select not in tuple(Select):
        raise ValueError(f"an answer is chosen by one of {', '.join(Select)}, got {select!r}")
    return SearchAgent(spec, config, guide, kind.select if select is None else Select(select))
