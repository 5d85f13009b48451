"""How fast the environments step: `python benchmarks/throughput/envs.py`.

Each figure is the best of a few short runs, in seconds of the processor (everything here runs in one thread), so that
neighbours on the machine disturb it less. The yardstick of the vector environment is a numpy environment without any
logic (`Bare`): the same buffers, one token written and one length bumped in each lane, the same shapes returned; no
problem, no end, no judge. The streams of actions are

    random   uniform over the legal tokens: a line or an episode ends in 2 lanes of 100 at every step
    demos    the demonstrations of each lane's own problems, so that every episode is solved: about 1 lane in 25 ends an
             episode at every step, is judged, and gets a new problem
    quiet    one letter again and again, for as long as no lane ends: what the common step costs by itself
"""

from __future__ import annotations

import copy
import itertools
import os
import platform
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from reasonrl.envs.core import Problem
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.families import get_family
from reasonrl.envs.vector import VectorReasonEnv
from reasonrl.envs.vocabulary import get_vocabulary

import reasonrl  # noqa: F401 (registers the ids)


@dataclass(frozen=True)
class EnvsConfig:
    """Measures token-level environment steps per second, and state save-and-restore, beside simple yardsticks."""

    env: str = "reasonrl/ChainSum-v0"
    """Environment id; the demonstrations are its family's."""
    lanes: tuple[int, ...] = (256, 1024, 4096)
    """Batch sizes of the vector environment."""
    seconds: float = 0.4
    """Length of one run."""
    runs: int = 3
    """Runs of each measurement; the best counts."""
    max_tokens: int = 256
    """Tokens of an answer at most."""
    token_steps: int = 400_000
    """Token-steps of one run of the vector environment."""
    num_problems: int = 1000
    """Size of the set that the rows "fixed set" draw from; the others draw from all problems of the split."""


class Bare:
    """A numpy vector environment with no logic."""

    def __init__(self, num_envs: int, room: int, *, start: int, copy: bool) -> None:
        self.tokens_BT = np.zeros((num_envs, room), np.int64)
        self.length_B = np.full(num_envs, start, np.int64)
        self.flat = self.tokens_BT.reshape(-1)
        self.row_B = np.arange(num_envs) * room
        self.start, self.room, self.used, self.copy = start, room, start, copy
        self.info: dict[str, Any] = {}

    def reset(self, *, seed: int) -> None:
        self.length_B[:], self.used = self.start, self.start

    def step(self, actions_B: NDArray[np.int64]) -> tuple[Any, ...]:
        self.flat[self.row_B + self.length_B] = actions_B
        self.length_B += 1
        self.used += 1
        if self.used == self.room:
            self.length_B[:], self.used = self.start, self.start
        tokens, length = self.tokens_BT, self.length_B[:, None]
        observation = (
            {"tokens": tokens.copy(), "length": length.copy()} if self.copy else {"tokens": tokens, "length": length}
        )
        num_envs = len(actions_B)
        return observation, np.zeros(num_envs), np.zeros(num_envs, bool), np.zeros(num_envs, bool), self.info


def rate(act: Callable[[], Any], *, seconds: float, runs: int, each: int = 1) -> float:
    """How often `act` happens in a second, times what one call does: the best of a few runs."""
    best = 0.0
    for _ in range(runs):
        count, start = 0, time.process_time()
        while (passed := time.process_time() - start) < seconds:
            for _ in range(16):
                act()
            count += 16
        best = max(best, count * each / passed)
    return best


def random_tokens(num_envs: int, steps: int) -> list[NDArray[np.int64]]:
    """[B] uniform legal tokens for each step."""
    legal = np.flatnonzero(get_vocabulary("char").allowed)
    return list(np.random.default_rng(0).choice(legal, (steps, num_envs)))


def demonstrations(env: VectorReasonEnv, steps: int) -> list[NDArray[np.int64]]:
    """[B] for each step after `reset(seed=0)`: every lane says the demonstration of its problem, then of its next one.

    Replaying what is recorded here costs the environment's time only.
    """
    vocabulary = get_vocabulary("char")

    def script(problem: Problem) -> Iterator[int]:
        trace = get_family(problem.view.family).demonstrate(problem, random.Random(0), frozenset())
        return iter([*vocabulary.encode(trace.text), vocabulary.eos])

    env.reset(seed=0)
    cursors = [script(problem) for problem in env.problems]
    recorded = []
    for _ in range(steps):
        actions_B = np.array([next(cursor) for cursor in cursors])
        recorded.append(actions_B)
        _, _, terminated_B, truncated_B, _ = env.step(actions_B)
        for lane in np.flatnonzero(terminated_B | truncated_B):
            cursors[lane] = script(env.problems[lane])
    return recorded


def replay(make: Callable[[], Any], stream: list[NDArray[np.int64]], *, runs: int) -> tuple[float, int]:
    """Token-steps per second over one pass of the stream from the same seed (the reset left out), and episodes ended."""
    best, ended = 0.0, 0
    for _ in range(runs):
        env = make()
        env.reset(seed=0)
        ended, start = 0, time.process_time()
        for actions_B in stream:
            _, _, terminated_B, truncated_B, _ = env.step(actions_B)
            ended += np.count_nonzero(terminated_B) + np.count_nonzero(truncated_B)
        best = max(best, len(stream) * len(stream[0]) / (time.process_time() - start))
    return best, ended


def vector_rows(config: EnvsConfig) -> Iterator[tuple[str, ...]]:
    """Table rows: lanes, returns, stream, problems, million steps per second, the same without logic, ratio."""
    for num_envs in config.lanes:
        steps = max(64, config.token_steps // num_envs)
        for copies in (True, False):

            def make(problems: int | None = None, copies: bool = copies, num_envs: int = num_envs) -> VectorReasonEnv:
                options = {"max_tokens": config.max_tokens, "num_problems": problems, "autoreset_mode": "SameStep"}
                env = gym.make_vec(config.env, num_envs=num_envs, copy=copies, **options)
                assert isinstance(env, VectorReasonEnv)
                return env

            env = make()
            room = env.single_observation_space["tokens"].shape[0]
            bare = Bare(num_envs, room, start=room - config.max_tokens, copy=copies)
            tokens = random_tokens(num_envs, steps)
            yardstick, _ = replay(lambda bare=bare: bare, tokens, runs=config.runs)
            fixed = make(config.num_problems)
            runs: list[tuple[str, str, Callable[[], Any], list[NDArray[np.int64]]]] = [
                ("quiet", "-", make, [np.full(num_envs, 40)] * (config.max_tokens - 1)),
                ("random", "all", make, tokens),
                ("random", "fixed set", lambda fixed=fixed: fixed, tokens),
                ("demos", "all", make, demonstrations(env, steps)),
                ("demos", "fixed set", lambda fixed=fixed: fixed, demonstrations(fixed, steps)),
            ]
            for stream, problems, maker, actions in runs:
                speed, ended = replay(maker, actions, runs=config.runs)
                yield (
                    str(num_envs),
                    "copies" if copies else "views",
                    stream,
                    problems,
                    f"{100 * ended / (len(actions) * num_envs):.1f}",
                    f"{speed / 1e6:.2f}",
                    f"{yardstick / 1e6:.2f}",
                    f"{speed / yardstick:.2f}",
                )


def scalar_rows(config: EnvsConfig) -> Iterator[tuple[str, str, str]]:
    """Table rows: what, thousand events per second, note."""
    timing = {"seconds": config.seconds, "runs": config.runs}
    env = gym.make(config.env, max_tokens=config.max_tokens)
    env.reset(seed=0)
    legal = [actions[0] for actions in random_tokens(1, 4096)]
    stream = iter(())

    def act() -> None:
        nonlocal stream
        token = next(stream, None)
        if token is None:
            stream = iter(legal)
            token = next(stream)
        _, _, terminated, truncated, _ = env.step(token)
        if terminated or truncated:
            env.reset()

    yield "scalar, gym.make, random tokens", f"{rate(act, **timing) / 1e3:.0f}", "token-steps, resets included"
    inner = env.unwrapped
    assert isinstance(inner, ReasonEnv)
    inner.reset(seed=0)
    for token in get_vocabulary("char").encode("12+30=42\n42-"):
        inner.step(token)
    yield "get_state + set_state", f"{rate(lambda: inner.set_state(inner.get_state()), **timing) / 1e3:.0f}", "pairs"
    saved = inner.get_state()

    def branch() -> None:
        inner.set_state(saved)
        inner.step(25)

    yield "set_state + step", f"{rate(branch, **timing) / 1e3:.0f}", "what a tree search does"
    yield "copy.deepcopy(env)", f"{rate(lambda: copy.deepcopy(inner), **timing) / 1e3:.1f}", "copies, without wrappers"
    lanes = 256
    sync = gym.make_vec(config.env, num_envs=lanes, vectorization_mode="sync", max_tokens=config.max_tokens)
    speed, _ = replay(lambda: sync, random_tokens(lanes, 256), runs=config.runs)
    yield f"SyncVectorEnv({lanes}), random tokens", f"{speed / 1e3:.0f}", "token-steps"
    native = gym.make_vec(config.env, num_envs=lanes, max_tokens=config.max_tokens)
    speed, _ = replay(lambda: native, random_tokens(lanes, 1024), runs=config.runs)
    yield f"native vector env({lanes}), random tokens", f"{speed / 1e3:.0f}", "token-steps"


def table(headers: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Prints each row as it comes."""
    widths = [max(len(header), 9) for header in headers]
    widths[0] = max(widths[0], 42 if len(headers) == 3 else 0)
    for row in itertools.chain([headers], rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)), flush=True)
    print()


def main(config: EnvsConfig) -> None:
    print(f"{config.env}, token level, {config.max_tokens} tokens. {machine()}\n")
    table(("scalar", "k/s", "counted"), scalar_rows(config))
    print("vector environment beside a numpy environment without logic; million token-steps per second")
    headers = ("lanes", "returns", "stream", "problems", "ends %", "here", "no logic", "ratio")
    table(headers, vector_rows(config))


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.machine()} {platform.system()}, {cores} cores, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, numpy {np.__version__}, gymnasium {gym.__version__}"
    )


if __name__ == "__main__":
    import tyro

    main(tyro.cli(EnvsConfig, description=__doc__))
