"""Charts of intervals: where the ends lie, and that no name runs over a figure."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from reasonrl.benchmarks.statistics import Interval
from reasonrl.benchmarks.views.intervals import Mark, interval_chart


def test_an_interval_is_drawn_from_low_to_high_with_the_value_between() -> None:
    marks = [Mark("a", "x", Interval(0.5, 0.25, 1.0), 0), Mark("a" * 60, "y", Interval(0.0, 0.0, 0.5), 1)]
    svg = ElementTree.fromstring(interval_chart(marks, title="t", x_label="x"))
    first, second = (each.get("d", "") for each in svg.iter("path") if each.get("class", "").startswith("whisker"))
    (low, y), (high, _) = (tuple(map(float, pair.split())) for pair in first[1:].split("L"))
    left, right = 14.0, 386.0
    assert low == pytest.approx(left + (right - left) / 4)
    assert high == right
    names = [float(each.get("y", "0")) for each in svg.iter("text") if each.get("class", "").startswith("name")]
    figures = [float(each.get("y", "0")) for each in svg.iter("text") if "·" in (each.text or "")]
    assert all(figure - name >= 14 for name, figure in zip(names, figures, strict=True))  # a long name runs over none
    assert float(second.split()[1].split("L")[0]) > y
    assert "nothing to draw" in interval_chart([], title="t", x_label="x")
