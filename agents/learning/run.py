"""A run of learning: all that surrounds a step, so that a learner's file holds its steps and nothing else.

    run = Run(policy, config, title="learning by GRPO", task=open_task(policy, config))
    for step in run.steps():
        ...             step.problems, step.parts, step.watch, step.backward, step.update
        step.report(...)

`run.steps()` resumes, sets the learning rate, times, evaluates, writes metrics, shows how it goes, and saves. A step is
a pure function of (weights, optimizer, seed, number): a run that was killed goes on as it would have gone. Line 0 of
the metrics is how the policy came. What makes a folder's run this run: `agents.learning.identity`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import torch
from gymnasium.vector import VectorEnv
from reasonrl.agents.learning.checkpoint import (
    POLICY,
    get_trainable,
    load_checkpoint,
    save_checkpoint,
    save_policy,
)
from reasonrl.agents.learning.identity import check_same, code_of, empty, standing
from reasonrl.agents.learning.metrics import Display, Metrics, watch
from reasonrl.agents.learning.optim import (
    make_optimizer,
    parameter_groups,
    pick_device,
    pick_dtype,
)
from reasonrl.agents.learning.options import OnPolicyConfig, RunConfig, settings
from reasonrl.agents.learning.step import Step
from reasonrl.agents.learning.task import Task
from reasonrl.agents.policies.local import LocalPolicy
from reasonrl.agents.policies.threads import use_idle_cores
from reasonrl.envs.registry import open_source
from torch import nn

C = TypeVar("C", bound=OnPolicyConfig)


class Learned(NamedTuple):
    """Greedy accuracy on the test part of the problems, of the policy as it came and as it left."""

    before: float
    after: float


class Run:
    """One run in one folder: a policy that learns, its optimizer, and how far it has come."""

    def __init__(
        self,
        policy: LocalPolicy,
        config: RunConfig,
        *,
        title: str,
        task: Task | None = None,
        code: Iterable[str] = (),
    ) -> None:
        """
        Args:
            policy: learns in place, with weights in float32 and products in `config.precision`. The weights of a
                checkpoint are loaded when `steps` begins.
            config: settings; `config.out` is the run's folder.
            title: of the line of progress: "learning by GRPO".
            task: problems that it learns from and is measured on, for learners that act.
            code: modules besides the config's own whose change makes it another run.

        Raises:
            ValueError: the folder holds another run; says what differs.
        """
        self.policy, self.config, self.title, self.task = policy, config, title, task
        self.device = pick_device(config.device)
        nn.Module.to(policy.model, self.device, torch.float32)
        nn.Module.eval(policy.model)  # dropout off: the sampler and the trainer must see one and the same distribution
        policy.dtype = pick_dtype(config.precision, self.device)
        self.modules: list[nn.Module] = [policy.model]
        self.optimizer: torch.optim.Optimizer = make_optimizer(
            policy.model, learning_rate=config.learning_rate, weight_decay=config.weight_decay
        )
        self.number, self.seconds, self.taught = 0, 0.0, 0
        self.before = self.after = float("nan")
        self._envs: list[VectorEnv] = []
        self.identity = {
            "config": settings(config),
            "code": code_of(_module_of(type(config)), *code, *(task.modules if task else ())),
            "data": task.data if task else "",
        }
        if config.fresh:
            empty(config.out)
        self._state = load_checkpoint(config.out, device=str(self.device))
        self.resumed = self._state is not None
        if self._state is not None:
            check_same(self._state, self.identity, folder=config.out)
            self.number, self.seconds, self.taught = (self._state[name] for name in ("step", "seconds", "taught"))
            self.before = self._state["before"]

    def add(self, module: nn.Module) -> None:
        """A module that learns beside the policy, as a critic does: optimized, clipped, saved and resumed with it."""
        nn.Module.to(module, self.device, torch.float32)
        self.modules.append(module)
        for group in parameter_groups(module, weight_decay=self.config.weight_decay):
            self.optimizer.add_param_group(group)

    def open_envs(self, *, lanes: int) -> VectorEnv:
        """The environment to learn in; it is closed when the run is over."""
        if self.task is None:
            raise ValueError("a run without a task has no environment: pass task=open_task(policy, config)")
        self._envs.append(self.task.open(self.task.parts["train"], lanes=lanes))
        return self._envs[-1]

    @property
    def learned(self) -> Learned:
        """How the policy came and left; numbers when `steps` is over."""
        return Learned(self.before, self.after)

    @property
    def over(self) -> bool:
        """Whether all steps are done, or the time is up."""
        return self.number >= self.config.steps or 0 < self.config.minutes * 60 <= self.seconds

    def steps(self) -> Iterator[Step]:
        """The steps that are left, each to be filled and reported by the learner."""
        if self._state is not None:
            for module, weights in zip(self.modules, self._state["modules"], strict=True):
                module.load_state_dict(weights)
            self.optimizer.load_state_dict(self._state["optimizer"])
            self._state = None  # it is as large as all that it was loaded into
        metrics = Metrics(self.config.out, after=self.number)
        try:
            with watch(self.title, total=self.config.steps, done=self.number) as display:
                self._begin(metrics, display)
                while not self.over:
                    step = Step(self)
                    yield step
                    self._write(step, metrics, display)
                self._end(display)
        finally:
            metrics.close()
            for envs in self._envs:
                envs.close()

    def _begin(self, metrics: Metrics, display: Display) -> None:
        """Says what was found, or measures the policy as it came."""
        if self.resumed:
            display.say(standing(self.config.out, step=self.number, of=self.config.steps, over=self.over))
        elif self.task is not None:
            if self.task.about:
                display.say(self.task.about)
            self.before = self.task.accuracy("test")
            display.say(f"{self._measured} before learning: {self.before:.1%}")
            first = {"test_accuracy": self.before}
            if self.task.config.evaluate_every:
                first["validation_accuracy"] = self.task.accuracy("validation")
            metrics.write(0, first)

    def _write(self, step: Step, metrics: Metrics, display: Display) -> None:
        """Counts the step, and writes, shows and saves what it has done."""
        if step.told is None:
            raise ValueError("a step ended without a report: call step.report(...) at the end of each step")
        self.number, self.seconds = self.number + 1, self.seconds + step.seconds
        self.taught += step.told.taught
        numbers = {**step.told.numbers, **step.numbers()}
        every = self.task.config.evaluate_every if self.task is not None else 0
        if self.task is not None and every and (self.number % every == 0 or self.over):
            numbers["validation_accuracy"] = self.task.accuracy("validation")
            display.say(f"step {self.number}: greedy accuracy for validation {numbers['validation_accuracy']:.1%}")
        metrics.write(self.number, numbers)
        display.update(self.number, f"{step.told.shown}  {numbers['tokens_per_second'] / 1000:.1f}k tokens/s")
        if self.number % self.config.save_every == 0 or self.over:
            weights = {"modules": [module.state_dict() for module in self.modules]}
            progress = {"step": self.number, "seconds": self.seconds, "before": self.before, "taught": self.taught}
            save_checkpoint(
                self.config.out, {**self.identity, **progress, **weights, "optimizer": self.optimizer.state_dict()}
            )

    def _end(self, display: Display) -> None:
        """Measures the policy as it leaves."""
        self.policy.sync()
        if self.task is None:
            return
        self.after = self.task.accuracy("test")
        display.say(f"{self._measured}: {self.before:.1%} before, {self.after:.1%} after")
        if not self.taught:
            display.say(self.task.nothing_learned())

    @property
    def _measured(self) -> str:
        if self.task is None:
            return ""
        return f"greedy accuracy on {len(self.task.measured('test'))} {self.task.parts['test'].called}"


def train(config: C, learn: Callable[[LocalPolicy, C], object]) -> None:
    """The command of a learner: opens the policy, lets it learn, and leaves it in `out/policy`."""
    if few := use_idle_cores():
        print(few)
    open_source(config.env, data=config.data)  # a mistyped id is told of before a model is opened
    policy = get_trainable(config.policy, device=pick_device(config.device))
    learn(policy, config)
    save_policy(config.out / POLICY, policy)
    print(f"the policy is in {config.out / POLICY}")


def _module_of(config: type) -> str:
    """The learner's own module, or the file that it is in."""
    name = config.__module__
    file = getattr(sys.modules[name], "__file__", None)
    return name if name.startswith("reasonrl.") or file is None else str(file)
