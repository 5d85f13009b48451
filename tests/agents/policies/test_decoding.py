"""The decode loop: what is said, to whom, and when a lane leaves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reasonrl.agents.policies import decoding
from reasonrl.agents.policies.decoding import Decoded, decode
from reasonrl.agents.policies.noise import sequence_keys
from transformers import PreTrainedModel

from .conftest import CHARS, random_llama

ALLOWED = torch.from_numpy(CHARS.allowed.astype(bool))
PROMPTS = [[1, 20, 30], [1, 5, 6, 7, 8], [1, 11]]
FAN_OUT = [3, 1, 2]
KEYS = sequence_keys([7, 7, 7, 8, 9, 9], [0, 1, 2, 0, 0, 1])
LIMITS = np.array([2, 9, 4, 1, 12, 6])
"""Tokens after which each lane is called over."""


class Listener:
    """Calls lanes over by number, and writes down what it was asked."""

    def __init__(self, limits: NDArray[np.int64] = LIMITS) -> None:
        self.limits = limits
        self.asked: list[tuple[int, list[int]]] = []
        self.heard: dict[int, list[int]] = {}

    def __call__(self, position: int, lanes: NDArray[np.int64], tokens_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        self.asked.append((position, lanes.tolist()))
        for lane in lanes.tolist():
            self.heard.setdefault(lane, []).append(int(tokens_BT[lane, position]))
            assert tokens_BT[lane, : position + 1].tolist() == self.heard[lane]
        return np.asarray(self.limits[lanes] == position + 1)


def play(model: PreTrainedModel, listener: Listener, *, max_tokens: int = 12, temperature: float = 1.0) -> Decoded:
    return decode(
        model,
        PROMPTS,
        FAN_OUT,
        KEYS,
        temperature=temperature,
        max_tokens=max_tokens,
        allowed_V=ALLOWED,
        on_tokens=listener,
    )


def test_each_lane_is_heard_until_it_is_over_and_never_again(model: PreTrainedModel) -> None:
    listener = Listener()
    found = play(model, listener)
    assert found.length_B.tolist() == LIMITS.tolist()
    assert [position for position, _ in listener.asked] == list(range(12))
    assert all(lanes == [b for b in range(6) if LIMITS[b] > position] for position, lanes in listener.asked)
    for lane, heard in listener.heard.items():
        assert found.tokens_BT[lane, : len(heard)].tolist() == heard
    after_the_end = np.arange(12) >= LIMITS[:, None]
    assert not found.tokens_BT[after_the_end].any()
    assert not found.logprobs_BT[after_the_end].any()
    assert (found.logprobs_BT[~after_the_end] < 0).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_when_finished_lanes_leave_changes_no_token(
    monkeypatch: pytest.MonkeyPatch, model: PreTrainedModel, share: float
) -> None:
    expected = play(model, Listener())
    monkeypatch.setattr(decoding, "_KEEP_BELOW", share)
    found = play(model, Listener())
    assert np.array_equal(found.tokens_BT, expected.tokens_BT)
    np.testing.assert_allclose(found.logprobs_BT, expected.logprobs_BT, atol=1e-4, rtol=0)


def test_a_lane_that_nobody_ends_has_all_the_room_there_is() -> None:
    listener = Listener(np.full(6, 99))
    assert play(random_llama(), listener, max_tokens=5).length_B.tolist() == [5] * 6
    near_the_end = decode(
        random_llama(),
        [[1] + [30] * 92, [1, 30]],  # the context is 96
        [1, 1],
        KEYS[:2],
        temperature=1.0,
        max_tokens=8,
        allowed_V=ALLOWED,
        on_tokens=Listener(np.full(2, 99)),
    )
    assert near_the_end.length_B.tolist() == [3, 8]


def test_nothing_is_read_once_all_lanes_are_over() -> None:
    listener = Listener(np.full(6, 1))
    found = play(random_llama(), listener, max_tokens=1000)
    assert len(listener.asked) == 1
    assert found.length_B.tolist() == [1] * 6
