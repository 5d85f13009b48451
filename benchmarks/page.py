"""One self-contained HTML page of a benchmark: charts, table, transcripts and search trees to read.

No script and nothing from the network. All that a model or a data set wrote is escaped.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from reasonrl.agents.learning.metrics import clock, read_metrics
from reasonrl.agents.search.viewer import to_html
from reasonrl.benchmarks.charts import COLOURS, Point, Series as Line, line_chart
from reasonrl.benchmarks.page_style import STYLE
from reasonrl.benchmarks.report import ends, number, percent, place, points, table_rows
from reasonrl.benchmarks.store import Cell, Result, Run, Store
from reasonrl.benchmarks.summary import BASELINES, Row, Selection, Versus, base_name, select
from reasonrl.verifiers.core import Status

_COLOUR_OF = {"greedy": 0, "majority": 1, "best_of_n": 2, "beam": 3, "mcts": 4}
_SHOWN = 3
"""Problems whose answers are printed, for each environment."""
_LARGEST_TREE = 400
"""Nodes of a tree that is shown."""
_SMOOTH = 9
"""Steps in the moving average of a learning curve."""


class Answered(NamedTuple):
    """One problem, with what the agent worth reading and greedy said."""

    prompt: str
    result: Result
    greedy: Result | None


def write_page(path: Path, store: Store, rows: Sequence[Row], *, learning: Sequence[Path] = ()) -> None:
    """Writes the page of these rows, whole or not at all."""
    html = make_page(store, rows, learning=learning)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(html, encoding="utf-8")
    temporary.replace(path)


def make_page(store: Store, rows: Sequence[Row], *, learning: Sequence[Path] = ()) -> str:
    chosen = select(rows)
    main = _main_split(rows)
    colours = _colours(main)
    policies = list(dict.fromkeys(row.series.policy for row in rows))
    asked = sum({(row.series.env, row.series.options): row.problems for row in main}.values())
    sections = [
        "<h1>Search and learning in reasoning environments</h1>",
        f'<p class="lead">{escape(" and ".join(policies))} on {asked:,} {escape(main[0].series.split)} problems. '
        "An answer counts when the environment's hidden verifier accepts it; no search saw a reference"
        + (", except the oracles, which are labelled." if any(row.oracle for row in rows) else ".")
        + "</p>",
        _headline(chosen, colours),
        _learning(learning),
        "<h2>More tokens, more right answers</h2>",
        '<p class="small">Accuracy of the one answer that each agent gives, against the tokens that it spent on a problem, '
        "all its samples included. Bands are 95 % intervals. An agent that is sure stops early.</p>",
        f'<div class="grid">{"".join(_scaling(group, colours) for group in _by_place(main))}</div>',
        "<h2>All figures</h2>",
        _table(rows, colours),
        "<h2>Answers to read</h2>",
        _reading(store, rows, chosen),
        "<h2>How it was measured</h2>",
        _method(store.runs(), rows),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>reasonrl: search and learning</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(filter(None, sections))
        + "\n</main></body></html>\n"
    )


def _main_split(rows: Sequence[Row]) -> list[Row]:
    """The rows that charts and answers show: of the test split where there is one."""
    splits = {row.series.split for row in rows}
    split = next(each for each in ("test", "validation", "train") if each in splits)
    return [row for row in rows if row.series.split == split]


def _colours(rows: Iterable[Row]) -> dict[str, int]:
    """Agent to colour: the known ones have theirs, others take what is free."""
    agents = list(dict.fromkeys(row.series.agent for row in rows))
    taken = {agent: _COLOUR_OF[agent] for agent in agents if agent in _COLOUR_OF}
    free = [colour for colour in range(COLOURS) if colour not in taken.values()] or list(range(COLOURS))
    others = [agent for agent in agents if agent not in taken]
    return taken | {agent: free[index % len(free)] for index, agent in enumerate(others)}


def _by_place(rows: Iterable[Row]) -> list[list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row.series.env, row.series.options, row.series.policy, row.series.settings)].append(row)
    return list(groups.values())


def _headline(chosen: Sequence[Selection], colours: Mapping[str, int]) -> str:
    """One card an environment: what the agent picked on validation gains over greedy on test."""
    if not chosen:
        return ""
    cards = [
        '<p class="small">For each environment the validation split picked one search agent; this is how that agent does '
        'on the test split, beside greedy and beside majority vote with the same tokens.</p><div class="grid">'
    ]
    for each in chosen:
        versus = each.test.over_greedy
        if versus is None or math.isnan(versus.difference.value):
            continue
        sign = "right" if versus.difference.low > 0 else "wrong" if versus.difference.high < 0 else ""
        gain = f"{100 * versus.difference.value:+.0f} points"
        bars = [
            _bar("greedy", each.greedy, colours),
            _bar(each.test.series.agent, each.test, colours),
            "" if each.majority is None else _bar("majority", each.majority, colours),
        ]
        cards.append(
            f'<div class="card"><h3>{escape(place(each.test).removesuffix(" test"))}</h3><div class="big {sign}">{gain}</div>'
            f'<p class="small">{escape(each.test.series.agent)} over greedy, 95 % interval {_span(versus)}, '
            f'{versus.problems} problems, {each.test.budget:,} tokens</p><div class="bars">{"".join(bars)}</div></div>'
        )
    return "".join([*cards, "</div>"])


def _bar(name: str, row: Row, colours: Mapping[str, int]) -> str:
    share = row.accuracy.value
    css = f"s{colours.get(row.series.agent, 0)}"
    return (
        f'<span>{escape(name)}</span><span class="track {css}"><span class="fill" style="width:{100 * share:.1f}%"></span></span>'
        f'<span class="value">{percent(share)}</span>'
    )


def _span(versus: Versus) -> str:
    return f"{100 * versus.difference.low:+.0f} to {100 * versus.difference.high:+.0f}"


def _scaling(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    """Accuracy against tokens on one environment."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in table_rows(rows):
        lines[row.series.agent].append(row)
    drawn = []
    for agent, its in lines.items():
        spots = tuple(
            Point(
                max(1.0, row.tokens),
                row.accuracy.value,
                row.accuracy.low,
                row.accuracy.high,
                f"{agent}, budget {row.budget:,}: {percent(row.accuracy.value)} {ends(row.accuracy)} "
                f"with {row.tokens:,.0f} tokens, found {percent(row.coverage)}",
            )
            for row in sorted(its, key=lambda row: row.tokens)
            if not math.isnan(row.accuracy.value)
        )
        name = agent + (" (oracle)" if its[0].oracle else "")
        drawn.append(Line(name, spots, colours[agent], flat=its[0].series.base == "greedy"))
    title = place(rows[0])
    chart = line_chart(drawn, title=title, x_label="tokens per problem", y_label="right answers", log_x=True)
    return f'<figure class="card"><figcaption>{escape(title)}</figcaption>{chart}</figure>'


def _learning(folders: Sequence[Path]) -> str:
    """Learning curves of training runs: reward while sampling, and greedy accuracy on held-out problems."""
    figures = []
    for folder in folders:
        metrics = read_metrics(folder)
        curves = [
            Line("reward", tuple(_smooth([(m["step"], m["reward"]) for m in metrics if m.get("reward") is not None])), 2),
            Line(
                "held-out",
                tuple(
                    Point(m["step"], m["validation_accuracy"], m["validation_accuracy"], m["validation_accuracy"])
                    for m in metrics
                    if m.get("validation_accuracy") is not None
                ),
                4,
            ),
        ]
        if any(curve.points for curve in curves):
            chart = line_chart(curves, title=folder.name, x_label="step of learning", y_label="share right")
            figures.append(f'<figure class="card"><figcaption>{escape(folder.name)}</figcaption>{chart}</figure>')
    if not figures:
        return ""
    about = (
        '<p class="small">Reward: share of sampled answers that the verifier accepted, a moving average with its range. '
        "Held-out: greedy accuracy on validation problems that were never trained on.</p>"
    )
    return f'<h2>Learning</h2>{about}<div class="grid">{"".join(figures)}</div>'


def _smooth(curve: Sequence[tuple[float, float]]) -> Iterable[Point]:
    """Centred moving averages with the smallest and largest value around them, thinned to what can be seen."""
    stride = max(1, len(curve) // 120)
    for at in range(0, len(curve), stride):
        near = [value for _, value in curve[max(0, at - _SMOOTH // 2) : at + _SMOOTH // 2 + 1]]
        yield Point(curve[at][0], sum(near) / len(near), min(near), max(near))


def _table(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    heads = ("agent", "budget", "problems", "accuracy", "found", "chosen", "tokens", "guide calls", "checks", "seconds")
    cells = "".join(f'<th scope="col">{name}</th>' for name in (*heads, "vs greedy", "vs majority"))
    body = []
    before: tuple[str, ...] = ()
    for row in table_rows(rows):
        where = (place(row), row.series.policy)
        if where != before:
            body.append(f'<tr class="first"><th scope="rowgroup" colspan="12">{escape(where[0])} · {escape(where[1])}</th></tr>')
            before = where
        name = escape(row.series.agent) + (" (oracle)" if row.oracle else "")
        unjudged = f" ({row.unjudged} not judged)" if row.unjudged else ""
        values = [
            f"{row.budget:,}",
            f"{row.problems}{f' × {row.seeds}' if row.seeds > 1 else ''}{unjudged}",
            f'{percent(row.accuracy.value)} <span class="range">{ends(row.accuracy)}</span>',
            percent(row.coverage),
            percent(row.efficiency),
            f"{row.tokens:,.0f}",
            number(row.guide_calls, 0),
            number(row.verifier_calls, 1),
            number(row.seconds, 2),
        ]
        css = f"agent s{colours.get(row.series.agent, 0)}"
        body.append(
            f'<tr><td class="{css}">{name}</td>'
            + "".join(f"<td>{value}</td>" for value in values)
            + _difference(row.over_greedy)
            + _difference(row.over_majority)
            + "</tr>"
        )
    about = (
        '<p class="small">found: some candidate was right (coverage, unbiased pass@k for independent samples); chosen: '
        "accuracy / found, the share of what was found that was also given. checks: answers and steps that the guide had "
        "checked, none of them with the reference. Differences in points on the same problems, with 95 % intervals; greedy "
        "with all its tokens, majority at the same budget. A dash: not counted at budgets read off a larger run.</p>"
    )
    return f'{about}<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _difference(versus: Versus | None) -> str:
    if versus is None:
        return "<td>-</td>"
    sure = versus.difference.excludes_zero
    css = "" if not sure else ' class="right"' if versus.difference.value > 0 else ' class="wrong"'
    return f"<td{css}>{points(versus)}</td>"


def _reading(store: Store, rows: Sequence[Row], chosen: Sequence[Selection]) -> str:
    """A few problems of each environment: what the agent said, line by line, beside greedy; and its search trees."""
    picks = {(each.test.series.env, each.test.series.options, each.test.series.policy): each.test for each in chosen}
    results: dict[tuple[str, ...], dict[str, tuple[Cell, Result]]] = defaultdict(dict)
    for cell, result in store.results(trees=True):
        key = (cell.env, cell.options, cell.split, cell.policy, cell.agent, cell.config, cell.settings, str(result.budget))
        results[key].setdefault(result.problem, (cell, result))
    prompts = store.prompts()
    parts = []
    for group in _by_place(_main_split(rows)):
        greedy = next((row for row in reversed(group) if row.series.base == "greedy"), None)
        pick = picks.get((group[0].series.env, group[0].series.options, group[0].series.policy)) or _most_accurate(group)
        its, baseline = (_of(results, row) for row in (pick, greedy))
        answered = [
            Answered(prompts[(cell.env, cell.options, name)], result, baseline[name][1] if name in baseline else None)
            for name, (cell, result) in its.items()
        ]
        shown = _worth_reading(answered)
        trees = [result for _, result in its.values() if result.tree is not None]
        if not shown:
            continue
        cards = "".join(_card(each, pick.series.agent) for each in shown)
        heading = f"<h3>{escape(place(pick))}</h3>"
        parts.append(heading + cards + _tree(trees))
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


def _of(results: Mapping[tuple[str, ...], dict[str, tuple[Cell, Result]]], row: Row | None) -> dict[str, tuple[Cell, Result]]:
    return {} if row is None else results.get((*row.series, str(row.budget)), {})


def _most_accurate(group: Sequence[Row]) -> Row:
    """The best searching agent at its largest budget, or whatever there is."""
    largest = [row for row in group if row.budget == max(each.budget for each in group) and not row.oracle] or list(group)
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
        f'<div class="card" style="margin-bottom:14px"><p class="prompt">{escape(each.prompt)}</p>'
        f'<div class="answers">{shown}</div></div>'
    )


def _answer(name: str, result: Result) -> str:
    verdict = "right" if result.correct else "not judged" if result.correct is None else _WORDS.get(result.status, "wrong")
    css = "right" if result.correct else "wrong"
    steps = "".join(
        f'<li class="{escape(step.verdict)}"><pre>{escape(step.line)}</pre><span class="tag">{escape(step.verdict)}</span></li>'
        for step in result.steps
    )
    body = f'<ol class="steps">{steps}</ol>' if steps else '<p class="small">No answer was finished.</p>'
    return (
        f'<div><div class="who"><span>{escape(name)} · {result.tokens:,} tokens</span>'
        f'<span class="verdict {css}">{escape(verdict)}</span></div>{body}</div>'
    )


_WORDS = {Status.NO_ANSWER: "no answer", Status.UNPARSABLE: "unreadable answer", Status.TIMEOUT: "ran too long"}


def _tree(results: Sequence[Result]) -> str:
    """The tree most worth opening: one that found the answer, and of these the largest that is not too large."""
    best: tuple[bool, int, str] | None = None
    for result in results:
        data = json.loads(result.tree or "{}")
        nodes = len(data.get("nodes", ()))
        if 1 < nodes <= _LARGEST_TREE and (best is None or (bool(result.correct), nodes) > best[:2]):
            best = (bool(result.correct), nodes, to_html(data))
    if best is None:
        return ""
    return f'<details class="card tree"><summary>A search tree of {best[1]} nodes</summary><div>{best[2]}</div></details>'


def _method(runs: Sequence[Run], rows: Sequence[Row]) -> str:
    facts: list[tuple[str, str]] = []
    if runs:
        last = runs[-1]
        seconds = sum(run.seconds or 0.0 for run in runs)
        stopped = sum(run.seconds is None for run in runs)
        machine, versions = last.machine, last.versions
        facts = [
            ("started", escape(runs[0].started)),
            ("took", f"{clock(seconds)} in {len(runs)} runs" + (f", {stopped} of them cut short" if stopped else "")),
            ("machine", escape(", ".join(f"{key} {value}" for key, value in machine.items()))),
            ("versions", escape(", ".join(f"{key} {value}" for key, value in versions.items()))),
            ("commands", "<br>".join(f"<code>{escape(each)}</code>" for each in dict.fromkeys(run.command for run in runs))),
        ]
    facts += [
        ("judges", escape(", ".join(sorted({grader for row in rows for grader in row.graders})))),
        ("limits", escape("; ".join(sorted({row.series.settings for row in rows})))),
        ("agents", escape("; ".join(sorted({f"{row.series.agent} {row.series.config}" for row in rows})))),
        ("problems", "the first distinct problems of the split, the same for every agent; splits never share a prompt"),
        ("intervals", "Wilson's for an accuracy; paired bootstrap over problems, 10,000 resamples, for a difference"),
    ]
    return f'<div class="card"><dl>{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)}</dl></div>'
