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
import functools
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
from reasonrl.envs.episodes import context_length
from reasonrl.envs.families import get_family
from reasonrl.envs.registry import source_name
from reasonrl.envs.vector import VectorReasonEnv
from reasonrl.envs.vocabulary import get_vocabulary


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
    """Size of the fixed set that some rows draw from; the others get a new problem in every episode."""


class Bare:
    """A numpy vector environment with no logic."""

    def __init__(self, num_envs: int, room: int, *, start: int, copy: bool) -> None:
        self.tokens_BT = np.zeros((num_envs, room), np.int64)
        self.length_B = np.full(num_envs, start, np.int64)
        self.flat = self.tokens_BT.reshape(-1)
        self.row_B = np.arange(num_envs) * room
        self.start, self.room, self.used, self.copy = start, room, start, copy

    def reset(self, *, seed: int) -> None:
        self.length_B[:], self.used = self.start, self.start

    def step(self, actions_B: NDArray[np.int64]) -> tuple[Any, ...]:
        if self.used == self.room:
            self.reset(seed=0)
        self.flat[self.row_B + self.length_B] = actions_B
        self.length_B += 1
        self.used += 1
        tokens, length, lanes = self.tokens_BT, self.length_B[:, None], len(actions_B)
        observation = (
            {"tokens": tokens.copy(), "length": length.copy()} if self.copy else {"tokens": tokens, "length": length}
        )
        return observation, np.zeros(lanes), np.zeros(lanes, np.bool_), np.zeros(lanes, np.bool_), {}


def rate(act: Callable[[], Any], *, seconds: float, runs: int) -> float:
    """How often `act` happens in a second: the best of a few runs."""
    best = 0.0
    for _ in range(runs):
        count, start = 0, time.process_time()
        while (passed := time.process_time() - start) < seconds:
            for _ in range(16):
                act()
            count += 16
        best = max(best, count / passed)
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
    recorded, over_B = [], np.zeros(env.num_envs, np.bool_)
    for _ in range(steps):
        actions_B = np.array([0 if over else next(cursor) for over, cursor in zip(over_B, cursors, strict=True)])
        recorded.append(actions_B)
        _, _, terminated_B, truncated_B, _ = env.step(actions_B)
        for lane in np.flatnonzero(over_B):  # this step began the lane's next episode
            cursors[lane] = script(env.problems[lane])
        over_B = terminated_B | truncated_B
    return recorded


def replay(env: Any, stream: list[NDArray[np.int64]]) -> tuple[float, float]:
    """Tokens said per second in one pass of the stream from the same seed, and the share of them that end an episode.

    The first reset is left out; later ones are in the time, while the steps that they take up say no token.
    """
    env.reset(seed=0)
    ended, start = 0, time.process_time()
    for actions_B in stream:
        _, _, terminated_B, truncated_B, _ = env.step(actions_B)
        ended += int(np.count_nonzero(terminated_B) + np.count_nonzero(truncated_B))
    said = len(stream) * len(stream[0]) - ended
    return said / (time.process_time() - start), ended / said


def vector_rows(config: EnvsConfig) -> Iterator[tuple[str, ...]]:
    """One row for each batch size, way of returning, stream, and source of problems; see `VECTOR_COLUMNS`."""
    for num_envs, copies in itertools.product(config.lanes, (True, False)):
        steps = max(64, config.token_steps // num_envs)
        for stream, problems in (("quiet", None), ("random", None), ("random", config.num_problems),
                                 ("demos", None), ("demos", config.num_problems)):  # fmt: skip
            env = make_native(config, num_envs, copy=copies, num_problems=problems)
            room = context_length(env.mdp)
            bare = Bare(num_envs, room, start=room - config.max_tokens, copy=copies)
            if stream == "quiet":
                actions = [np.full(num_envs, 40)] * (config.max_tokens - 1)
            else:
                actions = random_tokens(num_envs, steps) if stream == "random" else demonstrations(env, steps)
            speed, yardstick, ended = 0.0, 0.0, 0.0
            for _ in range(config.runs):  # in turn, so that a busy machine slows both
                fresh = make_native(config, num_envs, copy=copies) if problems is None else env
                here, ended = replay(fresh, actions)
                speed, yardstick = max(speed, here), max(yardstick, replay(bare, actions)[0])
            yield (
                str(num_envs),
                "copies" if copies else "views",
                stream,
                "-" if stream == "quiet" else "new" if problems is None else f"of {problems}",
                f"{100 * ended:.1f}",
                f"{speed / 1e6:.2f}",
                f"{yardstick / 1e6:.2f}",
                f"{speed / yardstick:.3f}",
            )


def make_native(
    config: EnvsConfig, num_envs: int, *, copy: bool = True, num_problems: int | None = None
) -> VectorReasonEnv:
    return VectorReasonEnv(
        source_name(config.env),
        num_envs=num_envs,
        copy=copy,
        max_tokens=config.max_tokens,
        num_problems=num_problems,
    )


def scalar_rows(config: EnvsConfig) -> Iterator[tuple[str, ...]]:
    """One row for each thing that a single environment does; see `SCALAR_COLUMNS`."""
    measure = functools.partial(rate, seconds=config.seconds, runs=config.runs)
    env = gym.make(config.env, max_tokens=config.max_tokens)
    env.reset(seed=0)
    tokens = itertools.cycle([int(actions_B[0]) for actions_B in random_tokens(1, 4096)])

    def act() -> None:
        _, _, terminated, truncated, _ = env.step(next(tokens))
        if terminated or truncated:
            env.reset()

    yield "gym.make, random tokens", thousands(measure(act)), "token-steps, resets included"
    env.reset(seed=0)
    inner = env.unwrapped
    assert isinstance(inner, ReasonEnv)

    def say() -> None:
        _, _, _, truncated, _ = env.step(40)
        if truncated:
            env.reset(options={"index": 0})

    yield "gym.make, one letter", thousands(measure(say)), "token-steps of 256-token episodes"
    inner.reset(seed=0)
    for token in get_vocabulary("char").encode("12+30=42\n42-"):
        inner.step(token)
    saved = inner.get_state()

    def branch() -> None:
        inner.set_state(saved)
        inner.step(25)

    yield "get_state + set_state", thousands(measure(lambda: inner.set_state(inner.get_state()))), "pairs"
    yield "set_state + step", thousands(measure(branch)), "what a tree search does"
    yield "copy.deepcopy(env.unwrapped)", thousands(measure(lambda: copy.deepcopy(inner))), "copies"
    actions = random_tokens(256, 256)
    sync = gym.make_vec(config.env, num_envs=256, vectorization_mode="sync", max_tokens=config.max_tokens)
    yield "SyncVectorEnv(256), random tokens", thousands(max(replay(sync, actions)[0] for _ in range(2))), "token-steps"
    native = [make_native(config, 256) for _ in range(config.runs)]
    yield "native(256), random tokens", thousands(max(replay(env, actions)[0] for env in native)), "token-steps"


def thousands(value: float) -> str:
    return f"{value / 1e3:.1f}"


SCALAR_COLUMNS = (("one environment", 36), ("k/s", 9), ("counted", 32))
VECTOR_COLUMNS = (("lanes", 6), ("returns", 8), ("stream", 7), ("problems", 9), ("ends %", 7), ("M/s", 7),
                  ("no logic", 9), ("ratio", 6))  # fmt: skip


def table(columns: tuple[tuple[str, int], ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Prints each row as it comes."""
    for row in itertools.chain([[name for name, _ in columns]], rows):
        print("  ".join(text.ljust(width) for text, (_, width) in zip(row, columns, strict=True)).rstrip(), flush=True)
    print()


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, gymnasium {gym.__version__}"
    return f"{platform.system()} {platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.1f}; {versions}"


def main(config: EnvsConfig) -> None:
    print(f"{config.env}, token level, at most {config.max_tokens} tokens\n{machine()}\n")
    table(SCALAR_COLUMNS, scalar_rows(config))
    print("native vector environment, million token-steps per second, beside a numpy environment without logic")
    table(VECTOR_COLUMNS, vector_rows(config))


if __name__ == "__main__":
    import tyro

    main(tyro.cli(EnvsConfig, description=__doc__))
