"""Torch takes the cores that are idle, and its results are the same whatever their number."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from reasonrl.agents.policies import threads
from reasonrl.agents.policies.core import Proposal, Sampling, Unit
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.mdp import State

from .conftest import CHARS, random_llama


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("idle", "expected"), [(0.0, 1), (0.4, 1), (1.2, 1), (1.8, 2), (4.0, 4), (64.0, 4)])
def test_as_many_threads_as_cores_are_idle(monkeypatch: pytest.MonkeyPatch, idle: float, expected: int) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "idle_cores", lambda: idle)
    torch.set_num_threads(4)
    said = threads.use_idle_cores()
    assert torch.get_num_threads() == expected
    assert said == (
        "" if expected == 4 else f"{expected} of 4 cores: the others are busy (OMP_NUM_THREADS sets another number)"
    )


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(threads, "idle_cores", lambda: 0.0)
    torch.set_num_threads(3)
    assert threads.use_idle_cores() == ""
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [("10 0 0 100 0 0 0 0", "30 0 0 160 20 0 0 0", 0.8), ("5 0 0 5 0 0 0 0", "15 0 0 5 0 0 0 0", 0.0)],
)
def test_idle_cores_are_counted_between_two_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str, share: float
) -> None:
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  {first} 7 7\ncpu0 1 1 1 1\n")
    monkeypatch.setattr(time, "sleep", lambda seconds: stat.write_text(f"cpu  {second} 9 9\n"))
    monkeypatch.setattr(os, "cpu_count", lambda: 10)
    assert threads.idle_cores(stat=stat) == pytest.approx(10 * share)


def test_without_the_kernels_count_the_load_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 0.0, 0.0))
    assert threads.idle_cores(stat=tmp_path / "missing") == 2.5


def test_samples_do_not_depend_on_the_number_of_threads() -> None:
    states = [State(generate(get_family("chain_sum"), "test", index).view) for index in range(4)]

    def sample(count: int) -> list[list[Proposal]]:
        torch.set_num_threads(count)
        policy = LocalPolicy(random_llama(max_position_embeddings=256), CHARS)
        return policy.propose(states, [3] * 4, list(range(4)), Sampling(Unit.SOLUTION, 1.0, 24))

    assert sample(1) == sample(2)
