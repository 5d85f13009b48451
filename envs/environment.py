"""The Gymnasium environment: a thin shell around one `State`.

    level      action                          observation
    token      Discrete(V)                     Dict(tokens: Box[T] int64, length: Box[1] int64)    padded with `pad`
    step       text (one line of reasoning)    text (prompt and everything said so far)
    solution   text (a whole answer)           text (the prompt)
    choice     Discrete(K), masked             as token

Reward   the verifier's score when the answer is finished, else 0; with reward="potential" also gamma * Phi(s') - Phi(s)
Ends     terminated by an answer line or the end token; truncated at `max_tokens` or `max_steps`, with outcome 0
Info     always the same keys: outcome, shaping, status, stop_reason, reason (of the status, or of a masked choice),
         tokens, steps, text (what was said, at the end), and action_mask (int8) where actions are discrete
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, Rules, View
from reasonrl.envs.episodes import Episodes, EpisodeStart, context_length, whole_index
from reasonrl.envs.generation import check_split
from reasonrl.envs.mdp import Level, Potential, State, last_token
from reasonrl.envs.observation import (
    Observation,
    action_mask,
    at_rest,
    longest_episode,
    make_info,
    make_spaces,
    observe_text,
)
from reasonrl.envs.options import make_mdp
from reasonrl.envs.registry import open_source
from reasonrl.envs.render import RENDER_MODES, Printer, render_picture, render_text
from reasonrl.envs.vocabulary import Vocabulary


class ReasonEnv(gym.Env[Any, Any]):
    """One problem at a time, at one of four levels. Made by `gym.make`; the module's docstring is its contract."""

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 4}  # noqa: RUF012 (Gymnasium's own convention)

    def __init__(
        self,
        source: str,
        *,
        level: str = "token",
        family: str | None = None,
        difficulty: int | Sequence[int] | None = None,
        split: str = "train",
        num_problems: int | None = None,
        reward: str = "outcome",
        gamma: float = 1.0,
        attempts: int = 1,
        vocabulary: str = "char",
        max_tokens: int = 256,
        max_steps: int = 32,
        potential: Potential | str | None = None,
        data: str | None = None,
        illegal: str = "noop",
        instructions: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Makes an environment; `gym.make` passes these on.

        Args:
            source: a domain, a family or a data set; the environment id decides it.
            level: token, step, solution or choice.
            family: with a domain, the one family to draw from.
            difficulty: a level, or several to mix; the family's own default when left out.
            split: train, validation or test.
            num_problems: episodes draw from the first so many problems of the split; from all when left out.
            reward: "outcome", or "potential" for shaping by the family's potential.
            gamma: discount of the shaping; must be the agent's own.
            attempts: answers allowed before the episode ends.
            vocabulary: "char", or "hf:" and a tokenizer's folder or hub name.
            max_tokens: tokens of all attempts together.
            max_steps: lines, or actions where they are larger.
            potential: Phi(view, lines) in place of the family's own, or "package.module:name" of one.
            data: the file of a data set, or its hub repository.
            illegal: what a masked choice does, at the choice level: "noop" says nothing and uses up a step, "end" ends
                the episode with outcome 0, "error" raises ValueError.
            instructions: whether text observations tell how to write an answer, below the prompt.
            render_mode: "ansi", "rgb_array", "human" or None (see `envs.render`).
        """
        check_split(split)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"unknown render mode {render_mode!r}: choose one of {', '.join(RENDER_MODES)}, or none")
        self.source = open_source(source, family=family, data=data)
        self.mdp = make_mdp(
            self.source,
            level=level,
            reward=reward,
            gamma=gamma,
            attempts=attempts,
            vocabulary=vocabulary,
            max_tokens=max_tokens,
            max_steps=max_steps,
            potential=potential,
            illegal=illegal,
            instructions=instructions,
        )
        self.episodes = Episodes(self.mdp, split=split, difficulty=difficulty, num_problems=num_problems)
        self.render_mode = render_mode
        self._printer = Printer()
        self.action_space, self.observation_space = make_spaces(self.mdp)
        self._discrete = self.mdp.level in (Level.TOKEN, Level.CHOICE)
        self._episode: EpisodeStart | None = None
        self._state: State | None = None
        self._tokens = np.zeros(context_length(self.mdp) if self._discrete else 0, np.int64)
        self._drawn = b""
        """The packed tokens that `_tokens` shows after the prompt."""

    @property
    def problem(self) -> Problem | None:
        """The problem being played, with its reference: not for the solver's eyes."""
        return None if self._episode is None else self._episode.problem

    @property
    def view(self) -> View | None:
        """What a solver may see of the problem being played."""
        return None if self._episode is None else self._episode.problem.view

    @property
    def rules(self) -> Rules | None:
        """What knows how answers to the problem being played are written, and what can be checked of them."""
        return None if self._episode is None else self._episode.rules

    @property
    def instructions(self) -> str:
        """How to write an answer to the problem being played; "" before the first reset."""
        return "" if self._episode is None else self._episode.rules.instructions

    @property
    def vocabulary(self) -> Vocabulary:
        """What tokens are: `vocabulary.decode(ids)`, `vocabulary.encode(text)`."""
        return self.mdp.vocabulary

    @property
    def spec(self) -> EnvSpec | None:
        """How `gym.make` made this. Its `max_episode_steps` is one more than the longest episode: no limit binds."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec
        if spec is not None:
            self._spec = copy.copy(spec)
            self._spec.max_episode_steps = longest_episode(self.mdp) + 1

    def menu(self) -> tuple[str, ...]:
        """The lines that may come next, some of them bad ideas, as at the choice level; empty when there is no menu."""
        state = self.get_state()
        return () if state.done or Level.CHOICE not in self.source.levels else tuple(self.mdp.menu(state))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: seeds the choice of problems.
            options: `{"index": int}` or `{"problem": Problem}` names the problem: several resets give one group.
        """
        super().reset(seed=seed)
        options = options or {}
        check_options(options, {"index", "problem"})
        if options.get("problem") is not None:
            episode = self.episodes.of(options["problem"])
        elif options.get("index") is not None:
            episode = self.episodes.by_index(whole_index(options["index"]))
        else:
            episode = self.episodes.draw(self.np_random)
        self._episode, self._state = episode, episode.state
        if self._discrete:
            self._tokens.fill(self.mdp.vocabulary.pad)
            self._tokens[: len(episode.prompt)] = episode.prompt
            self._drawn = b""
        self._print()
        info = make_info(at_rest(episode.state))
        if self._discrete:
            info["action_mask"] = action_mask(self.mdp, episode.state)
        return self._observe(episode.state), info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        if self._state is None or self._episode is None:
            raise RuntimeError("call reset() before step()")
        transition = self.mdp.step(self._state, action, self._episode.judge)
        self._state = after = transition.state
        if self.render_mode is not None:
            self._print()
        info = make_info(transition)
        if self._discrete:
            info["action_mask"] = action_mask(self.mdp, after)
        return self._observe(after), transition.reward, transition.terminated, transition.truncated, info

    def get_state(self) -> State:
        """The whole episode as one frozen value; keep as many as you like."""
        if self._state is None:
            raise RuntimeError("call reset() before get_state()")
        return self._state

    def set_state(self, state: State) -> None:
        """Goes back (or forward) to a state of the current problem."""
        check_state(state, self._episode)
        self._state = state

    def action_masks(self) -> NDArray[np.bool_]:
        """[K] or [V] True where an action is legal (the convention of sb3-contrib's MaskablePPO)."""
        if not self._discrete:
            raise AttributeError(f"actions at the {self.mdp.level.value} level are text: there is no mask")
        return action_mask(self.mdp, self.get_state()).astype(bool)

    def render(self) -> str | NDArray[np.uint8] | None:
        """Text ("ansi"), a picture [528, 800, 3] uint8 ("rgb_array"), or None: "human" prints as the episode goes."""
        self._print()
        if self._episode is None or self._state is None:
            return None
        if self.render_mode == "ansi":
            return render_text(self.mdp, self._episode, self._state)
        return render_picture(self.mdp, self._episode, self._state) if self.render_mode == "rgb_array" else None

    def _print(self) -> None:
        if self.render_mode == "human" and self._episode is not None and self._state is not None:
            self._printer.show(self.mdp, self._episode, self._state)

    def _observe(self, state: State) -> Observation:
        if not self._discrete:
            return observe_text(self.mdp, state)
        start, packed, shown = len(self._episode.prompt), state.tokens, self._drawn  # type: ignore[union-attr]
        length = start + len(packed) // 4
        if packed is not shown:
            if len(packed) == len(shown) + 4 and packed.startswith(
                shown
            ):  # one token more, the common case, is one write
                self._tokens[length - 1] = last_token(packed)
            else:
                self._tokens[start:] = self.mdp.vocabulary.pad
                self._tokens[start:length] = np.frombuffer(packed, "<i4")
            self._drawn = packed
        return {"tokens": self._tokens.copy(), "length": np.array((length,))}


def check_options(options: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"unknown reset option {unknown[0]!r}: there are {', '.join(sorted(known))}")


def check_state(state: State, episode: EpisodeStart | None) -> None:
    """A state can be set only where its own problem is being played: the judge needs that problem's reference."""
    if episode is None or (state.view is not episode.problem.view and state.view != episode.problem.view):
        raise ValueError(
            "this state belongs to another problem: reset(options={'problem': ...}) with its problem first"
        )
