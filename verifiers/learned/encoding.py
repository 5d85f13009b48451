"""Text to tokens and batches, for reward models over causal language models.

An answer's steps are its lines that are not blank. Each is encoded by itself, break included, so that no token reaches
over a line break and what comes later cannot change a step's tokens. Where a tokenizer puts a mark in front of whatever
it encodes (SentencePiece models do), the answer is encoded in one piece and the breaks are found by offsets.

What an answer spells never becomes a control token: "<|im_end|>" in an answer is ten ordinary characters.
Dimensions: B rows, T tokens.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

MAX_CHARS = 200_000
"""No more of an answer is encoded; the steps behind have no score."""


class Encoded(NamedTuple):
    """One prompt and answer as tokens."""

    ids: tuple[int, ...]
    start: int
    """Where the answer begins."""
    ends: tuple[int, ...]
    """Position of the token at which each step is scored: its line break, or its tag."""


class Encoder:
    """Writes prompts and answers as token ids."""

    def __init__(
        self, tokenizer: Any, *, write_prompt: Callable[[str], str] | None = None, tag: str = "", context: int = 0
    ) -> None:
        """
        Args:
            tokenizer: of `transformers`.
            write_prompt: the text in front of the answer, a chat template say, in which control tokens are read as
                such; the prompt and a line break when left out.
            tag: a text put behind each step, at whose last token it is scored; empty: at its line break.
            context: tokens that the model can read; what is past them is cut off. 0: no limit.
        """
        self.tokenizer = tokenizer
        self.write_prompt = write_prompt or "{}\n".format
        self.tag = tag
        self.context = context
        pieces = [number for piece in ("1\n", "2\n") for number in self._ids(piece)]
        self._in_pieces = tokenizer.decode(pieces, clean_up_tokenization_spaces=False) == "1\n2\n"
        if not self._in_pieces and not tokenizer.is_fast:
            raise ValueError("this tokenizer marks the start of every piece and knows no offsets: use a fast one")
        starts = tokenizer.encode("1")
        self._front = (
            [tokenizer.bos_token_id]
            if tokenizer.bos_token_id is not None and starts[0] == tokenizer.bos_token_id
            else []
        )

    def __call__(self, prompt: str, answer: str) -> Encoded:
        ids = [int(each) for each in self.tokenizer.encode(self.write_prompt(prompt), add_special_tokens=False)]
        if ids[:1] != self._front:
            ids = [*self._front, *ids]
        start = len(ids)
        pieces = list(_pieces(answer[:MAX_CHARS]))
        ends: list[int] = []
        if self._in_pieces:
            for piece in pieces:
                if 0 < self.context < len(ids):  # the rest will not be read
                    ends.append(len(ids))
                    continue
                ids += self._ids(piece + (self.tag or "\n"))
                ends.append(len(ids) - 1)
                ids += self._ids("\n") if self.tag else []
        else:
            found, ends = self._by_offsets(pieces)
            ends = [start + end for end in ends]
            ids += found
        limit = self.context or len(ids)
        return Encoded(tuple(ids[:limit]), start, tuple(ends))

    def _ids(self, text: str) -> list[int]:
        return [int(each) for each in self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)]

    def _by_offsets(self, pieces: Sequence[str]) -> tuple[list[int], list[int]]:
        text, marks = "", []
        for piece in pieces:
            text += piece + (self.tag or "\n")
            marks.append(len(text) - 1)
            text += "\n" if self.tag else ""
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True)
        spans = encoded["offset_mapping"]
        ends = [max(i for i, (low, high) in enumerate(spans) if low <= mark < max(high, low + 1)) for mark in marks]
        return [int(each) for each in encoded["input_ids"]], ends


def _pieces(answer: str) -> Iterator[str]:
    """The text of each step with the blank lines before it, without its break; blank lines at the end are dropped."""
    blank = ""
    for line in answer.split("\n"):
        line = line.rstrip("\r\x03")
        if line.strip():
            yield blank + line
            blank = ""
        else:
            blank += "\n"


def in_batches(
    rows: Sequence[Encoded], score: Callable[[Tensor, Tensor], Tensor], *, max_tokens: int, device: Any
) -> list[NDArray[np.float64]]:
    """For each row, what `score(ids_BT, mask_BT) -> [B, T]` gives at its tokens; long rows first, padded on the right.

    Args:
        rows: what to score.
        score: run without gradients; the mask is int64, 1 on tokens.
        max_tokens: tokens of one batch, padding included; a longer row is a batch by itself.
        device: where the model is.
    """
    torch = need_torch()
    results: list[NDArray[np.float64]] = [np.empty(0)] * len(rows)
    with torch.inference_mode():
        for batch in micro_batches([len(row.ids) for row in rows], max_tokens=max_tokens):
            longest = len(rows[batch[0]].ids)
            ids_BT = torch.zeros(len(batch), longest, dtype=torch.long)
            mask_BT = torch.zeros(len(batch), longest, dtype=torch.long)
            for b, number in enumerate(batch):
                ids = rows[number].ids
                ids_BT[b, : len(ids)] = torch.tensor(ids)
                mask_BT[b, : len(ids)] = 1
            values_BT = score(ids_BT.to(device), mask_BT.to(device)).double().cpu().numpy()
            for b, number in enumerate(batch):
                results[number] = values_BT[b, : len(rows[number].ids)]
    return results


def micro_batches(lengths: Sequence[int], *, max_tokens: int) -> list[list[int]]:
    """Numbers of the rows of each batch: the longest rows first, rows times the longest at most `max_tokens`.

    >>> micro_batches([2, 5, 4, 1], max_tokens=10)
    [[1, 2], [0, 3]]
    """
    batches: list[list[int]] = []
    for number in sorted((i for i, length in enumerate(lengths) if length), key=lambda i: -lengths[i]):
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= max_tokens:
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches


def at_ends(row: Encoded, values_T: NDArray[np.float64]) -> NDArray[np.float64]:
    """[S] the values at the ends of the steps; NaN for those that were cut off."""
    return np.array([values_T[end] if end < len(values_T) else np.nan for end in row.ends], np.float64)


def last_of(steps: NDArray[np.float64]) -> float:
    """An answer's own score: the one behind its last step, with the whole answer read."""
    return float(steps[-1]) if len(steps) else float("nan")


def context_of(model: Any) -> int:
    """Tokens that the model can read; 0 where its configuration does not say."""
    return int(getattr(model.config, "max_position_embeddings", 0) or 0)


def need_torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise ImportError("a learned reward model needs torch: pip install 'reasonrl[torch]'") from error


def need_safetensors() -> Any:
    try:
        return importlib.import_module("safetensors.torch")
    except ImportError as error:
        raise ImportError("a head from a folder needs safetensors: pip install 'reasonrl[torch]'") from error


def need_transformers() -> Any:
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise ImportError("a reward model from a folder needs transformers: pip install 'reasonrl[torch]'") from error
