"""The whole idea in minutes on a laptop: `reasonrl quickstart`.

    search     the shipped model in three domains; the validation split picks a search agent, and the test split
               measures it beside greedy and majority vote
    learning   GRPO on one family; greedy accuracy on held-out problems before and after
    report     a table, and one page with curves, answers to read and search trees

Everything is stored as it comes: stopped at any moment and started again, it goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro
from reasonrl.agents.learning.metrics import clock
from reasonrl.agents.policies.options import PolicyOptions
from reasonrl.agents.policies.registry import get_policy
from reasonrl.benchmarks.bench import BenchConfig, run_bench
from reasonrl.benchmarks.compare import picked, searching, summarise
from reasonrl.benchmarks.options import Numbers, Words
from reasonrl.benchmarks.report import ReportConfig
from reasonrl.benchmarks.report import main as report
from reasonrl.benchmarks.roles import usual_rivals
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.suites import environments
from rich.console import Console


@dataclass(frozen=True)
class QuickstartConfig:
    """Search and learning with the shipped model, measured; ends with a table and a page."""

    folder: str = "runs/quickstart"
    """Where the store, the page and the learned policy go."""
    policy: str = "tiny"
    """Who proposes and learns."""
    env: Words = ("all",)
    """Environments that are searched: ids, or suites of them."""
    agents: Words = ("greedy", "majority", "best_of_n", "beam", "mcts")
    """Search agents."""
    all_agents: bool = False
    """Run every search agent on the test problems, too, not just the one that was picked: half as much time again."""
    budgets: Numbers = (128, 256, 512, 1024)
    """Tokens per problem, everything that a search samples included."""
    limit: int = 100
    """Test problems per environment."""
    validation_limit: int = 40
    """Validation problems per environment, which pick the search agent."""
    difficulty: Numbers = (2,)
    """Levels of difficulty of what is searched; none: each family's own."""
    max_tokens: int = 128
    """Tokens of one answer at most, in search."""
    batch_size: int = 64
    """Problems that are searched at the same time."""
    learn_env: str = "reasonrl/KnightsKnaves-v0"
    """What is learned."""
    learn_difficulty: Numbers = (3,)
    """Levels of difficulty of what is learned; none: the family's own."""
    learn_steps: int = 100
    """Steps of learning."""
    learn_minutes: float = 2.5
    """Stop learning after so many minutes, too."""
    learn_max_tokens: int = 96
    """Tokens of one answer at most, in learning."""
    learn_prompts: int = 16
    """Problems in one step of learning."""
    learn_group: int = 8
    """Answers sampled to each of them."""
    learn_rate: float = 1e-4
    """Peak learning rate."""
    learn_limit: int = 200
    """Held-out problems on which greedy is measured before and after learning."""
    seed: int = 0
    """Seeds the sampling, in search and in learning."""
    fresh: bool = False
    """Search again where the code has changed since, and learn anew; without it old search results are marked."""
    policy_options: Annotated[PolicyOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PolicyOptions)
    """How the policy runs."""


def main(config: QuickstartConfig) -> None:
    console = Console(highlight=False)
    folder = Path(config.folder)
    learned = folder / "grpo"
    start = time.monotonic()

    console.print(
        "[bold]1. Search[/bold]: the validation split picks an agent for each environment, the test split measures"
    )
    bench = make_bench(config, store=folder / "results.sqlite")
    search(config, bench, console)
    searched = time.monotonic()

    limits = f"{config.learn_steps} steps or {config.learn_minutes:g} minutes"
    console.print(f"\n[bold]2. Learning[/bold]: GRPO on {config.learn_env}, {limits}")
    learn(config, learned)
    learning = time.monotonic()

    console.print("\n[bold]3. What was learned[/bold]: greedy on held-out problems, before and after")
    measure_learning(config, bench, learned, console)

    console.print()
    page = folder / "report.html"
    report(ReportConfig(store=bench.store, page=str(page), learning=(str(learned),)))
    parts = {"search": searched - start, "learning": learning - searched, "measuring it": time.monotonic() - learning}
    whole = ", ".join(f"{name} {clock(seconds)}" for name, seconds in parts.items())
    console.print(f"took   {clock(time.monotonic() - start)} ({whole})")


def search(config: QuickstartConfig, bench: BenchConfig, console: Console) -> None:
    """All search agents on validation problems; on the test problems their rivals and the agent that was picked."""
    candidates = tuple(searching(config.agents, rivals=usual_rivals()))
    rivals = tuple(agent for agent in config.agents if agent not in candidates)
    if not candidates:
        raise ValueError(f"agents has no search to pick from, only {', '.join(rivals)}: add one, such as mcts")
    policy = get_policy(config.policy, config.policy_options)
    first = replace(bench, split="validation", limit=config.validation_limit, agents=candidates)
    run_bench(first, policy=policy, console=console, share_cores=True)
    with Store(bench.store) as store:
        rows = summarise(store.results())
    for env in environments(config.env):
        best = picked([row for row in rows if row.series.env == env])
        agents = candidates if config.all_agents or best is None else (best.series.agent,)
        run_bench(replace(bench, env=(env,), agents=(*rivals, *agents)), policy=policy, console=console)


def make_bench(config: QuickstartConfig, *, store: Path) -> BenchConfig:
    return BenchConfig(
        env=config.env,
        policy=config.policy,
        agents=config.agents,
        budgets=config.budgets,
        seeds=(config.seed,),
        limit=config.limit,
        difficulty=config.difficulty,
        store=str(store),
        batch_size=config.batch_size,
        max_tokens=config.max_tokens,
        fresh=config.fresh,
        policy_options=config.policy_options,
    )


def learn(config: QuickstartConfig, folder: Path) -> None:
    """Trains, or goes on where a run that was stopped had got to."""
    from reasonrl.agents.learning.grpo import GRPOConfig
    from reasonrl.agents.learning.grpo import main as grpo

    grpo(
        GRPOConfig(
            out=folder,
            env=config.learn_env,
            policy=config.policy,
            difficulty=config.learn_difficulty,
            steps=config.learn_steps,
            minutes=config.learn_minutes,
            prompts=config.learn_prompts,
            group_size=config.learn_group,
            max_tokens=config.learn_max_tokens,
            learning_rate=config.learn_rate,
            device=config.policy_options.device,
            seed=config.seed,
            fresh=config.fresh,
        )
    )


def measure_learning(config: QuickstartConfig, bench: BenchConfig, folder: Path, console: Console) -> None:
    """Greedy before and after, on the same test problems, into the same store."""
    from reasonrl.agents.learning.checkpoint import POLICY
    from reasonrl.agents.policies.opening import open_model

    greedy = replace(
        bench,
        env=(config.learn_env,),
        agents=("greedy",),
        budgets=(config.learn_max_tokens,),
        limit=config.learn_limit,
        difficulty=config.learn_difficulty,
        max_tokens=config.learn_max_tokens,
    )
    run_bench(greedy, policy=get_policy(config.policy, config.policy_options), console=console)
    after = open_model(folder / POLICY, config.policy_options, spec=f"{Path(config.policy).name}+grpo")
    run_bench(greedy, policy=after, console=console)
