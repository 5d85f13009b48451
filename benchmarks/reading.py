"""The part of the page to read: what agents said, line by line, beside greedy, and search trees."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from reasonrl.agents.search.viewer import to_html
from reasonrl.benchmarks.report import by_place, main_split, place
from reasonrl.benchmarks.store import Cell, Result, Store
from reasonrl.benchmarks.summary import BASELINES, Row, Selection
from reasonrl.verifiers.core import Status

_SHOWN = 3
"""Problems whose answers are printed, for each environment."""
_LARGEST_TREE = 400
"""Nodes of a tree that is shown."""
_WORDS: dict[str, str] = {
    Status.NO_ANSWER: "no answer",
    Status.UNPARSABLE: "unreadable answer",
    Status.TIMEOUT: "ran too long",
}


class Answered(NamedTuple):
    """One problem, with what the agent worth reading and greedy said."""

    prompt: str
    result: Result
    greedy: Result | None


def make_reading(store: Store, rows: Sequence[Row], chosen: Sequence[Selection]) -> str:
    """A few problems of each environment: what the agent said, line by line, beside greedy; and its search trees."""
    picks = {(each.test.series.env, each.test.series.options, each.test.series.policy): each.test for each in chosen}
    results: dict[tuple[str, ...], dict[str, tuple[Cell, Result]]] = defaultdict(dict)
    for cell, result in store.results(trees=True):
        key = (
            cell.env,
            cell.options,
            cell.split,
            cell.policy,
            cell.agent,
            cell.config,
            cell.settings,
            str(result.budget),
        )
        results[key].setdefault(result.problem, (cell, result))
    prompts = store.prompts()
    parts = []
    for group in by_place(main_split(rows)):
        greedy = next((row for row in reversed(group) if row.series.base == "greedy"), None)
        pick = picks.get((group[0].series.env, group[0].series.options, group[0].series.policy)) or _most_accurate(
            group
        )
        its, baseline = (_of(results, row) for row in (pick, greedy))
        answered = [
            Answered(prompts[(cell.env, cell.options, name)], result, baseline[name][1] if name in baseline else None)
            for name, (cell, result) in its.items()
        ]
        shown = _worth_reading(answered)
        if not shown:
            continue
        cards = "".join(_card(each, pick.series.agent) for each in shown)
        trees = [(row.series.agent, result) for row in group for _, result in _of(results, row).values() if result.tree]
        parts.append(f"<h3>{escape(place(pick))}</h3>{cards}{_tree(trees)}")
    legend = " ".join(
        f'<span class="{name}" style="color:var(--c);font-weight:600">{name}</span>: {meaning}.'
        for name, meaning in (
            ("useful", "true and a step forward"),
            ("redundant", "harmless"),
            ("invalid", "does not follow"),
            ("unparsable", "not in the form that the environment reads"),
        )
    )
    return f'<p class="small">Each line is coloured by what the step verifier says of it. {legend}</p>' + "".join(parts)


def _of(
    results: Mapping[tuple[str, ...], dict[str, tuple[Cell, Result]]], row: Row | None
) -> dict[str, tuple[Cell, Result]]:
    return {} if row is None else results.get((*row.series, str(row.budget)), {})


def _most_accurate(group: Sequence[Row]) -> Row:
    """The best searching agent at its largest budget, or whatever there is."""
    largest = [row for row in group if row.budget == max(each.budget for each in group) and not row.oracle] or list(
        group
    )
    searching = [row for row in largest if row.series.base not in BASELINES] or largest
    return max(searching, key=lambda row: (row.accuracy.value, -row.tokens))


def _worth_reading(answered: Sequence[Answered]) -> list[Answered]:
    """What search mended, what it could not, and what both got right: in this order, the longer answers first."""

    def kind(each: Answered) -> int:
        if each.result.correct:
            return 0 if each.greedy is not None and not each.greedy.correct else 2
        return 1

    groups: list[list[Answered]] = [[each for each in answered if kind(each) == number] for number in range(3)]
    for group in groups:
        group.sort(key=lambda each: -min(len(each.result.steps), 8))
    order = [each for group in groups for each in group[:1]] + groups[0][1:] + groups[1][1:] + groups[2][1:]
    return order[:_SHOWN]


def _card(each: Answered, agent: str) -> str:
    both = "".join(
        _answer(name, result) for name, result in ((agent, each.result), ("greedy", each.greedy)) if result is not None
    )
    same = each.greedy is each.result
    shown = _answer(agent, each.result) if same else both
    return (
        f'<div class="card problem"><p class="prompt">{escape(each.prompt)}</p><div class="answers">{shown}</div></div>'
    )


def _answer(name: str, result: Result) -> str:
    verdict = (
        "right" if result.correct else "not judged" if result.correct is None else _WORDS.get(result.status, "wrong")
    )
    css = "right" if result.correct else "wrong"
    steps = "".join(
        f'<li class="{escape(step.verdict)}"><pre>{escape(step.line)}</pre>'
        f'<span class="tag">{escape(step.verdict)}</span></li>'
        for step in result.steps
    )
    body = f'<ol class="steps">{steps}</ol>' if steps else '<p class="small">No answer was finished.</p>'
    return (
        f'<div><div class="who"><span>{escape(name)} · {result.tokens:,} tokens</span>'
        f'<span class="verdict {css}">{escape(verdict)}</span></div>{body}</div>'
    )


def _tree(kept: Sequence[tuple[str, Result]]) -> str:
    """The tree most worth opening: of several levels, with the answer found, and large without being too large."""
    best: tuple[tuple[bool, bool, int], str, dict[str, Any]] | None = None
    for agent, result in kept:
        data = json.loads(result.tree or "{}")
        nodes = data.get("nodes", ())
        worth = (any(node["parent"] for node in nodes), bool(result.correct), len(nodes))  # the root's index is 0
        if 1 < len(nodes) <= _LARGEST_TREE and (best is None or worth > best[0]):
            best = (worth, agent, data)
    if best is None:
        return ""
    title = f"A search tree of {escape(best[1])}, {best[0][2]} nodes"
    return f'<details class="card tree"><summary>{title}</summary><div>{to_html(best[2])}</div></details>'
