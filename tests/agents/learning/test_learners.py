"""What holds for every learner: its expected update is the exact gradient on an enumerated tree, and no option is idle.

A learner is a row of `toys.LEARNERS`; a new one takes these tests by being written there.
"""

from __future__ import annotations

import dataclasses
import itertools
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from reasonrl.agents.learning.batch import Answers, Batch
from reasonrl.agents.learning.checkpoint import load_checkpoint
from reasonrl.agents.learning.metrics import Metrics, read_metrics
from reasonrl.agents.learning.options import RunConfig
from reasonrl.agents.learning.registry import LEARNERS as TABLE
from reasonrl.agents.learning.task import Task
from torch import Tensor

from .toys import (
    LEARNERS,
    answers_of,
    enumerate_answers,
    gradient_of,
    learn_from_ends,
    some,
    step_of,
    toy_config,
    toy_policy,
    weights_of,
)

EXACT: dict[str, tuple[str, dict[str, Any], float]] = {
    "reinforce": ("reinforce", {"baseline": "none"}, 1.0),
    "reinforce with the batch as baseline": ("reinforce", {}, 1 / 2),
    "rloo": ("rloo", {}, 1.0),
    "grpo": ("grpo", {}, 1 / 2),
    "gspo": ("gspo", {"divide_by_std": False, "minibatches": 1}, 1 / 2),
}
"""Learner, options, and the factor on its expected gradient for groups (or batches) of two: (G - 1) / G where an answer
is part of its own baseline."""


def test_every_learner_from_rewards_is_tested_here() -> None:
    assert set(TABLE.shipped) - {"sft"} == set(LEARNERS)
    for name, kind in LEARNERS.items():
        assert TABLE.find(name).place == f"{kind.page.__name__}:{kind.config.__name__}"


@pytest.mark.parametrize("one_length", [False, True], ids=["lengths differ", "one length"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("case", EXACT)
def test_the_expected_update_over_all_groups_is_the_exact_gradient_up_to_its_known_factor(
    case: str, temperature: float, one_length: bool
) -> None:
    """A real transformer, three tokens, answers of up to three: 15 answers (8 of one length), 225 groups of two.

    The exact gradient is that of the expected reward, through the probabilities of all answers. GSPO weighs an answer
    by 1 / its length, so among answers of different lengths it follows the enumerated gradient of that instead.
    """
    kind, options, factor = EXACT[case]
    group, longest = 2, 3
    world = enumerate_answers(longest=longest, temperature=temperature, one_length=one_length)
    count = len(world.rewards_B)
    assert count == (8 if one_length else 15)
    assert world.chance_B.sum().item() == pytest.approx(1.0, abs=1e-5)
    names, parameters = zip(*world.policy.model.named_parameters(), strict=True)
    chance_B = world.chance_B.detach()
    if kind == "gspo":
        worth_B, normaliser = (world.rewards_B - (chance_B * world.rewards_B).sum()) / world.length_B, 1
    else:
        worth_B, normaliser = world.rewards_B, longest
    exact = torch.autograd.grad((world.chance_B * worth_B).sum(), parameters)

    config = toy_config(
        Path("unused"), kind, prompts=1, group_size=group, max_tokens=longest, temperature=temperature, micro_tokens=20,
        **options,
    )  # fmt: skip
    credit_BT = torch.zeros(count, longest, dtype=torch.float64)  # losses are linear in the credit: sum what each gets
    for pair in itertools.product(range(count), repeat=group):
        batch = LEARNERS[kind].page.give_credit(some(world.answers, list(pair)), config)
        assert batch.counted == group
        chance = float(chance_B[list(pair)].prod())
        for row, found in zip(kept(batch, pair, world.answers), batch.credit_BT, strict=True):
            credit_BT[row, : len(found)] += chance * found
    a = world.answers
    expected = Batch([a.prompts[0]] * count, a.tokens_BT, a.mask_BT, a.logprobs_BT, credit_BT, group)
    before = weights_of(world.policy)
    LEARNERS[kind].page.update(step_of(world.policy, config), world.policy, expected, config)
    moved = [before[name] - value.detach() for name, value in world.policy.model.named_parameters()]
    largest = max(float(each.abs().max()) for each in exact)
    assert largest > 1e-4
    for name, found, gradient in zip(names, moved, exact, strict=True):
        torch.testing.assert_close(found, -factor / normaliser * gradient, rtol=1e-3, atol=1e-4 * largest, msg=name)


def kept(batch: Batch, pair: tuple[int, ...], answers: Answers) -> list[int]:
    """Which of the pair's answers stand in the batch: those with any credit, in their order."""
    tokens = [answers.tokens_BT[row][answers.mask_BT[row]].tolist() for row in pair]
    found = [row[mask].tolist() for row, mask in zip(batch.tokens_BT, batch.mask_BT, strict=True)]
    left = list(zip(pair, tokens, strict=True))
    rows = []
    for each in found:
        at = next(i for i, (_, said) in enumerate(left) if said == each)
        rows.append(left.pop(at)[0])
    return rows


FLAT = {"reinforce": [[0.5] * 3, [0.5] * 3], "rloo": [[1.0] * 3, [0.1] * 3]}
"""Rewards without contrast; for the others as for RLOO."""


@pytest.mark.parametrize("kind", LEARNERS)
def test_weights_stand_still_where_no_answer_scored_more_than_another(kind: str) -> None:
    config = toy_config(Path("unused"), kind, prompts=2, group_size=3, max_tokens=4)
    batch = LEARNERS[kind].page.give_credit(answers_of(FLAT.get(kind, FLAT["rloo"])), config)
    assert batch.prompts == []
    assert batch.counted == 6
    assert all((value == 0).all() for value in gradient_of(kind, batch, config).values())


@pytest.mark.parametrize("kind", LEARNERS)
def test_answers_without_credit_are_left_out_and_change_nothing(kind: str) -> None:
    config = toy_config(Path("unused"), kind, max_tokens=4, **({"minibatches": 1} if kind == "gspo" else {}))
    answers = answers_of([[1.0, 0.0, 0.0, 1.0], [0.5] * 4])
    batch = LEARNERS[kind].page.give_credit(answers, config)
    assert len(batch.prompts) == 4
    assert batch.counted == 8
    whole = Batch(
        [prompt for prompt in answers.prompts for _ in range(4)],
        answers.tokens_BT,
        answers.mask_BT,
        answers.logprobs_BT,
        torch.cat((batch.credit_BT, torch.zeros(4, 4))),
        8,
    )
    few, all_of_them = gradient_of(kind, batch, config), gradient_of(kind, whole, config)
    assert max(float(value.abs().max()) for value in few.values()) > 1e-3
    for name, value in few.items():
        torch.testing.assert_close(value, all_of_them[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", LEARNERS)
def test_answers_that_could_not_be_judged_do_not_count(kind: str) -> None:
    nan = float("nan")
    config = toy_config(Path("unused"), kind, max_tokens=4)
    batch = LEARNERS[kind].page.give_credit(answers_of([[1.0, 0.0, nan, nan]]), config)
    assert batch.counted == 2
    size = 1.0 if kind in ("rloo", "gspo") else 0.5  # RLOO compares with the other one, GSPO divides by the deviation
    assert batch.credit_BT[:, 0].tolist() == [size, -size]
    assert all(value.isfinite().all() for value in gradient_of(kind, batch, config).values())


@pytest.mark.parametrize("kind", LEARNERS)
def test_truncated_answers_count_as_wrong_unless_masked(kind: str) -> None:
    answers = answers_of([[1.0, 0.0, 0.0]])
    answers = dataclasses.replace(answers, truncated_B=torch.tensor([False, False, True]))
    counted, masked = (
        LEARNERS[kind].page.give_credit(answers, toy_config(Path("unused"), kind, mask_truncated=mask))
        for mask in (False, True)
    )
    assert (len(counted.prompts), counted.counted) == (3, 3)
    assert (len(masked.prompts), masked.counted) == (2, 2)
    if kind in ("grpo", "reinforce"):
        assert counted.credit_BT[:, 0].tolist() == pytest.approx([2 / 3, -1 / 3, -1 / 3])
        assert masked.credit_BT[:, 0].tolist() == [0.5, -0.5]


@pytest.mark.parametrize("most", [8, 20, 1000])
@pytest.mark.parametrize("kind", LEARNERS)
def test_the_size_of_a_pass_does_not_change_the_gradient(kind: str, most: int) -> None:
    config = toy_config(Path("unused"), kind, max_tokens=4)
    batch = LEARNERS[kind].page.give_credit(answers_of([[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]), config)
    expected = gradient_of(kind, batch, dataclasses.replace(config, micro_tokens=100_000))
    found = gradient_of(kind, batch, dataclasses.replace(config, micro_tokens=most))
    assert max(float(value.abs().max()) for value in expected.values()) > 1e-3
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", LEARNERS)
def test_what_stands_in_the_padding_does_not_change_the_gradient(kind: str) -> None:
    config = toy_config(Path("unused"), kind, max_tokens=4)
    batch = LEARNERS[kind].page.give_credit(answers_of([[1.0, 0.0, 0.0, 1.0]]), config)
    poisoned = batch._replace(
        tokens_BT=torch.where(batch.mask_BT, batch.tokens_BT, 77),
        old_BT=torch.where(batch.mask_BT, batch.old_BT, float("nan")),
        credit_BT=torch.where(batch.mask_BT, batch.credit_BT, float("nan")),
    )
    clean, found = gradient_of(kind, batch, config), gradient_of(kind, poisoned, config)
    assert any((value != 0).any() for value in clean.values())
    assert all(torch.equal(clean[name], found[name]) for name in clean)


TELLING: dict[str, Any] = {
    "policy": None,
    "steps": 3,
    "learning_rate": 2e-2,
    "warmup": 0,
    "decay": 1.0,
    "weight_decay": 0.5,
    "clip": 1e-3,
    "precision": "bf16",
    "seed": 1,
    "env": "reasonrl/LinearEquation-v0",
    "difficulty": (2,),
    "data": None,
    "prompts": 4,
    "group_size": 3,
    "max_tokens": 11,
    "temperature": 0.8,
    "mask_truncated": True,
    "clip_low": 1e-7,
    "clip_high": 1e-7,
    "epochs": 2,
    "minibatches": 2,
    "kl_weight": 0.5,
    "kl_estimator": "ratio_k3",
    "divide_by_std": None,
    "baseline": "none",
    "whiten": True,
}
"""Options that change what is learned, each with another value. None: seen otherwise (`policy` and `data` are what is
learned from, and stand apart in `test_run.py`; a flag is turned over)."""
SILENT: dict[str, Any] = {
    "out": None,
    "minutes": 60.0,
    "save_every": 1,
    "fresh": True,
    "device": "auto",
    "micro_tokens": 10**6,
    "evaluate_every": 1,
    "evaluate_problems": 2,
}
"""Options that may change nothing of what is learned."""
WITH: dict[str, dict[str, Any]] = {
    "clip_low": {"epochs": 3},
    "clip_high": {"epochs": 3},
    "kl_estimator": {"kl_weight": 0.5, "epochs": 3},
}
"""Options that are seen only beside another."""


@pytest.mark.parametrize("kind", LEARNERS)
def test_every_option_changes_what_is_learned_or_is_known_to_change_nothing(kind: str, tmp_path: Path) -> None:
    common: dict[str, Any] = {"steps": 2, "prompts": 3, "evaluate_every": 0, "clip": 0.5, "warmup": 2, "decay": 0.5}

    def learned(name: str, **changes: Any) -> dict[str, Tensor]:
        device = changes.pop("device", "cpu")
        config = toy_config(tmp_path / name, kind, **{**common, "device": device, **changes})
        if name.startswith("evaluate"):
            return weights_of(learn_from_ends(kind, config))
        with mock.patch.object(Task, "accuracy", return_value=0.0):  # half the time of so short a run
            return weights_of(learn_from_ends(kind, config))

    fields = [field.name for field in dataclasses.fields(LEARNERS[kind].config)]
    assert not set(fields) - set(TELLING) - set(SILENT), "say of a new option whether it changes what is learned"
    plain: dict[tuple[str, ...], dict[str, Tensor]] = {(): learned("plain")}
    assert not torch.equal(*(next(iter(w.values())) for w in (plain[()], weights_of(toy_policy()))))
    for name in fields:
        beside = WITH.get(name, {})
        key = tuple(sorted(beside))
        if key not in plain:
            plain[key] = learned("plain " + " ".join(key), **beside)
        value = TELLING.get(name, SILENT.get(name))
        if name == "divide_by_std":
            value = not toy_config(tmp_path, kind).divide_by_std
        if name in ("clip_low", "clip_high") and kind == "gspo":
            value = 0.9  # its own bounds are so close to 1 that closer ones cut the same answers
        if value is None:
            continue
        found = learned(name, **{**beside, name: value})
        same = all(torch.equal(plain[key][each], found[each]) for each in found)
        assert same == (name in SILENT), f"{name} of {kind}"


def _learn_until_killed(kind: str, config: RunConfig, after: int) -> None:
    """Dies like `kill -9` right after that step's metrics are written."""
    torch.set_num_threads(1)
    from reasonrl.agents.learning import metrics

    write = metrics.Metrics.write

    def write_and_die(self: metrics.Metrics, step: int, values: dict[str, float]) -> None:
        write(self, step, values)
        if step == after:
            os.kill(os.getpid(), signal.SIGKILL)

    metrics.Metrics.write = write_and_die  # type: ignore[method-assign,assignment]
    learn_from_ends(kind, config)


def stop_after(step: int, kind: str, config: RunConfig) -> None:
    """Ends a run right after that step's metrics are written; no checkpoint holds the step."""
    write = Metrics.write

    def write_and_stop(self: Metrics, number: int, values: dict[str, float]) -> None:
        write(self, number, values)
        if number == step:
            raise KeyboardInterrupt

    with mock.patch.object(Metrics, "write", write_and_stop), pytest.raises(KeyboardInterrupt):
        learn_from_ends(kind, config)


@pytest.mark.parametrize("kind", LEARNERS)
def test_a_run_that_was_killed_ends_with_the_weights_of_one_that_was_not(kind: str, tmp_path: Path) -> None:
    more = {"grpo": {"kl_weight": 0.1, "epochs": 2, "minibatches": 2}}.get(kind, {})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = weights_of(learn_from_ends(kind, toy_config(tmp_path / "whole", kind, **more)))
        assert not all(torch.equal(whole[name], value) for name, value in weights_of(toy_policy()).items())
        config = toy_config(tmp_path / "killed", kind, **more)
        if kind == "grpo":  # a process that dies is seconds of imports; the others stop in this one, at the same place
            child = multiprocessing.get_context("spawn").Process(target=_learn_until_killed, args=(kind, config, 5))
            child.start()
            child.join()
            assert child.exitcode == -signal.SIGKILL
        else:
            stop_after(5, kind, config)
        state = load_checkpoint(tmp_path / "killed")
        assert state is not None
        assert state["step"] == 4
        resumed = weights_of(learn_from_ends(kind, config))
        # the sampler follows the trainer's weights
        assert all(line["largest_mismatch"] < 1e-4 for line in read_metrics(tmp_path / "killed")[1:])
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [line["step"] for line in read_metrics(tmp_path / "killed")] == [0, 1, 2, 3, 4, 5, 6]
