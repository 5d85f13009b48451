"""What every search grows on some problems, written down: no tree changes unless somebody means it to.

One page for each agent, in `golden/`. `make golden` writes the pages anew; the change is then read in the diff.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest
from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchResult, SearchTask
from reasonrl.agents.search.node import Node
from reasonrl.agents.search.registry import AGENTS
from reasonrl.envs.core import Problem
from reasonrl.envs.registry import open_source

Golden = Callable[[str, Iterable[str]], None]
SPECS = (*AGENTS, "mcts:logprob", "best_of_n:self_consistency", "beam:feedback+logprob", "mcts:exact_potential")
LEVELS: Mapping[str, int] = {"countdown": 2, "entailment": 2}
BUDGET = Budget(tokens=260)


@pytest.mark.parametrize("spec", SPECS)
def test_a_search_grows_the_trees_that_its_page_has(spec: str, slips: Policy, golden: Golden) -> None:
    golden(spec.replace(":", " with "), list(page(spec, slips)))


def page(spec: str, policy: Policy) -> Iterator[str]:
    agent = get_agent(spec)
    for name, level in LEVELS.items():
        source = open_source(name)
        problems = [source.problem("test", index, level) for index in range(3)]
        found = agent.run(
            [problem.view for problem in problems], SearchTask(source, policy, max_steps=12, seed=1), budget=BUDGET
        )
        for problem, result in zip(problems, found, strict=True):
            yield from described(problem, result)


def described(problem: Problem, result: SearchResult) -> Iterator[str]:
    spent = f"{result.tokens} tokens, {result.guide_calls} guide calls, {result.verifier_calls} verifier calls"
    yield f"== {problem.id}: {result.stop}, {spent}"
    yield f"answer {result.answer!r}"
    yield f"history {[tokens for tokens, _ in result.history]}"
    yield from (line for node in result.tree.nodes for line in described_node(node))


def described_node(node: Node) -> Iterator[str]:
    parent = "" if node.parent is None else node.parent.index
    score = "" if node.score is None else f"{node.score:.6f}"
    logprob = f"{node.logprob:.6f}" if math.isfinite(node.logprob) else ""
    yield (
        f"    {node.index} < {parent}  {node.action!r}  count {node.count}  visits {node.visits}  "
        f"value {node.value:.6f}  score {score}  logprob {logprob}  {node.state.stop}"
    )
