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
from reasonrl.benchmarks.statistics import Interval
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.summary import Row, Selection, Versus, flatten, select, summarise
from rich.console import Console
from rich.table import Table

_PLAIN_WIDTH = 132
"""Columns of the table where there is no terminal."""


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
    seed: int = 0
    """Of the bootstrap."""


def main(config: ReportConfig) -> None:
    from reasonrl.benchmarks.page import write_page

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    check_export(config.export)
    page = Path(config.page) if config.page else Path(config.store).with_suffix(".html")
    with Store(config.store, create=False) as store:
        rows = summarise(store.results(), seed=config.seed)
        if not rows:
            raise ValueError(f"{config.store} has no results yet: run `reasonrl bench --store {config.store}`")
        write_page(page, store, rows, learning=[Path(folder) for folder in config.learning])
    if config.export:
        export(rows, Path(config.export))
    show(rows, console)
    console.print(f"\npage   {page}\nstore  {config.store}", soft_wrap=True)


def show(rows: Sequence[Row], console: Console) -> None:
    """Prints the table, and below it the comparison that the validation split chose."""
    console.print(make_table(main_split(rows)))
    console.print(
        "[ ] are 95 % intervals. found: some candidate was right (coverage); chosen: of these, it was the one given.\n"
        "Differences are paired, in points; vs greedy is against greedy's one answer, vs majority at the same budget.",
        style="dim",
    )
    chosen = select(rows)
    if chosen:
        console.print("\n[bold]Picked on the validation split, measured on the test split[/bold]")
        console.print(bottom_line(chosen))


def make_table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    several = len({row.series.policy for row in rows}) > 1
    for name in ("environment", *(("policy",) if several else ()), "agent"):
        table.add_column(name, overflow="fold")
    for name in ("budget", "n", "accuracy", "found", "chosen", "tokens", "checks", "s", "vs greedy", "vs majority"):
        table.add_column(name, justify="right", no_wrap=True)
    before: tuple[str, ...] = ()
    for row in table_rows(rows):
        series = row.series
        where = (place(row), *((series.policy,) if several else ()))
        agent = (series.agent, *where)
        table.add_row(
            *(("",) * len(where) if before[1:] == where else where),
            "" if before == agent else series.agent + (" (oracle)" if row.oracle else ""),
            f"{row.budget:,}",
            str(row.problems)
            + (f" x {row.seeds}" if row.seeds > 1 else "")
            + (f" -{row.unjudged}" if row.unjudged else ""),
            f"{percent(row.accuracy.value)} {ends(row.accuracy)}",
            percent(row.coverage),
            percent(row.efficiency),
            f"{row.tokens:,.0f}",
            number(row.verifier_calls, 1),
            seconds(row.seconds),
            points(row.over_greedy),
            points(row.over_majority),
        )
        before = agent
    return table


def table_rows(rows: Sequence[Row]) -> list[Row]:
    """In reading order: by split, environment and policy as they came; of greedy only the row with all its tokens."""
    largest: dict[object, int] = {}
    for row in rows:
        largest[row.series] = max(row.budget, largest.get(row.series, 0))
    shown = [row for row in rows if row.series.base != "greedy" or row.budget == largest[row.series]]
    places = list(
        dict.fromkeys((row.series.split, row.series.env, row.series.options, row.series.policy) for row in rows)
    )
    places.sort(key=lambda each: each[0])
    return sorted(shown, key=lambda r: places.index((r.series.split, r.series.env, r.series.options, r.series.policy)))


def by_place(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one environment, policy and limits together."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row.series.env, row.series.options, row.series.policy, row.series.settings)].append(row)
    return list(groups.values())


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
            place(test),
            test.series.agent,
            f"{test.budget:,}",
            str(test.problems),
            percent(each.greedy.accuracy.value),
            percent(test.accuracy.value),
            f"[bold]{points(test.over_greedy)}[/bold]",
            "-" if each.majority is None else percent(each.majority.accuracy.value),
            points(test.over_majority),
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
