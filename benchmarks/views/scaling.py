"""Accuracy against tokens: the rows of one environment as lines of a chart, and the colour that each agent keeps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.roles import position_of
from reasonrl.benchmarks.rows import Row
from reasonrl.benchmarks.views.charts import AGENT_COLOURS, Line, Point, line_chart
from reasonrl.benchmarks.views.format import ends, percent, place, who
from reasonrl.benchmarks.views.intervals import Mark, interval_chart


def colours_of(rows: Iterable[Row]) -> dict[str, int]:
    """Agent to colour: by its place in the registry, as long as colours last; others take what is free."""
    agents = list(dict.fromkeys(row.series.agent for row in rows))
    places = {agent: position_of(agent) for agent in agents}
    taken = {agent: place for agent, place in places.items() if place is not None and place < AGENT_COLOURS}
    free = [each for each in range(AGENT_COLOURS) if each not in taken.values()] or list(range(AGENT_COLOURS))
    others = [agent for agent in agents if agent not in taken]
    return taken | {agent: free[index % len(free)] for index, agent in enumerate(others)}


def is_comparison(rows: Sequence[Row]) -> bool:
    """Whether there is anything to compare in a chart."""
    return len({row.series.agent for row in rows}) > 1 or len({row.budget for row in rows}) > 1


def scaling_chart(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    """One environment's chart: lines over tokens, or where each agent has one budget alone a row of its own for it."""
    agents: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if not math.isnan(row.accuracy.value):
            agents[row.series.agent].append(row)
    title = place(rows[0])
    if all(len(its) == 1 for its in agents.values()):
        marks = [
            Mark(who(its[0]), f"{its[0].tokens:,.0f} tokens", its[0].accuracy, colours[agent], _note(its[0]))
            for agent, its in agents.items()
        ]
        most = max(row.budget for row in rows)
        return interval_chart(marks, title=title, x_label=f"right answers, with a budget of {most:,} tokens")
    lines = [
        Line(
            who(its[0]),
            tuple(
                Point(max(1.0, row.tokens), row.accuracy.value, row.accuracy.low, row.accuracy.high, _note(row))
                for row in sorted(its, key=lambda row: row.tokens)
            ),
            colours[agent],
            flat=its[0].series.role is Role.SINGLE,
        )
        for agent, its in agents.items()
    ]
    return line_chart(lines, title=title, x_label="tokens per problem", y_label="right answers", log_x=True)


def _note(row: Row) -> str:
    return (
        f"{row.series.agent}, budget {row.budget:,}: {percent(row.accuracy.value)} {ends(row.accuracy)} "
        f"with {row.tokens:,.0f} tokens, found {percent(row.coverage)}"
    )
