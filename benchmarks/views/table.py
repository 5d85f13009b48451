"""Tables of a store for the terminal: every figure, the comparison that was fixed in advance, and what was learned."""

from __future__ import annotations

from collections.abc import Sequence

from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.ageing import Ageing
from reasonrl.benchmarks.compare import Lift, Selection, select
from reasonrl.benchmarks.roles import role_of
from reasonrl.benchmarks.rows import Row, by_place, main_split, rivals_in
from reasonrl.benchmarks.views.format import allowance, ends, number, percent, place, points, seconds, who
from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
}
"""Figures of a row and the room they need."""
_DIFFERENCE = 14
"""Room for a difference and its interval."""


def show(rows: Sequence[Row], gains: Sequence[Lift], console: Console, *, ageing: Ageing | None = None) -> None:
    """Prints the table, and below it the comparison that the validation split chose."""
    ageing = ageing or Ageing()
    main = main_split(rows)
    rivals = rivals_in(main)
    for at, group in enumerate(by_place(main)):
        console.print(f"[bold]{escape(place(group[0]))}[/bold]  [dim]{escape(group[0].series.policy)}[/dim]")
        console.print(make_table(group, rivals=rivals, header=at == 0, ageing=ageing))
    for note in ageing.notes(rows):
        console.print(escape(note), style="yellow", soft_wrap=True)
    console.print(
        "[ ] are 95 % intervals. cut: no answer was finished within the limits, which counts as wrong.\n"
        "found: some candidate was right (coverage); chosen: of these, it was the one given."
        + (f"\nDifferences are paired, in points: against {escape(allowance(rivals))}." if rivals else ""),
        style="dim",
    )
    chosen = select(rows)
    if chosen:
        console.print("\n[bold]Picked on the validation split, measured on the test split[/bold]")
        console.print(bottom_line(chosen))
    if gains:
        agents = " and ".join(dict.fromkeys(each.after.series.agent for each in gains))
        console.print(f"\n[bold]From one policy to another, {escape(agents)} on the same problems[/bold]")
        console.print(make_gains(gains))


def make_table(rows: Sequence[Row], *, rivals: Sequence[str], header: bool, ageing: Ageing) -> Table:
    """The figures of one environment; tables of several line up below each other."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0), show_header=header)
    table.add_column("agent", min_width=18, overflow="fold")
    for name, width in (_COLUMNS | {f"vs {name}": max(_DIFFERENCE, len(f"vs {name}")) for name in rivals}).items():
        table.add_column(escape(name), min_width=width, justify="right", no_wrap=True)
    before = ""
    for row in rows:
        name = who(row)
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
            *(points(row.versus[rival]) for rival in rivals),
        )
        before = name
    return table


def bottom_line(chosen: Sequence[Selection]) -> Table:
    """The comparison that was fixed before the test split was looked at."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("environment")
    table.add_column("picked")
    rivals = list(dict.fromkeys(name for each in chosen for name in each.rivals))
    columns = [
        column
        for name in rivals
        for column in (name if role_of(name) is Role.SINGLE else f"{name}, equal tokens", "difference")
    ]
    for name in ("budget", "n", "right", *columns):
        table.add_column(escape(name), justify="right", no_wrap=True)
    for each in chosen:
        test = each.test
        beside = []
        for position, name in enumerate(rivals):
            rival, difference = each.rivals.get(name), points(test.versus[name])
            beside.append("-" if rival is None else percent(rival.accuracy.value))
            beside.append(difference if position else f"[bold]{difference}[/bold]")
        table.add_row(
            escape(place(test)),
            escape(test.series.agent),
            f"{test.budget:,}",
            str(test.problems),
            percent(test.accuracy.value),
            *beside,
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
