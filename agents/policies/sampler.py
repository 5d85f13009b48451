"""Sampling from a model: one uniform number per (key, position), inverted through the cumulative distribution.

The distribution is softmax(logits / T) over the allowed tokens, and nothing else (no top-k, no top-p): what a trainer
computes with `token_logprobs` is exactly what was sampled from. Temperature 0 takes the most probable token, with its
log-probability at T = 1. A sequence's tokens depend on its prompt and its key, never on what is sampled beside it (in
float32; bfloat16 rounds differently in batches of different size, which moves a token now and then).

Shapes: B lanes, T tokens, V vocabulary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Finish, Sampling, Unit
from reasonrl.agents.policies.decoder import context_of, open_session
from reasonrl.agents.policies.noise import sequence_keys, uniforms
from reasonrl.agents.policies.thoughts import ends_here, opened_by
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_BLOCK = 256
"""Width of the blocks in which a large vocabulary is summed before it is searched."""
_KEEP_BELOW = 0.8
"""Finished lanes are dropped once less than this share is alive: dropping copies the cache of the others."""


class Sample(NamedTuple):
    """One sampled sequence."""

    tokens: tuple[int, ...]
    """The end token or the delimiter included."""
    logprobs: tuple[float, ...]
    """Of each token, at the sampling temperature (at 1.0 for greedy)."""
    finish: Finish


def token_logprobs(logits_BTV: Tensor, tokens_BT: Tensor, temperature: float, allowed_V: Tensor) -> Tensor:
    """[B, T] log-probabilities under the distribution that `draw` samples from; differentiable.

    A token that is not allowed gets minus infinity, so mask padding before any arithmetic.
    """
    logits = logits_BTV[..., : len(allowed_V)].float()
    allowed_V = allowed_V[: logits.shape[-1]]  # a tokenizer may have more tokens than the model
    if temperature not in (0.0, 1.0):
        logits = logits / temperature
    logits = logits.masked_fill(~allowed_V, -torch.inf)
    chosen = logits.gather(-1, tokens_BT.unsqueeze(-1)).squeeze(-1)
    return chosen - torch.logsumexp(logits, -1)


@torch.no_grad()
def draw(
    logits_BV: Tensor, temperature: float, uniform_B: NDArray[np.float64], allowed_V: Tensor
) -> tuple[Tensor, Tensor]:
    """Tokens [B] and their log-probabilities [B].

    Args:
        logits_BV: float32; columns beyond the vocabulary are ignored.
        temperature: divides the logits; 0 takes the most probable token.
        uniform_B: in [0, 1), from `noise.uniforms`.
        allowed_V: bool; tokens that may be drawn.
    """
    allowed_V = allowed_V[: logits_BV.shape[-1]]  # a tokenizer may have more tokens than the model
    logits = logits_BV[:, : len(allowed_V)] * (1.0 / temperature if temperature > 0 else 1.0)
    banned = (~allowed_V).nonzero().squeeze(-1)
    if len(banned):
        logits[:, banned] = -torch.inf
    if temperature == 0:
        tokens_B = logits.argmax(-1)
    else:
        tokens_B = _invert(torch.softmax(logits, -1), torch.from_numpy(uniform_B).to(logits.device))
    chosen_B = logits.gather(-1, tokens_B[:, None]).squeeze(-1)
    return tokens_B, chosen_B - torch.logsumexp(logits, -1)


def _invert(mass_BV: Tensor, uniform_B: Tensor) -> Tensor:
    """First index whose cumulative mass exceeds `uniform * total`, found block by block; never one without mass."""
    lanes, size = mass_BV.shape
    if size <= 2 * _BLOCK:
        return _search(mass_BV, uniform_B)[0]
    if size % _BLOCK:
        mass_BV = torch.nn.functional.pad(mass_BV, (0, -size % _BLOCK))
    blocks = mass_BV.view(lanes, -1, _BLOCK)
    block_B, rest_B = _search(blocks.sum(-1), uniform_B)
    inside_B, _ = _search(blocks[torch.arange(lanes, device=block_B.device), block_B], rest_B)
    return block_B * _BLOCK + inside_B


def _search(mass_BN: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """The index that holds the point `uniform * total`, and how far into its mass the point lies (in [0, 1))."""
    cumulative = mass_BN.double().cumsum(-1)
    point = uniform_B[:, None] * cumulative[:, -1:]  # strictly below the total: see `uniforms`
    index = torch.searchsorted(cumulative, point, right=True)
    above = cumulative.gather(-1, index)
    width = mass_BN.gather(-1, index).double()
    fraction = (1.0 - (above - point) / width).clamp_(0.0, 1.0 - 2.0**-32)
    return index.squeeze(-1), fraction.squeeze(-1)


class _Lane(NamedTuple):
    """One sequence to sample."""

    prompt: int
    sample: int
    """Its number among the prompt's samples."""


def generate(
    model: PreTrainedModel,
    vocabulary: Vocabulary,
    prompts: Sequence[Sequence[int]],
    counts: Sequence[int],
    keys: Sequence[int],
    sampling: Sampling,
    *,
    is_final: Sequence[Callable[[str], bool]] | None = None,
    ends: frozenset[int] = frozenset(),
    max_lanes: int = 256,
    dtype: torch.dtype | None = None,
) -> list[list[Sample]]:
    """Continues each prompt `counts[p]` times.

    Args:
        model: a causal model of `transformers`.
        vocabulary: of the model's tokens.
        prompts: token ids.
        counts: samples of each prompt.
        keys: one for each prompt; sample i depends on (prompt, key, i) alone.
        sampling: a STEP ends at the first line break behind something, a SOLUTION at the end token or a final line.
        is_final: for each prompt, whether a line completes an answer (not in a thought); None: no line does.
        ends: tokens that end an answer besides the vocabulary's own.
        max_lanes: sequences decoded at once, which bounds the memory.
        dtype: of the computation; None: the model's own.
    """
    if not len(prompts) == len(counts) == len(keys):
        raise ValueError(f"prompts, counts and keys go together: got {len(prompts)}, {len(counts)} and {len(keys)}")
    if sampling.temperature < 0 or sampling.max_tokens < 1:
        raise ValueError(f"temperature must be at least 0 and max_tokens at least 1, got {sampling}")
    context = context_of(model)
    for prompt in prompts:
        if len(prompt) >= context:
            raise ValueError(
                f"a prompt of {len(prompt)} tokens leaves no room in the model's context of {context}: "
                "shorten the prompt or take a model with a longer context"
            )
    greedy = sampling.temperature == 0  # every greedy sample of a prompt is the same
    together: dict[tuple[int, ...], list[_Lane]] = {}
    for number, (prompt, count) in enumerate(zip(prompts, counts, strict=True)):
        lanes = [_Lane(number, sample) for sample in range(min(count, 1) if greedy else count)]
        together.setdefault(tuple(prompt), []).extend(lanes)  # equal prompts are read once
    samples: list[list[Sample]] = [[] for _ in prompts]
    for chunk in _chunks(together, max_lanes):
        drawn = _decode(model, vocabulary, chunk, keys, sampling, is_final, ends, context, dtype)
        for lane, sequence in zip((lane for lanes in chunk.values() for lane in lanes), drawn, strict=True):
            samples[lane.prompt].append(sequence)  # a prompt's lanes come in the order of their samples
    return [found * count if greedy else found for found, count in zip(samples, counts, strict=True)]


def _chunks(together: dict[tuple[int, ...], list[_Lane]], most: int) -> Iterator[dict[tuple[int, ...], list[_Lane]]]:
    """Parts of at most `most` lanes; prompts of like length go together, so that little padding is read."""
    chunk: dict[tuple[int, ...], list[_Lane]] = {}
    free = most
    for prompt in sorted(together, key=len):
        lanes = together[prompt]
        while lanes:
            chunk[prompt], lanes = lanes[:free], lanes[free:]
            free -= len(chunk[prompt])
            if free == 0:
                yield chunk
                chunk, free = {}, most
    if chunk:
        yield chunk


def _decode(
    model: PreTrainedModel,
    vocabulary: Vocabulary,
    chunk: dict[tuple[int, ...], list[_Lane]],
    keys: Sequence[int],
    sampling: Sampling,
    is_final: Sequence[Callable[[str], bool]] | None,
    ends: frozenset[int],
    context: int,
    dtype: torch.dtype | None,
) -> list[Sample]:
    """The samples of all lanes, in their order."""
    lanes = [lane for lanes in chunk.values() for lane in lanes]
    keys_B = sequence_keys([keys[lane.prompt] for lane in lanes], [lane.sample for lane in lanes])
    room_B = np.array([min(sampling.max_tokens, context - len(prompt)) for prompt in chunk for _ in chunk[prompt]])
    room = int(room_B.max())
    allowed_V = torch.from_numpy(vocabulary.allowed.astype(bool)).to(model.device)
    allowed_V[list(ends)] = True
    stops_V = vocabulary.breaks.copy()
    stops_V[[vocabulary.eos, *ends]] = True
    opened_B = [opened_by(prompt, vocabulary) for prompt, group in chunk.items() for _ in group]
    finish_B = [Finish.LENGTH] * len(lanes)
    length_B = room_B.copy()
    tokens_BT = np.zeros((len(lanes), room), np.int64)
    logprobs_BT = np.zeros((len(lanes), room), np.float32)
    line_start_B = np.zeros(len(lanes), np.int64)

    session = open_session(model, list(chunk), [len(group) for group in chunk.values()], room=room, dtype=dtype)
    lane_N = np.arange(len(lanes))  # which of the B lanes each of the session's N lanes is
    alive_N = np.ones(len(lanes), bool)
    for position in range(room):
        uniform_N = uniforms(keys_B[lane_N], position)
        drawn_N, drawn_logprob_N = draw(session.logits_BV, sampling.temperature, uniform_N, allowed_V)
        token_N = drawn_N.cpu().numpy()
        tokens_BT[lane_N, position] = token_N
        logprobs_BT[lane_N, position] = drawn_logprob_N.cpu().numpy()
        for n in (stops_V[token_N] & alive_N).nonzero()[0]:
            lane = lane_N[n]
            line = tokens_BT[lane, line_start_B[lane] : position + 1].tolist()
            finish = _finish(line, vocabulary, sampling.unit, ends)
            if finish is None and sampling.unit is Unit.SOLUTION and is_final is not None:
                text = vocabulary.decode(line).strip("\r\n")
                so_far = functools.partial(_text, opened_B[lane], tokens_BT[lane, : position + 1], vocabulary)
                if ends_here(text, so_far, is_final[lanes[lane].prompt]):
                    finish = Finish.END
            if finish is None:
                line_start_B[lane] = position + 1
            else:
                finish_B[lane], length_B[lane], alive_N[n] = finish, position + 1, False
        full_N = room_B[lane_N] == position + 1
        alive_N &= ~full_N
        if not alive_N.any():
            break
        if alive_N.mean() < _KEEP_BELOW or full_N.any():  # a lane at the end of the context cannot go on, even unread
            kept = alive_N.nonzero()[0]
            drawn_N, lane_N, alive_N = drawn_N[torch.from_numpy(kept).to(drawn_N.device)], lane_N[kept], alive_N[kept]
            session.keep(torch.from_numpy(kept))
        session.append(drawn_N)
    return [
        Sample(tuple(tokens_BT[b, :length].tolist()), tuple(logprobs_BT[b, :length].tolist()), finish)
        for b, (length, finish) in enumerate(zip(length_B, finish_B, strict=True))
    ]


def _finish(line: list[int], vocabulary: Vocabulary, unit: Unit, ends: frozenset[int]) -> Finish | None:
    """Why a sequence ends with this line's last token, a break or an end token, whatever it says; None: it goes on."""
    if line[-1] == vocabulary.eos or line[-1] in ends:
        return Finish.END
    # a blank line says nothing: the step is still to come
    return Finish.STEP if unit is Unit.STEP and vocabulary.decode(line).strip() else None


def _text(opened: str, tokens_T: NDArray[np.int64], vocabulary: Vocabulary) -> str:
    return opened + vocabulary.decode(tokens_T.tolist())
