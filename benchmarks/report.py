"""Table and page of a store: `reasonrl report`. Reads only, so it can look at a benchmark that is still running."""

from __future__ import annotations

import csv
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from reasonrl.agents.learning.metrics import FILE, read_metrics
from reasonrl.benchmarks.ageing import Ageing, ageing_of
from reasonrl.benchmarks.statistics import Interval
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.summary import Lift, Row, Selection, Versus, flatten, lifts, select, summarise
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_PLAIN_WIDTH = 140
"""Columns of the table where there is no terminal."""
_COLUMNS = {
    "budget": 6,
    "n": 4,
    "accuracy": 14,
    "cut": 4,
    "found": 5,
    "chosen": 6,
    "tokens": 6,
    "checks": 6,
    "s": 7,
    "vs greedy": 14,
    "vs majority": 14,
}
"""Figures of a row and the room they need."""


@dataclass(frozen=True)
class ReportConfig:
    """Makes the table and the page of a stored benchmark."""

    store: Annotated[str, tyro.conf.Positional] = "runs/bench.sqlite"
    """The store that `reasonrl bench` wrote."""
    page: str | None = None
    """Where the HTML page goes; beside the store when left out."""
    learning: tuple[str, ...] = ()
    """Folders of training runs whose learning curves go on the page (each with its metrics.jsonl)."""
    export: str | None = None
    """Also write the rows to this file: .csv or .json."""
    picture: str | None = None
    """Also draw accuracy against tokens as a picture of its own, for a README or a paper: .svg."""
    seed: int = 0
    """Seeds the bootstrap of the intervals."""


def main(config: ReportConfig) -> None:
    from reasonrl.benchmarks.page import write_page

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    check_export(config.export)
    check_picture(config.picture)
    check_learning(config.learning)
    page = Path(config.page) if config.page else Path(config.store).with_suffix(".html")
    with Store(config.store, create=False) as store:
        results = list(store.results())
        rows = summarise(results, seed=config.seed)
        gains = lifts(results, rows, seed=config.seed)
        if not rows:
            raise ValueError(f"{config.store} has no results yet: run `reasonrl bench --store {config.store}`")
        ageing = ageing_of(store)
        folders = [Path(folder) for folder in config.learning]
        write_page(page, store, rows, gains, learning=folders, ageing=ageing)
    if config.export:
        export(rows, Path(config.export))
    if config.picture:
        from reasonrl.benchmarks.picture import draw

        Path(config.picture).parent.mkdir(parents=True, exist_ok=True)
        Path(config.picture).write_text(draw(rows), encoding="utf-8")
    show(rows, gains, console, ageing=ageing)
    console.print(f"\npage   {page}\nstore  {config.store}", soft_wrap=True)
    if config.picture:
        console.print(f"drawn  {config.picture}", soft_wrap=True)


def show(rows: Sequence[Row], gains: Sequence[Lift], console: Console, *, ageing: Ageing | None = None) -> None:
    """Prints the table, and below it the comparison that the validation split chose."""
    ageing = ageing or Ageing()
    for at, group in enumerate(by_place(main_split(rows))):
        console.print(f"[bold]{escape(place(group[0]))}[/bold]  [dim]{escape(group[0].series.policy)}[/dim]")
        console.print(make_table(group, header=at == 0, ageing=ageing))
    for note in ageing.notes(rows):
        console.print(escape(note), style="yellow", soft_wrap=True)
    console.print(
        "[ ] are 95 % intervals. cut: no answer was finished within the limits, which counts as wrong.\n"
        "found: some candidate was right (coverage); chosen: of these, it was the one given.\n"
        "Differences are paired, in points; vs greedy is against greedy's one answer, vs majority at the same budget.",
        style="dim",
    )
    chosen = select(rows)
    if chosen:
        console.print("\n[bold]Picked on the validation split, measured on the test split[/bold]")
        console.print(bottom_line(chosen))
    if gains:
        console.print("\n[bold]From one policy to another, greedy on the same problems[/bold]")
        console.print(make_gains(gains))


def make_table(rows: Sequence[Row], *, header: bool = True, ageing: Ageing | None = None) -> Table:
    """The figures of one environment; tables of several line up below each other."""
    ageing = ageing or Ageing()
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0), show_header=header)
    table.add_column("agent", min_width=18, overflow="fold")
    for name, width in _COLUMNS.items():
        table.add_column(name, min_width=width, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        name = row.series.agent + (" (oracle)" if row.oracle else "")
        seeds = f" x {row.seeds}" if row.seeds > 1 else ""
        unjudged = f" -{row.unjudged}" if row.unjudged else ""
        table.add_row(
            "" if name == before else escape(name),
            f"{row.budget:,}",
            f"{row.problems}{seeds}{unjudged}",
            f"{percent(row.accuracy.value)} {ends(row.accuracy)}{ageing.mark(row)}",
            percent(row.cut),
            percent(row.coverage),
            percent(row.efficiency),
            f"{row.tokens:,.0f}",
            number(row.verifier_calls, 1),
            seconds(row.seconds),
            points(row.over_greedy),
            points(row.over_majority),
        )
        before = name
    return table


def by_place(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one split, environment, policy and limits together; of greedy only the row with all its tokens."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        series = row.series
        groups[series.split, series.env, series.options, series.policy, series.settings].append(row)
    return [
        [row for row in group if row.series.base != "greedy" or row.budget == _most(row, group)]
        for group in groups.values()
    ]


def _most(row: Row, group: Sequence[Row]) -> int:
    return max(each.budget for each in group if each.series == row.series)


def place(row: Row) -> str:
    """Environment with its options and split, short."""
    options = json.loads(row.series.options)
    extra = "".join(f" {key} {','.join(map(str, v)) if isinstance(v, list) else v}" for key, v in options.items())
    return f"{row.series.env.removeprefix('reasonrl/')}{extra} {row.series.split}"


def bottom_line(chosen: Sequence[Selection]) -> Table:
    """The comparison that was fixed before the test split was looked at."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("environment")
    table.add_column("picked")
    for name in ("budget", "n", "greedy", "picked", "difference", "majority, equal tokens", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in chosen:
        test = each.test
        table.add_row(
            escape(place(test)),
            escape(test.series.agent),
            f"{test.budget:,}",
            str(test.problems),
            percent(each.greedy.accuracy.value),
            percent(test.accuracy.value),
            f"[bold]{points(test.over_greedy)}[/bold]",
            "-" if each.majority is None else percent(each.majority.accuracy.value),
            points(test.over_majority),
        )
    return table


def make_gains(gains: Sequence[Lift]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("environment", "policy before", "policy after"):
        table.add_column(name, overflow="fold")
    for name in ("n", "before", "after", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in gains:
        table.add_row(
            escape(place(each.after)),
            escape(each.before.series.policy),
            escape(each.after.series.policy),
            str(each.gain.problems),
            percent(each.before.accuracy.value),
            percent(each.after.accuracy.value),
            f"[bold]{points(each.gain)}[/bold]",
        )
    return table


def main_split(rows: Sequence[Row]) -> list[Row]:
    """The rows to look at: of the test split where there are any."""
    splits = {row.series.split for row in rows}
    split = next(each for each in ("test", "validation", "train") if each in splits)
    return [row for row in rows if row.series.split == split]


def percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f}%"


def number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def seconds(value: float) -> str:
    """
    >>> seconds(0.00412), seconds(12.3)
    ('0.0041', '12')
    """
    return "-" if math.isnan(value) else f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def points(versus: Versus | None) -> str:
    """A difference in points with its interval.

    >>> points(Versus(Interval(0.153, 0.08, 0.221), 100))
    '+15 [+8, +22]'
    """
    if versus is None or math.isnan(versus.difference.value):
        return "-"
    value, low, high = (round(100 * each) + 0 for each in versus.difference)
    return f"{value:+d} [{low:+d}, {high:+d}]"


def ends(interval: Interval) -> str:
    """
    >>> ends(Interval(0.5, 0.412, 0.588))
    '[41, 59]'
    """
    return "" if math.isnan(interval.low) else f"[{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


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
