"""One step of a run: problems, passes, updates, and what it has to tell.

for step in run.steps():
    ...
    for part in step.parts(batch):          passes that fit the memory
        step.watch(part, logprobs_BT)       numbers to write down
        step.backward(loss)
    step.update()
    step.report(...)
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol

import torch
from reasonrl.agents.learning.batch import Batch
from reasonrl.agents.learning.metrics import Report
from reasonrl.agents.learning.optim import set_learning_rate, warmup_stable_decay
from reasonrl.agents.learning.options import OnPolicyConfig, RunConfig
from reasonrl.agents.learning.rollout import Problems
from reasonrl.agents.learning.task import Task
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.envs.generation import INDEX_BITS
from reasonrl.envs.seeding import digest, generator
from torch import Tensor, nn

_LOGITS = 2**27
"""Logits in one pass of the trainer at most: with a large vocabulary they, not the model, fill the memory."""


class Learning(Protocol):
    """What a step needs of its run."""

    policy: LocalPolicy
    config: RunConfig
    task: Task | None
    device: torch.device
    modules: list[nn.Module]
    """All that learns, the policy's model first."""
    optimizer: torch.optim.Optimizer
    number: int
    """Steps that are done."""


class Step:
    """One step of a run. Its learning rate is set, and its clock runs."""

    def __init__(self, run: Learning) -> None:
        config = run.config
        self.run = run
        self.number = run.number
        """0, 1, and so on."""
        factor = warmup_stable_decay(run.number, steps=config.steps, warmup=config.warmup, decay=config.decay)
        self.learning_rate = config.learning_rate * factor
        set_learning_rate(run.optimizer, self.learning_rate)
        self.told: Report | None = None
        self.seconds = 0.0
        self.loss = 0.0
        """Of all passes so far, summed."""
        self._start = time.perf_counter()
        self._open = False
        self._norms: list[float] = []
        self._gaps: list[Tensor] = []
        self._tokens = 0
        self._sums: defaultdict[str, float] = defaultdict(float)

    def rng(self, name: str, *more: object) -> random.Random:
        """A generator of its own for each name: a function of (seed, number, name) alone."""
        return generator(name, self.run.config.seed, self.number, *more)

    def problems(self, count: int) -> Problems:
        """Fresh problems to learn from; every learner with the same seed gets the same ones."""
        if self.run.task is None:
            raise ValueError("a run without a task has no problems: pass task=open_task(policy, config)")
        train, seed = self.run.task.parts["train"], self.run.config.seed
        # "grpo" is the stream's name, for all learners
        indices = [train.at(digest("grpo", seed, self.number, p) % 2**INDEX_BITS) for p in range(count)]
        return Problems(indices, [digest("grpo answers", seed, self.number, p) for p in range(count)])

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """The batch in passes that fit the memory, on the run's device."""
        most = _LOGITS // self.run.policy.vocabulary.size
        if isinstance(self.run.config, OnPolicyConfig):
            most = min(most, self.run.config.micro_tokens)
        return (part.to(self.run.device) for part in batch.parts(most=most))

    def watch(self, part: Batch, logprobs_BT: Tensor, **per_token: Tensor) -> None:
        """Writes down how far trainer and sampler differ, and more numbers by name: means over the step's tokens."""
        self._tokens += int(part.mask_BT.sum())
        for name, value_BT in per_token.items():
            self._sums[name] += float(value_BT.detach().sum())
        if not self._norms:  # before the first update the trainer's policy is the sampler's
            self._gaps.append((logprobs_BT.detach() - part.old_BT).abs()[part.mask_BT])

    def backward(self, loss: Tensor) -> None:
        """Adds the gradient of this part of the update's loss."""
        loss.backward()  # type: ignore[no-untyped-call]
        self.loss += float(loss.detach())
        self._open = True

    def update(self) -> None:
        """Moves the weights by the gradient since the last update; nothing happens where there was none."""
        if not self._open:
            return
        self._open = False
        parameters = [parameter for module in self.run.modules for parameter in module.parameters()]
        self._norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, self.run.config.clip)))
        self.run.optimizer.step()
        self.run.optimizer.zero_grad()

    def report(self, told: Report) -> None:
        """Ends the step: its clock stops."""
        self.seconds = time.perf_counter() - self._start
        self.told = told

    def numbers(self) -> dict[str, float]:
        """What the run itself knows of a reported step."""
        if self.told is None:
            raise ValueError("only a reported step has its numbers: call step.report(...) first")
        found = {"loss": self.loss / max(1, len(self._norms))}
        found["gradient_norm"] = sum(self._norms) / max(1, len(self._norms))
        found |= {name: value / max(1, self._tokens) for name, value in self._sums.items()}
        if self._gaps:
            gap = torch.cat(self._gaps)
            found["mismatch"], found["largest_mismatch"] = float(gap.mean()), float(gap.max())
        found["tokens_per_second"] = self.told.tokens / self.seconds
        if self.told.sampling_seconds is not None:
            found["sampling_seconds"] = self.told.sampling_seconds
            found["learning_seconds"] = self.seconds - self.told.sampling_seconds
        return found
