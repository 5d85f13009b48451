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
import math
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, Source, View
from reasonrl.envs.episodes import Episodes, EpisodeStart, context_length, whole_index
from reasonrl.envs.generation import check_split
from reasonrl.envs.mdp import ILLEGAL, MDP, Level, Potential, State, Stop, Transition, last_token
from reasonrl.envs.render import RENDER_MODES, Printer, render_picture, render_text
from reasonrl.envs.sources import get_source
from reasonrl.envs.spaces import TextSpace
from reasonrl.envs.vocabulary import Vocabulary, get_vocabulary
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.named import load_named

REWARDS = ("outcome", "potential")

INSTRUCTIONS_ROOM = 1000
"""No family's instructions are longer, in characters."""

_REASON_CHARS = 200
_LIMITS = {
    Stop.TOKENS: "out of tokens: max_tokens was reached before the answer was finished",
    Stop.STEPS: "out of steps: max_steps was reached before the answer was finished",
}

Observation = dict[str, NDArray[np.int64]] | str
Action = int | str


def make_mdp(
    source: Source,
    *,
    level: str = "token",
    reward: str = "outcome",
    gamma: float = 1.0,
    attempts: int = 1,
    vocabulary: str = "char",
    max_tokens: int = 256,
    max_steps: int = 32,
    potential: Potential | str | None = None,
    illegal: str = "noop",
    instructions: bool = False,
) -> MDP:
    """The rules from an environment's options, each checked with a sentence that says what is allowed."""
    if level not in tuple(Level):
        raise ValueError(f"unknown level {level!r}: choose one of {', '.join(Level)}")
    if level not in source.levels:
        raise ValueError(
            f"{source.name} cannot be played at the {level} level: choose one of {', '.join(source.levels)}"
        )
    if reward not in REWARDS:
        raise ValueError(f"unknown reward {reward!r}: choose one of {', '.join(REWARDS)}")
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma must be in (0, 1], got {gamma}")
    for name, value in (("attempts", attempts), ("max_tokens", max_tokens), ("max_steps", max_steps)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    if potential is not None and reward != "potential":
        raise ValueError(f"a potential needs reward='potential' to be paid, got reward={reward!r}")
    if illegal not in ILLEGAL:
        raise ValueError(f"unknown illegal={illegal!r}: choose one of {', '.join(ILLEGAL)}")
    if illegal != "noop" and level != Level.CHOICE:
        raise ValueError(f"illegal={illegal!r} is for the choice level, where actions are masked: leave it out")
    if instructions and level not in (Level.STEP, Level.SOLUTION):
        raise ValueError(
            "instructions=True is for the step and solution levels: 'hf:' vocabularies have them in their prompts, and "
            "env.unwrapped.instructions has them everywhere"
        )
    return MDP(
        source,
        level=level,
        vocabulary=get_vocabulary(vocabulary),
        shaped=reward == "potential",
        gamma=gamma,
        attempts=attempts,
        max_tokens=max_tokens,
        max_steps=max_steps,
        potential=None if potential is None else get_potential(potential),
        illegal=illegal,
        instructions=instructions,
    )


def get_potential(potential: Potential | str) -> Potential:
    """The function, or the one that "package.module:name" or "file.py:name" names; it must return finite numbers.

    A name, unlike a function, leaves the environment's spec JSON-able.
    """
    if isinstance(potential, str):
        if potential.rpartition(":")[0].endswith(".py"):
            return _Finite(load_named(potential, what="a potential"), name=potential)
        try:
            function: Any = pkgutil.resolve_name(potential)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"there is no potential {potential!r}: write 'package.module:name' or 'file.py:name' ({error})"
            ) from error
    else:
        function = potential

    return _Finite(function)


@dataclass(frozen=True)
class _Finite:
    """A potential whose values are checked; it pickles if the function does, or by its name in a file."""

    function: Potential
    name: str = ""
    """Of a function in a file, `file.py:name`: another process cannot import it as a module."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (get_potential, (self.name,)) if self.name else (_Finite, (self.function,))

    def __call__(self, view: View, steps: Sequence[str]) -> float:
        value = float(self.function(view, steps))
        if not math.isfinite(value):
            raise ValueError(f"a potential must be a finite number, got {value} for {view.id}: give unknowns a number")
        return value


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
        self.source = get_source(source, family=family, data=data)
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
        """The packed tokens that `_tokens` shows behind the prompt."""

    @property
    def problem(self) -> Problem | None:
        """The problem being played, with its reference: not for the solver's eyes."""
        return None if self._episode is None else self._episode.problem

    @property
    def view(self) -> View | None:
        """What a solver may see of the problem being played."""
        return None if self._episode is None else self._episode.problem.view

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
        after, reward, terminated, truncated, _, _, _, _ = transition
        self._state = after
        if self.render_mode is not None:
            self._print()
        info = make_info(transition)
        if self._discrete:
            info["action_mask"] = action_mask(self.mdp, after)
        return self._observe(after), reward, terminated, truncated, info

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


def make_spaces(mdp: MDP) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """(action space, observation space) of a level."""
    length = context_length(mdp)
    if mdp.level in (Level.STEP, Level.SOLUTION):
        said = (mdp.attempts + 1) * mdp.max_chars  # every attempt, and a last action past the limit
        told = INSTRUCTIONS_ROOM if mdp.instructions else 0
        return TextSpace(mdp.max_chars), TextSpace(mdp.source.max_prompt_chars + told + said + length)
    observation = spaces.Dict(
        {
            "tokens": spaces.Box(0, mdp.vocabulary.size - 1, (length,), np.int64),
            "length": spaces.Box(0, length, (1,), np.int64),
        }
    )
    actions = mdp.vocabulary.size if mdp.level is Level.TOKEN else mdp.source.max_choices
    return spaces.Discrete(actions), observation


def longest_episode(mdp: MDP) -> int:
    """Steps of the longest possible episode."""
    if mdp.level is Level.TOKEN:
        return mdp.max_tokens
    return min(mdp.max_steps, mdp.attempts) if mdp.level is Level.SOLUTION else mdp.max_steps


def at_rest(state: State) -> Transition:
    """What leads to a state that begins an episode."""
    return Transition(state, 0.0, False, False, 0.0, 0.0, None)


def make_info(transition: Transition) -> dict[str, Any]:
    """The fixed schema, less the action mask: scalars and short strings only."""
    state, _, _, _, outcome, shaping, verdict, reason = transition
    status = stop_reason = text = ""
    if verdict is not None:
        status, reason = verdict.status.value, verdict.reason[:_REASON_CHARS]
    if state.stop:
        status = status or Status.NO_ANSWER.value
        stop_reason, text = state.stop.value, state.text
        reason = _LIMITS.get(state.stop, reason)
    return {
        "outcome": outcome,
        "shaping": shaping,
        "status": status,
        "stop_reason": stop_reason,
        "reason": reason,
        "tokens": state.count,
        "steps": len(state.steps),
        "text": text,
    }


def action_mask(mdp: MDP, state: State) -> NDArray[np.int8]:
    """[V] or [K] 1 where an action is legal."""
    if mdp.level is Level.TOKEN:
        return mdp.vocabulary.allowed.copy()
    mask = np.zeros(mdp.source.max_choices, np.int8)
    mask[: 1 if state.stop is not Stop.RUNNING else len(mdp.menu(state))] = 1
    return mask


def observe_text(mdp: MDP, state: State) -> str:
    """What the text levels show."""
    prompt = state.view.prompt
    if mdp.instructions:
        prompt = f"{prompt}\n{mdp.source.rules_of(state.view).instructions}"
    return "\n".join((prompt, *state.turns, *(state.steps if mdp.level is Level.STEP else ()), ""))


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
