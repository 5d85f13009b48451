"""The recipe end to end, small: it trains, examines, and leaves a policy that opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from reasonrl.agents.initialization.recipe import PolicyConfig, main
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.registry import get_policy


def test_it_leaves_a_policy_its_scores_and_its_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = PolicyConfig(
        out=tmp_path,
        steps=2,
        hidden_size=16,
        layers=1,
        heads=2,
        kv_heads=1,
        intermediate_size=32,
        context=96,
        families={"chain_sum": 1.0, "linear_equation": 1.0},
        hardest={"chain_sum": 2, "linear_equation": 1},
        rows=2,
        row_tokens=96,
        precision="fp32",
        device="cpu",
        workers=0,
        evaluate_problems=2,
    )
    main(config)
    policy = get_policy(str(tmp_path / "policy"))
    assert isinstance(policy, LocalPolicy)
    scores = json.loads((tmp_path / "evaluation.json").read_text())
    assert {name: list(row) for name, row in scores.items()} == {"chain_sum": ["1", "2"], "linear_equation": ["1"]}
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
    said = capsys.readouterr().out
    assert "chain_sum" in said
    assert "0 / 0" in said
