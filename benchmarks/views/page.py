"""One self-contained HTML page of a benchmark: charts, table, transcripts and search trees to read.

No script and nothing from the network. All that a model or a data set wrote is escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from reasonrl.agents.learning.metrics import clock
from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.ageing import Ageing
from reasonrl.benchmarks.compare import Lift, Selection, select
from reasonrl.benchmarks.records import Run
from reasonrl.benchmarks.roles import role_of
from reasonrl.benchmarks.rows import Row, Versus, by_place, main_split, rivals_in
from reasonrl.benchmarks.store import Store
from reasonrl.benchmarks.views.format import allowance, ends, number, percent, place, points, seconds, span, who
from reasonrl.benchmarks.views.learning import bar, make_learning
from reasonrl.benchmarks.views.scaling import colours_of, is_comparison, scaling_chart
from reasonrl.benchmarks.views.style import STYLE
from reasonrl.benchmarks.views.transcripts import make_transcripts

_WHO = ("agent", "budget", "problems")
_WHAT = ("accuracy", "cut", "found", "chosen", "tokens", "guide calls", "checks", "seconds")
"""Columns of the table; the differences come after them."""


def write_page(
    path: Path,
    store: Store,
    rows: Sequence[Row],
    gains: Sequence[Lift] = (),
    *,
    learning: Sequence[Path] = (),
    ageing: Ageing | None = None,
) -> None:
    """Writes the page of these rows, whole or not at all."""
    html = make_page(store, rows, gains, learning=learning, ageing=ageing or Ageing())
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(html, encoding="utf-8")
    temporary.replace(path)


def make_page(
    store: Store, rows: Sequence[Row], gains: Sequence[Lift], *, learning: Sequence[Path], ageing: Ageing
) -> str:
    chosen = select(rows)
    main = main_split(rows)
    colours = colours_of(main)
    runs = store.runs()
    title = "Search and learning" if gains or learning else "Search"
    sections = [
        f"<h1>{title} in reasoning environments</h1>",
        _lead(main, runs),
        *(f'<p class="note">{_with_code(note)}</p>' for note in ageing.notes(rows)),
        _headline(chosen, colours, ageing),
        _scaling(main, colours),
        make_learning(gains, learning),
        "<h2>All figures</h2>",
        _table(main, colours, ageing),
        _other_splits([row for row in rows if row not in main], colours, ageing),
        "<h2>Answers to read</h2>",
        make_transcripts(store, rows, chosen),
        "<h2>How it was measured</h2>",
        _method(runs, rows),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>reasonrl: {title.lower()}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(filter(None, sections))
        + "\n</main></body></html>\n"
    )


def _with_code(sentence: str) -> str:
    """What stands in backquotes is code."""
    return re.sub("`(.*?)`", r"<code>\1</code>", escape(sentence))


def _lead(main: Sequence[Row], runs: Sequence[Run]) -> str:
    """Who was asked how much, by which code, when."""
    policies = list(dict.fromkeys(row.series.policy for row in main))
    asked = sum({(row.series.env, row.series.options): row.problems for row in main}.values())
    oracles = ", except the oracles, which are labelled" if any(row.oracle for row in main) else ""
    made = ""
    if runs:
        last = runs[-1]
        commit = last.versions.get("commit")
        made = f" Last run {last.started[:10]} with reasonrl {last.versions.get('reasonrl', '(version unknown)')}"
        made += f", commit {commit.rstrip('+')}" + (" with changes" if commit.endswith("+") else "") if commit else ""
        made += "."
    return (
        f'<p class="lead">{escape(" and ".join(policies))} on {asked:,} {escape(main[0].series.split)} problems. '
        f"An answer counts when the environment's hidden verifier accepts it; no search saw a reference{oracles}."
        f"{escape(made)}</p>"
    )


def _scaling(main: Sequence[Row], colours: Mapping[str, int]) -> str:
    groups = [group for group in by_place(main) if is_comparison(group)]
    if not groups:
        return ""
    figures = "".join(
        f'<figure class="card"><figcaption>{escape(place(group[0]))}</figcaption>{scaling_chart(group, colours)}'
        "</figure>"
        for group in groups
    )
    return (
        "<h2>Right answers by tokens spent</h2>"
        '<p class="small">Accuracy of the one answer that each agent gives, against the tokens that it spent on a '
        "problem, all its samples included. Bands and bars are 95 % intervals. An agent that is sure stops early.</p>"
        f'<div class="grid">{figures}</div>'
    )


def _headline(chosen: Sequence[Selection], colours: Mapping[str, int], ageing: Ageing) -> str:
    """One card an environment: what the agent picked on validation gains on test, above all over the first rival."""
    if not chosen:
        return ""
    rivals = dict.fromkeys(name for each in chosen for name in each.rivals)
    beside = " and ".join(
        f"beside {name}" + ("" if role_of(name) is Role.SINGLE else " with the same tokens") for name in rivals
    )
    cards = [
        '<p class="small">For each environment the validation split picked one search agent; this is how that agent '
        f'does on the test split, {escape(beside)}.</p><div class="grid">'
    ]
    for each in chosen:
        first, *others = each.rivals
        versus = each.test.versus[first]
        if versus is None or math.isnan(versus.difference.value):
            continue
        sign = "right" if versus.difference.low > 0 else "wrong" if versus.difference.high < 0 else ""
        gain = f"{100 * versus.difference.value:+.0f} points"
        agent = each.test.series.agent
        rows = {first: each.rivals[first], agent: each.test, **{name: each.rivals[name] for name in others}}
        bars = "".join(bar(name, row, colours[row.series.agent]) for name, row in rows.items())
        where = escape(place(each.test).removesuffix(" test"))
        cards.append(
            f'<div class="card"><h3>{where}</h3><div class="big {sign}">{gain}</div>'
            f'<p class="small">{escape(agent)} over {escape(first)}, 95 % interval {span(versus)}, '
            f"{versus.problems} problems, {each.test.budget:,} tokens{ageing.mark(each.test)}</p>"
            f'<div class="bars">{bars}</div></div>'
        )
    return "".join([*cards, "</div>"])


def _table(rows: Sequence[Row], colours: Mapping[str, int], ageing: Ageing) -> str:
    rivals = rivals_in(rows)
    differences = (
        f"Differences in points on the same problems, with 95 % intervals: against {escape(allowance(rivals))}. "
        if rivals
        else ""
    )
    return (
        '<p class="small">cut: no answer was finished within the limits, which counts as wrong. found: some '
        "candidate was right (coverage, unbiased pass@k for independent samples); chosen: "
        "the share of what was found that was also given. checks: answers and steps that the guide had checked, none "
        f"of them with the reference. {differences}A dash: not counted at budgets read off a larger run.</p>"
        + _rows(rows, colours, ageing)
    )


def _rows(rows: Sequence[Row], colours: Mapping[str, int], ageing: Ageing) -> str:
    rivals = rivals_in(rows)
    columns = [*_WHO, *_WHAT, *(f"vs {name}" for name in rivals)]
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = []
    before: Row | None = None
    for row in (row for group in by_place(rows) for row in group):
        where = f"{place(row)} · {row.series.policy}"
        if before is None or where != f"{place(before)} · {before.series.policy}":
            span_all = f'<th scope="rowgroup" colspan="{len(columns)}">'
            body.append(f'<tr class="first">{span_all}{escape(where)}</th></tr>')
        again = before is not None and row.series == before.series
        name = "" if again else escape(who(row))
        opening = "" if again else ' class="next"'
        before = row
        unjudged = f" ({row.unjudged} not judged)" if row.unjudged else ""
        values = [
            f"{row.budget:,}",
            f"{row.problems}{f' x {row.seeds}' if row.seeds > 1 else ''}{unjudged}",
            f'{percent(row.accuracy.value)} <span class="range">{ends(row.accuracy)}</span>{ageing.mark(row)}',
            percent(row.cut),
            percent(row.coverage),
            percent(row.efficiency),
            f"{row.tokens:,.0f}",
            number(row.guide_calls, 0),
            number(row.verifier_calls, 1),
            seconds(row.seconds),
        ]
        css = f"agent s{colours.get(row.series.agent, 0)}"
        body.append(
            f'<tr{opening}><td class="{css}">{name}</td>'
            + "".join(f"<td>{value}</td>" for value in values)
            + "".join(_difference(row.versus[rival]) for rival in rivals)
            + "</tr>"
        )
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _other_splits(rows: Sequence[Row], colours: Mapping[str, int], ageing: Ageing) -> str:
    """What the selection saw, folded away."""
    if not rows:
        return ""
    splits = " and ".join(dict.fromkeys(row.series.split for row in rows))
    return (
        f'<details class="more"><summary>The {escape(splits)} split</summary>{_rows(rows, colours, ageing)}</details>'
    )


def _difference(versus: Versus | None) -> str:
    if versus is None:
        return "<td>-</td>"
    sure = versus.difference.excludes_zero
    css = "" if not sure else ' class="right"' if versus.difference.value > 0 else ' class="wrong"'
    return f"<td{css}>{points(versus)}</td>"


def _method(runs: Sequence[Run], rows: Sequence[Row]) -> str:
    facts: list[tuple[str, str]] = []
    if runs:
        last = runs[-1]
        seconds = sum(run.seconds or 0.0 for run in runs)
        stopped = sum(run.seconds is None for run in runs)
        machine, versions = last.machine, last.versions
        facts = [
            ("dates", escape(" to ".join(dict.fromkeys((runs[0].started, last.started))))),
            (
                "searching took",
                f"{clock(seconds)} in {len(runs) - stopped} runs, learning and reports apart"
                + (f"; {stopped} more were cut short or still go on, their time is not known" if stopped else ""),
            ),
            ("machine", escape(", ".join(f"{key} {value}" for key, value in machine.items()))),
            ("versions", escape(", ".join(f"{key} {value}" for key, value in versions.items()))),
            (
                "commands",
                "<br>".join(f"<code>{escape(each)}</code>" for each in dict.fromkeys(run.command for run in runs)),
            ),
        ]
    facts += [
        ("judges", escape(", ".join(sorted({grader for row in rows for grader in row.graders})))),
        ("limits", escape("; ".join(sorted({row.series.settings for row in rows})))),
        ("agents", escape("; ".join(sorted({f"{row.series.agent} {row.series.config}" for row in rows})))),
        ("problems", "the first distinct problems of the split, the same for every agent; splits never share a prompt"),
        ("intervals", "Wilson's for an accuracy; paired bootstrap over problems, 10,000 resamples, for a difference"),
    ]
    return f'<div class="card"><dl>{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)}</dl></div>'
