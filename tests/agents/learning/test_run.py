"""A run: what it writes and says, what it does at the edges, and a module that learns beside the policy."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from reasonrl.agents.learning.grpo import learn
from reasonrl.agents.learning.metrics import Report, read_metrics
from reasonrl.agents.learning.options import RunConfig
from reasonrl.agents.learning.run import Run
from torch import nn

from .toys import toy_config, toy_policy


def test_a_run_writes_its_numbers(tmp_path: Path) -> None:
    result = learn(toy_policy("0123456789+-="), toy_config(tmp_path, epochs=2, minibatches=2))
    metrics = read_metrics(tmp_path)
    assert [line["step"] for line in metrics] == [0, 1, 2, 3, 4, 5, 6]
    assert {"reward", "all_right", "mixed", "none_right", "entropy", "length", "truncated", "mismatch"} <= set(
        metrics[1]
    )
    assert [line["step"] for line in metrics if "validation_accuracy" in line] == [0, 3, 6]
    assert metrics[0] == {"step": 0, "test_accuracy": result.before, "validation_accuracy": 0.0}
    assert 0.0 <= result.before <= 1.0


DEGENERATE: dict[str, dict[str, object]] = {
    "every answer cut": {"max_tokens": 1},
    "every answer cut and masked": {"max_tokens": 1, "mask_truncated": True, "kl_weight": 0.1},
    "one token a pass": {"micro_tokens": 1, "kl_weight": 0.1},
    "no steps": {"steps": 0},
    "no learning rate": {"learning_rate": 0.0},
    "no warm-up and all decay": {"warmup": 0, "decay": 1.0},
    "no clip": {"clip": math.inf},
    "one update an answer": {"minibatches": 12},
    "scaled groups": {"divide_by_std": True},
}


@pytest.mark.parametrize("changes", DEGENERATE.values(), ids=DEGENERATE)
def test_settings_at_the_edge_give_numbers_and_a_sentence(
    tmp_path: Path, changes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    config = toy_config(tmp_path, **{"steps": 2, "evaluate_every": 1, **changes})
    policy = toy_policy()
    for _ in range(2):  # the second time nothing is run
        learn(policy, config)
    assert all(bool(torch.isfinite(p).all()) for p in policy.model.parameters())
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines] == list(range(config.steps + 1))
    assert not any(value is None for line in lines for value in line.values())
    said = capsys.readouterr().out.replace("\n", " ")
    assert ("no steps were asked for" if config.steps == 0 else "nothing was learned, because in no group") in said
    assert "nothing is run again" in said or config.steps == 0


def test_a_step_without_a_report_is_an_error_that_says_so(tmp_path: Path) -> None:
    run = Run(toy_policy(), RunConfig(tmp_path, steps=2, device="cpu"), title="a test")
    with pytest.raises(ValueError, match=r"call step\.report"):
        for _ in run.steps():
            pass


def test_a_run_without_a_task_has_no_problems_and_no_environment(tmp_path: Path) -> None:
    run = Run(toy_policy(), RunConfig(tmp_path, steps=1, device="cpu"), title="a test")
    with pytest.raises(ValueError, match="pass task=open_task"):
        run.open_envs(lanes=2)
    for step in run.steps():
        with pytest.raises(ValueError, match="pass task=open_task"):
            step.problems(2)
        step.report(Report({}, "", tokens=1, taught=0))


def fit_critic(folder: Path, *, stop_after: int | None = None) -> nn.Linear:
    """A module that learns beside the policy, which has no gradient of its own here."""
    critic = nn.Linear(3, 1)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.fill_(0.1)
    config = RunConfig(folder, steps=6, save_every=2, learning_rate=0.1, clip=1.0, device="cpu")
    run = Run(toy_policy(), config, title="a critic")
    run.add(critic)
    for step in run.steps():
        x_N3 = torch.tensor([[step.rng("x", n, d).random() for d in range(3)] for n in range(4)])
        step.backward((critic(x_N3) - x_N3.sum(dim=1, keepdim=True)).square().mean())
        step.update()
        step.report(Report({}, "", tokens=4, taught=4))
        if step.number == stop_after:
            break
    return critic


def test_a_module_beside_the_policy_is_optimized_clipped_saved_and_resumed(tmp_path: Path) -> None:
    whole = fit_critic(tmp_path / "whole")
    assert not torch.allclose(whole.weight, torch.full((1, 3), 0.1))
    fit_critic(tmp_path / "stopped", stop_after=4)
    assert [line["step"] for line in read_metrics(tmp_path / "stopped")] == [1, 2, 3, 4]
    resumed = fit_critic(tmp_path / "stopped")
    assert torch.equal(whole.weight, resumed.weight)
    assert torch.equal(whole.bias, resumed.bias)
    assert [line["step"] for line in read_metrics(tmp_path / "stopped")] == [1, 2, 3, 4, 5, 6]


def test_the_policy_is_named_after_its_new_weights(tmp_path: Path) -> None:
    policy = toy_policy("0123456789+-=")
    before = policy.name
    with torch.no_grad():
        for parameter in policy.model.parameters():
            parameter.add_(1e-3)
    run = Run(policy, RunConfig(tmp_path, steps=0, device="cpu"), title="a test")
    assert list(run.steps()) == []
    assert policy.name != before
