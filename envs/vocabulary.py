"""Tokens: the alphabet of token-level actions.

The default is a fixed set of printable ASCII characters, so that environments need neither a model nor a download. Any
Hugging Face tokenizer can take its place.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Vocabulary(Protocol):
    """Turns text into token ids and back, and knows how a prompt is written for the model that reads these tokens."""

    name: str
    """What `get_vocabulary` takes to make it again."""
    size: int
    pad: int
    eos: int
    breaks: NDArray[np.bool_]
    """[V] True for tokens whose text contains a line break: a line of reasoning ends there."""
    allowed: NDArray[np.int8]
    """[V] 1 for tokens that may be an action (0 for padding and the start mark)."""
    prompt_overhead: int
    """Tokens that `encode_prompt` adds to the prompt's own, at most."""

    def encode(self, text: str) -> list[int]: ...
    def decode(self, ids: Sequence[int]) -> str:
        """Text of these ids, without specials."""
        ...

    def encode_prompt(self, prompt: str, instructions: str) -> list[int]:
        """Ids of everything that stands before the first token of an answer."""
        ...


class CharVocabulary:
    """Printable ASCII, the line break, and three specials: 99 tokens. Other characters are folded or become "?".

    >>> chars = CharVocabulary()
    >>> chars.decode(chars.encode("1+2=3"))
    '1+2=3'
    """

    name = "char"
    pad, bos, eos = 0, 1, 2
    tokens = ("<pad>", "<bos>", "<eos>", "\n", *map(chr, range(32, 127)))
    size = len(tokens)
    prompt_overhead = 2

    def __init__(self) -> None:
        self.breaks = np.array([token == "\n" for token in self.tokens])
        self.allowed = np.array([index not in (self.pad, self.bos) for index in range(self.size)], dtype=np.int8)
        self.breaks.setflags(write=False)
        self.allowed.setflags(write=False)
        self._ids = {token: index for index, token in enumerate(self.tokens) if len(token) == 1}
        self._text = ["", "", "", *self.tokens[3:]]

    def encode(self, text: str) -> list[int]:
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            return [self._ids.get(character, self._ids["?"]) for character in to_ascii(text)]

    def decode(self, ids: Sequence[int]) -> str:
        text = self._text
        return "".join([text[index] for index in ids])

    def encode_prompt(self, prompt: str, instructions: str) -> list[int]:
        return [self.bos, *self.encode(prompt), self._ids["\n"]]


FOLDED = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u00d7": "*",
    "\u00f7": "/",
    "\t": " ",
}
"""Characters that have a plain relative."""
_PLAIN = str.maketrans(FOLDED)


def to_ascii(text: str) -> str:
    """The nearest plain text: quotes, dashes and accents are folded, the rest stays and will become "?"."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.translate(_PLAIN)) if not unicodedata.combining(c))


class HFVocabulary:
    """A Hugging Face tokenizer. Prompts go through its chat template if it has one, with the family's instructions."""

    def __init__(self, tokenizer: Any, *, name: str, style: str = "chat") -> None:
        self.name = name
        self.tokenizer = tokenizer
        ends = tokenizer.eos_token_id is not None
        # without an end token there is one more that no model says: answers then end by their last line, or the limit
        self.size = len(tokenizer) + (not ends)
        self.eos = int(tokenizer.eos_token_id) if ends else len(tokenizer)
        self.pad = int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.eos)
        self.style = style if getattr(tokenizer, "chat_template", None) else "plain"
        pieces = [tokenizer.decode([index]) for index in range(len(tokenizer))]
        self.breaks = np.array(["\n" in piece for piece in pieces] + [False] * (not ends))
        special = set(tokenizer.all_special_ids) - {self.eos} if ends else {*tokenizer.all_special_ids, self.eos}
        self.allowed = np.array([index not in special for index in range(self.size)], dtype=np.int8)
        self.breaks.setflags(write=False)
        self.allowed.setflags(write=False)
        self.prompt_overhead = 16 + len(self.encode_prompt("", "x " * 200))

    def encode(self, text: str) -> list[int]:
        """What is written in an answer is text: "<|im_end|>" there is ten characters and never a control token."""
        return self._ids(text, split_special_tokens=True)

    def _ids(self, text: str, **options: bool) -> list[int]:
        return [int(i) for i in self.tokenizer.encode(text, add_special_tokens=False, **options)]

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True))

    def encode_prompt(self, prompt: str, instructions: str) -> list[int]:
        request = f"{prompt}\n{instructions}".strip()
        if self.style == "chat":
            text = self.tokenizer.apply_chat_template(
                [{"role": "user", "content": request}], tokenize=False, add_generation_prompt=True
            )
            return self._ids(text)
        return [
            *([int(self.tokenizer.bos_token_id)] if self.tokenizer.bos_token_id is not None else []),
            *self.encode(request + "\n"),
        ]


@functools.cache
def get_vocabulary(name: str) -> Vocabulary:
    """`"char"`, or `"hf:<folder or hub name>"` for a Hugging Face tokenizer."""
    if name == "char":
        return CharVocabulary()
    if name.startswith("hf:"):
        try:
            from transformers import AutoTokenizer
        except ImportError as error:
            raise ImportError("a Hugging Face vocabulary needs transformers: pip install 'reasonrl[torch]'") from error
        from reasonrl.verifiers.hub import find_model

        folder = Path(name[3:]).expanduser()
        place = folder if folder.is_dir() else find_model(name[3:])
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(place))
        except (OSError, ValueError) as error:
            what = str(error).strip().split("\n")[0].rstrip(".")
            raise ValueError(f"no tokenizer could be opened at {place!s}: {what}") from error
        return HFVocabulary(tokenizer, name=name)
    raise ValueError(f"unknown vocabulary {name!r}: use 'char', or 'hf:' followed by a tokenizer's folder or hub name")
