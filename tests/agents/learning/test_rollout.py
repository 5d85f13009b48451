"""Rollouts: what the sampler recorded is what the trainer computes, and the environment's word is the reward."""

from __future__ import annotations

import dataclasses

import gymnasium as gym
import numpy as np
import pytest
import torch
from reasonrl.agents.learning.batch import Answers
from reasonrl.agents.learning.evaluation import answer_problems
from reasonrl.agents.learning.rollout import Problems, make_envs, roll_out
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.vocabulary import CharVocabulary
from reasonrl.verifiers.core import accept, failed

import reasonrl  # noqa: F401 - registers the ids

CHARS = CharVocabulary()
"""With few tokens allowed, so that a random model ends its answers now and then."""
CHARS.allowed = np.isin(np.arange(CHARS.size), [CHARS.eos, *CHARS.encode("\n0123456789+-=")]).astype(np.int8)
CHAIN_SUM = "reasonrl/ChainSum-v0"
TOKENS = 24
LEVELS = [1, 5]


@pytest.fixture(scope="module")
def policy() -> LocalPolicy:
    model = build_model(
        build_config(hidden_size=32, layers=2, heads=4, kv_heads=2, intermediate_size=64, context=128), seed=0
    )
    with torch.no_grad():
        for weight in model.parameters():  # away from uniform: log-probabilities must have something to disagree on
            if weight.dim() == 2:
                weight.mul_(4)
    return LocalPolicy(model, CHARS)


def play(policy: LocalPolicy, indices: list[int], *, group: int = 4, temperature: float = 1.0) -> Answers:
    envs = make_envs(CHAIN_SUM, len(indices) * group, max_tokens=TOKENS, difficulty=LEVELS)
    return roll_out(policy, envs, Problems(indices, indices), temperature=temperature)


def rescore(policy: LocalPolicy, rollout: Answers, *, temperature: float) -> torch.Tensor:
    prompts = [prompt for prompt in rollout.prompts for _ in range(rollout.group_size)]
    return policy.logprobs(prompts, rollout.tokens_BT, rollout.mask_BT, temperature=temperature).detach()


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_log_probabilities_of_sampler_and_trainer_agree(policy: LocalPolicy, temperature: float) -> None:
    rollout = play(policy, [0, 1, 2, 3], temperature=temperature)
    lengths = rollout.mask_BT.sum(dim=1)
    assert lengths.min() < lengths.max()
    assert len({len(prompt) for prompt in rollout.prompts}) > 1
    trained = rescore(policy, rollout, temperature=temperature)
    torch.testing.assert_close(trained, rollout.logprobs_BT, rtol=0, atol=1e-4)
    other = rescore(policy, rollout, temperature=1.7 - temperature)
    assert (other - rollout.logprobs_BT).abs().max() > 0.01


def test_rewards_and_texts_are_those_of_the_scalar_environment(policy: LocalPolicy) -> None:
    rollout = play(policy, [0, 5])
    env = gym.make(CHAIN_SUM, max_tokens=TOKENS, difficulty=LEVELS)
    for lane, index in enumerate([0] * 4 + [5] * 4):
        observation, _ = env.reset(options={"index": index})
        assert observation["tokens"][: observation["length"][0]].tolist() == list(rollout.prompts[lane // 4])
        tokens = rollout.tokens_BT[lane][rollout.mask_BT[lane]].tolist()
        total = 0.0
        for position, token in enumerate(tokens):
            _, reward, terminated, truncated, info = env.step(token)
            total += float(reward)
            assert (terminated or truncated) == (position == len(tokens) - 1)
        assert total == rollout.rewards_B[lane]
        assert truncated == rollout.truncated_B[lane]
        assert terminated == rollout.terminated_B[lane]
        assert info["text"] == rollout.texts[lane]


def test_right_answers_earn_their_reward(monkeypatch: pytest.MonkeyPatch, policy: LocalPolicy) -> None:
    """With a judge that accepts whatever ends, so that a random model has something to earn."""
    monkeypatch.setattr(ChainSum, "verify", lambda self, problem, answer: accept(answer, method="kind"))
    rollout = play(policy, [0, 1])
    ended = ~rollout.truncated_B
    assert ended.any()
    assert not ended.all()
    assert torch.equal(rollout.rewards_B, ended.float())
    assert torch.equal(rollout.correct_B, ended)


def test_answers_do_not_depend_on_what_is_sampled_beside_them(policy: LocalPolicy) -> None:
    together, alone = play(policy, [0, 1, 2]), play(policy, [1])
    width = alone.tokens_BT.shape[1]
    assert torch.equal(together.tokens_BT[4:8, :width] * alone.mask_BT, alone.tokens_BT)
    assert len({tuple(row) for row in alone.tokens_BT.tolist()}) > 1


def test_an_answer_that_cannot_be_judged_is_marked(monkeypatch: pytest.MonkeyPatch, policy: LocalPolicy) -> None:
    monkeypatch.setattr(ChainSum, "verify", lambda self, problem, answer: failed("the judge is ill"))
    rollout = play(policy, [0, 1])
    assert torch.equal(rollout.valid_B, rollout.truncated_B)
    assert not rollout.valid_B.all()
    assert torch.isnan(rollout.rewards_B[~rollout.valid_B]).all()


def test_what_stands_after_an_answer_does_not_change_its_log_probabilities(policy: LocalPolicy) -> None:
    rollout = play(policy, [0, 1])
    clean = rescore(policy, rollout, temperature=1.0)
    poisoned = torch.where(rollout.mask_BT, rollout.tokens_BT, 50)
    assert (poisoned != rollout.tokens_BT).any()
    found = rescore(policy, dataclasses.replace(rollout, tokens_BT=poisoned), temperature=1.0)
    assert torch.equal(found, clean)


def test_a_model_without_room_for_the_answer_is_refused(policy: LocalPolicy) -> None:
    envs = make_envs(CHAIN_SUM, 2, max_tokens=120)
    with pytest.raises(ValueError, match="lower max_tokens"):
        roll_out(policy, envs, Problems([0], [0]), temperature=1.0)
    with pytest.raises(ValueError, match="cannot be shared equally by 3 problems"):
        roll_out(policy, envs, Problems([0, 1, 2], [0, 1, 2]), temperature=1.0)


def test_an_evaluation_does_not_depend_on_the_number_of_lanes(policy: LocalPolicy) -> None:
    found = [
        answer_problems(
            policy,
            make_envs(CHAIN_SUM, lanes, max_tokens=TOKENS, split="validation"),
            problems=5,
            samples=2,
            temperature=1.0,
        )
        for lanes in (2, 8)
    ]
    assert found[0].shape == (5, 2)
    assert np.array_equal(found[0], found[1])
