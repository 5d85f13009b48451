"""Answers as they were sampled, and the batch that a learner makes of them by giving credit.

P prompts, G answers to each, B = P * G answers (N of them in a batch), T tokens of the longest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from reasonrl.agents.learning.metrics import Report
from torch import Tensor


@dataclass(frozen=True)
class Answers:
    """Finished episodes, prompt by prompt: lanes p * G to p * G + G - 1 answer prompt p."""

    prompts: tuple[tuple[int, ...], ...]
    """[P] token ids."""
    tokens_BT: Tensor
    """int64; 0 after the end of an answer."""
    mask_BT: Tensor
    """True on the tokens that the policy chose, the end token included."""
    logprobs_BT: Tensor
    """float32 log-probabilities under the sampling distribution; 0 after the end of an answer."""
    rewards_BT: Tensor
    """float32 reward that followed on each token; 0 after the end, NaN on the last token where the judge failed."""
    correct_B: Tensor
    """True where the outcome is full."""
    terminated_B: Tensor
    """True where the answer ended by itself."""
    truncated_B: Tensor
    """True where the answer ran out of tokens or steps."""
    texts: tuple[str, ...]
    """[B] the answers as the environment understood them."""
    seconds: float = 0.0
    """That the sampling took."""

    @property
    def rewards_B(self) -> Tensor:
        """float32 sum of the episode's rewards; NaN where the judge failed."""
        return self.rewards_BT.sum(dim=1)

    @property
    def valid_B(self) -> Tensor:
        """False where the judge failed, so that nothing can be learned."""
        return ~torch.isnan(self.rewards_B)

    @property
    def group_size(self) -> int:
        return len(self.mask_BT) // len(self.prompts)

    def counting(self, *, mask_truncated: bool) -> Tensor:
        """[B] True for answers that count: judged and, where `mask_truncated`, not cut."""
        return self.valid_B & ~self.truncated_B if mask_truncated else self.valid_B

    def grouped(self, values_B: Tensor) -> Tensor:
        """[P, G] of a number for each answer."""
        return values_B.view(len(self.prompts), -1)

    def with_credit(self, credit_BT: Tensor, valid_B: Tensor, *, keep_all: bool = False) -> Batch:
        """The answers that can teach something; those whose credit is 0 are left out, which changes no gradient.

        Args:
            credit_BT: an advantage for each token; one for each answer is [B, 1].
            valid_B: answers that count.
            keep_all: keep all answers that count, for a loss that pulls on them whatever their credit, as a KL does.
        """
        credit_BT = torch.where(self.mask_BT & valid_B[:, None], credit_BT, 0.0)
        chosen_N = (valid_B if keep_all else (credit_BT != 0).any(dim=1)).nonzero().flatten()
        spread = [prompt for prompt in self.prompts for _ in range(self.group_size)]
        whole = Batch(spread, self.tokens_BT, self.mask_BT, self.logprobs_BT, credit_BT, int(valid_B.sum()))
        return whole.take(chosen_N.tolist())


class Batch(NamedTuple):
    """Answers to learn from, and how many answers stand behind them."""

    prompts: list[tuple[int, ...]]
    """[N] a prompt for each answer."""
    tokens_BT: Tensor
    mask_BT: Tensor
    """True on tokens that the policy chose."""
    old_BT: Tensor
    """Log-probabilities that the sampler recorded."""
    credit_BT: Tensor
    """An advantage for each token."""
    counted: int
    """Answers that count, those that were left out for want of credit included: the learner divides by them."""

    def take(self, rows: Sequence[int]) -> Batch:
        """Some of the answers, no wider than the longest of them."""
        index = torch.tensor(rows, dtype=torch.int64)
        width = int(self.mask_BT[index].any(dim=0).nonzero().max()) + 1 if rows else 0
        return self._replace(
            prompts=[self.prompts[row] for row in rows],
            tokens_BT=self.tokens_BT[index, :width],
            mask_BT=self.mask_BT[index, :width],
            old_BT=self.old_BT[index, :width],
            credit_BT=self.credit_BT[index, :width],
        )

    def to(self, device: torch.device) -> Batch:
        return self._replace(
            tokens_BT=self.tokens_BT.to(device),
            mask_BT=self.mask_BT.to(device),
            old_BT=self.old_BT.to(device),
            credit_BT=self.credit_BT.to(device),
        )

    def shuffled(self, rng: Callable[..., random.Random], *, epochs: int, minibatches: int) -> Iterator[Batch]:
        """Every answer once an epoch, in minibatches of a new order each time; one that would be empty is left out.

        Args:
            rng: a generator for each name: `Step.rng`.
        """
        for epoch in range(epochs):
            order = list(range(len(self.prompts)))
            rng("minibatches", epoch).shuffle(order)
            for at in range(minibatches):
                if rows := order[at::minibatches]:
                    yield self.take(sorted(rows))

    def parts(self, *, most: int) -> Iterator[Batch]:
        """The answers in parts of at most `most` tokens each, padding included; like lengths go together."""
        lengths = [
            len(prompt) + said for prompt, said in zip(self.prompts, self.mask_BT.sum(dim=1).tolist(), strict=True)
        ]
        part: list[int] = []
        for row in sorted(range(len(lengths)), key=lengths.__getitem__):
            if part and (len(part) + 1) * lengths[row] > most:
                yield self.take(part)
                part = []
            part.append(row)
        if part:
            yield self.take(part)


def describe(answers: Answers, batch: Batch) -> Report:
    """What to watch of one step's answers."""
    correct_PG = answers.grouped(answers.correct_B)
    valid_B, rewards_B = answers.valid_B, answers.rewards_B
    tokens = int(answers.mask_BT.sum())
    numbers = {
        **dict.fromkeys(("clipped", "kl", "mismatch", "largest_mismatch"), 0.0),  # where no answer could teach
        "reward": float(rewards_B[valid_B].mean()) if valid_B.any() else float("nan"),
        "accuracy": float(correct_PG.float().mean()),
        "all_right": float(correct_PG.all(dim=1).float().mean()),
        "mixed": float((correct_PG.any(dim=1) & ~correct_PG.all(dim=1)).float().mean()),
        "none_right": float((~correct_PG.any(dim=1)).float().mean()),
        # the mean of -log p over the policy's own samples is an unbiased estimate of its entropy
        "entropy": float(-answers.logprobs_BT.sum() / answers.mask_BT.sum()),
        "length": float(answers.mask_BT.sum(dim=1).float().mean()),
        "truncated": float(answers.truncated_B.float().mean()),
        "judge_failed": float((~valid_B).float().mean()),
        "answers_used": float(len(batch.prompts)),
    }
    groups = "/".join(f"{numbers[name]:.0%}" for name in ("all_right", "mixed", "none_right"))
    return Report(
        numbers,
        shown=f"reward {numbers['reward']:.3f}  groups all/mixed/none right {groups}  "
        f"entropy {numbers['entropy']:.2f}  length {numbers['length']:.0f}  truncated {numbers['truncated']:.0%}",
        tokens=tokens,
        taught=int((batch.credit_BT != 0).any(dim=1).sum()) if batch.prompts else 0,
        sampling_seconds=answers.seconds,
    )
