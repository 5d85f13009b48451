"""Small policies, made-up answers and short runs, for the tests of every learner."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
from reasonrl.agents.learning import grpo, gspo, reinforce, rloo
from reasonrl.agents.learning.batch import Answers, Batch
from reasonrl.agents.learning.options import OnPolicyConfig
from reasonrl.agents.learning.run import Run
from reasonrl.agents.learning.step import Step
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.tiny import build_config, build_model
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.vocabulary import CharVocabulary
from reasonrl.verifiers.core import accept
from torch import Tensor
from transformers import PreTrainedModel

PROMPT = (1, 40, 41, 3)


class Kind(NamedTuple):
    """A learner: its page and its config."""

    page: ModuleType
    config: type[OnPolicyConfig]


LEARNERS = {
    "reinforce": Kind(reinforce, reinforce.ReinforceConfig),
    "rloo": Kind(rloo, rloo.RLOOConfig),
    "grpo": Kind(grpo, grpo.GRPOConfig),
    "gspo": Kind(gspo, gspo.GSPOConfig),
}


def few_tokens(text: str) -> CharVocabulary:
    """The character vocabulary with only the end token and these characters allowed."""
    chars = CharVocabulary()
    chars.allowed = np.isin(np.arange(chars.size), [chars.eos, *chars.encode(text)]).astype(np.int8)
    return chars


def toy_model(*, double: bool = False) -> PreTrainedModel:
    config = build_config(hidden_size=16, layers=1, heads=2, kv_heads=1, intermediate_size=32, context=128)
    model = build_model(config, seed=0)
    return model.double() if double else model


def toy_policy(characters: str | None = None) -> LocalPolicy:
    return LocalPolicy(toy_model(), CharVocabulary() if characters is None else few_tokens(characters))


def toy_config(out: Path, kind: str = "grpo", /, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "difficulty": (1,),
        "steps": 6,
        "prompts": 3,
        "group_size": 4,
        "max_tokens": 12,
        "learning_rate": 1e-2,
        "precision": "fp32",
        "device": "cpu",
        "evaluate_every": 3,
        "evaluate_problems": 4,
        "save_every": 2,
    }
    return LEARNERS[kind].config(out, **{**settings, **changes})


def weights_of(policy: LocalPolicy) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in policy.model.named_parameters()}


def answers_of(rewards_PG: list[list[float]], *, longest: int = 4) -> Answers:
    """Made-up answers of different lengths with these rewards."""
    rewards = torch.tensor(rewards_PG)
    lanes = rewards.numel()
    mask_BT = torch.arange(longest) < (torch.arange(lanes) % longest + 1)[:, None]
    rng = torch.Generator().manual_seed(0)
    tokens_BT = torch.where(mask_BT, torch.randint(4, 90, (lanes, longest), generator=rng), 0)
    prompts = tuple((1, *range(20, 20 + p), 3) for p in range(1, len(rewards_PG) + 1))
    spread = [prompt for prompt in prompts for _ in range(rewards.shape[1])]
    logprobs_BT = toy_policy().logprobs(spread, tokens_BT, mask_BT, temperature=1.0).detach()
    last_BT = mask_BT & ~torch.nn.functional.pad(mask_BT[:, 1:], (0, 1))
    return Answers(
        prompts=prompts,
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        logprobs_BT=logprobs_BT,
        rewards_BT=torch.where(last_BT, rewards.flatten()[:, None], 0.0),
        correct_B=rewards.flatten() == 1.0,
        terminated_B=torch.ones(lanes, dtype=torch.bool),
        truncated_B=torch.zeros(lanes, dtype=torch.bool),
        texts=("",) * lanes,
    )


def step_of(policy: LocalPolicy, config: OnPolicyConfig, *, learning_rate: float = 1.0) -> Step:
    """A first step under plain gradient descent, without a clip on the norm."""
    with mock.patch("reasonrl.agents.learning.run.load_checkpoint", return_value=None):
        run = Run(policy, dataclasses.replace(config, clip=math.inf, device="cpu"), title="a test")
    step = Step(run)
    run.optimizer = torch.optim.SGD(policy.model.parameters(), lr=learning_rate)
    return step


def gradient_of(kind: str, batch: Batch, config: OnPolicyConfig) -> dict[str, Tensor]:
    """What one update of this learner subtracts from the weights under plain gradient descent."""
    policy = toy_policy()
    before = weights_of(policy)
    LEARNERS[kind].page.update(step_of(policy, config), policy, batch, config)
    return {name: before[name] - value for name, value in weights_of(policy).items()}


class Enumerated(NamedTuple):
    """Every answer to `PROMPT` of a policy that knows two characters and the end token, and what each is worth."""

    policy: LocalPolicy
    answers: Answers
    """One lane for each; the log-probabilities are the policy's."""
    chance_B: Tensor
    """[B] differentiable; they sum to 1."""
    rewards_B: Tensor
    length_B: Tensor


def enumerate_answers(*, longest: int, temperature: float, one_length: bool = False) -> Enumerated:
    """Answers of up to `longest` tokens that end or are cut; of `one_length`, none ends early."""
    vocabulary = few_tokens("12")
    if one_length:
        vocabulary.allowed[vocabulary.eos] = 0
    policy = LocalPolicy(toy_model(), vocabulary)
    symbols = vocabulary.encode("12")
    said = [] if one_length else [stem for n in range(longest) for stem in itertools.product(symbols, repeat=n)]
    said = [(*stem, vocabulary.eos) for stem in said] + list(itertools.product(symbols, repeat=longest))
    mask_BT = torch.tensor([[t < len(answer) for t in range(longest)] for answer in said])
    tokens_BT = torch.tensor([[*answer, *[0] * (longest - len(answer))] for answer in said])
    logprobs_BT = policy.logprobs([PROMPT] * len(said), tokens_BT, mask_BT, temperature=temperature)
    rewards_B = torch.rand(len(said), generator=torch.Generator().manual_seed(0)).round(decimals=1)
    last_BT = mask_BT & ~torch.nn.functional.pad(mask_BT[:, 1:], (0, 1))
    answers = Answers(
        prompts=(PROMPT,),
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        logprobs_BT=logprobs_BT.detach(),
        rewards_BT=torch.where(last_BT, rewards_B[:, None], 0.0),
        correct_B=rewards_B == 1.0,
        terminated_B=torch.ones(len(said), dtype=torch.bool),
        truncated_B=torch.zeros(len(said), dtype=torch.bool),
        texts=("",) * len(said),
    )
    return Enumerated(policy, answers, logprobs_BT.double().sum(dim=1).exp(), rewards_B.double(), mask_BT.sum(dim=1))


def some(answers: Answers, rows: list[int]) -> Answers:
    """The answers of these lanes, to one prompt."""
    tensors = {
        field.name: getattr(answers, field.name)[rows]
        for field in dataclasses.fields(answers)
        if isinstance(getattr(answers, field.name), Tensor)
    }
    return dataclasses.replace(answers, texts=("",) * len(rows), **tensors)


@contextmanager
def whatever_ends_is_right() -> Iterator[None]:
    """A judge with which a random policy has something to learn: the answer ended in time."""
    with mock.patch.object(ChainSum, "verify", lambda self, problem, answer: accept(answer, method="kind")):
        yield


def learn_from_ends(kind: str, config: Any) -> LocalPolicy:
    """A whole run of a random policy under the judge that accepts whatever ends."""
    policy = toy_policy("0123456789+-=")
    with whatever_ends_is_right():
        LEARNERS[kind].page.learn(policy, config)
    return policy
