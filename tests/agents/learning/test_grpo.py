"""What is GRPO's own: the KL holds the policy back, and rewarded tokens become more likely."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from unittest import mock

import pytest
import torch
from reasonrl.agents.learning.batch import describe
from reasonrl.agents.learning.checkpoint import load_checkpoint
from reasonrl.agents.learning.grpo import GRPOConfig, give_credit, learn, main, update
from reasonrl.agents.learning.metrics import read_metrics
from reasonrl.agents.learning.rollout import Problems, make_envs, roll_out
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.registry import get_policy
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.verifiers.core import failed
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from .toys import answers_of, learn_from_ends, step_of, toy_config, toy_policy, weights_of, whatever_ends_is_right


def test_the_kl_holds_the_policy_back() -> None:
    answers = answers_of([[1.0, 0.0, 0.0, 1.0]])

    def distance_after(kl_weight: float) -> float:
        """Mean absolute change of the answers' log-probabilities after some updates."""
        pupil = toy_policy()
        config = GRPOConfig(Path("unused"), max_tokens=4, kl_weight=kl_weight, kl_estimator="ratio_k3", epochs=10)
        batch = give_credit(answers, config)
        update(step_of(pupil, config, learning_rate=0.1), pupil, batch, config, first=toy_policy())
        said = [answers.prompts[0]] * 4, answers.tokens_BT, answers.mask_BT
        return float((pupil.logprobs(*said, temperature=1.0).detach() - answers.logprobs_BT).abs().mean())

    assert distance_after(5.0) < 0.5 * distance_after(1e-6)


def test_with_a_kl_every_answer_that_counts_is_kept() -> None:
    answers = answers_of([[1.0, 1.0, float("nan")], [1.0, 0.0, 0.0]])
    kept = [len(give_credit(answers, GRPOConfig(Path("unused"), kl_weight=w)).prompts) for w in (0.0, 0.1)]
    assert kept == [3, 5]


def test_rewarded_tokens_become_more_likely(tmp_path: Path) -> None:
    """The whole loop with the environment's answers and a reward of our own: the share of sevens."""
    config = toy_config(tmp_path)
    policy = toy_policy("0123456789")
    envs = make_envs(config.env, 32, max_tokens=config.max_tokens)
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=2e-2)
    shares = []
    for number in range(12):
        step = step_of(policy, config)
        step.run.optimizer = optimizer
        answers = roll_out(policy, envs, Problems([0, 1], [number, number]), temperature=1.0)
        sevens_BT = (answers.tokens_BT == policy.vocabulary.encode("7")[0]) & answers.mask_BT
        share_BT = sevens_BT / answers.mask_BT.sum(dim=1, keepdim=True)
        shares.append(float(share_BT.sum(dim=1).mean()))
        batch = give_credit(dataclasses.replace(answers, rewards_BT=share_BT), config)
        update(step, policy, batch, config)
        step.report(describe(answers, batch))
        assert step.numbers()["largest_mismatch"] < 1e-4
    assert shares[0] < 0.2
    assert shares[-1] > 0.6


def test_any_model_and_tokenizer_in_hugging_face_format_learns_by_the_same_code(tmp_path: Path) -> None:
    """GPT-2's architecture over bytes: not a Llama, not our characters, dropout in its configuration."""
    tokenizer = Tokenizer(BPE(vocab={token: i for i, token in enumerate(["<end>", *ByteLevel.alphabet()])}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), ByteLevelDecoder()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")  # type: ignore[no-untyped-call]
    fast.save_pretrained(tmp_path / "model")
    config = GPT2Config(
        vocab_size=257, n_embd=16, n_layer=1, n_head=2, n_positions=400, bos_token_id=0, eos_token_id=0, pad_token_id=0
    )
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "model")
    # random bytes are never right: an answer that ends within its tokens is, and that can be learned from
    with whatever_ends_is_right():
        main(
            toy_config(
                tmp_path / "run", policy=str(tmp_path / "model"), steps=2, max_tokens=64, prompts=2, group_size=8
            )
        )
    came, *numbers = read_metrics(tmp_path / "run")
    assert came["step"] == 0
    assert sum(line["answers_used"] for line in numbers) > 0
    assert all(line["largest_mismatch"] < 1e-4 for line in numbers)
    policy = get_policy(str(tmp_path / "run" / "policy"))
    assert isinstance(policy, LocalPolicy)
    assert policy.vocabulary.size == 257


def test_a_judge_that_always_fails_teaches_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    policy = toy_policy("0123456789+-=")
    before = weights_of(policy)
    with mock.patch.object(ChainSum, "verify", return_value=failed("broken")):
        learn(policy, toy_config(tmp_path, steps=2, kl_weight=0.1))
    assert all(torch.equal(before[name], value) for name, value in weights_of(policy).items())
    assert all(line["judge_failed"] > 0 for line in read_metrics(tmp_path)[1:])


def test_a_resumed_run_is_held_to_the_policy_that_it_began_with(tmp_path: Path) -> None:
    """The reference of the KL is the first policy, not that of the checkpoint."""
    options = {"kl_weight": 0.5, "steps": 4}
    learn_from_ends("grpo", toy_config(tmp_path, **options, save_every=1))
    state = load_checkpoint(tmp_path)
    assert state is not None
    seen = []
    frozen = LocalPolicy.frozen

    def watched(self: LocalPolicy) -> LocalPolicy:
        seen.append(frozen(self))
        return seen[-1]

    with mock.patch.object(LocalPolicy, "frozen", watched):
        learn_from_ends("grpo", toy_config(tmp_path, **options, save_every=1))
    assert all(torch.equal(weights_of(seen[0])[name], value) for name, value in weights_of(toy_policy()).items())


def test_settings_that_another_run_had_are_refused(tmp_path: Path) -> None:
    learn(toy_policy(), toy_config(tmp_path, steps=1))
    with pytest.raises(ValueError, match="learning_rate was"):
        learn(toy_policy(), toy_config(tmp_path, steps=1, learning_rate=1e-3))
