"""Figures and names as they are written everywhere: in the terminal, on the page, beside charts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from reasonrl.agents.search.registry import Role
from reasonrl.benchmarks.roles import role_of
from reasonrl.benchmarks.rows import Row, Versus
from reasonrl.benchmarks.statistics import Interval


def place(row: Row) -> str:
    """Environment with its options and split, short."""
    options = json.loads(row.series.options)
    extra = "".join(f" {key} {','.join(map(str, v)) if isinstance(v, list) else v}" for key, v in options.items())
    return f"{row.series.env.removeprefix('reasonrl/')}{extra} {row.series.split}"


def who(row: Row) -> str:
    """The agent's label; oracles are marked."""
    return row.series.agent + (" (oracle)" if row.oracle else "")


def percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f}%"


def number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def seconds(value: float) -> str:
    """
    >>> seconds(0.00412), seconds(12.3)
    ('0.0041', '12')
    """
    return "-" if math.isnan(value) else f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def points(versus: Versus | None) -> str:
    """A difference in points with its interval.

    >>> points(Versus(Interval(0.153, 0.08, 0.221), 100))
    '+15 [+8, +22]'
    """
    if versus is None or math.isnan(versus.difference.value):
        return "-"
    value, low, high = (round(100 * each) + 0 for each in versus.difference)
    return f"{value:+d} [{low:+d}, {high:+d}]"


def ends(interval: Interval) -> str:
    """
    >>> ends(Interval(0.5, 0.412, 0.588))
    '[41, 59]'
    """
    return "" if math.isnan(interval.low) else f"[{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def span(versus: Versus) -> str:
    """The ends of a difference's interval, in points, in words."""
    return f"{100 * versus.difference.low:+.0f} to {100 * versus.difference.high:+.0f}"


def allowance(rivals: Sequence[str]) -> str:
    """What each rival may spend where others are compared with it.

    >>> allowance(["my.py:search", "my.py:other"])
    'my.py:search at the same budget and my.py:other at the same budget'
    """
    return " and ".join(
        f"{name} {'with all its tokens' if role_of(name) is Role.SINGLE else 'at the same budget'}" for name in rivals
    )
