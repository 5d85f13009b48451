"""What is learned from by imitation: documents packed into rows of tokens, with a weight for each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Block(NamedTuple):
    """B rows of T tokens; one step of supervised learning."""

    tokens_BT: NDArray[np.int32]
    positions_BT: NDArray[np.int32]
    """Position within the document; 0 on each padding token, so that none attends to another."""
    weights_BT: NDArray[np.float32]
    """Loss weight of predicting this token from those before it; 0 on a document's first and on padding."""
    left_out: int
    """Documents longer than a row, met while filling this block."""
