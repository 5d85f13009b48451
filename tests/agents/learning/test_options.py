"""Settings that cannot work are refused with a sentence that names them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import tyro
from reasonrl.agents.initialization.sft import SFTConfig
from reasonrl.agents.learning.options import settings
from reasonrl.agents.learning.reinforce import ReinforceConfig

from .toys import LEARNERS, toy_config


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prompts": 0}, "prompts must be at least 1, got 0"),
        ({"minibatches": 0}, "minibatches must be at least 1"),
        ({"minibatches": 13}, "13 minibatches are more than the 12 answers"),
        ({"save_every": 0}, "save_every must be at least 1"),
        ({"evaluate_problems": 0}, "evaluate_problems must be at least 1"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"learning_rate": math.nan}, "learning_rate must be at least 0, got nan"),
        ({"learning_rate": math.inf}, "must be finite"),
        ({"temperature": math.inf}, "must be finite"),
        ({"temperature": 0.0}, "above 0 to explore"),
        ({"decay": 2.0}, "decay is a share of the steps, at most 1"),
        ({"warmup": -1}, "warmup must be at least 0"),
        ({"kl_weight": -1.0}, "kl_weight must be at least 0"),
    ],
)
def test_settings_that_cannot_be_are_sentences(tmp_path: Path, changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        toy_config(tmp_path, **changes)


@pytest.mark.parametrize("kind", ["rloo", "grpo", "gspo"])
def test_a_group_of_one_has_no_baseline(tmp_path: Path, kind: str) -> None:
    changes = {} if kind == "rloo" else {"minibatches": 1}
    with pytest.raises(ValueError, match="at least 2 to form a baseline"):
        toy_config(tmp_path, kind, group_size=1, **changes)


def test_a_batch_of_one_has_none_either(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="take more prompts, or baseline 'none'"):
        ReinforceConfig(tmp_path, prompts=1)
    with pytest.raises(ValueError, match="leave baseline at 'batch'"):
        ReinforceConfig(tmp_path, baseline="none", whiten=True)
    assert ReinforceConfig(tmp_path, prompts=1, baseline="none").group_size == 1


@pytest.mark.parametrize("config", [*(kind.config for kind in LEARNERS.values()), SFTConfig])
def test_every_option_has_its_help(config: type, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where a learner writes a shared field again to give it another default."""
    with pytest.raises(SystemExit):
        tyro.cli(config, args=["--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Folder for checkpoint, metrics and the policy." in said
    assert "Where it runs: cpu, cuda, or auto" in said
    for field in dataclasses.fields(config):
        assert f"--{field.name.replace('_', '-')}" in said


def test_what_may_change_between_the_parts_of_a_run_is_no_part_of_its_identity(tmp_path: Path) -> None:
    assert not set(settings(toy_config(tmp_path))) & {"out", "save_every", "minutes", "fresh"}
    assert "workers" not in settings(SFTConfig(tmp_path))
    assert "rows" in settings(SFTConfig(tmp_path))
