"""GRPO: reinforcement learning from groups of answers to one problem (arXiv 2402.03300, as corrected by 2503.20783).

    for each step:
        answers     P problems x G answers, sampled through the vector environment
        advantage   an answer's reward less the mean of its group                       (no critic)
        loss        -min(ratio * A, clip(ratio) * A) over tokens / (answers * max_tokens)   (constant: no length bias)
                    + kl_weight * KL(policy || first policy), where asked for

The ratio is against the log-probabilities that the sampler recorded, which the trainer computes at the same temperature
and with the same allowed tokens; `mismatch` watches that the two agree. Answers that teach nothing (all of their group
score the same) are left out of the passes, which changes no gradient, only the time.

A step is a pure function of (weights, optimizer, seed, step): a run that was killed goes on as it would have gone.

Of a data set an eighth of the rows each is held out for validation and test (`agents.learning.problems`); line 0 of the
metrics is how the policy came. What makes a folder's run this run: `agents.learning.identity`.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from gymnasium.vector import VectorEnv
from reasonrl.agents.learning.advantages import group_advantages
from reasonrl.agents.learning.checkpoint import (
    POLICY,
    get_trainable,
    load_checkpoint,
    save_checkpoint,
    save_policy,
)
from reasonrl.agents.learning.evaluation import answer_problems
from reasonrl.agents.learning.identity import check_same, code_of, data_of, empty, modules_of, standing
from reasonrl.agents.learning.losses import KLEstimator, kl_estimate, kl_loss, policy_loss
from reasonrl.agents.learning.metrics import Display, Metrics, watch
from reasonrl.agents.learning.optim import (
    Precision,
    autocast,
    make_optimizer,
    pick_device,
    pick_dtype,
    set_learning_rate,
    warmup_stable_decay,
)
from reasonrl.agents.learning.problems import Part, describe_parts, find_parts, find_source
from reasonrl.agents.learning.rollout import Rollout, allowed_tokens, answer_logprobs, make_envs, roll_out
from reasonrl.agents.policies.decoder import context_of, is_plain_llama
from reasonrl.agents.policies.prompts import encode_state
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.envs.generation import INDEX_BITS
from reasonrl.envs.mdp import State
from reasonrl.envs.seeding import digest, generator
from reasonrl.envs.vocabulary import Vocabulary
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_EVALUATION_LANES = 128
_LOGITS = 2**27
"""Logits in one pass of the trainer at most: with a large vocabulary they, not the model, fill the memory."""
_LEAST = {
    **dict.fromkeys(
        ("prompts", "max_tokens", "epochs", "minibatches", "micro_tokens", "evaluate_problems", "save_every"), 1
    ),
    **dict.fromkeys(("steps", "minutes", "learning_rate", "warmup", "decay", "weight_decay", "clip", "kl_weight"), 0),
    "evaluate_every": 0,
}
"""Settings and the least that they can be."""


@dataclass(frozen=True)
class GRPOConfig:
    """Learns from rewards by GRPO; run it again to go on where it stopped."""

    out: Path = Path("runs/grpo")
    """Folder for checkpoint, metrics and the policy. An unfinished run in it is continued."""
    env: str = "reasonrl/ChainSum-v0"
    """Environment id (see `reasonrl list`), or a family of your own: my.py:Family."""
    policy: str = "tiny"
    """What to start from: a policy's name, or a Hugging Face model's name or folder."""
    difficulty: tuple[int, ...] = ()
    """Levels to mix; none: the family's own."""
    data: str | None = None
    """File of a data set, where the environment reads one."""
    steps: int = 200
    """Optimization steps, each on fresh answers."""
    minutes: float = 0.0
    """Stop after so many minutes of learning, too; 0: no limit."""
    prompts: int = 16
    """Problems in one step (P)."""
    group_size: int = 8
    """Answers sampled to each problem (G); the group's mean is the baseline."""
    max_tokens: int = 96
    """Longest answer."""
    temperature: float = 1.0
    """Temperature of the sampling and of the distribution that learns."""
    learning_rate: float = 1e-4
    """Peak learning rate of AdamW. The tiny policy takes up to 2e-4 and loses its skill at 1e-3; 1e-5 for SmolLM2."""
    warmup: int = 5
    """Steps until the learning rate is at its peak."""
    decay: float = 0.5
    """Share of the steps, at the end, in which it falls to zero: the noise of the updates goes out of the weights."""
    weight_decay: float = 0.0
    """Weight decay of the matrices; vectors have none."""
    clip: float = 0.1
    """Largest gradient norm; with the constant normaliser a usual one is 0.02 to 0.05."""
    clip_low: float = 0.2
    """The probability ratio counts down to 1 - clip_low."""
    clip_high: float = 0.28
    """The probability ratio counts up to 1 + clip_high."""
    epochs: int = 1
    """Passes over the answers of a step."""
    minibatches: int = 1
    """Updates in one pass."""
    kl_weight: float = 0.0
    """Weight of the KL divergence from the first policy; 0 saves its pass."""
    kl_estimator: KLEstimator = "k2"
    """How the divergence is estimated: k2, or ratio_k3 for several epochs."""
    divide_by_std: bool = False
    """Scale each group's advantages to unit standard deviation."""
    mask_truncated: bool = False
    """Leave answers that ran out of tokens out, instead of counting their reward of 0."""
    micro_tokens: int = 16384
    """Tokens in one pass of the trainer, padding included, to bound its memory."""
    precision: Precision = "fp32"
    """Precision of matrix products: fp32, bf16, or auto. Weights stay fp32."""
    device: str = "auto"
    """Where it runs: cpu, cuda, or auto for a GPU where there is one."""
    seed: int = 0
    """Seeds the problems and the sampling."""
    evaluate_every: int = 50
    """Steps between greedy evaluations on the validation split; 0: never."""
    evaluate_problems: int = 128
    """Held-out problems in an evaluation."""
    save_every: int = 25
    """Steps between checkpoints."""
    fresh: bool = False
    """Delete the run that the folder holds, and start anew."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not value >= least or math.isnan(value):
                raise ValueError(f"{name} must be at least {least}, got {value}")
        if not math.isfinite(self.learning_rate) or not math.isfinite(self.temperature):
            raise ValueError(
                f"learning_rate and temperature must be finite, got {self.learning_rate}, {self.temperature}"
            )
        if self.decay > 1:
            raise ValueError(f"decay is a share of the steps, at most 1, got {self.decay}")
        if self.group_size < 2:
            raise ValueError(f"group_size must be at least 2 to form a baseline, got {self.group_size}")
        if self.temperature <= 0:
            raise ValueError(f"temperature must be above 0 to explore, got {self.temperature}")
        if self.minibatches > self.prompts * self.group_size:
            raise ValueError(
                f"{self.minibatches} minibatches are more than the {self.prompts * self.group_size} answers"
            )


class Learned(NamedTuple):
    """Greedy accuracy on the test part of the problems, of the policy as it came and as it left."""

    before: float
    after: float


def main(config: GRPOConfig) -> None:
    """Learns, and leaves the policy in `out/policy`."""
    if few := use_idle_cores():
        print(few)
    find_source(config.env, config.data)  # a mistyped id is told of before a model is opened
    model, vocabulary = get_trainable(config.policy, device=pick_device(config.device))
    learn(model, vocabulary, config)
    save_policy(config.out / POLICY, model, vocabulary)
    print(f"the policy is in {config.out / POLICY}")


def learn(model: PreTrainedModel, vocabulary: Vocabulary, config: GRPOConfig) -> Learned:
    """Trains `model` in place and returns its greedy accuracy on held-out problems before and after."""
    device = pick_device(config.device)
    dtype = pick_dtype(config.precision, device)
    nn.Module.to(model, device, torch.float32)
    nn.Module.eval(model)  # dropout off: the sampler and the trainer must see one and the same distribution
    allowed_V = allowed_tokens(vocabulary, device)
    reference = copy.deepcopy(model).requires_grad_(False) if config.kl_weight else None
    optimizer = make_optimizer(model, learning_rate=config.learning_rate, weight_decay=config.weight_decay)
    decoding = dtype if is_plain_llama(model) else torch.float32  # other models decode in the dtype of their weights
    source = find_source(config.env, config.data)
    room = context_of(model) - config.max_tokens
    parts = find_parts(source, fits=lambda view: len(encode_state(State(view), vocabulary)) <= room)
    envs = open_envs(config, vocabulary, split=parts["train"].split, lanes=config.prompts * config.group_size)
    rows = ((part.split, index) for part in parts.values() if part.rows is not None for index in part.rows)
    identity = {
        "config": _settings(config),
        "code": code_of(__name__, *modules_of(source)),
        "data": data_of(source, rows),
    }
    score = functools.partial(evaluate, model, vocabulary, config, dtype=decoding)

    step, seconds, taught = 0, 0.0, 0
    if config.fresh:
        empty(config.out)
    state = load_checkpoint(config.out, device=str(device))
    if state is not None:
        check_same(state, identity, folder=config.out)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds, before, taught = state["step"], state["seconds"], state["before"], state["taught"]
    metrics = Metrics(config.out, after=step)
    count = len(parts["test"].first(config.evaluate_problems))
    measured = f"greedy accuracy on {count} {parts['test'].called}"
    with watch("learning by GRPO", total=config.steps, done=step) as display:
        over = step >= config.steps or 0 < config.minutes * 60 <= seconds
        if state is not None:
            display.say(standing(config.out, step=step, of=config.steps, over=over))
        else:
            if rows_used := describe_parts(source, parts):
                display.say(rows_used)
            before = score(part=parts["test"])
            display.say(f"{measured} before learning: {before:.1%}")
            first = {"test_accuracy": before}
            if config.evaluate_every:
                first["validation_accuracy"] = score(part=parts["validation"])
            metrics.write(0, first)
        while step < config.steps and not 0 < config.minutes * 60 <= seconds:
            start = time.perf_counter()
            factor = warmup_stable_decay(step, steps=config.steps, warmup=config.warmup, decay=config.decay)
            set_learning_rate(optimizer, config.learning_rate * factor)

            rollout = roll_out(
                model,
                envs,
                vocabulary,
                indices=[
                    parts["train"].at(digest("grpo", config.seed, step, p) % 2**INDEX_BITS)
                    for p in range(config.prompts)
                ],
                keys=[digest("grpo answers", config.seed, step, p) for p in range(config.prompts)],
                temperature=config.temperature,
                max_tokens=config.max_tokens,
                dtype=decoding,
            )
            sampled = time.perf_counter()
            batch = prepare(rollout, config)
            numbers = update(
                model, optimizer, batch, config, step, allowed_V=allowed_V, reference=reference, dtype=dtype
            )
            done = time.perf_counter()
            step, seconds = step + 1, seconds + done - start

            numbers |= describe(rollout, batch)
            taught += int((batch.advantages_B != 0).sum())
            tokens = int(rollout.mask_BT.sum())
            numbers["tokens_per_second"] = tokens / (done - start)
            numbers["sampling_seconds"], numbers["learning_seconds"] = sampled - start, done - sampled
            last = step == config.steps or 0 < config.minutes * 60 <= seconds
            if config.evaluate_every and (step % config.evaluate_every == 0 or last):
                accuracy = score(part=parts["validation"])
                numbers["validation_accuracy"] = accuracy
                display.say(f"step {step}: greedy accuracy for validation {accuracy:.1%}")
            metrics.write(step, numbers)
            _show(display, step, numbers)
            if step % config.save_every == 0 or last:
                progress = {"step": step, "seconds": seconds, "before": before, "taught": taught, **identity}
                weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
                save_checkpoint(config.out, {**progress, **weights})
        after = score(part=parts["test"])
        display.say(f"{measured}: {before:.1%} before, {after:.1%} after")
        if not taught:
            display.say(nothing_learned(config))
    metrics.close()
    envs.close()
    return Learned(before, after)


class Batch(NamedTuple):
    """The answers of one step that can teach something, and what to divide by."""

    prompts: list[tuple[int, ...]]
    """[B] a prompt for each answer."""
    tokens_BT: Tensor
    mask_BT: Tensor
    old_logprobs_BT: Tensor
    advantages_B: Tensor
    counted: int
    """Answers that count, those without advantage included."""


def prepare(rollout: Rollout, config: GRPOConfig) -> Batch:
    """Turns rewards into advantages and leaves out what has no gradient."""
    valid_B = rollout.valid_B & ~rollout.truncated_B if config.mask_truncated else rollout.valid_B
    group = rollout.group_size
    advantages_B = group_advantages(
        rollout.rewards_B.view(-1, group), valid_B.view(-1, group), divide_by_std=config.divide_by_std
    ).flatten()
    # the KL pulls on every answer that counts, so with it none is left out
    chosen_N = (valid_B if config.kl_weight else advantages_B != 0).nonzero().flatten()
    longest = int(rollout.mask_BT[chosen_N].sum(dim=1).max()) if len(chosen_N) else 0
    return Batch(
        [rollout.prompts[int(lane) // group] for lane in chosen_N],
        rollout.tokens_BT[chosen_N, :longest],
        rollout.mask_BT[chosen_N, :longest],
        rollout.logprobs_BT[chosen_N, :longest],
        advantages_B[chosen_N],
        int(valid_B.sum()),
    )


def update(
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    config: GRPOConfig,
    step: int,
    *,
    allowed_V: Tensor,
    reference: PreTrainedModel | None = None,
    dtype: torch.dtype = torch.float32,
) -> dict[str, float]:
    """All passes over one step's answers; moves the weights once per minibatch."""
    normaliser = batch.counted * config.max_tokens / config.minibatches
    norms: list[float] = []
    totals = {"loss": 0.0, "clipped": 0.0, "kl": 0.0}
    gaps: list[Tensor] = []
    tokens = passes = 0
    for epoch in range(config.epochs):
        order = list(range(len(batch.prompts)))
        generator("minibatches", config.seed, step, epoch).shuffle(order)
        for rows in (order[at :: config.minibatches] for at in range(config.minibatches)):
            if not rows:
                continue
            for part in micro_batches(batch, rows, most=min(config.micro_tokens, _LOGITS // len(allowed_V))):
                prompts = [batch.prompts[row] for row in part]
                longest = int(batch.mask_BT[part].sum(dim=1).max())
                mask_BT = batch.mask_BT[part, :longest].to(allowed_V.device)
                tokens_BT = batch.tokens_BT[part, :longest].to(mask_BT.device)
                old_BT = batch.old_logprobs_BT[part, :longest].to(mask_BT.device)
                score = functools.partial(
                    answer_logprobs,
                    prompts=prompts,
                    tokens_BT=tokens_BT,
                    mask_BT=mask_BT,
                    allowed_V=allowed_V,
                    temperature=config.temperature,
                )
                with autocast(allowed_V.device, dtype):
                    logprobs_BT = score(model)
                loss, clipped = policy_loss(
                    logprobs_BT,
                    old_BT,
                    batch.advantages_B[part].to(mask_BT.device),
                    mask_BT,
                    clip_low=config.clip_low,
                    clip_high=config.clip_high,
                    normaliser=normaliser,
                )
                if reference is not None:
                    with torch.no_grad(), autocast(allowed_V.device, dtype):
                        first_BT = score(reference)
                    loss = loss + config.kl_weight * kl_loss(
                        logprobs_BT, old_BT, first_BT, mask_BT, estimator=config.kl_estimator, normaliser=normaliser
                    )
                    totals["kl"] += float(kl_estimate(logprobs_BT.detach(), first_BT, mask_BT) * mask_BT.sum())
                loss.backward()  # type: ignore[no-untyped-call]
                if not norms:  # before the first update the trainer's policy is the sampler's
                    gaps.append((logprobs_BT.detach() - old_BT).abs()[mask_BT])
                totals["loss"] += float(loss.detach())
                totals["clipped"] += float(clipped)
                tokens += int(mask_BT.sum())
            norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)))
            optimizer.step()
            optimizer.zero_grad()
            passes += 1
    gap = torch.cat(gaps) if gaps else torch.zeros(1)
    return {
        "loss": totals["loss"] / max(1, passes),
        "gradient_norm": sum(norms) / max(1, len(norms)),
        "clipped": totals["clipped"] / max(1, tokens),
        "kl": totals["kl"] / max(1, tokens),
        "mismatch": float(gap.mean()),
        "largest_mismatch": float(gap.max()),
    }


def micro_batches(batch: Batch, rows: list[int], *, most: int) -> Iterator[list[int]]:
    """The rows in parts of at most `most` tokens each, padding included; like lengths go together."""
    length = {row: len(batch.prompts[row]) + int(batch.mask_BT[row].sum()) for row in rows}
    part: list[int] = []
    for row in sorted(rows, key=lambda row: (length[row], row)):
        if part and (len(part) + 1) * length[row] > most:
            yield part
            part = []
        part.append(row)
    yield part


def open_envs(config: GRPOConfig, vocabulary: Vocabulary, *, split: str, lanes: int) -> VectorEnv:
    """The environment that the policy acts in, for one split."""
    return make_envs(
        config.env,
        lanes,
        difficulty=list(config.difficulty) or None,
        split=split,
        vocabulary=vocabulary.name,
        max_tokens=config.max_tokens,
        **({"data": config.data} if config.data else {}),
    )


def evaluate(
    model: PreTrainedModel, vocabulary: Vocabulary, config: GRPOConfig, *, part: Part, dtype: torch.dtype
) -> float:
    """Greedy accuracy on the first problems of a part: the same ones each time."""
    indices = part.first(config.evaluate_problems)
    envs = open_envs(config, vocabulary, split=part.split, lanes=min(len(indices), _EVALUATION_LANES))
    correct_PG = answer_problems(
        model, envs, vocabulary, problems=len(indices), max_tokens=config.max_tokens, dtype=dtype, indices=indices
    )
    envs.close()
    return float(correct_PG.float().mean())


def nothing_learned(config: GRPOConfig) -> str:
    """Why no answer has moved the policy."""
    if config.steps == 0:
        return "no steps were asked for: the policy is as it came"
    return (
        "nothing was learned, because in no group did one answer score more than another: take easier problems "
        f"(difficulty), longer answers (max_tokens, now {config.max_tokens}) or larger groups (group_size)"
    )


def describe(rollout: Rollout, batch: Batch) -> dict[str, float]:
    """What to watch of one step's answers."""
    correct_PG = rollout.correct_B.view(len(rollout.prompts), -1)
    valid_B = rollout.valid_B
    length_B = rollout.mask_BT.sum(dim=1).float()
    return {
        "reward": float(rollout.rewards_B[valid_B].mean()) if valid_B.any() else float("nan"),
        "accuracy": float(correct_PG.float().mean()),
        "all_right": float(correct_PG.all(dim=1).float().mean()),
        "mixed": float((correct_PG.any(dim=1) & ~correct_PG.all(dim=1)).float().mean()),
        "none_right": float((~correct_PG.any(dim=1)).float().mean()),
        # the mean of -log p over the policy's own samples is an unbiased estimate of its entropy
        "entropy": float(-rollout.logprobs_BT.sum() / rollout.mask_BT.sum()),
        "length": float(length_B.mean()),
        "truncated": float(rollout.truncated_B.float().mean()),
        "judge_failed": float((~valid_B).float().mean()),
        "answers_used": float(len(batch.prompts)),
    }


def _show(display: Display, step: int, numbers: dict[str, float]) -> None:
    groups = "/".join(f"{numbers[name]:.0%}" for name in ("all_right", "mixed", "none_right"))
    display.update(
        step,
        f"reward {numbers['reward']:.3f}  groups all/mixed/none right {groups}  entropy {numbers['entropy']:.2f}  "
        f"length {numbers['length']:.0f}  truncated {numbers['truncated']:.0%}  "
        f"{numbers['tokens_per_second'] / 1000:.1f}k tokens/s",
    )


def _settings(config: GRPOConfig) -> dict[str, Any]:
    """What must be the same for a run to go on."""
    every = dataclasses.asdict(config)
    return {name: value for name, value in every.items() if name not in ("out", "save_every", "minutes", "fresh")}
