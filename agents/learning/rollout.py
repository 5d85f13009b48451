"""Rollouts: a model plays the token-level vector environment, each lane of its decoder beside one of the environment.

P prompts, G answers to each, B = P * G lanes, T tokens of the longest answer. A lane that is over leaves the decoder,
so that time goes to the answers still being written; in the environment it is parked: reset, and fed an idle token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from reasonrl.agents.policies.decoder import context_of, get_decoder, open_session
from reasonrl.agents.policies.noise import sequence_keys, uniforms
from reasonrl.agents.policies.sampler import draw, token_logprobs
from reasonrl.envs.mdp import Stop
from reasonrl.envs.registry import environment_id
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_KEEP_BELOW = 0.8
"""Finished lanes leave the decoder once less than this share is alive: leaving copies the cache of the others."""


@dataclass(frozen=True)
class Rollout:
    """Finished episodes, prompt by prompt: lanes p * G to p * G + G - 1 answer prompt p."""

    prompts: tuple[tuple[int, ...], ...]
    """[P] token ids."""
    tokens_BT: Tensor
    """int64; 0 behind the end of an answer."""
    mask_BT: Tensor
    """True on the tokens that the model chose, the end token included."""
    logprobs_BT: Tensor
    """float32 log-probabilities under the sampling distribution; 0 behind the end of an answer."""
    rewards_B: Tensor
    """float32 sum of the episode's rewards; NaN where the judge failed."""
    correct_B: Tensor
    """True where the outcome is full."""
    truncated_B: Tensor
    """True where the answer ran out of tokens or steps."""
    texts: tuple[str, ...]
    """[B] the answers as the environment understood them."""

    @property
    def valid_B(self) -> Tensor:
        """False where the judge failed, so that nothing can be learned."""
        return ~torch.isnan(self.rewards_B)

    @property
    def group_size(self) -> int:
        return len(self.rewards_B) // len(self.prompts)


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


def allowed_tokens(vocabulary: Vocabulary, device: torch.device) -> Tensor:
    """[V] True for tokens that may be an action."""
    return torch.from_numpy(vocabulary.allowed.astype(bool)).to(device)


def roll_out(
    model: PreTrainedModel,
    envs: VectorEnv,
    vocabulary: Vocabulary,
    *,
    indices: Sequence[int],
    keys: Sequence[int],
    temperature: float,
    max_tokens: int,
    dtype: torch.dtype | None = None,
) -> Rollout:
    """Plays one episode in every lane.

    Args:
        model: samples the tokens.
        envs: of P * G lanes; G follows from its number of lanes.
        vocabulary: of model and environment.
        indices: [P] numbers of the problems.
        keys: [P] name the sampling noise: an answer depends on (prompt, key, its number in the group) alone.
        temperature: of the sampling; 0 takes the most probable token.
        max_tokens: the environment's own limit.
        dtype: of the decoder; None: the model's own.
    """
    lanes, group = envs.num_envs, envs.num_envs // len(indices)
    if group * len(indices) != lanes:
        raise ValueError(f"{lanes} lanes cannot be shared equally by {len(indices)} problems")
    index_B = np.repeat(np.asarray(indices, np.int64), group)
    observation, _ = envs.reset(options={"index": index_B.tolist()})
    prompts = tuple(
        tuple(observation["tokens"][b, : int(observation["length"][b, 0])].tolist()) for b in range(0, lanes, group)
    )
    if max(map(len, prompts)) + max_tokens > context_of(model):
        raise ValueError(
            f"a prompt of {max(map(len, prompts))} tokens and {max_tokens} of an answer exceed the model's context of "
            f"{context_of(model)}: lower max_tokens"
        )
    keys_B = sequence_keys([key for key in keys for _ in range(group)], list(range(group)) * len(indices))
    tokens_BT = np.zeros((lanes, max_tokens), np.int64)
    logprobs_BT = np.zeros((lanes, max_tokens), np.float32)
    length_B = np.zeros(lanes, np.int64)
    rewards_B = np.zeros(lanes, np.float32)
    correct_B, truncated_B = np.zeros(lanes, bool), np.zeros(lanes, bool)
    texts = [""] * lanes
    inside_line = vocabulary.allowed.astype(bool) & ~vocabulary.breaks
    inside_line[vocabulary.eos] = False
    idle = int(np.argmax(inside_line))
    actions_B = np.full(lanes, idle, np.int64)
    allowed_V = allowed_tokens(vocabulary, model.device)

    # a fused optimizer changes weights without a trace that the decoder could notice
    get_decoder(model, dtype=dtype).sync()
    session = open_session(model, prompts, [group] * len(prompts), room=max_tokens, dtype=dtype)
    lane_N = np.arange(lanes)  # the environment's lane of each of the decoder's N lanes
    alive_N = np.ones(lanes, bool)
    for position in range(max_tokens):  # the environment ends every answer here at the latest
        drawn_N, drawn_logprobs_N = draw(session.logits_BV, temperature, uniforms(keys_B[lane_N], position), allowed_V)
        playing = lane_N[alive_N]
        actions_B[playing] = drawn_N.cpu().numpy()[alive_N]
        tokens_BT[playing, position] = actions_B[playing]
        logprobs_BT[playing, position] = drawn_logprobs_N.cpu().numpy()[alive_N]
        length_B[playing] += 1
        _, reward_B, terminated_B, cut_B, info = envs.step(actions_B)
        rewards_B[playing] += reward_B[playing]
        over_B = terminated_B | cut_B
        for lane in over_B.nonzero()[0]:  # parked lanes do not get here: they were reset later than the others began
            failed = info["stop_reason"][lane] == Stop.ERROR.value
            rewards_B[lane] = np.nan if failed else rewards_B[lane]
            correct_B[lane] = info["outcome"][lane] >= 1.0
            truncated_B[lane] = bool(cut_B[lane]) and not failed
            texts[lane] = str(info["text"][lane])
        alive_N &= ~over_B[lane_N]
        if not alive_N.any():
            break
        if over_B.any():
            actions_B[over_B] = idle
            envs.reset(options={"reset_mask": over_B, "index": index_B.tolist()})
        if alive_N.mean() < _KEEP_BELOW:
            kept = torch.from_numpy(alive_N.nonzero()[0])
            session.keep(kept)
            drawn_N, lane_N = drawn_N[kept.to(drawn_N.device)], lane_N[alive_N]
            alive_N = np.ones(len(lane_N), bool)
        session.append(drawn_N)
    longest = int(length_B.max())
    mask_BT = np.arange(longest) < length_B[:, None]
    return Rollout(
        prompts=prompts,
        tokens_BT=torch.from_numpy(np.where(mask_BT, tokens_BT[:, :longest], 0)),
        mask_BT=torch.from_numpy(mask_BT),
        logprobs_BT=torch.from_numpy(np.where(mask_BT, logprobs_BT[:, :longest], np.float32(0))),
        rewards_B=torch.from_numpy(rewards_B),
        correct_B=torch.from_numpy(correct_B),
        truncated_B=torch.from_numpy(truncated_B),
        texts=tuple(texts),
    )


def answer_logprobs(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    tokens_BT: Tensor,
    mask_BT: Tensor,
    *,
    allowed_V: Tensor,
    temperature: float,
) -> Tensor:
    """[B, T] log-probabilities of the answers in one teacher-forced pass, 0 where the mask is False; differentiable.

    Args:
        model: any causal model of `transformers`.
        prompts: [B] token ids in front of each answer.
        tokens_BT: the answers.
        mask_BT: True on their tokens.
        allowed_V: tokens that could be sampled.
        temperature: at which they were sampled.
    """
    device, answer = tokens_BT.device, tokens_BT.shape[1]
    lengths = [len(prompt) for prompt in prompts]
    joined = torch.zeros(len(prompts), max(lengths) + answer, dtype=torch.int64)
    for row, prompt in zip(joined, prompts, strict=True):
        row[: len(prompt)] = torch.tensor(prompt)
    start_B1 = torch.tensor(lengths)[:, None].to(device)
    at_BT = start_B1 + torch.arange(answer, device=device)
    joined = joined.to(device).scatter(1, at_BT, torch.where(mask_BT, tokens_BT, 0))
    joined = joined[:, : int((start_B1[:, 0] + mask_BT.sum(dim=1)).max())]
    # padding stands behind each answer, where causal attention does not look
    kept = joined.shape[1] - min(lengths) + 1
    logits_BKV = model(input_ids=joined, use_cache=False, logits_to_keep=kept).logits
    # the token at position i is predicted by the logits at i - 1; beyond the end of an answer any column will do
    column_BT = (at_BT - min(lengths)).clamp(max=kept - 1)
    logits_BTV = logits_BKV[torch.arange(len(prompts), device=device)[:, None], column_BT]
    return torch.where(mask_BT, token_logprobs(logits_BTV, tokens_BT, temperature, allowed_V), 0.0)
