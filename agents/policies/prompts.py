"""What a state asks of a policy: the problem, how to answer it, and the lines that are already there."""

from __future__ import annotations

import functools
from typing import Any

from reasonrl.envs.mdp import Speaker, State
from reasonrl.envs.registry import rules_of
from reasonrl.envs.vocabulary import Vocabulary


def said(state: State) -> tuple[str, ...]:
    """The pieces of text after the prompt, each ended by its line break, as the token-level environment says them."""
    pieces: list[str] = []
    for speaker, text in state.turns:
        if speaker is Speaker.POLICY:
            pieces += [f"{line}\n" for line in text.split("\n")]
        else:
            pieces.append(f"\n{text}\n")
    return (*pieces, *(f"{line}\n" for line in state.steps))


def encode_state(state: State, vocabulary: Vocabulary) -> list[int]:
    """Token ids that a model continues.

    Each line is encoded by itself, so that no token reaches over a line break: the ids are those that stand in the
    token-level environment when the same lines were played there.

    >>> from reasonrl.envs.vocabulary import get_vocabulary
    >>> chars = get_vocabulary("char")
    >>> chars.decode(encode_state(State(View("chain_sum", 0, 0, "test", 1, "1+2=?"), ("1+2=3",)), chars))
    '1+2=?\\n1+2=3\\n'
    """
    key: Any = vocabulary  # of the caches; a vocabulary is itself and hashes by identity
    ids = list(_encode_prompt(key, state.view.prompt, rules_of(state.view).instructions))
    for piece in said(state):
        ids += _encode(key, piece)
    return ids


@functools.lru_cache(maxsize=4096)
def _encode_prompt(vocabulary: Any, prompt: str, instructions: str) -> tuple[int, ...]:
    return tuple(vocabulary.encode_prompt(prompt, instructions))


@functools.lru_cache(maxsize=16384)
def _encode(vocabulary: Any, text: str) -> tuple[int, ...]:
    return tuple(vocabulary.encode(text))
