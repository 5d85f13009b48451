"""A policy over a causal model of `transformers` that runs in this process."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from reasonrl.agents.policies.core import Finish, Proposal, Sampling, Unit
from reasonrl.agents.policies.llama import is_plain_llama
from reasonrl.agents.policies.logprobs import allowed_tokens, answer_logprobs
from reasonrl.agents.policies.prompts import encode_state
from reasonrl.agents.policies.sampler import Sample, generate
from reasonrl.agents.policies.session import context_of
from reasonrl.envs.core import END
from reasonrl.envs.mdp import State
from reasonrl.envs.registry import rules_of
from reasonrl.envs.vocabulary import CharVocabulary, Vocabulary, get_vocabulary
from reasonrl.verifiers.answers import without_thoughts
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SHORT = {torch.float32: "", torch.bfloat16: "-bf16", torch.float16: "-fp16"}
_LOOKED_AT = 4096
"""Numbers of each weight that the fingerprint reads: training moves nearly all of them."""


class LocalPolicy:
    """Continues states with a model; see `Policy` for the contract."""

    name: str

    def __init__(
        self,
        model: PreTrainedModel,
        vocabulary: Vocabulary,
        *,
        label: str = "local",
        max_lanes: int = 256,
        dtype: torch.dtype | None = None,
    ) -> None:
        """
        Args:
            model: a causal language model; it is not changed.
            vocabulary: of its tokens.
            label: the readable part of the policy's name.
            max_lanes: sequences decoded at once, which bounds the memory.
            dtype: of matrix products, where it is not that of the weights; None: that of the weights.
        """
        self.model = model
        self.vocabulary = vocabulary
        self.label = label
        self.max_lanes = max_lanes
        self._dtype = dtype
        self._ends = end_tokens(model, vocabulary)
        self.sync()

    @classmethod
    def load(
        cls,
        place: str | Path,
        *,
        label: str | None = None,
        dtype: torch.dtype | None = None,
        device: str | None = None,
        max_lanes: int = 256,
    ) -> LocalPolicy:
        """Opens a folder or a hub name.

        Args:
            place: what `from_pretrained` takes.
            label: the readable part of the policy's name; None: the last part of `place`.
            dtype: None: float32 for small models on a CPU, else bfloat16.
            device: None: a GPU where there is one.
            max_lanes: sequences decoded at once.
        """
        from transformers import AutoModelForCausalLM

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        model: Any = AutoModelForCausalLM.from_pretrained(str(place), dtype=dtype or "auto")
        if dtype is None:
            fast = not is_small(model) and (device != "cpu" or cpu_multiplies_bfloat16())
            model = model.to(torch.bfloat16 if fast else torch.float32)
        vocabulary = open_vocabulary(str(place))
        return cls(model.to(device).eval(), vocabulary, label=label or Path(place).name, max_lanes=max_lanes)

    def sync(self) -> None:
        """Names the policy after its model's present weights. Call it when they have been trained."""
        self.name = f"{self.label}{_SHORT.get(self.decoding_dtype, '')}-{fingerprint(self.model)}"

    @property
    def dtype(self) -> torch.dtype:
        """Of matrix products in `logprobs`, and of decoding where the model's decoder can differ from its weights."""
        return self._dtype or self.model.dtype

    @dtype.setter
    def dtype(self, dtype: torch.dtype) -> None:
        self._dtype = dtype

    @property
    def decoding_dtype(self) -> torch.dtype:
        """In which it samples: models other than Llamas decode in the dtype of their weights."""
        return self.dtype if is_plain_llama(self.model) else self.model.dtype

    @property
    def allowed_V(self) -> Tensor:
        """[V] True for tokens that may be an action."""
        return allowed_tokens(self.vocabulary, self.model.device)

    def logprobs(
        self, prompts: Sequence[Sequence[int]], tokens_BT: Tensor, mask_BT: Tensor, *, temperature: float
    ) -> Tensor:
        """[B, T] log-probabilities of answers as they were sampled, 0 where the mask is False; differentiable.

        Args:
            prompts: [B] token ids before each answer.
            tokens_BT: the answers.
            mask_BT: True on their tokens.
            temperature: at which they were sampled.
        """
        with torch.autocast(self.model.device.type, self.dtype, enabled=self.dtype != self.model.dtype):
            return answer_logprobs(
                self.model, prompts, tokens_BT, mask_BT, allowed_V=self.allowed_V, temperature=temperature
            )

    def frozen(self) -> LocalPolicy:
        """A copy as it is now, whose weights take no gradients: the reference of a KL divergence, say."""
        model = copy.deepcopy(self.model).requires_grad_(False)
        return LocalPolicy(model, self.vocabulary, label=self.label, max_lanes=self.max_lanes, dtype=self._dtype)

    def propose(
        self, states: Sequence[State], counts: Sequence[int], keys: Sequence[int], sampling: Sampling
    ) -> list[list[Proposal]]:
        drawn = generate(
            self.model,
            self.vocabulary,
            self._read(states),
            counts,
            keys,
            sampling,
            is_final=[rules_of(state.view).is_final for state in states],
            ends=self._ends,
            max_lanes=self.max_lanes,
            dtype=self.decoding_dtype,
        )
        return [self._merge(samples, sampling.unit) for samples in drawn]

    def check_room(self, states: Sequence[State]) -> None:
        """Refuses a state that leaves no room in the model's context, before anything is sampled: names its problem."""
        self._read(states)

    def _read(self, states: Sequence[State]) -> list[list[int]]:
        """Token ids of each state, all shorter than the model's context."""
        prompts = [encode_state(state, self.vocabulary) for state in states]
        context = context_of(self.model)
        for state, prompt in zip(states, prompts, strict=True):
            if len(prompt) >= context:
                said = f" with its {len(state.steps)} lines so far" if state.steps else ""
                raise ValueError(
                    f"the problem {state.view.id}{said} takes {len(prompt)} tokens, and {self.label} reads at most "
                    f"{context}, its answer included: take shorter problems or a model with a longer context"
                )
        return prompts

    def _merge(self, samples: Sequence[Sample], unit: Unit) -> list[Proposal]:
        """Equal actions become one proposal: the log-probability is the first's, the length the mean (rounded up)."""
        merged: dict[tuple[str, Finish], list[Sample]] = {}
        for sample in samples:
            merged.setdefault((self._action(sample, unit), sample.finish), []).append(sample)
        return [
            Proposal(
                action,
                sum(same[0].logprobs),
                -(-sum(len(sample.tokens) for sample in same) // len(same)),  # other tokens can spell the same text
                len(same),
                finish,
            )
            for (action, finish), same in merged.items()
        ]

    def _action(self, sample: Sample, unit: Unit) -> str:
        ended = sample.tokens[-1] == self.vocabulary.eos or sample.tokens[-1] in self._ends
        text = self.vocabulary.decode(sample.tokens[:-1] if ended else sample.tokens)
        if unit is Unit.SOLUTION:
            text = without_thoughts(text)
        text = text.strip("\r\n")
        return text + END if sample.finish is Finish.END else text


def open_vocabulary(place: str) -> Vocabulary:
    """The vocabulary of a model's folder: characters where its tokenizer is ours, else its own tokenizer."""
    vocabulary = get_vocabulary(f"hf:{place}")
    tokenizer = getattr(vocabulary, "tokenizer", None)
    tokens = list(CharVocabulary.tokens)
    if (
        tokenizer is not None
        and vocabulary.size == len(tokens)
        and tokenizer.convert_ids_to_tokens(range(len(tokens))) == tokens
    ):
        return get_vocabulary("char")
    return vocabulary


def end_tokens(model: PreTrainedModel, vocabulary: Vocabulary) -> frozenset[int]:
    """Tokens that end an answer besides the vocabulary's own: those of the model's settings that are no text.

    Chat models of several kinds have more than one, as Llama 3 does; a number that is an ordinary token there is a
    mistake in the settings (or a default of the library that nobody meant), and ends nothing.
    """
    tokenizer: Any = getattr(vocabulary, "tokenizer", None)
    if tokenizer is None:
        return frozenset()
    named: set[int] = set()
    for settings in (getattr(model, "generation_config", None), model.config):
        found = getattr(settings, "eos_token_id", None)
        named.update(found if isinstance(found, list | tuple) else [] if found is None else [found])
    control = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(number for number in named & control if number < min(vocabulary.size, model.config.vocab_size))


def is_small(model: PreTrainedModel) -> bool:
    """Whether float32 costs next to nothing: below 20 million parameters."""
    return sum(p.numel() for p in model.parameters()) < 20_000_000


def cpu_multiplies_bfloat16() -> bool:
    """Whether this processor has instructions for bfloat16 matrix products; without them bfloat16 is the slower one."""
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # torch has no public question for this
    return bool(probe is not None and probe())


def fingerprint(model: PreTrainedModel) -> str:
    """Eight characters that change with the weights."""
    hash = hashlib.blake2b(digest_size=4)
    for name, weight in sorted(model.state_dict().items()):
        flat = weight.detach().reshape(-1)
        some = flat[:: max(1, len(flat) // _LOOKED_AT)].to("cpu", torch.float32)
        hash.update(f"{name}{tuple(weight.shape)}".encode() + some.numpy().tobytes())
    return hash.hexdigest()
