"""A space of texts. Gymnasium's own `Text` admits letters and digits only and tests each character."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class TextSpace(spaces.Space[str]):
    """Any unicode text of at most `max_length` characters. Batches are tuples."""

    def __init__(self, max_length: int, seed: int | np.random.Generator | None = None) -> None:
        self.max_length = max_length
        super().__init__(shape=None, dtype=None, seed=seed)

    @property
    def is_np_flattenable(self) -> bool:
        return False

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
