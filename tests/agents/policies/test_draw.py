"""Drawing tokens: the right distribution, and never a token that is not allowed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from reasonrl.agents.policies.draw import draw
from reasonrl.agents.policies.noise import sequence_keys, uniforms


def test_draw_inverts_the_cumulative_distribution() -> None:
    logits = torch.tensor([[0.1, 0.2, 0.3, 0.4]]).log().repeat(6, 1)
    numbers = np.array([0.0, 0.05, 0.11, 0.31, 0.59, 0.999])
    tokens, logprobs = draw(logits, 1.0, numbers, torch.ones(4, dtype=torch.bool))
    assert tokens.tolist() == [0, 0, 1, 2, 2, 3]
    torch.testing.assert_close(logprobs.exp(), torch.tensor([0.1, 0.1, 0.2, 0.3, 0.3, 0.4]))


def test_a_large_vocabulary_is_searched_like_a_small_one() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3.0 * torch.randn(400, 1001, generator=generator)
    allowed = torch.rand(1001, generator=generator) > 0.2
    numbers = uniforms(sequence_keys([1] * 400, range(400)), 0)
    tokens, _ = draw(logits, 0.9, numbers, allowed)
    mass = torch.softmax((logits / 0.9).masked_fill(~allowed, -torch.inf).double(), -1)
    below = mass.cumsum(-1) - mass
    reached = torch.from_numpy(numbers)
    picked = tokens[:, None]
    assert (below.gather(-1, picked).squeeze() <= reached + 1e-6).all()
    assert ((below + mass).gather(-1, picked).squeeze() >= reached - 1e-6).all()


@pytest.mark.parametrize("size", [40, 2000])
def test_tokens_without_mass_are_never_drawn(size: int) -> None:
    logits = torch.full((2, size), -torch.inf)
    logits[:, 7] = 0.0
    logits[:, size - 9] = 0.0
    logits[:, 0] = logits[:, -1] = 50.0
    allowed = torch.ones(size, dtype=torch.bool)
    allowed[0] = allowed[-1] = False
    tokens, logprobs = draw(logits, 1.0, np.array([0.0, 1.0 - 2.0**-32]), allowed)
    assert tokens.tolist() == [7, size - 9]
    torch.testing.assert_close(logprobs, torch.full((2,), -math.log(2.0)))


def test_frequencies_are_those_of_the_softmax() -> None:
    logits = torch.tensor([[2.0, 0.0, 1.0, -1.0, 9.0]]).repeat(20_000, 1)
    allowed = torch.tensor([True, True, True, True, False])
    tokens, _ = draw(logits, 0.7, uniforms(sequence_keys([3] * 20_000, range(20_000)), 4), allowed)
    shares = torch.softmax(logits[0, :4] / 0.7, -1)
    found = torch.bincount(tokens, minlength=5)[:4] / 20_000
    sigma = (shares * (1 - shares) / 20_000).sqrt()
    assert ((found - shares).abs() < 4 * sigma).all()


def test_columns_beyond_the_vocabulary_are_ignored() -> None:
    logits = torch.tensor([[0.0, 1.0, 99.0]])
    tokens, logprobs = draw(logits, 0.0, np.array([0.5]), torch.tensor([True, True]))
    assert tokens.tolist() == [1]
    assert logprobs.item() == pytest.approx(-math.log(1 + math.exp(-1.0)))
