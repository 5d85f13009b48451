"""Reward models that read one number off a causal language model at the end of each step.

    ScalarHead   a trained linear layer on the last hidden state     outcome or process, by what it was trained on
    TokenLogit   logit(good token) - logit(bad token)                Math-Shepherd's process model (arXiv 2312.08935)

The score of an answer is the score behind its last step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from reasonrl.verifiers.learned.core import check_pairs
from reasonrl.verifiers.learned.encoding import (
    Encoder,
    at_ends,
    context_of,
    in_batches,
    last_of,
    need_safetensors,
    need_torch,
    need_transformers,
)

if TYPE_CHECKING:
    from torch import Tensor

HEAD = "reward_head.safetensors"
"""The layer of a `ScalarHead` in its folder: `weight` [1, H] and `bias` [1]."""


class ScalarHead:
    """A backbone and a linear layer."""

    def __init__(
        self,
        backbone: Any,
        head: Any,
        tokenizer: Any,
        *,
        probability: bool = True,
        write_prompt: Callable[[str], str] | None = None,
        max_tokens: int = 8192,
        name: str = "scalar_head",
    ) -> None:
        """
        Args:
            backbone: gives `last_hidden_state` [B, T, H] (what `AutoModel` opens); it is not changed.
            head: a linear layer from H to 1.
            tokenizer: the backbone's.
            probability: scores are sigmoids in (0, 1); False: the bare numbers, as of pairwise training.
            write_prompt: see `Encoder`.
            max_tokens: tokens of one batch.
            name: in results.
        """
        self.backbone = backbone.eval()
        self.head = head
        self.tokenizer = tokenizer
        self.probability = probability
        self.max_tokens = max_tokens
        self.name = name
        self._encode = Encoder(tokenizer, write_prompt=write_prompt, context=context_of(backbone))

    @classmethod
    def load(cls, folder: str | Path, *, dtype: Any = None, device: str = "cpu", **options: Any) -> ScalarHead:
        """Opens a folder: one that `save` wrote, or a sequence classifier of `transformers` with one label.

        Args:
            folder: with the model, its tokenizer, and the head.
            dtype: of the weights; float32 when left out.
            device: where the model runs.
            options: those of the constructor.
        """
        torch, transformers = need_torch(), need_transformers()
        dtype = dtype or torch.float32
        folder = Path(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
        config = transformers.AutoConfig.from_pretrained(str(folder))
        options.setdefault("name", folder.name)
        if (folder / HEAD).is_file():
            backbone = transformers.AutoModel.from_pretrained(str(folder), dtype=dtype)
            weights = need_safetensors().load_file(str(folder / HEAD))
            head = torch.nn.Linear(weights["weight"].shape[1], 1)
            head.load_state_dict(weights)
        elif any(each.endswith("ForSequenceClassification") for each in config.architectures or ()):
            model = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder), dtype=dtype)
            head, backbone = getattr(model, "score", None), model.base_model
            if head is None or head.out_features != 1:
                raise ValueError(
                    f"{folder} is a classifier without a `score` layer of one label: open a decoder that was trained "
                    "as a reward model (num_labels=1)"
                )
        else:
            raise FileNotFoundError(
                f"{folder} has no {HEAD} and is no sequence classifier: ScalarHead.fresh(folder) makes an untrained one"
            )
        return cls(backbone.to(device), head.to(device, torch.float32), tokenizer, **options)

    @classmethod
    def fresh(
        cls, folder: str | Path, *, seed: int, dtype: Any = None, device: str = "cpu", **options: Any
    ) -> ScalarHead:
        """The backbone of any model's folder and an untrained head, a function of the seed: where training starts."""
        torch, transformers = need_torch(), need_transformers()
        backbone = transformers.AutoModel.from_pretrained(str(folder), dtype=dtype or torch.float32)
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
        width = int(backbone.config.hidden_size)
        head = torch.nn.Linear(width, 1)
        noise = torch.randn(1, width, generator=torch.Generator().manual_seed(seed)) / width**0.5
        head.load_state_dict({"weight": noise, "bias": torch.zeros(1)})
        return cls(backbone.to(device), head.to(device), tokenizer, **options)

    def save(self, folder: str | Path) -> None:
        """Writes backbone, tokenizer and head: `load` opens it."""
        folder = Path(folder)
        self.backbone.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(str(folder))
        weights = {name: value.detach().cpu().contiguous() for name, value in self.head.state_dict().items()}
        need_safetensors().save_file(weights, str(folder / HEAD))

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return np.array([last_of(steps) for steps in self.score_steps(prompts, answers)], np.float64)

    def count_tokens(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
        """[B] the tokens of prompt and answer that it reads."""
        pairs = zip(prompts, answers, strict=True)
        return np.array([len(self._encode(prompt, answer).ids) for prompt, answer in pairs], np.int64)

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        check_pairs(prompts, answers)
        rows = [self._encode(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        values = in_batches(rows, self._score, max_tokens=self.max_tokens, device=self.backbone.device)
        return [at_ends(row, each) for row, each in zip(rows, values, strict=True)]

    def _score(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        hidden_BTH = self.backbone(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False).last_hidden_state
        logits_BT: Tensor = self.head(hidden_BTH.float()).squeeze(-1)
        return logits_BT.sigmoid() if self.probability else logits_BT


class TokenLogit:
    """A causal model whose next token says whether the step is good: the chance of `good` among the two.

    Math-Shepherd: `tag=" \\u043a\\u0438"`, `good="+"`, `bad="-"`. With an empty tag the tokens are looked for behind
    the line break.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        good: str = "+",
        bad: str = "-",
        tag: str = "",
        probability: bool = True,
        write_prompt: Callable[[str], str] | None = None,
        max_tokens: int = 2048,
        name: str = "token_logit",
    ) -> None:
        """
        Args:
            model: a causal language model; it is not changed.
            tokenizer: the model's.
            good: text of one token (its last token is taken).
            bad: another.
            tag: what training put behind each step.
            probability: scores are sigmoids in (0, 1); False: the bare difference of logits.
            write_prompt: see `Encoder`.
            max_tokens: tokens of one batch; each holds a row of logits.
            name: in results.
        """
        self.model = model.eval()
        self.probability = probability
        self.max_tokens = max_tokens
        self.name = name
        self.good, self.bad = (int(tokenizer.encode(text, add_special_tokens=False)[-1]) for text in (good, bad))
        if self.good == self.bad:
            raise ValueError(f"{good!r} and {bad!r} end with the same token: choose two texts that do not")
        self._encode = Encoder(tokenizer, write_prompt=write_prompt, tag=tag, context=context_of(model))

    @classmethod
    def load(cls, folder: str | Path, *, dtype: Any = None, device: str = "cpu", **options: Any) -> TokenLogit:
        """Opens a causal model's folder; `dtype` is float32 when left out, `options` are those of the constructor."""
        model, tokenizer = load_causal(folder, dtype=dtype, device=device)
        return cls(model, tokenizer, **{"name": Path(folder).name, **options})

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        return np.array([last_of(steps) for steps in self.score_steps(prompts, answers)], np.float64)

    def count_tokens(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
        """[B] the tokens of prompt and answer that it reads."""
        pairs = zip(prompts, answers, strict=True)
        return np.array([len(self._encode(prompt, answer).ids) for prompt, answer in pairs], np.int64)

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        check_pairs(prompts, answers)
        rows = [self._encode(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        values = in_batches(rows, self._score, max_tokens=self.max_tokens, device=self.model.device)
        return [at_ends(row, each) for row, each in zip(rows, values, strict=True)]

    def _score(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        logits_BTV = self.model(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False).logits
        difference_BT: Tensor = logits_BTV[..., self.good].float() - logits_BTV[..., self.bad].float()
        return difference_BT.sigmoid() if self.probability else difference_BT


def load_causal(folder: str | Path, *, dtype: Any = None, device: str = "cpu") -> tuple[Any, Any]:
    """(model, tokenizer) of a causal language model's folder."""
    torch, transformers = need_torch(), need_transformers()
    model = transformers.AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype or torch.float32)
    return model.to(device), transformers.AutoTokenizer.from_pretrained(str(folder))
