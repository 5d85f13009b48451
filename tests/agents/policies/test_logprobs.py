"""Log-probabilities of given tokens: those of the sampling distribution, with gradients that padding cannot spoil."""

from __future__ import annotations

import math

import pytest
import torch
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.logprobs import answer_logprobs, token_logprobs
from transformers import PreTrainedModel

from .conftest import CHARS, random_gpt2, random_llama

ALLOWED = torch.from_numpy(CHARS.allowed.astype(bool))


def test_the_temperature_counts_in_the_logprobs() -> None:
    logits, tokens = torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[2]])
    allowed = torch.tensor([True, True, True])
    hot = token_logprobs(logits, tokens, 2.0, allowed)
    assert hot.item() == pytest.approx(2.0 - math.log(math.exp(0.5) + math.exp(1.0) + math.exp(2.0)))
    only = token_logprobs(logits, tokens, 1.0, torch.tensor([False, True, True]))
    assert only.item() == pytest.approx(4.0 - math.log(math.exp(2.0) + math.exp(4.0)), abs=1e-6)
    assert token_logprobs(logits, torch.tensor([[0]]), 1.0, torch.tensor([False, True, True])).item() == -math.inf


def test_gradients_of_logprobs_are_finite_where_tokens_are_not_allowed() -> None:
    logits = torch.randn(1, 3, CHARS.size, generator=torch.Generator().manual_seed(0), requires_grad=True)
    tokens = torch.tensor([[5, 6, CHARS.pad]])
    logprobs = token_logprobs(logits, tokens, 0.7, ALLOWED)
    torch.where(torch.tensor([[True, True, False]]), logprobs, 0.0).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[0, :, CHARS.pad].eq(0).all()


def answers() -> tuple[list[list[int]], torch.Tensor, torch.Tensor]:
    """Two prompts of different length, with answers of three tokens and of one."""
    tokens_BT = torch.tensor([[20, 21, 22], [30, 0, 0]])
    return [[1, 5, 6, 3], [1, 7]], tokens_BT, tokens_BT > 0


def test_a_policy_scores_answers_as_a_pass_over_each_of_them_does(model: PreTrainedModel) -> None:
    prompts, tokens_BT, mask_BT = answers()
    model.train(False)  # a policy leaves that to whoever trains its model
    found_BT = LocalPolicy(model, CHARS).logprobs(prompts, tokens_BT, mask_BT, temperature=0.7)
    for prompt, tokens, mask, found in zip(prompts, tokens_BT, mask_BT, found_BT, strict=True):
        said = tokens[mask]
        logits = model(torch.tensor([[*prompt, *said.tolist()]])).logits[:, len(prompt) - 1 : -1]
        torch.testing.assert_close(found[mask], token_logprobs(logits, said[None], 0.7, ALLOWED)[0], atol=1e-5, rtol=0)
    assert found_BT[~mask_BT].eq(0).all()


def test_a_policy_scores_in_its_own_dtype_and_its_weights_get_gradients_in_theirs() -> None:
    model = random_llama(initializer_range=0.05)
    exact_BT = LocalPolicy(model, CHARS).logprobs(*answers(), temperature=1.0)
    policy = LocalPolicy(model, CHARS, dtype=torch.bfloat16)
    assert (policy.dtype, policy.decoding_dtype, model.dtype) == (torch.bfloat16, torch.bfloat16, torch.float32)
    rounded_BT = policy.logprobs(*answers(), temperature=1.0)
    assert 0 < (rounded_BT - exact_BT).abs().max() < 0.2
    rounded_BT.sum().backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None and weight.grad.dtype is torch.float32 for weight in model.parameters())


def test_models_other_than_llamas_decode_in_the_dtype_of_their_weights() -> None:
    policy = LocalPolicy(random_gpt2(), CHARS, dtype=torch.bfloat16)
    assert (policy.dtype, policy.decoding_dtype) == (torch.bfloat16, torch.float32)
    assert "-bf16" not in policy.name


def test_a_frozen_policy_stays_as_it_was_and_takes_no_gradients() -> None:
    policy = LocalPolicy(random_llama(), CHARS, label="pupil", max_lanes=3, dtype=torch.bfloat16)
    first = policy.frozen()
    assert (first.name, first.max_lanes, first.dtype) == (policy.name, 3, torch.bfloat16)
    before_BT = first.logprobs(*answers(), temperature=1.0)
    with torch.no_grad():
        for weight in policy.model.parameters():
            weight.mul_(1.5)
    assert torch.equal(first.logprobs(*answers(), temperature=1.0), before_BT)
    assert not torch.equal(policy.logprobs(*answers(), temperature=1.0), before_BT)
    assert not before_BT.requires_grad
    assert policy.logprobs(*answers(), temperature=1.0).requires_grad


def test_what_may_be_said_is_what_the_vocabulary_allows() -> None:
    policy = LocalPolicy(random_llama(), CHARS)
    assert torch.equal(policy.allowed_V, ALLOWED)
    tokens_BT = torch.tensor([[CHARS.bos]])
    banned_BT = answer_logprobs(
        policy.model, [[1, 5]], tokens_BT, tokens_BT >= 0, allowed_V=policy.allowed_V, temperature=1.0
    )
    assert banned_BT.item() == -math.inf
