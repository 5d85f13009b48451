"""Supervised fine-tuning: a policy learns to continue prompts as the families' demonstrations do.

    loss = sum(weight * cross entropy) / sum(weight)        over the tokens of one block, in fp32

Every step is a pure function of (weights, optimizer, seed, step), so a run that was killed goes on from its checkpoint
to the very weights that it would have had. Dropout is off: the policy is trained as it will act.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from reasonrl.agents.initialization.attention import mask_for, packed_attention
from reasonrl.agents.initialization.corpus import Block, Corpus, open_stream
from reasonrl.agents.learning.checkpoint import (
    POLICY,
    get_trainable,
    load_checkpoint,
    save_checkpoint,
    save_policy,
)
from reasonrl.agents.learning.identity import check_same, code_of, empty, standing
from reasonrl.agents.learning.metrics import Metrics, watch
from reasonrl.agents.learning.optim import (
    Precision,
    autocast,
    make_optimizer,
    pick_device,
    pick_dtype,
    set_learning_rate,
    warmup_stable_decay,
)
from reasonrl.agents.policies.decoder import is_plain_llama
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.agents.policies.tiny import build_model
from reasonrl.envs.abilities import plain_of
from reasonrl.envs.code_hash import source_of
from reasonrl.envs.families import FAMILIES
from reasonrl.envs.generation import make_mixture
from reasonrl.envs.vocabulary import get_vocabulary
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_LARGE_VOCABULARY = 4096
"""From here on the logits, not the model, take most of the time."""


@dataclass(frozen=True)
class SFTConfig:
    """Learns from demonstrations (supervised fine-tuning); run it again to go on where it stopped."""

    out: Path = Path("runs/sft")
    """Folder for checkpoint, metrics and the policy. An unfinished run in it is continued."""
    policy: str = "tiny"
    """What to start from: a policy's name, a Hugging Face model's name or folder, or "new" for random weights."""
    families: dict[str, float] = field(default_factory=dict)
    """Families to learn from, each with its weight in the mixture; none: all of them evenly."""
    hardest: dict[str, int] = field(default_factory=dict)
    """Highest difficulty of a family, if not its default one."""
    behaviours: float = 0.15
    """Chance of each reasoning behaviour in a demonstration."""
    prompt_weight: float = 0.0
    """Loss weight of prompt tokens; an answer token has 1."""
    steps: int = 1000
    """Optimizer steps."""
    rows: int = 32
    """Rows of packed documents in one step."""
    row_tokens: int = 256
    """Tokens in a row; a longer document is left out."""
    micro_rows: int = 0
    """Rows in one pass through the model, to bound its memory; 0: all at once."""
    learning_rate: float = 3e-4
    """Peak learning rate of AdamW."""
    warmup: int = 50
    """Steps until the learning rate is at its peak."""
    decay: float = 0.4
    """Share of the steps, at the end, in which it falls to zero."""
    weight_decay: float = 0.1
    """Weight decay of the matrices; vectors have none."""
    clip: float = 1.0
    """Largest gradient norm."""
    precision: Precision = "auto"
    """Precision of matrix products: fp32, bf16, or auto for bf16 where the hardware has it. Weights stay fp32."""
    device: str = "auto"
    """Where it runs: cpu, cuda, or auto for a GPU where there is one."""
    seed: int = 0
    """Seeds the corpus."""
    save_every: int = 200
    """Steps between checkpoints."""
    workers: int = 1
    """Processes that make the corpus ahead of time; 0 uses a thread. The corpus is the same."""
    fresh: bool = False
    """Delete the run that the folder holds, and start anew."""


def main(config: SFTConfig) -> None:
    """Trains, and leaves the policy in `out/policy`."""
    if few := use_idle_cores():
        print(few)
    if config.policy == "new":
        model, vocabulary = build_model(seed=config.seed), get_vocabulary("char")
    else:
        model, vocabulary = get_trainable(config.policy, device=pick_device(config.device))
    fine_tune(model, config, vocabulary=vocabulary.name)
    save_policy(config.out / POLICY, model, vocabulary)
    print(f"the policy is in {config.out / POLICY}")


def fine_tune(model: PreTrainedModel, config: SFTConfig, *, vocabulary: str) -> PreTrainedModel:
    """Trains `model` in place on demonstrations written in `vocabulary`, and returns it."""
    device = pick_device(config.device)
    dtype = pick_dtype(config.precision, device)
    corpus = Corpus(
        make_mixture(config.families or dict.fromkeys(FAMILIES.shipped, 1.0), config.hardest),
        vocabulary=vocabulary,
        behaviours=config.behaviours,
        prompt_weight=config.prompt_weight,
        rows=config.rows,
        row_tokens=config.row_tokens,
    )
    nn.Module.to(model, device, torch.float32)
    nn.Module.eval(model)
    optimizer = make_optimizer(model, learning_rate=config.learning_rate, weight_decay=config.weight_decay)
    families = [source_of(type(plain_of(share.get()))) for share in corpus.mixture.shares]
    identity = {"config": _settings(config), "code": code_of(__name__, *families), "data": ""}
    step = tokens = 0
    if config.fresh:
        empty(config.out)
    state = load_checkpoint(config.out, device=str(device))
    if state is not None:
        check_same(state, identity, folder=config.out)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, tokens = state["step"], state["tokens"]
    metrics = Metrics(config.out, after=step)
    with (
        packed_attention(model),
        open_stream(corpus, seed=config.seed, first=step, workers=config.workers) as blocks,
        watch("learning from demonstrations", total=config.steps, done=step) as display,
    ):
        if state is not None:
            display.say(standing(config.out, step=step, of=config.steps, over=step >= config.steps))
        while step < config.steps:
            start = time.perf_counter()
            rate = config.learning_rate * warmup_stable_decay(
                step, steps=config.steps, warmup=config.warmup, decay=config.decay
            )
            set_learning_rate(optimizer, rate)
            block = next(blocks)
            loss = _accumulate(model, block, micro_rows=config.micro_rows or config.rows, device=device, dtype=dtype)
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            used = int((block.weights_BT > 0).sum())
            tokens += used
            speed = block.tokens_BT.size / (time.perf_counter() - start)
            metrics.write(
                step,
                {
                    "loss": loss,
                    "learning_rate": rate,
                    "gradient_norm": float(norm),
                    "answer_tokens": tokens,
                    "tokens_per_second": speed,
                    "left_out": block.left_out,
                },
            )
            display.update(step, f"loss {loss:.3f}  {speed / 1000:.1f}k tokens/s")
            if step % config.save_every == 0 or step == config.steps:
                save_checkpoint(
                    config.out,
                    {
                        **identity,
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "step": step,
                        "tokens": tokens,
                    },
                )
    metrics.close()
    return model


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


def _accumulate(
    model: PreTrainedModel, block: Block, *, micro_rows: int, device: torch.device, dtype: torch.dtype
) -> float:
    """Adds the gradient of the block's mean loss, whatever the size of the passes; returns that loss."""
    total = float(block.weights_BT[:, 1:].sum())
    loss = 0.0
    for at in range(0, len(block.tokens_BT), micro_rows):
        tokens_BT, positions_BT, weights_BT = (
            torch.from_numpy(part[at : at + micro_rows]).to(device)
            for part in (block.tokens_BT.astype("int64"), block.positions_BT.astype("int64"), block.weights_BT)
        )
        part = block_loss(model, tokens_BT, positions_BT, weights_BT, dtype=dtype) / total
        part.backward()  # type: ignore[no-untyped-call]
        loss += float(part.detach())
    return loss


def _settings(config: SFTConfig) -> dict[str, Any]:
    """What must be the same for a run to go on: all but where it lies and who makes its corpus."""
    every = dataclasses.asdict(config)
    return {name: value for name, value in every.items() if name not in ("out", "workers", "save_every", "fresh")}
