"""Line charts as inline SVG: no script, no font and no file from elsewhere. Colours come from the page's style sheet.

Each line has its own colour, its own marker and its name at its end, or below the chart where names are long, so no
one has to tell colours apart. A band is a confidence interval, of a single point a bar; hovering tells the figures.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from reasonrl.benchmarks.views.format import percent

AGENT_COLOURS = 8
"""Colours of agents: classes s0 to s7 of the style sheet."""
SAMPLED, HELD_OUT = 8, 9
"""Colours of learning, which mean no agent."""
_WIDTH, _HEIGHT = 400, 280
_LEFT, _TOP, _BOTTOM = 56, 12, 44
_LETTER, _NAME_ROOM = 7.4, (60.0, 150.0)
"""Width of one letter of a name, and the room that names get on the right, at least and at most."""
_LABEL_GAP = 14.0
"""Least distance between two names at the line ends."""
_LEGEND_ROW, _LEGEND_WRAP = 16, 52
"""Height of a line below the chart, and the letters that fit into it."""


class Point(NamedTuple):
    x: float
    y: float
    low: float
    """The band's lower end; the same as y for no band."""
    high: float
    note: str = ""
    """What hovering tells."""


@dataclass(frozen=True)
class Line:
    """One line: its points from left to right."""

    name: str
    points: tuple[Point, ...]
    colour: int
    flat: bool = False
    """Goes on as a dashed level line to the right edge: a reference that more tokens do not change."""


def plain(value: float) -> str:
    """
    >>> plain(2000), plain(0.25), plain(128)
    ('2k', '0.25', '128')
    """
    if abs(value) >= 1000:
        return f"{value / 1000:g}k"
    return f"{value:g}"


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    y_format: Callable[[float], str] = percent,
) -> str:
    """An `<svg>` element. Lines without points are left out; with none at all there is a sentence instead."""
    lines = [each for each in lines if each.points]
    if not lines:
        return f'<p class="none">{escape(title)}: nothing to draw yet.</p>'
    xs = [point.x for each in lines for point in each.points]
    x_ticks = log_ticks(min(xs), max(xs)) if log_x else linear_ticks(min(xs), max(xs))
    x_low, x_high = min(*xs, x_ticks[0]), max(*xs, x_ticks[-1])
    y_ticks = linear_ticks(0.0, max(point.high for each in lines for point in each.points))
    y_high = y_ticks[-1]
    warp: Callable[[float], float] = math.log if log_x else float
    x_span = (warp(x_high) - warp(x_low)) or 1.0
    room = 14 + _LETTER * max(len(each.name) for each in lines)
    legend = _legend(lines) if room > _NAME_ROOM[1] else []
    right = _WIDTH - (14.0 if legend else max(room, _NAME_ROOM[0]))
    bottom = _HEIGHT - _BOTTOM
    tall = _HEIGHT + _LEGEND_ROW * len(legend)

    def at_x(x: float) -> float:
        return _LEFT + (warp(x) - warp(x_low)) / x_span * (right - _LEFT)

    def at_y(y: float) -> float:
        return bottom - max(y, 0.0) / y_high * (bottom - _TOP)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {tall}" role="img" aria-label="{escape(_spoken(title, lines, y_format))}">']
    for tick in y_ticks:
        y = at_y(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{y_format(tick)}</text>')
    for tick in x_ticks:
        x = at_x(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{plain(tick)}</text>')
    centre = (_LEFT + right) / 2
    parts.append(f'<text class="axis" x="{centre:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    turn = f"translate(13 {(_TOP + bottom) / 2}) rotate(-90)"
    parts.append(f'<text class="axis" transform="{turn}" text-anchor="middle">{escape(y_label)}</text>')
    for each in lines:
        parts += _band(each, at_x, at_y, right)
    for each in lines:
        parts += _line(each, at_x, at_y, right, y_format)
    if legend:
        return "".join([*parts, *legend, "</svg>"])
    heights = spread([at_y(each.points[-1].y) for each in lines], gap=_LABEL_GAP, low=_TOP, high=bottom)
    for each, height in zip(lines, heights, strict=True):
        last = each.points[-1]
        start = right if each.flat else at_x(last.x)
        css = f"s{each.colour}"
        parts.append(
            f'<path class="leader {css}" d="M{start + 5:.1f} {at_y(last.y):.1f}L{right + 8:.1f} {height:.1f}"/>'
        )
        parts.append(f'<text class="name {css}" x="{right + 11:.1f}" y="{height + 4:.1f}">{escape(each.name)}</text>')
    return "".join([*parts, "</svg>"])


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones, in the same order, at least `gap` apart and within [low, high] where they fit.

    >>> spread([50, 50, 10], gap=10, low=0, high=100)
    [50.0, 60.0, 10.0]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    floor = low
    for index in order:
        placed[index] = max(float(wanted[index]), floor)
        floor = placed[index] + gap
    ceiling = max(high, low + gap * (len(wanted) - 1))
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def linear_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Round numbers that span [low, high].

    >>> linear_ticks(0, 0.93)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        high = low + 1.0
    rough = (high - low) / (most - 1)
    scale = 10.0 ** math.floor(math.log10(rough))
    step = scale * next(unit for unit in (1, 2, 5, 10) if unit * scale >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten that lie in [low, high], or at least its ends.

    >>> log_ticks(30, 600)
    [50.0, 100.0, 200.0, 500.0]
    """
    low = max(low, 1e-9)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [
        unit * 10.0**exponent for exponent in exponents for unit in (1, 2, 5) if low <= unit * 10.0**exponent <= high
    ]
    if len(found) > 7:
        found = [tick for tick in found if math.log10(tick).is_integer()]
    return found if len(found) > 1 else sorted({low, high})


def _legend(lines: Sequence[Line]) -> list[str]:
    """Names below the chart, each after its marker; a long one takes several rows."""
    rows: list[tuple[Line | None, str]] = []
    for each in lines:
        first, *rest = textwrap.wrap(each.name, _LEGEND_WRAP) or [""]
        rows += [(each, first), *((None, more) for more in rest)]
    parts = []
    colour = 0
    for position, (each_or_none, text) in enumerate(rows):
        y = _HEIGHT + _LEGEND_ROW * position + 8
        colour = colour if each_or_none is None else each_or_none.colour
        mark = "" if each_or_none is None else f'<path class="mark s{colour}" d="{marker(colour, 12, y - 4)}"/>'
        parts.append(f'{mark}<text class="name s{colour}" x="24" y="{y}">{escape(text)}</text>')
    return parts


_Place = Callable[[float], float]


def _band(each: Line, at_x: _Place, at_y: _Place, right: float) -> list[str]:
    points = each.points
    if all(point.low == point.high for point in points):
        return []
    if len(points) == 1 and not each.flat:
        x, low, high = at_x(points[0].x), at_y(points[0].low), at_y(points[0].high)
        return [f'<path class="whisker s{each.colour}" d="M{x:.1f} {low:.1f}L{x:.1f} {high:.1f}"/>']
    above = [(at_x(point.x), at_y(point.high)) for point in points]
    below = [(at_x(point.x), at_y(point.low)) for point in points]
    if each.flat:
        above.append((right, above[-1][1]))
        below.append((right, below[-1][1]))
    outline = " ".join(f"{x:.1f},{y:.1f}" for x, y in itertools.chain(above, reversed(below)))
    return [f'<polygon class="band s{each.colour}" points="{outline}"/>']


def _line(each: Line, at_x: _Place, at_y: _Place, right: float, y_format: Callable[[float], str]) -> list[str]:
    css = f"s{each.colour}"
    places = [(at_x(point.x), at_y(point.y)) for point in each.points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    parts = [f'<path class="line {css}" d="{path}"/>']
    if each.flat:
        x, y = places[-1]
        parts.append(f'<path class="line dashed {css}" d="M{x:.1f} {y:.1f}L{right:.1f} {y:.1f}"/>')
    if len(places) <= 24:
        for (x, y), point in zip(places, each.points, strict=True):
            note = escape(point.note or f"{each.name}: {y_format(point.y)} at {plain(round(point.x, 2))}")
            parts.append(f'<path class="mark {css}" d="{marker(each.colour, x, y)}"><title>{note}</title></path>')
    return parts


def marker(colour: int, x: float, y: float, r: float = 4.0) -> str:
    """Circle, square, triangle, diamond, and again."""
    match colour % 4:
        case 0:
            return f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z"
        case 1:
            return f"M{x - r:.1f} {y - r:.1f}h{2 * r}v{2 * r}h{-2 * r}z"
        case 2:
            return f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {2 * r + 1}h{-2 * r - 2}z"
        case _:
            return f"M{x:.1f} {y - r - 1.5:.1f}l{r + 1.5} {r + 1.5}l{-r - 1.5} {r + 1.5}l{-r - 1.5} {-r - 1.5}z"


def _spoken(title: str, lines: Sequence[Line], y_format: Callable[[float], str]) -> str:
    """The chart in words, for those who cannot see it."""
    ends = (f"{each.name} {y_format(each.points[0].y)} to {y_format(each.points[-1].y)}" for each in lines)
    return f"{title}. {'; '.join(ends)}."
