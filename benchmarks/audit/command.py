"""`reasonrl audit`: tries to fool every judge, and gives it right answers; a table, and exit code 1 for any fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from reasonrl.benchmarks.audit.child import Outcome, Request, audit
from reasonrl.benchmarks.audit.subjects import PEERS, peer_version, subject_names
from reasonrl.benchmarks.audit.trials import Check
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_PLAIN_WIDTH = 140
"""Columns of the table where there is no terminal."""
_SHOWN = 12
"""Faults of one subject that are printed; all are in the JSON."""


@dataclass(frozen=True)
class AuditConfig:
    """Tries right answers, impostors, attacks and padding on every judge, and says what each accepts."""

    ids: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Ids, families, data sets, or a family of your own as file.py:Class; all families when left out."""
    problems: int = 3
    """Problems of each difficulty."""
    seed: int = 0
    """Which problems, and which texts are drawn: the same seed gives the same audit."""
    difficulty: int | None = None
    """Only this difficulty."""
    data: tuple[str, ...] = ()
    """Files of data sets, as name=file."""
    peer: str | None = None
    """Audit another library instead: reasoning_gym (it must be installed); ids such as reasoning_gym/gcd pick of it."""
    out: str | None = None
    """Also write everything to this JSON file."""
    deadline: float = 10.0
    """Seconds of processor time after which a judge that has not answered is ended."""


def main(config: AuditConfig) -> None:
    names, data = _names(config)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    outcomes: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[trial]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("audit", total=len(names), trial="")
        for name in names:
            progress.update(task, description=name)
            request = Request(name, data.get(name), config.problems, config.seed, config.difficulty)
            outcomes.append(
                _audit(request, config.deadline, lambda done: progress.update(task, trial=f"trial {done:,}"))
            )
            progress.advance(task)
            if not console.is_terminal:
                console.print(f"{len(outcomes)}/{len(names)} {name}: {len(outcomes[-1].findings)} faults")
            if config.out:
                write_json(outcomes, Path(config.out), config)
    show(outcomes, console)
    if any(outcome.findings or not outcome.complete for outcome in outcomes):
        raise SystemExit(1)


def _audit(request: Request, deadline: float, progress: Callable[[int], None]) -> Outcome:
    """The outcome; what a peer cannot provide (a data set without answers, say) is a row that says so."""
    try:
        return audit(request, deadline=deadline, progress=progress)
    except ValueError as error:
        if request.name.partition("/")[0] not in PEERS:
            raise
        return Outcome(request.name, left_out=str(error).removeprefix(f"{request.name}: "))


def _names(config: AuditConfig) -> tuple[list[str], dict[str, str]]:
    if config.problems < 1:
        raise ValueError(f"problems must be at least 1, got {config.problems}")
    if config.peer is not None and config.peer not in PEERS:
        raise ValueError(f"unknown peer {config.peer!r}: there is {', '.join(PEERS)}")
    pairs = [each.partition("=") for each in config.data]
    if not all(name and path for name, _, path in pairs):
        raise ValueError("data is given as name=file, such as --data gsm8k=test.jsonl")
    data = {name: path for name, _, path in pairs}
    ids = config.ids or ((config.peer,) if config.peer is not None else ())
    return subject_names(ids, data), data


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """The table, and below it the faults."""
    console.print(make_table(outcomes))
    console.print("a number: so many trials, all as they should be; n/m: faults of trials", style="dim")
    for outcome in outcomes:
        if outcome.left_out:
            console.print(escape(f"\n{outcome.name}: left out, {outcome.left_out}"), soft_wrap=True)
        if not outcome.complete:
            console.print(f"\n[bold]{escape(outcome.name)}[/bold]: hung too often, the rest was left out")
        if outcome.findings:
            console.print(f"\n[bold]{escape(outcome.name)}[/bold]")
        for finding in outcome.findings[:_SHOWN]:
            text = f"  {finding.check}: {finding.fault}; {finding.label}; {finding.problem}; {finding.answer}"
            console.print(escape(text), soft_wrap=True)
        if len(outcome.findings) > _SHOWN:
            console.print(f"  and {len(outcome.findings) - _SHOWN} more", style="dim")


def make_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("judge", overflow="fold")
    table.add_column("problems", justify="right")
    for check in Check:
        table.add_column(check.value, justify="right", no_wrap=True)
    partial = any(outcome.partial for outcome in outcomes)
    if partial:
        table.add_column("partial", justify="right")
    for outcome in outcomes:
        cells = [cell(outcome, check) for check in Check]
        table.add_row(escape(outcome.name), str(outcome.problems), *cells, *([str(outcome.partial)] if partial else []))
    return table


def cell(outcome: Outcome, check: str) -> str:
    """What the table says of one check."""
    tried, faults = outcome.tried.get(check, 0), outcome.faults(check)
    if faults:
        return f"[red]{faults:,}/{max(tried, faults):,}[/red]"
    return f"[green]{tried:,}[/green]" if tried else "-"


def to_json(outcomes: Sequence[Outcome], config: AuditConfig) -> dict[str, Any]:
    return {
        "settings": {
            "problems": config.problems,
            "seed": config.seed,
            "difficulty": config.difficulty,
            "deadline": config.deadline,
            "peer_version": peer_version(config.peer) if config.peer is not None else "",
        },
        "judges": [
            {
                "name": outcome.name,
                "problems": outcome.problems,
                "complete": outcome.complete,
                "left_out": outcome.left_out,
                "tried": {str(check): outcome.tried.get(check, 0) for check in Check},
                "faults": {str(check): outcome.faults(check) for check in Check},
                "partial": outcome.partial,
                "styles": outcome.styles,
                "findings": [finding._asdict() for finding in outcome.findings],
            }
            for outcome in outcomes
        ],
    }


def write_json(outcomes: Sequence[Outcome], path: Path, config: AuditConfig) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(to_json(outcomes, config), indent=1) + "\n")
