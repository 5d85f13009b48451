"""Charts: where points lie, and that nothing a model named can break out of the picture."""

from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.benchmarks.views.charts import Line, Point, line_chart, linear_ticks, log_ticks, spread


def draw(*lines: Line, log_x: bool = False) -> ElementTree.Element:
    return ElementTree.fromstring(line_chart(lines, title="t", x_label="x", y_label="y", log_x=log_x))


def path(svg: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    (found,) = [each for each in svg.iter("path") if each.get("class", "").startswith(kind + " ")]
    return [tuple(map(float, pair.split())) for pair in found.get("d", "")[1:].split("L")]  # type: ignore[misc]


def test_equal_factors_are_equal_distances_on_a_logarithmic_axis() -> None:
    line = Line("a", tuple(Point(x, 0.5, 0.5, 0.5) for x in (10, 100, 1000)), 0)
    (x1, y1), (x2, y2), (x3, y3) = path(draw(line, log_x=True), "line")
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 == y2 == y3


def test_more_is_higher_and_zero_is_the_bottom_line() -> None:
    line = Line("a", (Point(0, 0.0, 0.0, 0.0), Point(1, 1.0, 1.0, 1.0)), 0)
    (_, bottom), (_, top) = path(draw(line), "line")
    assert bottom > top
    ticks = {text.text: float(text.get("y", "0")) for text in draw(line).iter("text") if text.get("class") == "tick"}
    assert ticks["0%"] - 4 == pytest.approx(bottom)
    assert ticks["100%"] - 4 == pytest.approx(top)


def test_a_band_spans_low_to_high() -> None:
    svg = draw(Line("a", (Point(0, 0.5, 0.2, 0.9), Point(1, 0.5, 0.2, 0.9)), 0))
    (band,) = svg.iter("polygon")
    heights = {float(pair.split(",")[1]) for pair in band.get("points", "").split()}
    middle = path(svg, "line")[0][1]
    assert min(heights) < middle < max(heights)
    assert max(heights) - middle == pytest.approx((middle - min(heights)) * 3 / 4, abs=0.3)


def test_names_are_escaped() -> None:
    svg = draw(Line("<script>", (Point(1, 0.5, 0.5, 0.5, note="</title><b>"),), 0))
    assert not list(svg.iter("script"))
    assert [each.text for each in svg.iter("title")] == ["</title><b>"]


def test_a_single_point_and_no_point_are_fine() -> None:
    assert path(draw(Line("a", (Point(5, 0.5, 0.4, 0.6),), 0), log_x=True), "line")
    assert "nothing to draw" in line_chart([Line("a", (), 0)], title="t", x_label="x", y_label="y")


def test_a_flat_series_goes_on_to_the_right_edge() -> None:
    flat = Line("a", (Point(1, 0.5, 0.5, 0.5),), 0, flat=True)
    svg = draw(flat, Line("b", (Point(1, 0, 0, 0), Point(9, 1, 1, 1)), 1))
    (dashed,) = [each for each in svg.iter("path") if "dashed" in each.get("class", "")]
    edge = max(float(line.get("x2", "0")) for line in svg.iter("line"))
    assert float(re.split("[L ]", dashed.get("d", ""))[-2]) == edge


@given(st.lists(st.floats(0, 200), min_size=1, max_size=8))
def test_labels_never_overlap_and_keep_their_order(wanted: list[float]) -> None:
    placed = spread(wanted, gap=14, low=0, high=200)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    heights = [placed[index] for index in order]
    assert all(after - before >= 14 - 1e-9 for before, after in itertools.pairwise(heights))
    assert min(heights) >= -1e-9
    assert max(heights) <= 200 + 1e-9


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_linear_ticks_span_the_values(low: float, width: float) -> None:
    ticks = linear_ticks(low, low + width)
    assert ticks[0] <= low + 1e-6 * width
    assert ticks[-1] >= low + width - 1e-6 * width
    assert 2 <= len(ticks) <= 9


@given(st.floats(1, 1e5), st.floats(1, 1e5))
def test_logarithmic_ticks_are_at_least_two_and_inside(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert all(low <= tick <= low * factor for tick in ticks)
    assert len(ticks) >= (2 if factor > 1 else 1)


def test_long_names_stand_whole_below_the_chart() -> None:
    name = "best_of_n:feedback+logprob(temperature=0.8,samples=12,branch=8)"
    points = (Point(1, 0.2, 0.1, 0.3), Point(2, 0.4, 0.3, 0.5))
    svg = ElementTree.fromstring(
        line_chart([Line(name, points, 0), Line("greedy", points, 1)], title="t", x_label="x", y_label="y")
    )
    width, height = map(float, svg.get("viewBox", "").split()[2:])
    texts = [each for each in svg.iter("text") if each.get("class", "").startswith("name")]
    assert "".join(each.text or "" for each in texts) == name + "greedy"
    for each in texts:
        assert float(each.get("x", "0")) + 7 * len(each.text or "") <= width
        assert float(each.get("y", "0")) <= height


def test_a_single_point_among_lines_keeps_its_interval() -> None:
    alone = Line("alone", (Point(2, 0.5, 0.25, 0.75),), 1)
    line = Line("line", (Point(1, 0.2, 0.1, 0.3), Point(3, 1.0, 1.0, 1.0)), 0)
    svg = ElementTree.fromstring(line_chart([alone, line], title="t", x_label="x", y_label="y"))
    (bar,) = (each.get("d", "") for each in svg.iter("path") if each.get("class", "").startswith("whisker"))
    low, high = (float(pair.split()[1]) for pair in bar[1:].split("L"))
    assert low - high == pytest.approx((236 - 12) / 2, abs=0.2)
