"""A chart of intervals as inline SVG: one row for each estimate, its name above it, so that no two lie on one spot."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from reasonrl.benchmarks.statistics import Interval
from reasonrl.benchmarks.views.charts import linear_ticks, marker
from reasonrl.benchmarks.views.format import percent

_WIDTH, _ROW, _TOP, _BOTTOM = 400, 40, 8, 40
_LEFT, _RIGHT = 14, 14
_LONG, _LINE = 28, 14
"""Letters of a name that leave room for the figures beside it; else these go on a line of their own, so high."""


class Mark(NamedTuple):
    """One estimate."""

    name: str
    about: str
    """Stands at the right end of the name's line."""
    interval: Interval
    colour: int
    note: str = ""
    """What hovering tells."""


def interval_chart(marks: Sequence[Mark], *, title: str, x_label: str) -> str:
    """An `<svg>` element; with no marks there is a sentence instead. Values are shares, from 0 up."""
    if not marks:
        return f'<p class="none">{escape(title)}: nothing to draw yet.</p>'
    ticks = linear_ticks(0.0, max(mark.interval.high for mark in marks))
    more = _LINE if max(len(mark.name) for mark in marks) > _LONG else 0
    height = _TOP + (_ROW + more) * len(marks) + _BOTTOM
    bottom, right = height - _BOTTOM, _WIDTH - _RIGHT

    def at(share: float) -> float:
        return _LEFT + share / ticks[-1] * (right - _LEFT)

    spoken = "; ".join(f"{mark.name} {percent(mark.interval.value)}" for mark in marks)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(f"{title}. {spoken}.")}">']
    for tick in ticks:
        x = at(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{percent(tick)}</text>')
    centre = (_LEFT + right) / 2
    parts.append(f'<text class="axis" x="{centre:.1f}" y="{height - 6}" text-anchor="middle">{escape(x_label)}</text>')
    for position, mark in enumerate(marks):
        value, low, high = mark.interval
        css, y = f"s{mark.colour}", _TOP + (_ROW + more) * position
        about = f"{percent(value)} · {mark.about}"
        parts.append(f'<text class="name {css}" x="{_LEFT}" y="{y + 14}">{escape(mark.name)}</text>')
        parts.append(f'<text class="tick" x="{right}" y="{y + 14 + more}" text-anchor="end">{escape(about)}</text>')
        level = y + 27 + more
        parts.append(f'<path class="whisker {css}" d="M{at(low):.1f} {level}L{at(high):.1f} {level}"/>')
        shape = marker(mark.colour, at(value), level)
        parts.append(f'<path class="mark {css}" d="{shape}"><title>{escape(mark.note or mark.name)}</title></path>')
    return "".join([*parts, "</svg>"])
