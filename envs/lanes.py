"""The episodes of a vector environment, side by side: `TokenLanes` in token buffers, `TextLanes` as states.

Dimensions: B lanes, T tokens of context. A lane's buffer row holds prompt, answer and feedback, then padding. What the
buffers hold is not kept twice: a lane's `State` is stored without its tokens and, inside a line, without its count, and
is put together when someone asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reasonrl.envs.episodes import EpisodeStart, context_length
from reasonrl.envs.mdp import MDP, Level, State, Transition
from reasonrl.envs.observation import observe_text

Happened = list[tuple[int, Transition]]
"""Lanes in which more happened than a token inside a line, in order, each with its transition."""

_NOBODY: NDArray[np.intp] = np.empty(0, np.intp)


class TokenLanes:
    """Lanes at the token and choice levels."""

    def __init__(self, mdp: MDP, num_envs: int, *, copy: bool) -> None:
        self.mdp = mdp
        self.copy = copy
        room = context_length(mdp)
        self.tokens_BT = np.full((num_envs, room), mdp.vocabulary.pad, np.int64)
        self.length_B = np.zeros(num_envs, np.int64)
        """Tokens in each row."""
        self.base_B = np.zeros(num_envs, np.int64)
        """`length_B - base_B` is the count of tokens used."""
        self.line_start_B = np.zeros(num_envs, np.int64)
        """Column where the unfinished line begins."""
        self.episodes: list[EpisodeStart] = []
        self._states: list[State] = []
        self._flat = self.tokens_BT.reshape(-1)
        self._row_B = np.arange(num_envs) * room
        self._ends_V = mdp.vocabulary.breaks.copy()
        self._ends_V[mdp.vocabulary.eos] = True
        self._act: Callable[[NDArray[np.int64], NDArray[np.intp]], Happened]
        self._act = self._say if mdp.level is Level.TOKEN else self._choose
        self._size = mdp.vocabulary.size if mdp.level is Level.TOKEN else mdp.source.max_choices
        self._views = {"tokens": self.tokens_BT.view(), "length": self.length_B[:, None]}
        for view in self._views.values():
            view.setflags(write=False)

    def start(self, lanes: Sequence[int], episodes: Sequence[EpisodeStart]) -> None:
        """Begins an episode in each of these lanes (all lanes, the first time)."""
        if not self.episodes:
            self.episodes, self._states = list(episodes), [episode.state for episode in episodes]
        self.tokens_BT[lanes] = self.mdp.vocabulary.pad
        for lane, episode in zip(lanes, episodes, strict=True):
            self.episodes[lane], self._states[lane] = episode, episode.state
            self.tokens_BT[lane, : len(episode.prompt)] = episode.prompt
        lengths = [len(episode.prompt) for episode in episodes]
        self.length_B[lanes] = lengths
        self.base_B[lanes] = lengths
        self.line_start_B[lanes] = lengths

    def act(self, actions: Any, skip: NDArray[np.intp] = _NOBODY) -> Happened:
        """One action in each lane but those to `skip`, whose episodes are over and start anew right after this."""
        actions_B = np.asarray(actions)
        if actions_B.shape != self.length_B.shape or actions_B.dtype.kind not in "iu":
            raise ValueError(
                f"actions are {len(self.length_B)} whole numbers, got shape {actions_B.shape} of {actions_B.dtype}"
            )
        actions_B = actions_B.astype(np.int64, copy=False)
        if (
            actions_B.view(np.uint64).max() >= self._size
        ):  # as unsigned numbers, negative ones are large: one test for both
            wrong = actions_B[(actions_B < 0) | (actions_B >= self._size)][0]
            raise ValueError(f"an action is a number from 0 to {self._size - 1}, got {wrong}")
        return self._act(actions_B, skip)

    def _say(self, actions_B: NDArray[np.int64], skip: NDArray[np.intp]) -> Happened:
        ends_B = self._ends_V[actions_B]
        if skip.size:
            self.length_B[skip] = 0  # a full row has no room left, and these rows are about to be written anew
        self._flat[self._row_B + self.length_B] = actions_B
        self.length_B += 1
        busy_B = ends_B | (self.length_B - self.base_B >= self.mdp.max_tokens)
        if skip.size:
            busy_B[skip] = False
        lanes = np.flatnonzero(busy_B)
        if not lanes.size:
            return []
        starts, stops = self.line_start_B[lanes].tolist(), self.length_B[lanes].tolist()
        counts, ends = (self.length_B - self.base_B)[lanes].tolist(), ends_B[lanes].tolist()
        happened: Happened = []
        for lane, start, stop, count, end in zip(lanes.tolist(), starts, stops, counts, ends, strict=True):
            state = self._states[lane]
            if end:
                line = self.tokens_BT[lane, start:stop].tolist()
                before = state.with_tokens(b"", line_start=0, count=count - 1)
                transition = self.mdp.end_line(before, line, self.episodes[lane].judge)
                self._keep(lane, transition.state)
            else:
                transition = self.mdp.run_out(state.with_tokens(b"", line_start=0, count=count))
                self._states[lane] = transition.state
            happened.append((lane, transition))
        return happened

    def _choose(self, actions_B: NDArray[np.int64], skip: NDArray[np.intp]) -> Happened:
        skipped = set(skip.tolist())
        happened: Happened = []
        for lane, action in enumerate(actions_B.tolist()):
            if lane not in skipped:
                transition = self.mdp.step(self._states[lane], action, self.episodes[lane].judge)
                self._keep(lane, transition.state)
                happened.append((lane, transition))
        return happened

    def _keep(self, lane: int, after: State) -> None:
        """Moves the tokens that a transition added (a chosen line, feedback) into the buffer; the next line begins."""
        start = stop = int(self.length_B[lane])
        begins_inside = after.line_start < 0  # the last token is also the first of the next line
        if after.tokens:
            stop += len(after.tokens) // 4
            self.tokens_BT[lane, start:stop] = np.frombuffer(after.tokens, "<i4")
            self.length_B[lane] = stop
        if after.tokens or begins_inside:
            after = after.with_tokens(b"", line_start=0, count=after.count)
        self._states[lane] = after
        self.base_B[lane] = stop - after.count
        self.line_start_B[lane] = stop - begins_inside

    def get(self, lane: int) -> State:
        prompt, length = len(self.episodes[lane].prompt), int(self.length_B[lane])
        packed = self.tokens_BT[lane, prompt:length].astype("<i4").tobytes()
        line_start = 4 * (int(self.line_start_B[lane]) - prompt)
        count = length - int(self.base_B[lane])
        return self._states[lane].with_tokens(packed, line_start=line_start, count=count)

    def set(self, lane: int, state: State) -> None:
        prompt = self.episodes[lane].prompt
        start, length = len(prompt), len(prompt) + len(state.tokens) // 4
        row = self.tokens_BT[lane]
        row[:start], row[start:length], row[length:] = (
            prompt,
            np.frombuffer(state.tokens, "<i4"),
            self.mdp.vocabulary.pad,
        )
        self.length_B[lane] = length
        self.base_B[lane] = length - state.count
        self.line_start_B[lane] = start + state.line_start // 4
        self._states[lane] = state.with_tokens(b"", line_start=0, count=state.count)

    def counts(self) -> NDArray[np.int64]:
        """[B] tokens used in the episode."""
        return self.length_B - self.base_B

    def observe(self) -> dict[str, NDArray[np.int64]]:
        """Copies, or read-only views that the next step changes."""
        if not self.copy:
            return dict(self._views)
        return {"tokens": self.tokens_BT.copy(), "length": self.length_B[:, None].copy()}

    def observe_one(self, lane: int) -> dict[str, NDArray[np.int64]]:
        return {"tokens": self.tokens_BT[lane].copy(), "length": self.length_B[lane : lane + 1].copy()}


class TextLanes:
    """Lanes at the step and solution levels."""

    def __init__(self, mdp: MDP, num_envs: int) -> None:
        self.mdp = mdp
        self.num_envs = num_envs
        self.episodes: list[EpisodeStart] = []
        self._states: list[State] = []
        self._texts: list[str] = []

    def start(self, lanes: Sequence[int], episodes: Sequence[EpisodeStart]) -> None:
        if not self.episodes:
            self.episodes, self._states, self._texts = (
                list(episodes),
                [episode.state for episode in episodes],
                [""] * len(episodes),
            )
        for lane, episode in zip(lanes, episodes, strict=True):
            self.episodes[lane] = episode
            self.set(lane, episode.state)

    def act(self, actions: Sequence[str], skip: NDArray[np.intp] = _NOBODY) -> Happened:
        if isinstance(actions, str) or not isinstance(actions, Sized) or len(actions) != self.num_envs:
            raise ValueError(f"actions are {self.num_envs} texts, got {actions!r:.80}")
        skipped = set(skip.tolist())
        happened: Happened = []
        for lane, action in enumerate(actions):
            if lane not in skipped:
                transition = self.mdp.step(self._states[lane], action, self.episodes[lane].judge)
                self.set(lane, transition.state)
                happened.append((lane, transition))
        return happened

    def get(self, lane: int) -> State:
        return self._states[lane]

    def set(self, lane: int, state: State) -> None:
        self._states[lane] = state
        self._texts[lane] = observe_text(self.mdp, state)

    def counts(self) -> NDArray[np.int64]:
        return np.array([state.count for state in self._states])

    def observe(self) -> tuple[str, ...]:
        return tuple(self._texts)

    def observe_one(self, lane: int) -> str:
        return self._texts[lane]
