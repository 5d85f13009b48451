"""Metrics: each step once, whatever was killed; progress as plain lines where there is no terminal."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from reasonrl.agents.learning.metrics import Metrics, clock, read_metrics, watch
from reasonrl.agents.learning.optim import pick_device, warmup_stable_decay
from rich.console import Console


def test_a_resumed_run_has_each_step_once(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, tensorboard=False)
    for step in (1, 2, 3):
        metrics.write(step, {"loss": step / 2})
    metrics.close()
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 4, "lo')  # cut short by a kill
    resumed = Metrics(tmp_path, after=2, tensorboard=False)
    resumed.write(3, {"loss": 9.0})
    resumed.close()
    assert read_metrics(tmp_path) == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 1.0},
        {"step": 3, "loss": 9.0},
    ]


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, tensorboard=False)
    metrics.write(1, {"reward": math.nan})
    metrics.close()
    assert "null" in (tmp_path / "metrics.jsonl").read_text()
    assert read_metrics(tmp_path) == [{"step": 1, "reward": None}]


def test_a_new_run_starts_a_new_file(tmp_path: Path) -> None:
    for _ in range(2):
        metrics = Metrics(tmp_path, tensorboard=False)
        metrics.write(1, {"loss": 1.0})
        metrics.close()
    assert len(read_metrics(tmp_path)) == 1


def test_without_a_terminal_progress_is_plain_lines() -> None:
    out = io.StringIO()
    with watch("learning", total=3, console=Console(file=out, force_terminal=False)) as display:
        for step in (1, 2, 3):
            display.update(step, f"loss {step}")
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("learning 1/3  loss 1  ETA")
    assert lines[-1].startswith("learning 3/3  loss 3")
    assert "\x1b" not in out.getvalue()


def test_in_a_terminal_progress_is_a_bar_with_the_numbers() -> None:
    out = io.StringIO()
    with watch("learning", total=3, console=Console(file=out, force_terminal=True, width=120)) as display:
        display.update(2, "loss 0.5")
    assert "loss 0.5" in out.getvalue()
    assert "2/3" in out.getvalue()


def test_the_learning_rate_rises_holds_and_falls() -> None:
    factors = [warmup_stable_decay(step, steps=100, warmup=10, decay=0.2) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9:81] == [1.0] * 72
    assert factors[90] == pytest.approx(0.5)
    assert min(factors) > 0
    assert warmup_stable_decay(99, steps=100, warmup=0, decay=0.0) == 1.0


def test_times_and_devices_read_well() -> None:
    assert [clock(each) for each in (-1, 59.6, 3725)] == ["0:00", "1:00", "1:02:05"]
    assert pick_device("cpu").type == "cpu"
