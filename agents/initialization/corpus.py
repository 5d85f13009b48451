"""Demonstrations as token blocks: what a policy learns first from.

A document is `prompt | answer lines + eos`, laid out as the token-level environment shows it. A block is [B, T]
documents packed into rows; `positions_BT` starts at 0 in each document, which is how transformers confines attention to
it (measured on two cores: as fast as plain causal attention, and the model sees just what it will see when it acts).

Block n is a pure function of (mixture, seed, n): the stream is the same whatever makes it, and resumes at any n. Only
the train split is drawn from.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from reasonrl.agents.learning.block import Block
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.episodes import INDEX_BITS
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.seeding import generator
from reasonrl.envs.vocabulary import get_vocabulary

_MISFITS = 4
"""Documents in a row that no row has room for, before a block is called full."""


@dataclass(frozen=True)
class Share:
    """How much of the corpus one family is, and at which levels."""

    family: str
    levels: tuple[int, ...]
    weight: float = 1.0
    """Documents, relative to the other shares."""


@dataclass(frozen=True)
class Mixture:
    """What the corpus is made of."""

    shares: tuple[Share, ...]
    vocabulary: str = "char"
    """As `get_vocabulary` takes it."""
    behaviours: float = 0.15
    """Chance of each reasoning behaviour, drawn anew for each document."""
    prompt_weight: float = 0.0
    """Loss weight of prompt tokens; an answer token has 1."""
    rows: int = 32
    row_tokens: int = 256
    """A document longer than a row is left out."""


class Document(NamedTuple):
    ids: list[int]
    prompt: int
    """How many of the ids are the prompt."""


def draw_document(mixture: Mixture, rng: random.Random) -> Document:
    """One demonstration: family, level, problem and behaviours all drawn from `rng`."""
    share = rng.choices(mixture.shares, weights=[each.weight for each in mixture.shares])[0]
    family = get_family(share.family)
    problem = generate(family, "train", rng.getrandbits(INDEX_BITS), rng.choice(share.levels))
    behaviours = frozenset(each for each in Behaviour if rng.random() < mixture.behaviours)
    trace = family.demonstrate(problem, rng, behaviours)
    vocabulary = get_vocabulary(mixture.vocabulary)
    prompt = vocabulary.encode_prompt(problem.view.prompt, family.instructions)
    return Document([*prompt, *vocabulary.encode(trace.text), vocabulary.eos], len(prompt))


def make_block(mixture: Mixture, seed: int, index: int) -> Block:
    """Block `index` of the stream."""
    rng = generator("corpus", seed, index)
    shape = (mixture.rows, mixture.row_tokens)
    tokens_BT = np.full(shape, get_vocabulary(mixture.vocabulary).pad, np.int32)
    positions_BT = np.zeros(shape, np.int32)
    weights_BT = np.zeros(shape, np.float32)
    used_B = [0] * mixture.rows
    misfits = left_out = 0
    while misfits < _MISFITS:
        ids, prompt = draw_document(mixture, rng)
        if len(ids) > mixture.row_tokens:
            left_out += 1
            if left_out > 1000:
                raise ValueError(f"no document fits a row of {mixture.row_tokens} tokens: take longer rows")
            continue
        row = next((b for b, used in enumerate(used_B) if used + len(ids) <= mixture.row_tokens), None)
        if row is None:
            misfits += 1
            continue
        start, end = used_B[row], used_B[row] + len(ids)
        tokens_BT[row, start:end] = ids
        positions_BT[row, start:end] = np.arange(len(ids))
        weights_BT[row, start + 1 : start + prompt] = mixture.prompt_weight
        weights_BT[row, start + prompt : end] = 1.0
        used_B[row] = end
    return Block(tokens_BT, positions_BT, weights_BT, left_out)


@contextmanager
def open_stream(mixture: Mixture, *, seed: int, first: int = 0, workers: int = 1) -> Iterator[Iterator[Block]]:
    """The blocks from `first` on, made ahead of time so that the trainer does not wait.

    Args:
        mixture: what to draw.
        seed: of the stream.
        first: index of the first block.
        workers: processes that make blocks; 0 makes them in a thread. The blocks are the same.
    """
    pool: Executor
    if workers:
        context = multiprocessing.get_context("spawn")  # a fork of a process with torch's threads can hang
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    else:
        pool = ThreadPoolExecutor(1)
    try:
        yield _in_order(pool, mixture, seed, first, ahead=2 * workers + 2)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: Executor, mixture: Mixture, seed: int, first: int, *, ahead: int) -> Iterator[Block]:
    waiting: deque[Future[Block]] = deque(
        pool.submit(make_block, mixture, seed, index) for index in range(first, first + ahead)
    )
    index = first + ahead
    while True:
        yield waiting.popleft().result()
        waiting.append(pool.submit(make_block, mixture, seed, index))
        index += 1


def _end_with_parent() -> None:
    """A worker whose trainer was killed must not stay behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()


def make_shares(weights: Mapping[str, float], hardest: Mapping[str, int]) -> tuple[Share, ...]:
    """Shares with levels 1 to the hardest of each family; one that `hardest` does not name stops at its default."""
    shares = []
    for name, weight in weights.items():
        family = get_family(name)
        top = hardest.get(name, family.default_difficulty)
        if top not in family.difficulties:
            span = f"{family.difficulties[0]} to {family.difficulties[-1]}"
            raise ValueError(f"{name} has difficulties {span}, got {top} as the hardest")
        if weight > 0:
            shares.append(Share(name, tuple(level for level in family.difficulties if level <= top), weight))
    if not shares:
        raise ValueError("no family has a positive weight: name at least one")
    return tuple(shares)
