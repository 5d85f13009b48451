"""ProcessBench's figures over a few solutions written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reasonrl.benchmarks.process_bench import Figures, figures, main, read_rows

ROWS = [
    {"steps": ["2+2=4", "4*3=12"], "label": -1},
    {"steps": ["2+2=5"], "label": -1},
    {"steps": ["2+2=4", "4*3=13"], "label": 1},
    {"steps": ["2+2=5", "4*3=12"], "label": 1},
    {"steps": ["we need twice two", "2+3=6"], "label": 0},
    {"steps": ["we need twice two"], "label": 0},
]


def test_found_early_late_and_missed_first_errors_are_counted_apart() -> None:
    found = figures(ROWS)
    assert found == Figures(right=2, flagged=1, wrong=4, found=1, early=1, late=1)
    assert found.f1 == pytest.approx(2 * 0.25 * 0.5 / 0.75)
    assert figures([]).f1 == 0.0


def test_an_array_and_a_row_a_line_are_read_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    array, lines, other = tmp_path / "a.json", tmp_path / "b.jsonl", tmp_path / "c.json"
    array.write_text(json.dumps(ROWS))
    lines.write_text("\n".join(map(json.dumps, ROWS)) + "\n")
    assert read_rows(array) == read_rows(lines) == ROWS
    main([str(array)])
    assert "flagged 1 of 2 right solutions; found 1 first errors of 4" in capsys.readouterr().out
    other.write_text('[{"question": "?"}]')
    with pytest.raises(ValueError, match="every row needs 'steps' and 'label'"):
        read_rows(other)
    with pytest.raises(SystemExit, match="pass ProcessBench's files"):
        main([])
