"""One problem, one policy, one search, and what came of it: `reasonrl solve`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from reasonrl.agents.policies.core import check_room
from reasonrl.agents.policies.options import PolicyOptions
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.agents.search.agents import get_agent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchResult, SearchTask
from reasonrl.agents.search.viewer import to_html
from reasonrl.envs.core import Problem, Source
from reasonrl.envs.generation import check_split
from reasonrl.envs.registry import open_source
from reasonrl.verifiers.core import StepVerdict

_COLOURS = {
    StepVerdict.USEFUL: "green",
    StepVerdict.REDUNDANT: "yellow",
    StepVerdict.INVALID: "red",
    StepVerdict.UNPARSABLE: "dim",
}


@dataclass(frozen=True)
class SolveConfig:
    """Lets a policy solve one problem, guided by a search, and shows every step with what it is worth.

    Examples: `reasonrl solve reasonrl/Countdown-v0 --agent beam --tree tree.html`; with code of your own:
    `reasonrl solve my.py:Family --agent my.py:search:my.py:guide --policy my.py:policy`
    """

    env: Annotated[str, tyro.conf.Positional] = "reasonrl/Countdown-v0"
    """Environment id (see `reasonrl list`), or a family of your own: my.py:Family."""
    policy: str = "tiny"
    """tiny, smollm2, a Hugging Face folder or hub name, openai:MODEL@URL, or a policy of your own: my.py:policy."""
    agent: str = "mcts"
    """greedy, majority, best_of_n, beam, mcts, or my.py:search; a guide may follow: mcts:logprob, beam:reward:DIR."""
    tokens: int = 2000
    """Tokens that the search may spend."""
    max_tokens: int = 256
    """Tokens that one answer may have."""
    difficulty: int | None = None
    """Level of difficulty; the family's own default when left out."""
    index: int = 0
    """Which problem."""
    split: str = "test"
    """train, validation or test."""
    seed: int = 0
    """Seeds the sampling."""
    data: str | None = None
    """Path of the file, for data sets."""
    tree: Path | None = None
    """Write the search tree here, as a page to open in a browser."""
    policy_options: Annotated[PolicyOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PolicyOptions)
    """How the policy runs."""


def main(config: SolveConfig) -> None:
    from rich.console import Console

    check_split(config.split)
    source = open_source(config.env, data=config.data)
    problem = source.problem(config.split, config.index, config.difficulty)
    console = Console(highlight=False)
    console.print(problem.view.prompt, style="bold", markup=False)
    policy = get_policy(config.policy, config.policy_options)
    check_room(policy, [problem.view])
    if few := use_idle_cores():
        console.print(few, style="dim")
    agent = get_agent(config.agent, problems=[problem], policy=policy)
    result = agent.run(
        [problem.view],
        SearchTask(source, policy, max_tokens=config.max_tokens, seed=config.seed),
        budget=Budget(tokens=config.tokens),
    )[0]
    for line, verdict in judged_lines(source, problem, result):
        console.print(line, style=None if verdict is None else _COLOURS[verdict], markup=False)
    console.print(summary(source, problem, result) + (" (oracle guide)" if result.oracle else ""), style="bold")
    if config.tree is not None:
        config.tree.write_text(to_html(result.tree), encoding="utf-8")
        console.print(f"the tree: {config.tree.resolve()}")


def judged_lines(source: Source, problem: Problem, result: SearchResult) -> list[tuple[str, StepVerdict | None]]:
    """The answer's lines, each with its worth after those before it."""
    lines = (result.answer or "").split("\n")
    judge = source.rules_of(problem.view)
    return [(line, judge.check_step(problem.view, lines[:at], line)) for at, line in enumerate(lines) if line.strip()]


def summary(source: Source, problem: Problem, result: SearchResult) -> str:
    """One line: the verdict and what it cost."""
    if result.answer is None:
        status = "no finished answer"
    else:
        status = source.rules_of(problem.view).verify(problem, result.answer).status.value
    guide = f" ({result.guide_tokens} of them the guide's)" if result.guide_tokens else ""
    return (
        f"{status}: {result.tokens} tokens{guide}, {len(result.candidates)} finished answers, "
        f"{len(result.tree.nodes)} nodes, {result.seconds:.1f} s"
    )
