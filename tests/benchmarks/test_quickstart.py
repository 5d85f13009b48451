"""The quickstart end to end with a random model: every part runs, and a second run only reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reasonrl.benchmarks.quickstart import QuickstartConfig, main
from reasonrl.benchmarks.store import Store


@pytest.mark.slow
def test_the_quickstart_searches_learns_and_reports_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reasonrl.agents.policies.tiny import build_config, build_model, save_tiny

    save_tiny(
        build_model(build_config(hidden_size=32, layers=1, heads=2, kv_heads=1, intermediate_size=32), seed=0),
        tmp_path / "toy",
    )
    config = QuickstartConfig(
        folder=str(tmp_path / "quickstart"),
        policy=str(tmp_path / "toy"),
        env=("reasonrl/ChainSum-v0",),
        agents=("greedy", "majority", "best_of_n", "mcts"),
        budgets=(32, 64),
        limit=3,
        validation_limit=2,
        max_tokens=32,
        learn_steps=2,
        learn_prompts=2,
        learn_group=2,
        learn_max_tokens=16,
        learn_limit=4,
    )
    main(config)
    first = capsys.readouterr().out
    page, store = Path(config.folder) / "report.html", Path(config.folder) / "results.sqlite"
    assert "Picked on the validation split" in first
    assert "From one policy to another" in first
    assert str(page) in first
    assert str(store) in first
    assert "<svg" in page.read_text()
    with Store(store) as opened:
        cells = [cell for cell, _ in opened.results() if cell.env == "reasonrl/ChainSum-v0"]
        results = len(list(opened.results()))
    ran = {split: {cell.agent for cell in cells if cell.split == split} for split in ("validation", "test")}
    assert ran["validation"] == {"best_of_n", "mcts"}
    assert {"greedy", "majority"} < ran["test"]
    assert len(ran["test"]) == 3  # the one that was picked

    main(replace(config))
    assert "stored already" in capsys.readouterr().out
    with Store(store) as opened:
        assert len(list(opened.results())) == results
