"""Batches: each answer once, no wider than it must be, and no more of them in a part than fit."""

from __future__ import annotations

import dataclasses
import itertools
import random

import pytest
import torch
from reasonrl.agents.learning.batch import Batch, describe
from reasonrl.envs.seeding import generator

from .toys import answers_of


def batch_of(answers: int) -> Batch:
    found = answers_of([[1.0] * answers])
    return found.with_credit(torch.arange(1.0, answers + 1)[:, None], torch.ones(answers, dtype=torch.bool))


def rng(name: str, *more: object) -> random.Random:
    return generator(name, 0, 0, *more)


def test_credit_reaches_the_answers_own_tokens_and_no_padding() -> None:
    batch = batch_of(4)
    assert batch.mask_BT.sum(dim=1).tolist() == [1, 2, 3, 4]
    assert batch.credit_BT.tolist() == [[1, 0, 0, 0], [2, 2, 0, 0], [3, 3, 3, 0], [4, 4, 4, 4]]
    assert batch.counted == 4


def test_answers_without_credit_are_left_out_unless_all_are_kept() -> None:
    answers = answers_of([[1.0, 0.0, 0.0, 0.0]])
    credit_B1, valid_B = torch.tensor([[1.0], [0.0], [1.0], [1.0]]), torch.tensor([True, True, True, False])
    few, every = (answers.with_credit(credit_B1, valid_B, keep_all=keep) for keep in (False, True))
    assert (len(few.prompts), len(every.prompts)) == (2, 3)
    assert few.counted == every.counted == 3
    assert few.tokens_BT.shape == (2, 3)  # the longest answer that is left has three tokens


def test_minibatches_hold_every_answer_once_an_epoch_in_another_order_each_time() -> None:
    batch = batch_of(8)
    orders = []
    for epoch in range(2):
        parts = list(batch.shuffled(rng, epochs=2, minibatches=3))[3 * epoch : 3 * epoch + 3]
        orders.append([part.credit_BT[:, 0].tolist() for part in parts])
        assert sorted(itertools.chain(*orders[-1])) == list(range(1, 9))
    assert orders[0] != orders[1]
    assert len(list(batch_of(2).shuffled(rng, epochs=1, minibatches=5))) == 2  # none is empty


def test_parts_hold_as_much_as_fits_and_like_lengths_together() -> None:
    batch = batch_of(8)  # prompts of 3 tokens, answers of 1 to 4
    for most in (1, 14, 15, 1000):
        parts = list(batch.parts(most=most))
        widths = [3 + part.tokens_BT.shape[1] for part in parts]
        sizes = [len(part.prompts) for part in parts]
        assert all(n == 1 or n * width <= most for n, width in zip(sizes, widths, strict=True))
        assert widths == sorted(widths)
        assert sorted(each for part in parts for each in part.credit_BT[:, 0].tolist()) == list(range(1, 9))
    assert [len(part.prompts) for part in batch.parts(most=1000)] == [8]
    assert list(batch.take([]).parts(most=10)) == []


def test_what_is_told_of_a_step_counts_every_answer() -> None:
    answers = answers_of([[1.0, 0.0, float("nan"), 1.0], [0.0, 0.0, 0.0, 0.0]])
    answers = dataclasses.replace(answers, seconds=2.0)
    batch = answers.with_credit(torch.ones(8, 1), answers.valid_B)
    told = describe(answers, batch)
    assert told.numbers["reward"] == pytest.approx(2 / 7)
    assert told.numbers["judge_failed"] == 1 / 8
    assert (told.numbers["all_right"], told.numbers["mixed"], told.numbers["none_right"]) == (0.0, 0.5, 0.5)
    assert told.numbers["length"] == 2.5
    assert (told.tokens, told.taught, told.sampling_seconds) == (20, 7, 2.0)
