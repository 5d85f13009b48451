"""Rollouts: a policy plays the token-level vector environment, each lane of its decoder beside one of the environment.

P prompts, G answers to each, B = P * G lanes, T tokens of the longest answer. A lane that is over leaves the decoder,
so that time goes to the answers still being written; in the environment it is parked: reset, and fed an idle token.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from reasonrl.agents.learning.batch import Answers
from reasonrl.agents.policies.decoder import get_decoder
from reasonrl.agents.policies.decoding import decode
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.noise import sequence_keys
from reasonrl.agents.policies.session import context_of
from reasonrl.envs.mdp import Stop
from reasonrl.envs.registry import environment_id
from reasonrl.envs.vector import VectorReasonEnv


class Problems(NamedTuple):
    """Which problems to answer."""

    indices: Sequence[int]
    """[P] numbers of the problems."""
    keys: Sequence[int]
    """[P] name the sampling noise: an answer depends on (prompt, key, its number in the group) alone."""


def make_envs(id: str, lanes: int, **options: Any) -> VectorEnv:
    """The native vector environment at the token level, without automatic resets: one episode in each lane."""
    return gym.make_vec(
        environment_id(id),
        num_envs=lanes,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.DISABLED,
        copy=False,
        level="token",
        **options,
    )


def roll_out(policy: LocalPolicy, envs: VectorEnv, problems: Problems, *, temperature: float) -> Answers:
    """Plays one episode in every lane.

    Args:
        policy: samples the tokens.
        envs: from `make_envs`, with P * G lanes; G follows from their number. Its `max_tokens` bound an answer.
        problems: P of them.
        temperature: of the sampling; 0 takes the most probable token.
    """
    start = time.perf_counter()
    lanes, group = envs.num_envs, envs.num_envs // len(problems.indices)
    if group * len(problems.indices) != lanes:
        raise ValueError(f"{lanes} lanes cannot be shared equally by {len(problems.indices)} problems")
    max_tokens = cast(VectorReasonEnv, envs.unwrapped).mdp.max_tokens
    play = _Play(policy, envs, np.repeat(np.asarray(problems.indices, np.int64), group), max_tokens=max_tokens)
    prompts = [play.prompt(lane) for lane in range(0, lanes, group)]
    longest = max(map(len, prompts))
    if longest + max_tokens > context_of(policy.model):
        raise ValueError(
            f"a prompt of {longest} tokens and {max_tokens} of an answer exceed the model's context of "
            f"{context_of(policy.model)}: lower max_tokens"
        )
    # a fused optimizer changes weights without a trace that the decoder could notice
    get_decoder(policy.model, dtype=policy.decoding_dtype).sync()
    said = decode(
        policy.model,
        prompts,
        [group] * len(prompts),
        sequence_keys([key for key in problems.keys for _ in range(group)], list(range(group)) * len(prompts)),
        temperature=temperature,
        max_tokens=max_tokens,
        allowed_V=policy.allowed_V,
        on_tokens=play.step,
        dtype=policy.decoding_dtype,
    )
    width = int(said.length_B.max())
    mask_BT = np.arange(width) < said.length_B[:, None]
    return Answers(
        prompts=tuple(prompts),
        tokens_BT=torch.from_numpy(said.tokens_BT[:, :width].copy()),
        mask_BT=torch.from_numpy(mask_BT),
        logprobs_BT=torch.from_numpy(said.logprobs_BT[:, :width].copy()),
        rewards_BT=torch.from_numpy(play.rewards_BT[:, :width].copy()),
        correct_B=torch.from_numpy(play.correct_B),
        terminated_B=torch.from_numpy(play.terminated_B),
        truncated_B=torch.from_numpy(play.truncated_B),
        texts=tuple(play.texts),
        seconds=time.perf_counter() - start,
    )


class _Play:
    """The environment's side of a rollout: fed the tokens that were drawn, it says which lanes are over."""

    def __init__(self, policy: LocalPolicy, envs: VectorEnv, index_B: NDArray[np.int64], *, max_tokens: int) -> None:
        self.envs = envs
        self.index = index_B.tolist()
        self.observation, _ = envs.reset(options={"index": self.index})
        lanes = envs.num_envs
        self.rewards_BT = np.zeros((lanes, max_tokens), np.float32)
        self.correct_B, self.terminated_B, self.truncated_B = (np.zeros(lanes, bool) for _ in range(3))
        self.texts = [""] * lanes
        vocabulary = policy.vocabulary
        inside_line = vocabulary.allowed.astype(bool) & ~vocabulary.breaks
        inside_line[vocabulary.eos] = False
        self.idle = int(np.argmax(inside_line))
        self.actions_B = np.full(lanes, self.idle, np.int64)
        self.over_B = np.zeros(lanes, bool)

    def prompt(self, lane: int) -> tuple[int, ...]:
        """What the lane was asked, before its first step."""
        return tuple(self.observation["tokens"][lane, : int(self.observation["length"][lane, 0])].tolist())

    def step(self, position: int, playing: NDArray[np.int64], tokens_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the lanes that go on are over now: at `max_tokens` at the latest all of them."""
        if self.over_B.any():  # park what ended at the last token, now that others go on
            self.actions_B[self.over_B] = self.idle
            self.envs.reset(options={"reset_mask": self.over_B, "index": self.index})
        self.actions_B[playing] = tokens_BT[playing, position]
        _, reward_B, terminated_B, cut_B, info = self.envs.step(self.actions_B)
        self.rewards_BT[playing, position] = reward_B[playing]
        self.over_B = terminated_B | cut_B
        for lane in self.over_B.nonzero()[
            0
        ]:  # parked lanes do not get here: they were reset later than the others began
            failed = info["stop_reason"][lane] == Stop.ERROR.value
            if failed:
                self.rewards_BT[lane, position] = np.nan
            self.correct_B[lane] = info["outcome"][lane] >= 1.0
            self.terminated_B[lane] = bool(terminated_B[lane])
            self.truncated_B[lane] = bool(cut_B[lane]) and not failed
            self.texts[lane] = str(info["text"][lane])
        over_N: NDArray[np.bool_] = self.over_B[playing]
        return over_N
