"""GRPO: its update is the exact gradient on an enumerated tree, and a killed run ends where it would have."""

from __future__ import annotations

import dataclasses
import itertools
import math
import multiprocessing
import os
import signal
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from reasonrl.agents.learning.advantages import group_advantages
from reasonrl.agents.learning.checkpoint import load_checkpoint
from reasonrl.agents.learning.grpo import Batch, GRPOConfig, learn, main, prepare, update
from reasonrl.agents.learning.metrics import read_metrics
from reasonrl.agents.learning.rollout import Rollout, make_envs, roll_out
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.logprobs import allowed_tokens, answer_logprobs
from reasonrl.agents.policies.registry import get_policy
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.vocabulary import CharVocabulary
from reasonrl.verifiers.core import accept, failed
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedModel, PreTrainedTokenizerFast

PROMPT = (1, 40, 41, 3)


def few_tokens(text: str) -> CharVocabulary:
    """The character vocabulary with only the end token and these characters allowed."""
    chars = CharVocabulary()
    chars.allowed = np.isin(np.arange(chars.size), [chars.eos, *chars.encode(text)]).astype(np.int8)
    return chars


def toy_model(*, double: bool = False) -> PreTrainedModel:
    config = build_config(hidden_size=16, layers=1, heads=2, kv_heads=1, intermediate_size=32, context=128)
    model = build_model(config, seed=0)
    return model.double() if double else model


def toy_config(out: Path, **changes: object) -> GRPOConfig:
    config = GRPOConfig(
        out,
        difficulty=(1,),
        steps=6,
        prompts=3,
        group_size=4,
        max_tokens=12,
        learning_rate=1e-2,
        precision="fp32",
        device="cpu",
        evaluate_every=3,
        evaluate_problems=4,
        save_every=2,
    )
    return dataclasses.replace(config, **changes)  # type: ignore[arg-type]


def weights_of(model: PreTrainedModel) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def rollout_of(rewards_PG: list[list[float]], *, longest: int = 4) -> Rollout:
    """Made-up answers of different lengths with these rewards."""
    rewards = torch.tensor(rewards_PG)
    lanes = rewards.numel()
    mask_BT = torch.arange(longest) < (torch.arange(lanes) % longest + 1)[:, None]
    rng = torch.Generator().manual_seed(0)
    tokens_BT = torch.where(mask_BT, torch.randint(4, 90, (lanes, longest), generator=rng), 0)
    prompts = tuple((1, *range(20, 20 + p), 3) for p in range(1, len(rewards_PG) + 1))
    model, allowed_V = toy_model(), allowed_tokens(CharVocabulary(), torch.device("cpu"))
    spread = [prompt for prompt in prompts for _ in range(rewards.shape[1])]
    logprobs_BT = answer_logprobs(model, spread, tokens_BT, mask_BT, allowed_V=allowed_V, temperature=1.0).detach()
    return Rollout(
        prompts=prompts,
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        logprobs_BT=logprobs_BT,
        rewards_B=rewards.flatten(),
        correct_B=rewards.flatten() == 1.0,
        truncated_B=torch.zeros(lanes, dtype=torch.bool),
        texts=("",) * lanes,
    )


def gradient_of(batch: Batch, config: GRPOConfig, *, double: bool = False) -> dict[str, Tensor]:
    """What one update subtracts from the weights under plain gradient descent, without a clip on the norm."""
    model = toy_model(double=double)
    before = weights_of(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    allowed_V = allowed_tokens(CharVocabulary(), torch.device("cpu"))
    update(model, optimizer, batch, dataclasses.replace(config, clip=math.inf), 0, allowed_V=allowed_V)
    return {name: before[name] - value for name, value in weights_of(model).items()}


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_expected_update_over_all_groups_is_the_exact_gradient_up_to_its_known_factor(temperature: float) -> None:
    """A real transformer, three tokens, answers of up to three: 15 answers, 225 groups of two."""
    group, longest = 2, 3
    vocabulary = few_tokens("12")
    tokens = vocabulary.allowed.nonzero()[0].tolist()
    stems = [stem for n in range(longest) for stem in itertools.product(tokens[1:], repeat=n)]
    answers = [(*stem, vocabulary.eos) for stem in stems]
    answers += list(itertools.product(tokens[1:], repeat=longest))
    assert len(answers) == 15
    mask_BT = torch.tensor([[t < len(answer) for t in range(longest)] for answer in answers])
    tokens_BT = torch.tensor([[*answer, *[0] * (longest - len(answer))] for answer in answers])
    rewards_B = torch.rand(15, generator=torch.Generator().manual_seed(0), dtype=torch.float64).round(decimals=1)

    model = toy_model(double=True)
    allowed_V = allowed_tokens(vocabulary, torch.device("cpu"))
    logprobs_BT = answer_logprobs(
        model, [PROMPT] * 15, tokens_BT, mask_BT, allowed_V=allowed_V, temperature=temperature
    ).double()
    chance_B = logprobs_BT.sum(dim=1).exp()
    assert chance_B.sum().item() == pytest.approx(1.0, abs=1e-5)
    names, parameters = zip(*model.named_parameters(), strict=True)
    exact = torch.autograd.grad((chance_B * rewards_B).sum(), parameters)

    members_PG = torch.tensor(list(itertools.product(range(15), repeat=group)))
    advantages_PG = group_advantages(rewards_B[members_PG], torch.ones_like(members_PG, dtype=torch.bool))
    weight_B = torch.zeros(15, dtype=torch.float64)  # the loss is linear in the advantages: sum what each answer gets
    weight_B.index_add_(
        0,
        members_PG.flatten(),
        (chance_B.detach()[members_PG].prod(dim=1, keepdim=True) * advantages_PG).flatten(),
    )
    batch = Batch([PROMPT] * 15, tokens_BT, mask_BT, logprobs_BT.detach(), weight_B, counted=group)
    config = GRPOConfig(Path("unused"), temperature=temperature, max_tokens=longest, micro_tokens=20)
    before = weights_of(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    update(model, optimizer, batch, dataclasses.replace(config, clip=math.inf), 0, allowed_V=allowed_V)
    moved = [before[name] - value.detach() for name, value in model.named_parameters()]
    factor = -(group - 1) / group / longest
    largest = max(float(each.abs().max()) for each in exact)
    assert largest > 1e-4
    for name, found, expected in zip(names, moved, exact, strict=True):
        torch.testing.assert_close(found, factor * expected, rtol=1e-3, atol=1e-4 * largest, msg=name)


def test_answers_without_advantage_are_left_out_and_change_nothing() -> None:
    config = GRPOConfig(Path("unused"), max_tokens=4)
    rollout = rollout_of([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    batch = prepare(rollout, config)
    assert len(batch.prompts) == 4
    assert batch.counted == 12
    whole = Batch(
        [prompt for prompt in rollout.prompts for _ in range(4)],
        rollout.tokens_BT,
        rollout.mask_BT,
        rollout.logprobs_BT,
        torch.cat((batch.advantages_B, torch.zeros(8))),
        12,
    )
    few, all_of_them = gradient_of(batch, config), gradient_of(whole, config)
    for name, value in few.items():
        torch.testing.assert_close(value, all_of_them[name], rtol=1e-4, atol=1e-7)


def test_weights_stand_still_when_every_group_agrees() -> None:
    rollout = rollout_of([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    config = GRPOConfig(Path("unused"), max_tokens=4)
    assert all((value == 0).all() for value in gradient_of(prepare(rollout, config), config).values())


def test_answers_that_could_not_be_judged_do_not_count() -> None:
    nan = float("nan")
    config = GRPOConfig(Path("unused"), max_tokens=4)
    batch = prepare(rollout_of([[1.0, 0.0, nan, nan]]), config)
    assert batch.counted == 2
    assert batch.advantages_B.tolist() == [0.5, -0.5]
    assert all(value.isfinite().all() for value in gradient_of(batch, config).values())


def test_truncated_answers_count_as_wrong_unless_masked() -> None:
    rollout = rollout_of([[1.0, 0.0, 0.0]])
    rollout = dataclasses.replace(rollout, truncated_B=torch.tensor([False, False, True]))
    counted = prepare(rollout, GRPOConfig(Path("unused")))
    masked = prepare(rollout, GRPOConfig(Path("unused"), mask_truncated=True))
    assert counted.advantages_B.tolist() == pytest.approx([2 / 3, -1 / 3, -1 / 3])
    assert (masked.advantages_B.tolist(), masked.counted) == ([0.5, -0.5], 2)


@pytest.mark.parametrize("most", [8, 20, 1000])
def test_the_size_of_a_pass_does_not_change_the_gradient(most: int) -> None:
    config = GRPOConfig(Path("unused"), max_tokens=4)
    batch = prepare(rollout_of([[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]), config)
    expected = gradient_of(batch, dataclasses.replace(config, micro_tokens=100_000))
    found = gradient_of(batch, dataclasses.replace(config, micro_tokens=most))
    assert max(float(value.abs().max()) for value in expected.values()) > 1e-3
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6)


def test_what_stands_in_the_padding_does_not_change_the_gradient() -> None:
    config = GRPOConfig(Path("unused"), max_tokens=4)
    batch = prepare(rollout_of([[1.0, 0.0, 0.0, 1.0]]), config)
    poisoned = batch._replace(
        tokens_BT=torch.where(batch.mask_BT, batch.tokens_BT, 77),
        old_logprobs_BT=torch.where(batch.mask_BT, batch.old_logprobs_BT, float("nan")),
    )
    clean, found = gradient_of(batch, config), gradient_of(poisoned, config)
    assert all(torch.equal(clean[name], found[name]) for name in clean)


def test_the_kl_holds_the_policy_back() -> None:
    rollout = rollout_of([[1.0, 0.0, 0.0, 1.0]])
    reference = toy_model()
    allowed_V = allowed_tokens(CharVocabulary(), torch.device("cpu"))

    def distance_after(kl_weight: float) -> float:
        """Mean absolute change of the answers' log-probabilities after some updates."""
        pupil = toy_model()
        config = GRPOConfig(
            Path("unused"), max_tokens=4, kl_weight=kl_weight, kl_estimator="ratio_k3", epochs=10, clip=math.inf
        )
        optimizer = torch.optim.SGD(pupil.parameters(), lr=0.1)
        batch = prepare(rollout, config)
        update(pupil, optimizer, batch, config, 0, allowed_V=allowed_V, reference=reference)
        answers = ([rollout.prompts[0]] * 4, rollout.tokens_BT, rollout.mask_BT)
        now = answer_logprobs(pupil, *answers, allowed_V=allowed_V, temperature=1.0).detach()
        return float((now - rollout.logprobs_BT).abs().mean())

    assert distance_after(5.0) < 0.5 * distance_after(1e-6)


def test_rewarded_tokens_become_more_likely(tmp_path: Path) -> None:
    """The whole loop with the environment's answers and a reward of our own: the share of sevens."""
    torch.manual_seed(0)
    vocabulary = few_tokens("0123456789")
    config = toy_config(tmp_path, learning_rate=2e-2)
    model = toy_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
    envs = make_envs(config.env, 32, max_tokens=config.max_tokens)
    shares = []
    for step in range(12):
        rollout = roll_out(
            model, envs, vocabulary, indices=[0, 1], keys=[step, step], temperature=1.0, max_tokens=config.max_tokens
        )
        sevens = (rollout.tokens_BT == vocabulary.encode("7")[0]) & rollout.mask_BT
        rewards_B = sevens.sum(dim=1) / rollout.mask_BT.sum(dim=1)
        shares.append(float(rewards_B.mean()))
        batch = prepare(dataclasses.replace(rollout, rewards_B=rewards_B), config)
        numbers = update(
            model, optimizer, batch, config, step, allowed_V=allowed_tokens(vocabulary, torch.device("cpu"))
        )
        assert numbers["largest_mismatch"] < 1e-4
    assert shares[0] < 0.2
    assert shares[-1] > 0.6


def test_a_run_writes_its_numbers(tmp_path: Path) -> None:
    result = learn(toy_model(), few_tokens("0123456789+-="), toy_config(tmp_path, epochs=2, minibatches=2))
    metrics = read_metrics(tmp_path)
    assert [line["step"] for line in metrics] == [0, 1, 2, 3, 4, 5, 6]
    assert {"reward", "all_right", "mixed", "none_right", "entropy", "length", "truncated", "mismatch"} <= set(
        metrics[1]
    )
    assert [line["step"] for line in metrics if "validation_accuracy" in line] == [0, 3, 6]
    assert metrics[0] == {"step": 0, "test_accuracy": result.before, "validation_accuracy": 0.0}
    assert 0.0 <= result.before <= 1.0


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
    with mock.patch.object(ChainSum, "verify", lambda self, problem, answer: accept(answer, method="kind")):
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


def _learn_until_killed(out: Path, after: int) -> None:
    """Dies like `kill -9` right after that step's metrics are written."""
    torch.set_num_threads(1)
    from reasonrl.agents.learning import metrics

    write = metrics.Metrics.write

    def write_and_die(self: metrics.Metrics, step: int, values: dict[str, float]) -> None:
        write(self, step, values)
        if step == after:
            os.kill(os.getpid(), signal.SIGKILL)

    metrics.Metrics.write = write_and_die  # type: ignore[method-assign,assignment]
    _learn_from_ends(out)


def _learn_from_ends(out: Path) -> PreTrainedModel:
    """A run with something to learn although the model is random: the judge accepts whatever ends in time."""
    model = toy_model()
    with mock.patch.object(ChainSum, "verify", lambda self, problem, answer: accept(answer, method="kind")):
        learn(model, few_tokens("0123456789+-="), toy_config(out))
    return model


def test_a_run_that_was_killed_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = weights_of(_learn_from_ends(tmp_path / "whole"))
        assert not all(torch.equal(whole[name], value) for name, value in weights_of(toy_model()).items())
        child = multiprocessing.get_context("spawn").Process(target=_learn_until_killed, args=(tmp_path / "killed", 5))
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        state = load_checkpoint(tmp_path / "killed")
        assert state is not None
        assert state["step"] == 4
        resumed = weights_of(_learn_from_ends(tmp_path / "killed"))
        # the sampler follows the trainer's weights
        assert all(line["largest_mismatch"] < 1e-4 for line in read_metrics(tmp_path / "killed")[1:])
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert [line["step"] for line in read_metrics(tmp_path / "killed")] == [0, 1, 2, 3, 4, 5, 6]


def test_settings_that_cannot_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2 to form a baseline"):
        GRPOConfig(tmp_path, group_size=1)
    with pytest.raises(ValueError, match="above 0 to explore"):
        GRPOConfig(tmp_path, temperature=0.0)
    learn(toy_model(), CharVocabulary(), toy_config(tmp_path, steps=1))
    with pytest.raises(ValueError, match="learning_rate was"):
        learn(toy_model(), CharVocabulary(), toy_config(tmp_path, steps=1, learning_rate=1e-3))


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
    model = toy_model()
    for _ in range(2):  # the second time nothing is run
        learn(model, CharVocabulary(), config)
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())
    lines = read_metrics(tmp_path)
    assert [line["step"] for line in lines] == list(range(config.steps + 1))
    assert not any(value is None for line in lines for value in line.values())
    said = capsys.readouterr().out.replace("\n", " ")
    assert ("no steps were asked for" if config.steps == 0 else "nothing was learned, because in no group") in said
    assert "nothing is run again" in said or config.steps == 0


def test_a_judge_that_always_fails_teaches_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    model = toy_model()
    before = weights_of(model)
    with mock.patch.object(ChainSum, "verify", return_value=failed("broken")):
        learn(model, few_tokens("0123456789+-="), toy_config(tmp_path, steps=2, kl_weight=0.1))
    assert all(torch.equal(before[name], value) for name, value in weights_of(model).items())
    assert all(line["judge_failed"] > 0 for line in read_metrics(tmp_path)[1:])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prompts": 0}, "prompts must be at least 1, got 0"),
        ({"minibatches": 0}, "minibatches must be at least 1"),
        ({"save_every": 0}, "save_every must be at least 1"),
        ({"evaluate_problems": 0}, "evaluate_problems must be at least 1"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"learning_rate": math.nan}, "learning_rate must be at least 0, got nan"),
        ({"learning_rate": math.inf}, "must be finite"),
        ({"temperature": math.inf}, "must be finite"),
        ({"decay": 2.0}, "decay is a share of the steps, at most 1"),
        ({"warmup": -1}, "warmup must be at least 0"),
    ],
)
def test_settings_that_cannot_be_are_sentences(tmp_path: Path, changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        toy_config(tmp_path, **changes)
