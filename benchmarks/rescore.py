"""Stored answers under today's judges: `reasonrl rescore`. Nothing is sampled; who answered what stays as it was."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from reasonrl.agents.learning.metrics import watch
from reasonrl.benchmarks.grading import Anew
from reasonrl.benchmarks.identity import content_of, judge_code, reference_of
from reasonrl.benchmarks.records import Result
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.tasks import find_problem, open_source
from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class RescoreConfig:
    """Judges the stored answers of a benchmark anew with today's verifiers and references; samples nothing."""

    store: Annotated[str, tyro.conf.Positional] = "runs/bench.sqlite"
    """The store that `reasonrl bench` wrote."""
    data: str | None = None
    """Path of the file, for data sets; where the last run read it when left out."""


@dataclass(frozen=True)
class Change:
    """What judging anew has changed in one environment."""

    judged: int
    moves: Mapping[tuple[str, str], int]
    """(status before, status after) to the number of results; equal ones are left out."""
    skipped: int
    """Results on problems that are gone or have changed: these are for `reasonrl bench` to run."""


def main(config: RescoreConfig) -> None:
    console = Console(highlight=False)
    changes = rescore(config, console=console)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("environment")
    for name in ("judged anew", "new verdicts"):
        table.add_column(name, justify="right")
    table.add_column("which")
    for env, change in changes.items():
        which = ", ".join(f"{before} -> {after}: {count}" for (before, after), count in sorted(change.moves.items()))
        table.add_row(escape(env), f"{change.judged:,}", f"{sum(change.moves.values()):,}", which)
    console.print(table)
    for env, change in changes.items():
        if change.skipped:
            console.print(
                f"{env}: {change.skipped:,} results are on problems that have changed or are gone; left as is"
            )
    console.print(f"see `reasonrl report {config.store}`", soft_wrap=True)


def rescore(config: RescoreConfig, *, console: Console | None = None) -> dict[str, Change]:
    """Judges anew every result whose reference or judge has changed since, and those that no judge could judge.

    Returns:
        Environment id to what changed.

    Raises:
        FileNotFoundError: there is no store.
        ValueError: it has no results, or the data set's file was not found.
    """
    console = console or Console(quiet=True)
    judged: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    moves: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    with Store(config.store, create=False) as store:
        stored = Anew(store)
        if not stored.stored:
            raise ValueError(f"{config.store} has no results yet: run `reasonrl bench --store {config.store}`")
        data = config.data or next(
            (run.config["data"] for run in reversed(store.runs()) if run.config.get("data")), None
        )
        sources = {env: open_source(env, data=data)[0] for env in dict.fromkeys(env for env, _, _ in stored.stored)}
        with watch("judging anew", total=len(stored.stored), console=console) as display:
            for done, ((env, options, id), results) in enumerate(stored.stored.items(), 1):
                problem = find_problem(sources[env], env, id)
                if problem is None or content_of(problem) != results[0][1].content or not _same_file(options, data):
                    skipped[env] += len(results)
                else:
                    family = sources[env].rules_of(problem.view)
                    today = (judge_code(family).key, reference_of(problem))

                    def wanted(result: Result, today: tuple[str, str] = today) -> bool:
                        return (result.judge, result.reference) != today or result.score is None

                    for before, after in stored.judge(env, options, problem, family, wanted):
                        judged[env] += 1
                        if before.status != after.status:
                            moves[env][before.status, after.status] += 1
                display.update(done, f"{sum(judged.values()):,} judged")
    return {env: Change(judged[env], dict(moves[env]), skipped[env]) for env in sources}


def _same_file(options: str, data: str | None) -> bool:
    """Whether results of a data set were asked of a file of this name."""
    return '"data"' not in options or (data is not None and f'"data":"{Path(data).name}"' in options)
