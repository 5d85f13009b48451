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
from numpy.typing import NDArray
from reasonrl.agents.policies.decoder import get_decoder
from reasonrl.agents.policies.decoding import decode
from reasonrl.agents.policies.logprobs import allowed_tokens
from reasonrl.agents.policies.noise import sequence_keys
from reasonrl.agents.policies.session import context_of
from reasonrl.envs.mdp import Stop
from reasonrl.envs.registry import environment_id
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Rollout:
    """Finished episodes, prompt by prompt: lanes p * G to p * G + G - 1 answer prompt p."""

    prompts: tuple[tuple[int, ...], ...]
    """[P] token ids."""
    tokens_BT: Tensor
    """int64; 0 after the end of an answer."""
    mask_BT: Tensor
    """True on the tokens that the model chose, the end token included."""
    logprobs_BT: Tensor
    """float32 log-probabilities under the sampling distribution; 0 after the end of an answer."""
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
    rewards_B = np.zeros(lanes, np.float32)
    correct_B, truncated_B = np.zeros(lanes, bool), np.zeros(lanes, bool)
    texts = [""] * lanes
    inside_line = vocabulary.allowed.astype(bool) & ~vocabulary.breaks
    inside_line[vocabulary.eos] = False
    idle = int(np.argmax(inside_line))
    actions_B = np.full(lanes, idle, np.int64)

    def on_tokens(position: int, lanes_N: NDArray[np.int64], tokens_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        actions_B[lanes_N] = tokens_BT[lanes_N, position]
        _, reward_B, terminated_B, cut_B, info = envs.step(actions_B)
        rewards_B[lanes_N] += reward_B[lanes_N]
        over_B = terminated_B | cut_B
        for lane in over_B.nonzero()[0]:  # parked lanes do not get here: they were reset later than the others began
            failed = info["stop_reason"][lane] == Stop.ERROR.value
            rewards_B[lane] = np.nan if failed else rewards_B[lane]
            correct_B[lane] = info["outcome"][lane] >= 1.0
            truncated_B[lane] = bool(cut_B[lane]) and not failed
            texts[lane] = str(info["text"][lane])
        over_N: NDArray[np.bool_] = over_B[lanes_N]
        if over_N.any() and not over_N.all():
            actions_B[over_B] = idle
            envs.reset(options={"reset_mask": over_B, "index": index_B.tolist()})
        return over_N

    # a fused optimizer changes weights without a trace that the decoder could notice
    get_decoder(model, dtype=dtype).sync()
    tokens_BT, logprobs_BT, length_B = decode(
        model,
        prompts,
        [group] * len(prompts),
        keys_B,
        temperature=temperature,
        max_tokens=max_tokens,  # the environment ends every answer here at the latest
        allowed_V=allowed_tokens(vocabulary, model.device),
        on_tokens=on_tokens,
        dtype=dtype,
    )
    longest = int(length_B.max())
    mask_BT = np.arange(longest) < length_B[:, None]
    return Rollout(
        prompts=prompts,
        tokens_BT=torch.from_numpy(tokens_BT[:, :longest]),
        mask_BT=torch.from_numpy(mask_BT),
        logprobs_BT=torch.from_numpy(logprobs_BT[:, :longest]),
        rewards_B=torch.from_numpy(rewards_B),
        correct_B=torch.from_numpy(correct_B),
        truncated_B=torch.from_numpy(truncated_B),
        texts=tuple(texts),
    )
