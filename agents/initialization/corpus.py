"""Demonstrations as token blocks: what a policy learns first from.

A document is `prompt | answer lines + eos`, laid out as the token-level environment shows it. A block is [B, T]
documents packed into rows; `positions_BT` starts at 0 in each document, which is how transformers confines attention to
it (measured on two cores: as fast as plain causal attention, and the model sees just what it will see when it acts).

Block n is a pure function of (corpus, seed, n): the stream is the same whatever makes it, and resumes at any n. Only
the train split is drawn from.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from reasonrl.agents.learning.block import Block
from reasonrl.envs.abilities import Ability, require
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.generation import Mixture
from reasonrl.envs.registry import register_family
from reasonrl.envs.seeding import generator
from reasonrl.envs.vocabulary import get_vocabulary

_MISFITS = 4
"""Documents in a row that no row has room for, before a block is called full."""


@dataclass(frozen=True)
class Corpus:
    """What the corpus is made of."""

    mixture: Mixture
    """Families with their levels and weights."""
    vocabulary: str = "char"
    """As `get_vocabulary` takes it."""
    behaviours: float = 0.15
    """Chance of each reasoning behaviour, drawn anew for each document."""
    prompt_weight: float = 0.0
    """Loss weight of prompt tokens; an answer token has 1."""
    rows: int = 32
    row_tokens: int = 256
    """A document longer than a row is left out."""

    def __post_init__(self) -> None:
        for share in self.mixture.shares:
            require(share.get(), Ability.DEMONSTRATIONS, "learning from demonstrations")


class Document(NamedTuple):
    ids: list[int]
    prompt: int
    """How many of the ids are the prompt."""


def draw_document(corpus: Corpus, rng: random.Random) -> Document:
    """One demonstration: family, level, problem and behaviours all drawn from `rng`."""
    family, problem = corpus.mixture.draw(rng)
    behaviours = frozenset(each for each in Behaviour if rng.random() < corpus.behaviours)
    trace = family.demonstrate(problem, rng, behaviours)
    vocabulary = get_vocabulary(corpus.vocabulary)
    prompt = vocabulary.encode_prompt(problem.view.prompt, family.instructions)
    return Document([*prompt, *vocabulary.encode(trace.text), vocabulary.eos], len(prompt))


def make_block(corpus: Corpus, seed: int, index: int) -> Block:
    """Block `index` of the stream."""
    rng = generator("corpus", seed, index)
    shape = (corpus.rows, corpus.row_tokens)
    tokens_BT = np.full(shape, get_vocabulary(corpus.vocabulary).pad, np.int32)
    positions_BT = np.zeros(shape, np.int32)
    weights_BT = np.zeros(shape, np.float32)
    used_B = [0] * corpus.rows
    misfits = left_out = 0
    while misfits < _MISFITS:
        ids, prompt = draw_document(corpus, rng)
        if len(ids) > corpus.row_tokens:
            left_out += 1
            if left_out > 1000:
                raise ValueError(f"no document fits a row of {corpus.row_tokens} tokens: take longer rows")
            continue
        row = next((b for b, used in enumerate(used_B) if used + len(ids) <= corpus.row_tokens), None)
        if row is None:
            misfits += 1
            continue
        start, end = used_B[row], used_B[row] + len(ids)
        tokens_BT[row, start:end] = ids
        positions_BT[row, start:end] = np.arange(len(ids))
        weights_BT[row, start + 1 : start + prompt] = corpus.prompt_weight
        weights_BT[row, start + prompt : end] = 1.0
        used_B[row] = end
    return Block(tokens_BT, positions_BT, weights_BT, left_out)


@contextmanager
def open_stream(corpus: Corpus, *, seed: int, first: int = 0, workers: int = 1) -> Iterator[Iterator[Block]]:
    """The blocks from `first` on, made ahead of time so that the trainer does not wait.

    Args:
        corpus: what to draw.
        seed: of the stream.
        first: index of the first block.
        workers: processes that make blocks; 0 makes them in a thread. The blocks are the same.
    """
    pool: Executor
    if workers:
        context = multiprocessing.get_context("spawn")  # a fork of a process with torch's threads can hang
        added = FAMILIES.added()
        own = {share.name: added[share.name] for share in corpus.mixture.shares if share.name in added}
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(own,))
    else:
        pool = ThreadPoolExecutor(1)
    try:
        yield _in_order(pool, corpus, seed, first, ahead=2 * workers + 2)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: Executor, corpus: Corpus, seed: int, first: int, *, ahead: int) -> Iterator[Block]:
    waiting: deque[Future[Block]] = deque(
        pool.submit(make_block, corpus, seed, index) for index in range(first, first + ahead)
    )
    index = first + ahead
    while True:
        yield waiting.popleft().result()
        waiting.append(pool.submit(make_block, corpus, seed, index))
        index += 1


def _begin(own: dict[str, Any]) -> None:
    """A worker knows the families that its trainer has registered, and does not stay when that was killed."""
    for name, family in own.items():
        register_family(name, family)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()
