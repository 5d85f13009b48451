"""Supervised learning: a policy learns to continue documents as they go on. All learning by imitation ends here.

    loss = sum(weight * cross entropy) / sum(weight)        over the tokens of one block, in fp32

Where the documents come from is not said here: demonstrations (`initialization/sft.py`), a policy's own right
answers, or what a search found. Dropout is off: the policy is trained as it will act.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from reasonrl.agents.learning.attention import mask_for, packed_attention
from reasonrl.agents.learning.block import Block
from reasonrl.agents.learning.metrics import Report
from reasonrl.agents.learning.optim import autocast
from reasonrl.agents.learning.run import Run
from reasonrl.agents.policies.llama import is_plain_llama
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LARGE_VOCABULARY = 4096
"""From here on the logits, not the model, take most of the time."""


def fit(run: Run, blocks: Iterator[Block], *, micro_rows: int = 0) -> None:
    """Learns from one block a step until the run is over.

    Args:
        run: of the policy that learns.
        blocks: from number `run.number` on, so that a resumed run sees what it would have seen.
        micro_rows: rows in one pass through the model, to bound its memory; 0: all at once. Changes no gradient.
    """
    model = run.policy.model
    with packed_attention(model):
        for step in run.steps():
            block = next(blocks)
            total = float(block.weights_BT[:, 1:].sum())
            for part in _parts(block, micro_rows or len(block.tokens_BT), device=run.device):
                step.backward(block_loss(model, *part, dtype=run.policy.dtype) / total)
            step.update()
            taught = int((block.weights_BT > 0).sum())
            numbers = {
                "learning_rate": step.learning_rate,
                "answer_tokens": run.taught + taught,
                "left_out": block.left_out,
            }
            step.report(Report(numbers, f"loss {step.loss:.3f}", tokens=block.tokens_BT.size, taught=taught))


def block_loss(
    model: PreTrainedModel, tokens_BT: Tensor, positions_BT: Tensor, weights_BT: Tensor, *, dtype: torch.dtype
) -> Tensor:
    """Weighted sum of the cross entropies of tokens 1, 2, ... of each row; the caller divides by the sum of weights."""
    counted_BT = weights_BT[:, 1:] > 0
    with autocast(tokens_BT.device, dtype):
        # without an attention mask, transformers takes each fresh start of the positions for a new document
        mask = mask_for(model, positions_BT, dtype=dtype)
        inputs = {"input_ids": tokens_BT, "position_ids": positions_BT, "attention_mask": mask, "use_cache": False}
        if model.config.vocab_size >= _LARGE_VOCABULARY and is_plain_llama(model):
            hidden_BTH = model.model(**inputs).last_hidden_state
            logits_NV = model.lm_head(hidden_BTH[:, :-1][counted_BT])  # prompts and padding need no logits
        else:
            logits_NV = model(**inputs).logits[:, :-1][counted_BT]
    logits_NV, targets_N = logits_NV.float(), tokens_BT[:, 1:][counted_BT]
    losses_N = F.cross_entropy(logits_NV, targets_N, reduction="none")
    return (losses_N * weights_BT[:, 1:][counted_BT]).sum()


def _parts(block: Block, rows: int, *, device: torch.device) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Tokens, positions and weights of some rows at a time."""
    whole = (block.tokens_BT.astype("int64"), block.positions_BT.astype("int64"), block.weights_BT)
    for at in range(0, len(block.tokens_BT), rows):
        tokens_BT, positions_BT, weights_BT = (torch.from_numpy(each[at : at + rows]).to(device) for each in whole)
        yield tokens_BT, positions_BT, weights_BT
