"""Thoughts in tags, as a model that thinks first writes them: an answer line inside one ends no answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from reasonrl.envs.vocabulary import Vocabulary
from reasonrl.verifiers.answers import said_lines, without_thoughts

_LOOKED_AT = 24
"""Tokens at the end of a prompt in which a chat template may open a thought."""


def opened_by(prompt: Sequence[int], vocabulary: Vocabulary) -> str:
    """What a prompt ends with if it opens a thought, as some chat templates do: "<think>\\n"; else nothing."""
    return _open_end(vocabulary.decode(prompt[-_LOOKED_AT:]))


@functools.lru_cache(maxsize=256)
def _open_end(tail: str) -> str:
    if without_thoughts(f"{tail}.").endswith("."):
        return ""
    return next(tail[at:] for at in range(len(tail) - 1, -1, -1) if not without_thoughts(f"{tail[at:]}.").endswith("."))


def ends_here(line: str, so_far: Callable[[], str], is_final: Callable[[str], bool]) -> bool:
    """Whether this line completes the answer, by the rule of `envs.mdp`: so a sample ends where the environment does.

    Args:
        line: the one that was said last; it may hold several, since a token can.
        so_far: gives all that was said, this line included, after what the prompt opened.
        is_final: whether a line completes an answer.
    """
    if not any(is_final(part) for part in line.split("\n")) and without_thoughts(line) == line:
        return False
    return any(is_final(part) for part in said_lines("", so_far().split("\n")))
