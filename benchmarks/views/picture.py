"""Accuracy against tokens as one SVG file of its own, for a README or a paper: `reasonrl report --picture out.svg`.

The same rows give the same file, byte for byte. Light and dark come from the style sheet of the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from reasonrl.benchmarks.rows import Row, by_place, main_split
from reasonrl.benchmarks.views.format import place
from reasonrl.benchmarks.views.scaling import colours_of, is_comparison, scaling_chart
from reasonrl.benchmarks.views.style import STYLE

_PANEL, _GAP, _ACROSS = 400, 24, 3
_TITLE, _HEAD = 24, 44
"""Heights of a panel's title, and of the picture's."""
_BOX = re.compile(r'<svg viewBox="0 0 (\d+) (\d+)"')
_RULES = re.compile(r"^(:root|@media \(prefers-color-scheme| {2}:root|    --|  --|  color-scheme|  }|}|svg |\.s\d)")


def draw(rows: Sequence[Row]) -> str:
    """One panel an environment, side by side.

    Raises:
        ValueError: there is one agent at one budget only, so nothing to compare.
    """
    main = main_split(rows)
    groups = [group for group in by_place(main) if is_comparison(group)]
    if not groups:
        raise ValueError("a picture compares agents or budgets: there is only one of each")
    colours = colours_of(main)
    charts = [(place(group[0]), scaling_chart(group, colours)) for group in groups]
    heights = [int(found[2]) for _, chart in charts if (found := _BOX.match(chart))]
    across = min(_ACROSS, len(charts))
    width = across * _PANEL + (across + 1) * _GAP
    row_height = _TITLE + max(heights) + _GAP
    height = _HEAD + row_height * -(-len(charts) // across) + _GAP // 2
    policies = " and ".join(dict.fromkeys(row.series.policy for row in main))
    title = f"{policies}: right answers against tokens spent on a problem, with 95 % intervals"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{_style()}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="10"/>',
        f'<text class="title" x="{_GAP}" y="30">{escape(title)}</text>',
    ]
    for position, (name, chart) in enumerate(charts):
        x = _GAP + (position % across) * (_PANEL + _GAP)
        y = _HEAD + (position // across) * row_height
        parts.append(f'<text class="panel" x="{x}" y="{y + 16}">{escape(name)}</text>')
        parts.append(
            _BOX.sub(rf'<svg x="{x}" y="{y + _TITLE}" width="\1" height="\2" viewBox="0 0 \1 \2"', chart, count=1)
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _style() -> str:
    """What the page's style sheet says about colours and charts."""
    kept = [line for line in STYLE.split("\n") if _RULES.match(line) and not line.startswith("svg {")]
    return "\n".join(
        [
            *kept,
            'text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }',
            ".paper { fill: var(--card) } svg text.title { font-size: 17px; font-weight: 600; fill: var(--ink) }",
            "svg text.panel { font-size: 14px; font-weight: 600; fill: var(--ink) }",
        ]
    )
