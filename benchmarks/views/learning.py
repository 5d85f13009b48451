"""The part of the page on learning: what one policy gains over another, and learning curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from reasonrl.agents.learning.metrics import read_metrics
from reasonrl.benchmarks.compare import Lift
from reasonrl.benchmarks.rows import Row
from reasonrl.benchmarks.views.charts import HELD_OUT, SAMPLED, Line, Point, line_chart
from reasonrl.benchmarks.views.format import percent, place, span

_SMOOTH = 9
"""Steps in the moving average of a learning curve."""


def make_learning(gains: Sequence[Lift], folders: Sequence[Path]) -> str:
    """Cards of gains, and curves: reward of samples, accuracy on held-out problems. Empty where there is neither."""
    cards = "".join(_gain(each) for each in gains)
    curves = "".join(_curve(folder) for folder in folders)
    if not cards and not curves:
        return ""
    parts = ["<h2>Learning</h2>"]
    if cards:
        parts.append(
            '<p class="small">What one policy and another answer without search to the same problems, which neither '
            f'was trained on.</p><div class="grid">{cards}</div>'
        )
    if curves:
        parts.append(
            '<p class="small gap">Reward: share of sampled answers that the verifier accepted, a moving average over '
            f"{_SMOOTH} steps; the shade runs from the smallest to the largest value in it and is no confidence "
            "interval. Held-out: accuracy on validation problems at temperature 0, step 0 before any learning.</p>"
            f'<div class="grid">{curves}</div>'
        )
    return "".join(parts)


def bar(name: str, row: Row, colour: int) -> str:
    """An accuracy as a bar: three cells of a grid."""
    share = row.accuracy.value
    fill = f'<span class="fill" style="width:{100 * share:.1f}%"></span>'
    return (
        f'<span>{escape(name)}</span><span class="track s{colour}">{fill}</span>'
        f'<span class="value">{percent(share)}</span>'
    )


def _gain(each: Lift) -> str:
    """A card: one policy's answers before, another's after."""
    value, low, high = each.gain.difference
    sign = "right" if low > 0 else "wrong" if high < 0 else ""
    bars = bar("before", each.before, 0) + bar("after", each.after, HELD_OUT)
    before, after = each.before.series, each.after.series
    about = (
        f"{escape(after.agent)}, {escape(after.policy)} over {escape(before.policy)}, "
        f"95 % interval {span(each.gain)}, {each.gain.problems} problems"
    )
    return (
        f'<div class="card"><h3>{escape(place(each.after))}</h3><div class="big {sign}">{100 * value:+.0f} points</div>'
        f'<p class="small">{about}</p><div class="bars">{bars}</div></div>'
    )


def _curve(folder: Path) -> str:
    metrics = read_metrics(folder)
    rewards = [(m["step"], m["reward"]) for m in metrics if m.get("reward") is not None]
    held_out = [(m["step"], m["validation_accuracy"]) for m in metrics if m.get("validation_accuracy") is not None]
    curves = [
        Line("reward", tuple(_smooth(rewards)), SAMPLED),
        Line("held-out", tuple(Point(step, share, share, share) for step, share in held_out), HELD_OUT),
    ]
    chart = line_chart(curves, title=folder.name, x_label="step of learning", y_label="share right")
    return f'<figure class="card"><figcaption>{escape(folder.name)}</figcaption>{chart}</figure>'


def _smooth(curve: Sequence[tuple[float, float]]) -> Iterable[Point]:
    """Centred moving averages with the smallest and largest value around them, thinned to what can be seen."""
    stride = max(1, len(curve) // 120)
    for at in range(0, len(curve), stride):
        near = [value for _, value in curve[max(0, at - _SMOOTH // 2) : at + _SMOOTH // 2 + 1]]
        yield Point(curve[at][0], sum(near) / len(near), min(near), max(near))
