"""A tree of an earlier search is gone on with: as if the first search had had more budget."""

from __future__ import annotations

from typing import Any

import pytest
from reasonrl.agents.policies.core import Policy
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget, SearchStop
from reasonrl.agents.search.core import SearchError, SearchResult, SearchTask
from reasonrl.envs.core import Problem
from reasonrl.envs.sources import Generated

SPECS = ("majority", "best_of_n", "best_of_n:self_consistency", "beam", "mcts")


def grown(
    spec: str, source: Generated, problems: list[Problem], policy: Policy, *budgets: int, **task: Any
) -> list[list[SearchResult]]:
    """The results of one search after the other, each on the trees of the one before."""
    agent = get_agent(spec) if spec == "majority" else get_agent(spec, stop_at_certain=False)
    views, found = [problem.view for problem in problems], []
    trees = None
    for budget in budgets:
        found.append(
            agent.run(
                views, SearchTask(source, policy, max_tokens=90, **task), budget=Budget(tokens=budget), trees=trees
            )
        )
        trees = {result.id: result.tree for result in found[-1]}
    return found


@pytest.mark.parametrize("spec", ["majority", "best_of_n"])
def test_two_searches_one_after_the_other_see_what_one_sees(
    spec: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    _, second = grown(spec, source, problems, slips, 300, 500)
    [whole] = grown(spec, source, problems, slips, 800)
    for one, other in zip(second, whole, strict=True):
        shared = min(len(one.tree.nodes), len(other.tree.nodes))
        assert shared > 2
        assert [node.path for node in one.tree.nodes][:shared] == [node.path for node in other.tree.nodes][:shared]
        assert abs(len(one.candidates) - len(other.candidates)) <= 3  # what crossed the first budget was drawn twice


@pytest.mark.parametrize("spec", SPECS)
def test_a_tree_that_grows_on_keeps_what_it_has_and_pays_for_what_is_new(
    spec: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    agent = get_agent(spec)
    views, task = [problem.view for problem in problems[:4]], SearchTask(source, slips, max_tokens=90)
    first = agent.run(views, task, budget=Budget(tokens=150))
    before = [(len(result.tree.nodes), len(result.candidates), result.answer) for result in first]
    second = agent.run(views, task, budget=Budget(tokens=400), trees={result.id: result.tree for result in first})
    for old, (nodes, candidates, answer), new in zip(first, before, second, strict=True):
        assert new.tree is old.tree
        assert len(new.tree.nodes) >= nodes
        assert len(new.candidates) >= candidates
        assert all(candidate.tokens == 0 for candidate in new.candidates[:candidates])
        assert new.answer_at(0) is None or answer is not None
        assert new.tokens <= 400
        assert new.answer is not None or not new.candidates


@pytest.mark.parametrize("spec", SPECS)
def test_trees_that_grow_on_do_not_depend_on_the_batch(
    spec: str, source: Generated, problems: list[Problem], slips: Policy
) -> None:
    alone, together = (grown(spec, source, problems, slips, 150, 300, batch_size=size)[1] for size in (1, 64))
    assert [result.tree.to_json() for result in alone] == [result.tree.to_json() for result in together]
    assert [result.history for result in alone] == [result.history for result in together]


def test_an_exhausted_tree_is_done_at_once_or_widens(source: Generated, problems: list[Problem], toy: Any) -> None:
    from reasonrl.agents.policies.scripted import ScriptedPolicy

    policy = ScriptedPolicy({"": [("Answer: 1", 1.0)]})
    toy_source = toy()
    views, task = [toy_source.problem("train", 0).view], SearchTask(toy_source, policy)
    agent = get_agent("mcts", widen=False)
    [first] = agent.run(views, task, budget=Budget(100))
    assert first.stop is SearchStop.DONE
    trees = {first.id: first.tree}
    [again] = agent.run(views, task, budget=Budget(100), trees=trees)
    assert (again.stop, again.tokens, again.answer) == (SearchStop.DONE, 0, "Answer: 1")
    assert again.history == ((0, "Answer: 1"),)
    [wider] = get_agent("mcts").run(views, task, budget=Budget(100), trees=trees)
    assert wider.tokens == 100


def test_after_a_move_the_search_goes_on_from_there(source: Generated, problems: list[Problem], slips: Policy) -> None:
    agent = get_agent("mcts", stop_at_certain=False)
    view, task = problems[5].view, SearchTask(source, slips)
    [first] = agent.run([view], task, budget=Budget(400))
    best = max((child for child in first.tree.root.children if not child.done), key=lambda child: child.visits)
    inside, drawn = best.visits, best.drawn
    first.tree.advance(best.action)
    [second] = agent.run([view], task, budget=Budget(400), trees={view.id: first.tree})
    assert second.tree.root is best
    assert best.visits > inside
    assert best.drawn > drawn
    assert all(candidate.answer.startswith(best.action) for candidate in second.candidates)


def test_a_tree_of_another_problem_or_guide_is_refused(
    source: Generated, problems: list[Problem], slips: Policy
) -> None:
    task, budget = SearchTask(source, slips), Budget(100)
    [first] = get_agent("mcts").run([problems[0].view], task, budget=budget)
    with pytest.raises(SearchError, match=r"under the guide feedback, and cannot grow on for .* under logprob"):
        get_agent("mcts:logprob").run([problems[0].view], task, budget=budget, trees={first.id: first.tree})
    with pytest.raises(SearchError, match="cannot grow on"):
        get_agent("mcts").run([problems[1].view], task, budget=budget, trees={problems[1].id: first.tree})
