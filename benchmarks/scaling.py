"""Accuracy against tokens: the rows of one environment as lines of a chart, and the colour that each agent keeps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reasonrl.benchmarks.charts import AGENT_COLOURS, Point, Series, line_chart
from reasonrl.benchmarks.intervals import Mark, interval_chart
from reasonrl.benchmarks.report import ends, percent, place
from reasonrl.benchmarks.summary import Row

_COLOUR_OF = {"greedy": 0, "majority": 1, "best_of_n": 2, "beam": 3, "mcts": 4}


def colours_of(rows: Iterable[Row]) -> dict[str, int]:
    """Agent to colour: the known ones have theirs, others take what is free."""
    agents = list(dict.fromkeys(row.series.agent for row in rows))
    taken = {agent: _COLOUR_OF[agent] for agent in agents if agent in _COLOUR_OF}
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
            Mark(_name(its[0]), f"{its[0].tokens:,.0f} tokens", its[0].accuracy, colours[agent], _note(its[0]))
            for agent, its in agents.items()
        ]
        most = max(row.budget for row in rows)
        return interval_chart(marks, title=title, x_label=f"right answers, with a budget of {most:,} tokens")
    lines = [
        Series(
            _name(its[0]),
            tuple(
                Point(max(1.0, row.tokens), row.accuracy.value, row.accuracy.low, row.accuracy.high, _note(row))
                for row in sorted(its, key=lambda row: row.tokens)
            ),
            colours[agent],
            flat=its[0].series.base == "greedy",
        )
        for agent, its in agents.items()
    ]
    return line_chart(lines, title=title, x_label="tokens per problem", y_label="right answers", log_x=True)


def _name(row: Row) -> str:
    return row.series.agent + (" (oracle)" if row.oracle else "")


def _note(row: Row) -> str:
    return (
        f"{row.series.agent}, budget {row.budget:,}: {percent(row.accuracy.value)} {ends(row.accuracy)} "
        f"with {row.tokens:,.0f} tokens, found {percent(row.coverage)}"
    )
