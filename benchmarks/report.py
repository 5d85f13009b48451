"""Table and page of a store: `reasonrl report`. Reads only, so it can look at a benchmark that is still running."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from reasonrl.agents.learning.metrics import FILE, read_metrics
from reasonrl.benchmarks.ageing import ageing_of
from reasonrl.benchmarks.compare import lifts, summarise
from reasonrl.benchmarks.options import Words
from reasonrl.benchmarks.rows import Row, flatten
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.views.table import show
from rich.console import Console

_PLAIN_WIDTH = 140
"""Columns of the table where there is no terminal."""


@dataclass(frozen=True)
class ReportConfig:
    """Makes the table and the page of a stored benchmark."""

    store: Annotated[str, tyro.conf.Positional] = "runs/bench.sqlite"
    """The store that `reasonrl bench` wrote."""
    page: str | None = None
    """Where the HTML page goes; beside the store when left out."""
    rivals: Words = ()
    """Agents that all others are compared with; left out: those that give one answer or let samples vote."""
    learning: tuple[str, ...] = ()
    """Folders of training runs whose learning curves go on the page (each with its metrics.jsonl)."""
    export: str | None = None
    """Also write the rows to this file: .csv or .json."""
    picture: str | None = None
    """Also draw accuracy against tokens as a picture of its own, for a README or a paper: .svg."""
    seed: int = 0
    """Seeds the bootstrap of the intervals."""


def main(config: ReportConfig) -> None:
    from reasonrl.benchmarks.views.page import write_page

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    check_export(config.export)
    check_picture(config.picture)
    check_learning(config.learning)
    page = Path(config.page) if config.page else Path(config.store).with_suffix(".html")
    with Store(config.store, create=False) as store:
        results = list(store.results())
        rows = summarise(results, rivals=config.rivals, seed=config.seed)
        gains = lifts(results, rows, seed=config.seed)
        if not rows:
            raise ValueError(f"{config.store} has no results yet: run `reasonrl bench --store {config.store}`")
        ageing = ageing_of(store)
        folders = [Path(folder) for folder in config.learning]
        write_page(page, store, rows, gains, learning=folders, ageing=ageing)
    if config.export:
        export(rows, Path(config.export))
    if config.picture:
        from reasonrl.benchmarks.views.picture import draw

        Path(config.picture).parent.mkdir(parents=True, exist_ok=True)
        Path(config.picture).write_text(draw(rows), encoding="utf-8")
    show(rows, gains, console, ageing=ageing)
    console.print(f"\npage   {page}\nstore  {config.store}", soft_wrap=True)
    if config.picture:
        console.print(f"drawn  {config.picture}", soft_wrap=True)


def check_export(path: str | None) -> None:
    if path is not None and Path(path).suffix not in (".csv", ".json"):
        raise ValueError(f"export writes .csv or .json, not {Path(path).suffix or 'a name without an ending'!r}")


def check_picture(path: str | None) -> None:
    if path is not None and Path(path).suffix != ".svg":
        raise ValueError(f"the picture is an .svg file, not {Path(path).suffix or 'a name without an ending'!r}")


def check_learning(folders: Iterable[str]) -> None:
    """A folder to draw a learning curve of must hold one."""
    for folder in folders:
        if not read_metrics(Path(folder)):
            raise FileNotFoundError(
                f"{folder} holds no learning curve (no {FILE} with a finished step): give --learning the folder that "
                "`reasonrl train` wrote, or leave it out"
            )


def export(rows: Sequence[Row], path: Path) -> None:
    flat = [flatten(row) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(flat, indent=2) + "\n")
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)
