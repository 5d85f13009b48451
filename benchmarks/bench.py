"""The benchmark: agents x environments x budgets x seeds, every agent on the same problems.

problems    the first distinct ones of a split (for data sets: the first rows), the same for all, so results pair up
budgets     tokens per problem, metered where the policy is called; a run at the largest gives the smaller ones too,
            because with less budget a search sees a prefix of what it sees with more
judgement   by the hidden verifier, after the search; of the answer, and of every candidate (coverage)
storage     each problem is committed when it is done: a killed run goes on where it was
identity    a result hangs on the code that made it, on its problem and its reference: see `identity`
selection   on the validation split alone; the search agent it picks is the one that counts on the test split
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import tyro
from reasonrl.agents.learning.metrics import watch
from reasonrl.agents.policies.core import Policy, check_room
from reasonrl.agents.policies.options import PolicyOptions
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.agents.search.agents import SearchAgent
from reasonrl.agents.search.budget import Budget
from reasonrl.agents.search.core import SearchError, SearchResult, SearchTask
from reasonrl.agents.search.registry import agent_kind
from reasonrl.benchmarks.compare import searching
from reasonrl.benchmarks.grading import Anew, judge
from reasonrl.benchmarks.identity import judge_code, reference_of, search_code
from reasonrl.benchmarks.jobs import Job, make_jobs
from reasonrl.benchmarks.options import Numbers, Words
from reasonrl.benchmarks.records import Cell, Result, canonical
from reasonrl.benchmarks.roles import SHIPPED, match, usual_rivals
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.suites import environments
from reasonrl.benchmarks.tasks import Suite, make_suite, settle
from reasonrl.envs.abilities import plain_of
from reasonrl.envs.code_hash import source_of
from reasonrl.envs.core import Problem
from reasonrl.envs.generation import check_split
from reasonrl.verifiers.core import Status
from rich.console import Console

CHANGED = "were made by code that has changed since: --fresh runs them again"


@dataclass(frozen=True)
class BenchConfig:
    """Measures search agents on environments and stores every result; run it again to go on where it stopped.

    Examples: `reasonrl bench --env math --limit 50`, with all agents that ship; with code of your own:
    `reasonrl bench --env my.py:Family --agents my.py:search,my.py:search:my.py:guide --policy my.py:policy`
    """

    env: Words = ("MathReason-v0",)
    """Environment ids, or suites of them: all, families, math, logic, code; or a family of your own: my.py:Family."""
    policy: str = "tiny"
    """Who proposes: tiny, smollm2, a Hugging Face name or folder, openai:MODEL@URL, or my.py:policy."""
    agents: Words = SHIPPED
    """Search agents, or my.py:search; a guided one optionally with its guide: my.py:search:logprob."""
    set: Words = ()
    """Settings of agents other than usual, each as agent.setting=value: my.py:search.width=8."""
    rivals: Words = ()
    """Agents that all others are compared with; left out: those that give one answer or let samples vote."""
    budgets: Numbers = (256, 512, 1024, 2048)
    """Tokens per problem, everything that a search samples included."""
    seeds: Numbers = (0,)
    """Each seed repeats the sampling on the same problems; an agent that samples nothing is run once."""
    split: str = "test"
    """train, validation or test."""
    limit: int = 100
    """Problems per environment."""
    difficulty: Numbers = ()
    """Levels of difficulty, mixed; each family's own default when left out."""
    data: str | None = None
    """Path of the file, for data sets."""
    select_on_validation: bool = False
    """First run the search agents on the validation split, to name the one that counts on the test split."""
    validation_limit: int = 50
    """Problems per environment in that first run."""
    store: str = "runs/bench.sqlite"
    """Where results go, one commit a problem."""
    page: str | None = None
    """Where the HTML page goes; beside the store when left out."""
    batch_size: int = 32
    """Problems that are searched at the same time; changes the speed, never a result."""
    max_tokens: int = 256
    """Tokens of one answer at most."""
    max_steps: int = 32
    """Lines of one answer at most, where a search goes line by line."""
    temperature: float = 1.0
    """Temperature of the sampling; an agent that gives one answer keeps its own, usually 0."""
    keep_trees: int = 3
    """Problems per agent and environment whose whole search tree is kept for the page."""
    fresh: bool = False
    """Run again what was made by code that has changed since; without it such results stay, and are marked."""
    policy_options: Annotated[PolicyOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=PolicyOptions)
    """How the policy runs."""


def run_bench(
    config: BenchConfig, *, policy: Policy | None = None, console: Console | None = None, share_cores: bool = False
) -> None:
    """Fills the store. What is there already is not run again, unless it was asked about a problem that has changed.

    Answers whose reference has changed are judged anew. Results of code that has changed since are marked by
    `reasonrl report`, and run again with `fresh`.

    Args:
        policy: who proposes; None: the config's, by its name.
        share_cores: torch takes only the cores that are idle now, as in the commands; no result changes.

    Raises:
        ValueError: something in the config does not exist, or the store is not ours; nothing was run then.
        RuntimeError: some searches failed; all others are stored.
    """
    console = console or Console(highlight=False)
    ids, jobs = environments(config.env), _check(config)
    splits = [(config.split, config.limit, jobs)]
    if config.select_on_validation:
        labels = searching([job.label for job in jobs], rivals=config.rivals or usual_rivals())
        candidates = [job for job in jobs if job.label in labels]
        splits.insert(0, ("validation", config.validation_limit, candidates))
    suites = [(_suite(config, env, split, limit), limit, chosen) for split, limit, chosen in splits for env in ids]
    with Store(config.store) as store:
        if policy is None:
            from reasonrl.agents.policies.registry import get_policy

            policy = get_policy(config.policy, config.policy_options)
        for suite, *_ in suites:
            check_room(policy, [problem.view for problem in suite.problems])
        if share_cores and (few := use_idle_cores()):
            console.print(few, style="dim")
        start = time.monotonic()
        bench = _Bench(config, policy, store, store.begin_run(dataclasses.asdict(config)), console)
        failures = 0
        for suite, limit, chosen in suites:
            count = len(suite.problems)
            if count < limit:
                console.print(f"{suite.env} has {count} different problems in the {suite.split} split: all are used")
            bench.catch_up(suite)
            for job in chosen:
                for seed in config.seeds[:1] if job.deterministic else config.seeds:
                    failures += bench.run_agent(suite, job, seed)
        store.end_run(bench.run, time.monotonic() - start)
    if failures:
        raise RuntimeError(f"{failures} searches failed and are not stored; run the same command again to retry them")


def _suite(config: BenchConfig, env: str, split: str, limit: int) -> Suite:
    return make_suite(env, split, limit, difficulty=config.difficulty, data=config.data)


def _check(config: BenchConfig) -> list[Job]:
    """Says what is wrong with a config before anything runs, and returns its agents."""
    check_split(config.split)
    for name, value in (("limit", config.limit), ("validation_limit", config.validation_limit)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    for name, values in (("agents", config.agents), ("budgets", config.budgets), ("seeds", config.seeds)):
        if not values:
            raise ValueError(f"give at least one value for {name}")
    if min(config.budgets) < 1:
        raise ValueError(f"a budget is a number of tokens from 1 up, got {min(config.budgets)}")
    if config.select_on_validation and config.split == "validation":
        raise ValueError("the selection uses the validation split: choose --split test for the comparison")
    jobs = make_jobs(config.agents, settings=config.set, temperature=config.temperature)
    missing = set(config.rivals) - set(match(config.rivals, [job.label for job in jobs]))
    if missing:
        raise ValueError(
            f"--rivals names {sorted(missing)[0]!r}, which is not among the agents {', '.join(config.agents)}"
        )
    return jobs


@dataclass(frozen=True)
class _Bench:
    """What stays the same through a run."""

    config: BenchConfig
    policy: Policy
    store: Store
    run: int
    console: Console

    def catch_up(self, suite: Suite) -> None:
        """What has changed about the problems since they were stored: says so, and judges anew what can be."""
        settled = settle(self.store, suite)
        if settled.changed or settled.gone:
            self.console.print(
                f"{suite.env} {suite.split}: of the problems in the store {settled} since; "
                "what was answered to them no longer counts",
                soft_wrap=True,
            )
        judged_with = self.store.references(suite.env, suite.options)
        today = {problem.id: (problem, reference_of(problem)) for problem in suite.problems}
        outdated = {id for id, reference in judged_with if id in today and reference != today[id][1]}
        if not outdated:
            return
        stored, pairs = Anew(self.store, split=suite.split), []
        for id in sorted(outdated):
            problem, reference = today[id]

            def wanted(result: Result, reference: str = reference) -> bool:
                return result.reference != reference

            pairs += stored.judge(suite.env, suite.options, problem, suite.source.rules_of(problem.view), wanted)
        if pairs:
            changed = sum(before.status != after.status for before, after in pairs)
            self.console.print(
                f"{suite.env} {suite.split}: {len(pairs)} stored answers judged anew, since the references have "
                f"changed: {changed} new verdicts",
                soft_wrap=True,
            )

    def run_agent(self, suite: Suite, job: Job, seed: int) -> int:
        """One agent with one seed on one environment, all budgets; returns how many searches failed."""
        config = self.config
        agent = job.make(suite.problems, self.policy)
        setup = dataclasses.asdict(agent.config) | {"guide": agent.guide.name if agent.guide is not None else None}
        limits = {"max_tokens": config.max_tokens, "max_steps": config.max_steps}
        who = (self.policy.name, job.label, self.store.config_of(job.label, setup), canonical(limits))
        cell = Cell(suite.env, suite.options, suite.split, *who, seed)
        budgets = sorted(set(config.budgets))
        if agent.anytime:
            return self._run_budgets(suite, agent, cell, budgets)
        return sum(self._run_budgets(suite, agent, cell, [budget]) for budget in budgets)

    def _run_budgets(self, suite: Suite, agent: SearchAgent, cell: Cell, budgets: Sequence[int]) -> int:
        """One pass over the problems at the largest of these budgets, which gives the others too."""
        config, store = self.config, self.store
        codes = self._codes(suite, agent)
        there = [store.finished(cell, budget) for budget in budgets]
        todo: dict[str, Problem] = {}
        old = 0
        for problem in suite.problems:
            found = [standing[problem.id] for standing in there if problem.id in standing]
            code, reference = codes[problem.id][0], reference_of(problem)
            stale = any(each.code != code for each in found)
            if (
                len(found) < len(budgets)
                or any(each.oracle and each.reference != reference for each in found)
                or (stale and config.fresh)
            ):
                todo[problem.id] = problem
            elif stale:
                old += 1
        statuses = [there[-1][p.id].status for p in suite.problems if p.id not in todo]
        kept = {problem.id for problem in suite.problems[: config.keep_trees]}
        title = f"{suite.env} {suite.split} {cell.agent}"
        title += (f" seed {cell.seed}" if len(config.seeds) > 1 else "") + (
            f" {budgets[-1]}" if not agent.anytime else ""
        )
        start, tokens = time.monotonic(), 0

        def done(found: SearchResult) -> None:
            nonlocal tokens
            problem = todo[found.id]
            code, judged_by = codes[problem.id]
            results = judge(
                suite.source.rules_of(problem.view),
                problem,
                found,
                budgets,
                code=code,
                judged_by=judged_by,
                keep_tree=found.id in kept,
            )
            store.add(cell, results, prompt=problem.view.prompt, run=self.run)
            statuses.append(results[-1].status)
            tokens += found.tokens
            right = sum(status == Status.CORRECT for status in statuses)
            rate = tokens / max(1e-9, time.monotonic() - start)
            display.update(len(statuses), f"{right} right so far  {rate:,.0f} tokens/s")

        with watch(title, total=len(suite.problems), done=len(statuses), console=self.console) as display:
            if old:
                display.say(f"{title}: {old} of {len(suite.problems)} {CHANGED}")
            if not todo:
                display.update(len(statuses), "stored already")
                return 0
            try:
                agent.run(
                    [problem.view for problem in todo.values()],
                    SearchTask(
                        suite.source,
                        self.policy,
                        max_tokens=config.max_tokens,
                        max_steps=config.max_steps,
                        seed=cell.seed,
                        batch_size=config.batch_size,
                    ),
                    budget=Budget(tokens=budgets[-1]),
                    on_done=done,
                )
            except SearchError as error:
                display.say(str(error))
                return len(error.errors)
        return 0

    def _codes(self, suite: Suite, agent: SearchAgent) -> dict[str, tuple[str, str]]:
        """Problem to the keys of the code that searches and of the code that judges, noted in the store."""
        algorithm = agent_kind(agent.name).run
        keys: dict[str, tuple[str, str]] = {}
        found = {}
        for problem in suite.problems:
            family = suite.source.rules_of(problem.view)
            name = source_of(type(plain_of(family)))
            if name not in keys:
                search = search_code(
                    name=agent.name, algorithm=algorithm, guide=agent.guide, policy=self.policy, judge=family
                )
                judging = judge_code(family)
                self.store.know_code(search)
                self.store.know_code(judging)
                keys[name] = (search.key, judging.key)
            found[problem.id] = keys[name]
        return found


def main(config: BenchConfig) -> None:
    from reasonrl.benchmarks.report import ReportConfig
    from reasonrl.benchmarks.report import main as report

    run_bench(config, share_cores=True)
    report(ReportConfig(store=config.store, page=config.page, rivals=config.rivals))
