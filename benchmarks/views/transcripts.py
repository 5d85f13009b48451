"""The part of the page to read: what agents said, line by line, beside their first rival, and search trees."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from reasonrl.agents.search.viewer import to_html
from reasonrl.benchmarks.compare import Selection, searching
from reasonrl.benchmarks.grading import DEAD_END, HOLDS, UNCHECKED
from reasonrl.benchmarks.records import Cell, Result
from reasonrl.benchmarks.roles import match
from reasonrl.benchmarks.rows import Row, by_place, main_split
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.views.format import place
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
_LINES: dict[str, tuple[str, str]] = {
    "useful": ("useful", "the rules accept it, and it is new"),
    "redundant": ("redundant", "harmless"),
    "invalid": ("invalid", "does not follow"),
    "unparsable": ("unparsable", "not in the form that the environment reads"),
    DEAD_END: ("dead end", "follows, but no right answer can be reached any more"),
    HOLDS: ("holds", "its arithmetic holds, and nothing else of it was looked at"),
    UNCHECKED: ("not checked", "nobody looked at this line"),
}
"""What a line is called, and what that means: see `grading`."""
_KINDS = ("right where {} was not", "not right", "right, as {} was")
"""What is shown of an agent's answers, beside those of another."""
_ALONE = ("right", "not right", "right")
"""The same, with nobody beside."""


class Answered(NamedTuple):
    """One problem, with what the agent worth reading and its rival said."""

    prompt: str
    result: Result
    rival: Result | None


def make_transcripts(store: Store, rows: Sequence[Row], chosen: Sequence[Selection]) -> str:
    """A few problems of each environment: what the agent said, line by line, beside its rival; and its search trees."""
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
    words: set[str] = set()
    for group in by_place(main_split(rows)):
        name, rival = _first_rival(group)
        pick = picks.get((group[0].series.env, group[0].series.options, group[0].series.policy)) or _most_accurate(
            group
        )
        its, baseline = (_of(results, row) for row in (pick, rival))
        answered = [
            Answered(prompts[(cell.env, cell.options, id)], result, baseline[id][1] if id in baseline else None)
            for id, (cell, result) in its.items()
        ]
        shown = _worth_reading(answered)
        if not shown:
            continue
        cards = "".join(_card(each, pick.series.agent, name) for each in shown)
        words |= {step.verdict for each in shown for one in (each.result, each.rival) if one for step in one.steps}
        kinds = Counter(_kind(each) for each in answered)
        said = _KINDS if rival is not None and rival is not pick else _ALONE
        counts = ", ".join(f"{kinds[kind]} {escape(said[kind].format(name))}" for kind in sorted(kinds))
        how = (
            f'<p class="small">{escape(pick.series.agent)} with {pick.budget:,} tokens. Of its {len(answered)} answers '
            f"{counts}. Shown is one of each kind, then more of the first kind; of a kind those with the most lines. "
            "So these say what answers look like, and not how often they are right.</p>"
        )
        trees = [result for _, result in its.values() if result.tree]
        parts.append(f"<h3>{escape(place(pick))}</h3>{how}{cards}{_tree(pick.series.agent, trees)}")
    legend = " ".join(
        f'<span class="{word}" style="color:var(--c);font-weight:600">{name}</span>: {meaning}.'
        for word, (name, meaning) in _LINES.items()
        if word in words
    )
    about = "Each line is coloured by what the step verifier says of it, without the reference."
    return f'<p class="small">{about} {legend}</p>' + "".join(parts)


def _of(
    results: Mapping[tuple[str, ...], dict[str, tuple[Cell, Result]]], row: Row | None
) -> dict[str, tuple[Cell, Result]]:
    return {} if row is None else results.get((*row.series, str(row.budget)), {})


def _first_rival(group: Sequence[Row]) -> tuple[str, Row | None]:
    """Name and row, at its largest budget, of the first rival that was run here."""
    agents = list(dict.fromkeys(row.series.agent for row in group))
    for name, agent in match(group[0].versus, agents).items():
        return name, max((row for row in group if row.series.agent == agent), key=lambda row: row.budget)
    return "", None


def _most_accurate(group: Sequence[Row]) -> Row:
    """The best searching agent at its largest budget, or whatever there is."""
    largest = [row for row in group if row.budget == max(each.budget for each in group) and not row.oracle] or list(
        group
    )
    search = searching([row.series.agent for row in group], rivals=group[0].versus)
    found = [row for row in largest if row.series.agent in search] or largest
    return max(found, key=lambda row: (row.accuracy.value, -row.tokens))


def _kind(each: Answered) -> int:
    """Index into `_KINDS`."""
    if each.result.correct:
        return 0 if each.rival is not None and not each.rival.correct else 2
    return 1


def _worth_reading(answered: Sequence[Answered]) -> list[Answered]:
    """What search mended, what it could not, and what both got right: in this order, the longer answers first."""
    groups: list[list[Answered]] = [[each for each in answered if _kind(each) == number] for number in range(3)]
    for group in groups:
        group.sort(key=lambda each: -min(len(each.result.steps), 8))
    order = [each for group in groups for each in group[:1]] + groups[0][1:] + groups[1][1:] + groups[2][1:]
    return order[:_SHOWN]


def _card(each: Answered, agent: str, rival: str) -> str:
    shown = _answer(agent, each.result)
    if each.rival is not None and each.rival is not each.result:
        shown += _answer(rival, each.rival)
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
        f'<span class="tag">{escape(_LINES.get(step.verdict, (step.verdict, ""))[0])}</span></li>'
        for step in result.steps
    )
    body = f'<ol class="steps">{steps}</ol>' if steps else '<p class="small">No answer was finished.</p>'
    return (
        f'<div><div class="who"><span>{escape(name)} · {result.tokens:,} tokens</span>'
        f'<span class="verdict {css}">{escape(verdict)}</span></div>{body}</div>'
    )


def _tree(agent: str, kept: Sequence[Result]) -> str:
    """This agent's tree most worth opening: of several levels, with the answer found, large without being too large."""
    best: tuple[tuple[bool, bool, int], dict[str, Any]] | None = None
    for result in kept:
        data = json.loads(result.tree or "{}")
        nodes = data.get("nodes", ())
        worth = (any(node["parent"] for node in nodes), bool(result.correct), len(nodes))  # the root's index is 0
        if 1 < len(nodes) <= _LARGEST_TREE and (best is None or worth > best[0]):
            best = (worth, data)
    if best is None:
        return ""
    (_, right, size), data = best
    title = f"A search tree of {escape(agent)}: {size} nodes, its answer {'right' if right else 'not right'}"
    return f'<details class="card tree"><summary>{title}</summary><div>{to_html(data)}</div></details>'
