"""A space of texts. Gymnasium's own `Text` admits letters and digits only and tests each character.

Its wrappers find here what they need: a text's place among zeros is "", and flattened it is the code points of its
characters, padded with -1. There is nothing for shared memory on purpose: what is read from there once does not change
with the next step, and observations would be those of an earlier one. So an asynchronous vector environment at the text
levels takes `vector_kwargs={"shared_memory": False}`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import utils
from gymnasium.wrappers.utils import create_zero_array
from numpy.typing import NDArray

_PADDING = -1
"""What stands after the end of a flattened text."""


class TextSpace(spaces.Space[str]):
    """Any unicode text of at most `max_length` characters. Batches are tuples."""

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        self.max_length = max_length
        super().__init__(shape=None, dtype=None, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        return True

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """A short line of printable ASCII. Masks have no meaning here."""
        if mask is not None or probability is not None:
            raise ValueError("a text space takes neither a mask nor probabilities")
        length = int(self.np_random.integers(0, min(self.max_length, 40) + 1))
        codes: NDArray[np.int64] = self.np_random.integers(32, 127, size=length)
        return "".join(map(chr, codes.tolist()))

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length

    def __repr__(self) -> str:
        return f"TextSpace(max_length={self.max_length})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextSpace) and self.max_length == other.max_length

    def __hash__(self) -> int:
        return hash(("TextSpace", self.max_length))


@utils.flatten_space.register(TextSpace)
def _flatten_space(space: TextSpace) -> spaces.Box:
    return spaces.Box(_PADDING, sys.maxunicode, (space.max_length,), np.int32)


@utils.flatdim.register(TextSpace)
def _flatdim(space: TextSpace) -> int:
    return space.max_length


@utils.flatten.register(TextSpace)
def _flatten(space: TextSpace, x: str) -> NDArray[np.int32]:  # type: ignore[misc]
    codes = np.full(space.max_length, _PADDING, np.int32)
    codes[: len(x)] = [ord(character) for character in x]
    return codes


@utils.unflatten.register(TextSpace)
def _unflatten(space: TextSpace, x: NDArray[np.int32]) -> str:  # type: ignore[misc]
    return "".join(chr(code) for code in x.tolist() if code != _PADDING)


@create_zero_array.register(TextSpace)
def _create_zero_array(space: TextSpace) -> str:  # type: ignore[misc]
    return ""
