"""`ImplicitReward`: the reward that a language model has learned, read off the log-ratio to its reference.

    r(step) = beta * sum over the step's tokens of log pi(token) - log pi_ref(token)

A model trained on outcomes with this ratio as its reward is a process reward model at no further cost (implicit PRM,
arXiv 2412.01981; PRIME, arXiv 2502.01456): the sum of r up to a step estimates the step's Q-value, r its advantage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from reasonrl.verifiers.learned.core import check_pairs
from reasonrl.verifiers.learned.encoding import Encoded, Encoder, context_of, in_batches, need_torch
from reasonrl.verifiers.learned.scalar import load_causal

if TYPE_CHECKING:
    from torch import Tensor


class ImplicitReward:
    """Two causal language models of one vocabulary. Steps' scores sum up to the answer's."""

    probability = False

    def __init__(
        self,
        policy: Any,
        reference: Any,
        tokenizer: Any,
        *,
        beta: float = 0.05,
        write_prompt: Callable[[str], str] | None = None,
        max_tokens: int = 2048,
        name: str = "implicit_reward",
    ) -> None:
        """
        Args:
            policy: the trained model.
            reference: the model that its training started from.
            tokenizer: of both.
            beta: the scale it was trained with; scores are in nats times beta, of either sign.
            write_prompt: see `Encoder`.
            max_tokens: tokens of one batch; each holds a row of logits.
            name: in results.
        """
        if beta <= 0.0:
            raise ValueError(f"beta must be above 0, got {beta}")
        sizes = [int(model.get_input_embeddings().num_embeddings) for model in (policy, reference)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"policy and reference must share one vocabulary, got {sizes[0]} and {sizes[1]} tokens")
        self.policy, self.reference = policy.eval(), reference.eval()
        self.beta = beta
        self.max_tokens = max_tokens
        self.name = name
        limits = [limit for limit in map(context_of, (policy, reference)) if limit]
        self._encode = Encoder(tokenizer, write_prompt=write_prompt, context=min(limits, default=0))

    @classmethod
    def load(
        cls, policy: str | Path, reference: str | Path, *, dtype: Any = None, device: str = "cpu", **options: Any
    ) -> ImplicitReward:
        """Opens two folders; the tokenizer is the policy's, `dtype` is float32 when left out."""
        trained, tokenizer = load_causal(policy, dtype=dtype, device=device)
        start, _ = load_causal(reference, dtype=dtype, device=device)
        return cls(trained, start, tokenizer, **{"name": Path(policy).name, **options})

    def score_answers(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.float64]:
        """[B] beta * log(pi(answer) / pi_ref(answer)), the sum over steps; NaN without steps or where it was cut."""
        return np.array(
            [steps.sum() if len(steps) else np.nan for steps in self.score_steps(prompts, answers)], np.float64
        )

    def count_tokens(self, prompts: Sequence[str], answers: Sequence[str]) -> NDArray[np.int64]:
        """[B] the tokens of prompt and answer that the two models read."""
        pairs = zip(prompts, answers, strict=True)
        return np.array([2 * len(self._encode(prompt, answer).ids) for prompt, answer in pairs], np.int64)

    def score_steps(self, prompts: Sequence[str], answers: Sequence[str]) -> list[NDArray[np.float64]]:
        check_pairs(prompts, answers)
        rows = [self._encode(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
        values = in_batches(rows, self._score, max_tokens=self.max_tokens, device=self.policy.device)
        return [_sums(row, each) for row, each in zip(rows, values, strict=True)]

    def _score(self, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
        """[B, T] beta times the log-ratio of each token; 0 for the first, which nothing predicts."""
        ratio_BT = _logprobs(self.policy, ids_BT, mask_BT) - _logprobs(self.reference, ids_BT, mask_BT)
        return need_torch().nn.functional.pad(self.beta * ratio_BT, (1, 0))  # type: ignore[no-any-return]


def _logprobs(model: Any, ids_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """[B, T - 1] float64 log-probabilities of the tokens behind the first."""
    logits_BTV = model(input_ids=ids_BT, attention_mask=mask_BT, use_cache=False).logits[:, :-1].float()
    chosen_BT = logits_BTV.gather(-1, ids_BT[:, 1:, None]).squeeze(-1)
    result: Tensor = chosen_BT.double() - logits_BTV.logsumexp(-1).double()
    return result


def _sums(row: Encoded, values_T: NDArray[np.float64]) -> NDArray[np.float64]:
    """[S] sums over the tokens of each step; NaN for those that were cut off."""
    starts = (row.start, *(end + 1 for end in row.ends[:-1]))
    return np.array(
        [
            values_T[start : end + 1].sum() if end < len(values_T) else np.nan
            for start, end in zip(starts, row.ends, strict=False)
        ],
        np.float64,
    )
