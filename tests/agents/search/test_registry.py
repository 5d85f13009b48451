"""Searches and guides by name: what ships, what a program registers, and what they may ask for."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.algorithms.best_of_n import BestOfNConfig, best_of_n
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import Expand, Search, SearchTask
from reasonrl.agents.search.guides.core import Scores
from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
from reasonrl.agents.search.guides.registry import GUIDES, get_guide, register_guide
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.registry import AGENTS, AgentKind, OwnConfig, Role, agent_kind, register_search
from reasonrl.agents.search.selection import Select
from reasonrl.agents.search.tree import Tree
from reasonrl.envs.core import Problem
from reasonrl.envs.sources import Generated

MOST_LINES = 40


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test registers is gone after it."""
    kept = [(registry, dict(registry._things), dict(registry._made)) for registry in (AGENTS, GUIDES)]
    yield
    for registry, things, loaded in kept:
        registry._things, registry._made = things, loaded


@pytest.mark.parametrize("name", AGENTS)
def test_every_search_is_at_most_40_lines_of_code_in_a_file_of_its_own(name: str) -> None:
    kind = agent_kind(name)
    path = Path(inspect.getfile(inspect.unwrap(kind.run)))
    assert (path.parent.name, path.stem) == ("algorithms", name)
    assert code_lines(kind.config) + code_lines(kind.run) <= MOST_LINES


def code_lines(thing: Any) -> int:
    """Lines that hold code: no docstring, comment or blank."""
    tree = ast.parse(inspect.getsource(thing))
    texts = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = inspect.getsource(thing).split("\n")
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in texts
        for number, line in enumerate(lines, 1)
    )


@pytest.mark.parametrize("name", AGENTS)
def test_every_row_says_what_its_search_is(name: str) -> None:
    kind = agent_kind(name)
    assert kind.summary
    assert kind.config() == kind.config()
    assert kind.guided == (kind.role is Role.SEARCH)
    assert not kind.independent or kind.role is Role.VOTE


def test_a_search_registered_by_its_place_is_an_agent_with_its_own_way_to_choose(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    place = "reasonrl.agents.search.algorithms.best_of_n:best_of_n"
    register_search("weighted_majority", place, select="weighted", summary="the votes weigh what the guide says")
    agent = get_agent("weighted_majority:logprob", samples=2)
    assert agent.config == BestOfNConfig(samples=2)
    assert agent.select is Select.WEIGHTED
    assert get_agent("weighted_majority", select=Select.MIN).select is Select.MIN
    views, task = [problem.view for problem in problems[:2]], SearchTask(source, slips)
    [one, _] = agent.run(views, task, budget=Budget(500))
    assert one.answer is not None
    with pytest.raises(ValueError, match="name of another agent: take another name, or pass replace=True"):
        register_search("weighted_majority", best_of_n)
    with pytest.raises(ValueError, match="comes with reasonrl"):
        register_search("mcts", best_of_n)
    with pytest.raises(ValueError, match=r"chosen by one of score, votes, weighted.*got 'best'"):
        get_agent("mcts", select="best")


def two(tree: Tree) -> Search:
    """Two steps."""
    yield Expand([tree.root], 2)


def test_a_function_of_the_tree_alone_is_a_search() -> None:
    register_search("two", two, guided=False, role="single")
    assert agent_kind("two") == AgentKind(two, guided=False, role=Role.SINGLE)
    assert get_agent("two").config == OwnConfig()
    assert get_agent("two").guide is None
    assert inspect.unwrap(agent_kind("two").run) is two
    register_search("too", AgentKind(two, summary="as well"))
    assert agent_kind("too").summary == "as well"


class Asking(EnvironmentFeedback):
    """A guide that asks for all there is."""

    name = "asking"

    def __init__(self, policy: Policy, what: str, problems: Any = None) -> None:
        self.policy, self.what, self.problems = policy, what, problems


def test_a_guide_is_given_what_it_asks_for(slips: Policy, problems: list[Problem]) -> None:
    register_guide("asking", Asking)
    guide = get_guide("asking:a:b", policy=slips)
    assert isinstance(guide, Asking)
    assert (guide.policy, guide.what, guide.problems) == (slips, "a:b", None)
    agent = get_agent("mcts:feedback+asking:x", policy=slips, problems=problems)
    assert agent.guide is not None
    assert agent.guide.name == "feedback+asking"
    for spec, policy, message in (
        ("asking:x", None, "needs the policy that the search samples from"),
        ("asking", slips, "write asking:<what>"),
        ("logprob:x", slips, "drop ':x'"),
    ):
        with pytest.raises(ValueError, match=message):
            get_guide(spec, policy=policy)


def test_a_ready_guide_may_be_registered_and_what_is_none_says_what_it_lacks() -> None:
    ready = EnvironmentFeedback()
    register_guide("ready", ready)
    assert get_guide("ready") is ready
    register_guide("none", 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"none is no guide, it has no 'name': see .*guides\.core\.Guide"):
        get_guide("none")


OWN = """
import numpy as np
from reasonrl.agents.search.guides import PolicyLogprob, Scores

class Free(PolicyLogprob):
    name = "free"

class Dear(PolicyLogprob):
    name = "dear"

    def score(self, nodes):
        return Scores(super().score(nodes), np.full(len(nodes), 5))
"""


def test_a_guide_of_ones_own_may_be_free_or_cost_tokens(
    tmp_path: Path, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    path = tmp_path / "own.py"
    path.write_text(OWN)
    views, task = [problems[2].view], SearchTask(source, slips)
    spent = {}
    for name in ("Free", "Dear", "Dear+feedback+Dear"):
        spec = "+".join(each if each == "feedback" else f"{path}:{each}" for each in name.split("+"))
        [result] = get_agent(f"best_of_n:{spec}").run(views, task, budget=Budget(600))
        assert result.guide_calls > 2
        spent[name] = result.guide_tokens / 5
        if name == "Dear":
            scored = sum(node.score is not None for node in result.tree.nodes if node.finished)
            assert spent[name] == scored
    assert spent["Free"] == 0
    assert spent["Dear+feedback+Dear"] >= 2


def test_the_sum_of_guides_costs_what_they_cost_together() -> None:
    class Priced(EnvironmentFeedback):
        def __init__(self, price: int) -> None:
            self.price = price

        def score(self, nodes: Sequence[Node]) -> Scores:  # type: ignore[override]
            return Scores(np.full(len(nodes), 0.5), np.full(len(nodes), self.price))

    from reasonrl.agents.search.guides.sum import Sum

    said = Sum([Priced(3), EnvironmentFeedback(), Priced(4)][::2]).score([None, None])  # type: ignore[list-item]
    assert said.tokens.tolist() == [7, 7]
    assert said.values.tolist() == [0.5, 0.5]
