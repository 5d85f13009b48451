"""One self-contained HTML page of a benchmark: charts, table, transcripts and search trees to read.

No script and nothing from the network. All that a model or a data set wrote is escaped.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from reasonrl.agents.learning.metrics import clock, read_metrics
from reasonrl.benchmarks.charts import COLOURS, Point, line_chart
from reasonrl.benchmarks.charts import Series as Line
from reasonrl.benchmarks.page_style import STYLE
from reasonrl.benchmarks.reading import make_reading
from reasonrl.benchmarks.report import by_place, ends, main_split, number, percent, place, points, seconds
from reasonrl.benchmarks.store import Run, Store
from reasonrl.benchmarks.summary import Lift, Row, Selection, Versus, select

_COLOUR_OF = {"greedy": 0, "majority": 1, "best_of_n": 2, "beam": 3, "mcts": 4}
_SMOOTH = 9
"""Steps in the moving average of a learning curve."""


def write_page(
    path: Path, store: Store, rows: Sequence[Row], gains: Sequence[Lift] = (), *, learning: Sequence[Path] = ()
) -> None:
    """Writes the page of these rows, whole or not at all."""
    html = make_page(store, rows, gains, learning=learning)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(html, encoding="utf-8")
    temporary.replace(path)


def make_page(store: Store, rows: Sequence[Row], gains: Sequence[Lift] = (), *, learning: Sequence[Path] = ()) -> str:
    chosen = select(rows)
    main = main_split(rows)
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
        "<h2>More tokens, more right answers</h2>",
        '<p class="small">Accuracy of the one answer that each agent gives, against the tokens that it spent on a '
        "problem, all its samples included. Bands are 95 % intervals. An agent that is sure stops early.</p>",
        f'<div class="grid">{"".join(_scaling(group, colours) for group in by_place(main) if _several(group))}</div>',
        _learning(gains, learning),
        "<h2>All figures</h2>",
        _table(main, colours),
        _other_splits([row for row in rows if row not in main], colours),
        "<h2>Answers to read</h2>",
        make_reading(store, rows, chosen),
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


def _colours(rows: Iterable[Row]) -> dict[str, int]:
    """Agent to colour: the known ones have theirs, others take what is free."""
    agents = list(dict.fromkeys(row.series.agent for row in rows))
    taken = {agent: _COLOUR_OF[agent] for agent in agents if agent in _COLOUR_OF}
    free = [colour for colour in range(COLOURS) if colour not in taken.values()] or list(range(COLOURS))
    others = [agent for agent in agents if agent not in taken]
    return taken | {agent: free[index % len(free)] for index, agent in enumerate(others)}


def _headline(chosen: Sequence[Selection], colours: Mapping[str, int]) -> str:
    """One card an environment: what the agent picked on validation gains over greedy on test."""
    if not chosen:
        return ""
    cards = [
        '<p class="small">For each environment the validation split picked one search agent; this is how that agent '
        'does on the test split, beside greedy and beside majority vote with the same tokens.</p><div class="grid">'
    ]
    for each in chosen:
        versus = each.test.over_greedy
        if versus is None or math.isnan(versus.difference.value):
            continue
        sign = "right" if versus.difference.low > 0 else "wrong" if versus.difference.high < 0 else ""
        gain = f"{100 * versus.difference.value:+.0f} points"
        bars = [
            _bar("greedy", each.greedy, colours[each.greedy.series.agent]),
            _bar(each.test.series.agent, each.test, colours[each.test.series.agent]),
            "" if each.majority is None else _bar("majority", each.majority, colours[each.majority.series.agent]),
        ]
        where = escape(place(each.test).removesuffix(" test"))
        cards.append(
            f'<div class="card"><h3>{where}</h3><div class="big {sign}">{gain}</div>'
            f'<p class="small">{escape(each.test.series.agent)} over greedy, 95 % interval {_span(versus)}, '
            f'{versus.problems} problems, {each.test.budget:,} tokens</p><div class="bars">{"".join(bars)}</div></div>'
        )
    return "".join([*cards, "</div>"])


def _bar(name: str, row: Row, colour: int) -> str:
    share = row.accuracy.value
    fill = f'<span class="fill" style="width:{100 * share:.1f}%"></span>'
    return (
        f'<span>{escape(name)}</span><span class="track s{colour}">{fill}</span>'
        f'<span class="value">{percent(share)}</span>'
    )


def _span(versus: Versus) -> str:
    return f"{100 * versus.difference.low:+.0f} to {100 * versus.difference.high:+.0f}"


def _several(rows: Sequence[Row]) -> bool:
    """Whether there is anything to compare in a chart."""
    return len({row.series.agent for row in rows}) > 1 or len({row.budget for row in rows}) > 1


def _scaling(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    """Accuracy against tokens on one environment."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
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


def _learning(gains: Sequence[Lift], folders: Sequence[Path]) -> str:
    """What one policy gains over another; and learning curves: reward of samples, greedy on held-out problems."""
    figures = [_gain(each) for each in gains]
    for folder in folders:
        metrics = read_metrics(folder)
        curves = [
            Line(
                "reward", tuple(_smooth([(m["step"], m["reward"]) for m in metrics if m.get("reward") is not None])), 2
            ),
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
        '<p class="small">Reward: share of sampled answers that the verifier accepted, a moving average with its '
        "range. Held-out: greedy accuracy on validation problems that were never trained on.</p>"
    )
    return f'<h2>Learning</h2>{about}<div class="grid">{"".join(figures)}</div>'


def _gain(each: Lift) -> str:
    """A card: greedy before and after."""
    value, low, high = each.gain.difference
    sign = "right" if low > 0 else "wrong" if high < 0 else ""
    bars = _bar("before", each.before, 0) + _bar("after", each.after, 4)
    about = (
        f"greedy, {escape(each.after.series.policy)} over {escape(each.before.series.policy)}, "
        f"95 % interval {_span(each.gain)}, {each.gain.problems} held-out problems"
    )
    return (
        f'<div class="card"><h3>{escape(place(each.after))}</h3><div class="big {sign}">{100 * value:+.0f} points</div>'
        f'<p class="small">{about}</p><div class="bars">{bars}</div></div>'
    )


def _smooth(curve: Sequence[tuple[float, float]]) -> Iterable[Point]:
    """Centred moving averages with the smallest and largest value around them, thinned to what can be seen."""
    stride = max(1, len(curve) // 120)
    for at in range(0, len(curve), stride):
        near = [value for _, value in curve[max(0, at - _SMOOTH // 2) : at + _SMOOTH // 2 + 1]]
        yield Point(curve[at][0], sum(near) / len(near), min(near), max(near))


def _table(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    return (
        '<p class="small">found: some candidate was right (coverage, unbiased pass@k for independent samples); chosen: '
        "the share of what was found that was also given. checks: answers and steps that the guide had checked, none "
        "of them with the reference. Differences in points on the same problems, with 95 % intervals; greedy with all "
        "its tokens, majority at the same budget. A dash: not counted at budgets read off a larger run.</p>"
        + _rows(rows, colours)
    )


def _rows(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    heads = ("agent", "budget", "problems", "accuracy", "found", "chosen", "tokens", "guide calls", "checks", "seconds")
    cells = "".join(f'<th scope="col">{name}</th>' for name in (*heads, "vs greedy", "vs majority"))
    body = []
    before: Row | None = None
    for row in (row for group in by_place(rows) for row in group):
        where = f"{place(row)} · {row.series.policy}"
        if before is None or where != f"{place(before)} · {before.series.policy}":
            body.append(f'<tr class="first"><th scope="rowgroup" colspan="12">{escape(where)}</th></tr>')
        again = before is not None and row.series == before.series
        name = "" if again else escape(row.series.agent) + (" (oracle)" if row.oracle else "")
        opening = "" if again else ' class="next"'
        before = row
        unjudged = f" ({row.unjudged} not judged)" if row.unjudged else ""
        values = [
            f"{row.budget:,}",
            f"{row.problems}{f' x {row.seeds}' if row.seeds > 1 else ''}{unjudged}",
            f'{percent(row.accuracy.value)} <span class="range">{ends(row.accuracy)}</span>',
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
            + _difference(row.over_greedy)
            + _difference(row.over_majority)
            + "</tr>"
        )
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _other_splits(rows: Sequence[Row], colours: Mapping[str, int]) -> str:
    """What the selection saw, folded away."""
    if not rows:
        return ""
    splits = " and ".join(dict.fromkeys(row.series.split for row in rows))
    return f'<details class="more"><summary>The {escape(splits)} split</summary>{_rows(rows, colours)}</details>'


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
            ("started", escape(runs[0].started)),
            ("took", f"{clock(seconds)} in {len(runs)} runs" + (f", {stopped} of them cut short" if stopped else "")),
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
