"""Which agent has which colour, and which lines go on as level ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from reasonrl.agents.search.registry import AGENTS
from reasonrl.benchmarks.compare import summarise
from reasonrl.benchmarks.rows import Row
from reasonrl.benchmarks.views.charts import AGENT_COLOURS
from reasonrl.benchmarks.views.scaling import colours_of, scaling_chart

Make = Callable[..., Any]


def rows_of(answered: Make, *agents: str) -> list[Row]:
    return summarise([pair for agent in agents for pair in answered(agent, 5)])


def test_an_agent_keeps_the_colour_of_its_place_in_the_registry_whoever_was_run_with_it(answered: Make) -> None:
    names = list(AGENTS)[:AGENT_COLOURS]
    assert colours_of(rows_of(answered, *reversed(names))) == {name: place for place, name in enumerate(names)}
    assert colours_of(rows_of(answered, names[3])) == {names[3]: 3}


def test_labels_and_own_searches_take_what_is_free_and_share_once_nothing_is(answered: Make) -> None:
    first, second, *_ = AGENTS
    own = [f"my.py:search(width={width})" for width in range(AGENT_COLOURS)]
    colours = colours_of(rows_of(answered, second, *own, f"{first}(temperature=0.5)"))
    assert colours[second] == 1
    assert [colours[label] for label in own] == [0, 2, 3, 4, 5, 6, 7, 0]
    assert set(colours.values()) == set(range(AGENT_COLOURS))


def test_one_answer_is_a_level_line_and_what_searches_is_not(answered: Make) -> None:
    rows = summarise(
        [pair for agent in ("greedy", "mcts") for budget in (50, 100) for pair in answered(agent, 5, budget=budget)]
    )
    svg = ElementTree.fromstring(scaling_chart(rows, colours_of(rows)))
    dashed = [each.get("class", "") for each in svg.iter("path") if "dashed" in each.get("class", "")]
    assert dashed == [f"line dashed s{list(AGENTS).index('greedy')}"]
