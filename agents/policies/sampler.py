"""Sampling from a model: each state continued by so many samples, each to the end of its step or of its answer.

Equal prompts are read once, prompts of like length go together, and a sample depends on (prompt, key, its number)
alone. The loop itself is `decoding.decode`; the distribution is that of `draw`.

Shapes: B lanes, N lanes that still go on, T tokens, V vocabulary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from reasonrl.agents.policies.core import Finish, Sampling, Unit
from reasonrl.agents.policies.decoding import decode
from reasonrl.agents.policies.logprobs import allowed_tokens
from reasonrl.agents.policies.noise import sequence_keys
from reasonrl.agents.policies.session import context_of
from reasonrl.agents.policies.thoughts import ends_here, opened_by
from reasonrl.envs.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Sample(NamedTuple):
    """One sampled sequence."""

    tokens: tuple[int, ...]
    """The end token or the delimiter included."""
    logprobs: tuple[float, ...]
    """Of each token, at the sampling temperature (at 1.0 for greedy)."""
    finish: Finish


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
        sampling: a STEP ends at the first line break after something, a SOLUTION at the end token or a final line.
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
        drawn = _decode(model, vocabulary, chunk, keys, sampling, is_final, ends, dtype)
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
    dtype: torch.dtype | None,
) -> list[Sample]:
    """The samples of all lanes, in their order."""
    lanes = [lane for lanes in chunk.values() for lane in lanes]
    allowed_V = allowed_tokens(vocabulary, model.device)
    allowed_V[list(ends)] = True
    stops_V = vocabulary.breaks.copy()
    stops_V[[vocabulary.eos, *ends]] = True
    opened_B = [opened_by(prompt, vocabulary) for prompt, group in chunk.items() for _ in group]
    finish_B = [Finish.LENGTH] * len(lanes)
    line_start_B = np.zeros(len(lanes), np.int64)

    def on_tokens(position: int, lanes_N: NDArray[np.int64], tokens_BT: NDArray[np.int64]) -> NDArray[np.bool_]:
        over_N = np.zeros(len(lanes_N), bool)
        for n in stops_V[tokens_BT[lanes_N, position]].nonzero()[0]:
            lane = lanes_N[n]
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
                finish_B[lane], over_N[n] = finish, True
        return over_N

    tokens_BT, logprobs_BT, length_B = decode(
        model,
        list(chunk),
        [len(group) for group in chunk.values()],
        sequence_keys([keys[lane.prompt] for lane in lanes], [lane.sample for lane in lanes]),
        temperature=sampling.temperature,
        max_tokens=sampling.max_tokens,
        allowed_V=allowed_V,
        on_tokens=on_tokens,
        dtype=dtype,
    )
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
