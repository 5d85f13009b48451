"""The Gymnasium environment: a thin shell around one `State`.

    level      action                          observation
    token      Discrete(V)                     Dict(tokens: Box[T] int64, length: Box[1] int64)    padded with `pad`
    step       text (one line of reasoning)    text (prompt and everything said so far)
    solution   text (a whole answer)           text (the prompt)
    choice     Discrete(K), masked             as token

Reward   the verifier's score when the answer is finished, else 0; with reward="potential" also gamma * Phi(s') - Phi(s)
Ends     terminated by an answer line or the end token; truncated at `max_tokens` or `max_steps`, with outcome 0
Info     always the same keys: outcome, shaping, status, stop_reason, tokens, steps, text (the answer, once finished), and
         action_mask (int8) where actions are discrete
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from reasonrl.envs.core import Problem, Source, check_split
from reasonrl.envs.mdp import MDP, RETRY, Level, State, Stop
from reasonrl.envs.sources import get_source, pick_difficulty
from reasonrl.envs.spaces import TextSpace
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.verifiers.core import Status, Verdict

REWARDS = ("outcome", "potential")
INDEX_BITS = 31
"""Episodes draw a problem index below 2**31."""

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
) -> MDP:
    """The rules from an environment's options, each checked with a sentence that says what is allowed."""
    if level not in tuple(Level):
        raise ValueError(f"unknown level {level!r}: choose one of {', '.join(Level)}")
    if level not in source.levels:
        raise ValueError(f"{source.name} cannot be played at the {level} level: choose one of {', '.join(source.levels)}")
    if reward not in REWARDS:
        raise ValueError(f"unknown reward {reward!r}: choose one of {', '.join(REWARDS)}")
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma must be in (0, 1], got {gamma}")
    for name, value in (("attempts", attempts), ("max_tokens", max_tokens), ("max_steps", max_steps)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    return MDP(
        source,
        level=level,
        vocabulary=get_vocabulary(vocabulary),
        shaped=reward == "potential",
        gamma=gamma,
        attempts=attempts,
        max_tokens=max_tokens,
        max_steps=max_steps,
    )


def context_length(mdp: MDP) -> int:
    """T: room for the longest prompt, all answer tokens, and the feedback between attempts."""
    feedback = (mdp.attempts - 1) * len(mdp.vocabulary.encode(f"\n{RETRY}\n"))
    return mdp.source.max_prompt_chars + mdp.vocabulary.prompt_overhead + mdp.max_tokens + feedback


class ReasonEnv(gym.Env[Any, Any]):
    """One problem at a time, at one of four levels. Made by `gym.make`; the module's docstring is its contract."""

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012 (Gymnasium's own convention)

    def __init__(
        self,
        source: str,
        *,
        level: str = "token",
        family: str | None = None,
        difficulty: int | Sequence[int] | None = None,
        split: str = "train",
        reward: str = "outcome",
        gamma: float = 1.0,
        attempts: int = 1,
        vocabulary: str = "char",
        max_tokens: int = 256,
        max_steps: int = 32,
        data: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        check_split(split)
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
        )
        self.split = split
        self.difficulty = difficulty
        self.render_mode = render_mode
        self.problem: Problem | None = None
        self._state: State | None = None
        self._judge: functools.partial[Verdict] | None = None
        self.action_space, self.observation_space = make_spaces(self.mdp)
        self._tokens: NDArray[np.int64] = np.empty(0, np.int64)
        self._prompt_length = 0
        self._drawn: bytes | None = None
        """The packed tokens that `_tokens` holds behind the prompt; None: only the prompt."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode.

        Args:
            seed: seeds the choice of problems.
            options: `{"index": int}` or `{"problem": Problem}` names the problem, so that several resets give one group.
        """
        super().reset(seed=seed)
        options = options or {}
        unknown = set(options) - {"index", "problem"}
        if unknown:
            raise ValueError(f"unknown reset option {sorted(unknown)[0]!r}: there are 'index' and 'problem'")
        problem = options.get("problem")
        if problem is None:
            index = options.get("index")
            index = int(self.np_random.integers(2**INDEX_BITS)) if index is None else int(index)
            problem = self.source.problem(self.split, index, pick_difficulty(self.difficulty, index))
        self.problem = problem
        self._judge = functools.partial(self.source.family_of(problem.view).verify, problem)
        self._state = self.mdp.initial(problem.view)
        if self.mdp.level in (Level.TOKEN, Level.CHOICE):
            self._draw_prompt(problem)
        return self._observe(), self._info(self._state, 0.0, 0.0, None)

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        if self._state is None:
            raise RuntimeError("call reset() before step()")
        after, reward, terminated, truncated, outcome, shaping, verdict = self.mdp.step(self._state, action, self._judge)
        self._state = after
        return self._observe(), reward, terminated, truncated, self._info(after, outcome, shaping, verdict)

    def get_state(self) -> State:
        """The whole episode as one frozen value; keep as many as you like."""
        if self._state is None:
            raise RuntimeError("call reset() before get_state()")
        return self._state

    def set_state(self, state: State) -> None:
        """Goes back (or forward) to a state of the current problem."""
        if self.problem is None or (state.view is not self.problem.view and state.view != self.problem.view):
            raise ValueError("this state belongs to another problem: reset(options={'problem': ...}) with its problem first")
        self._state = state

    def action_masks(self) -> NDArray[np.bool_]:
        """[K] or [V] True where an action is legal (the convention of sb3-contrib's MaskablePPO)."""
        return self._mask(self.get_state()).astype(bool)

    def render(self) -> str | None:  # type: ignore[override]
        if self.render_mode != "ansi" or self._state is None:
            return None
        state = self._state
        ending = f"[{state.stop.value}]\n" if state.stop else ""
        unfinished = memoryview(state.tokens[state.line_start :]).cast("i").tolist() if self.mdp.level is Level.TOKEN else []
        return f"{state.transcript}{self.mdp.vocabulary.decode(unfinished)}{ending}"

    def _draw_prompt(self, problem: Problem) -> None:
        family = self.source.family_of(problem.view)
        ids = self.mdp.vocabulary.encode_prompt(problem.view.prompt, family.instructions)
        room = self.observation_space["tokens"].shape[0]  # type: ignore[index]
        if len(ids) + self.mdp.max_tokens > room:
            raise ValueError(
                f"the prompt of {problem.id} has {len(ids)} tokens, more than the {room - self.mdp.max_tokens} that "
                f"{self.source.name} allows: shorten it"
            )
        self._tokens = np.full(room, self.mdp.vocabulary.pad, np.int64)
        self._tokens[: len(ids)] = ids
        self._prompt_length = len(ids)
        self._drawn = None

    def _observe(self) -> Observation:
        state = self.get_state()
        if self.mdp.level is Level.STEP:
            return state.transcript
        if self.mdp.level is Level.SOLUTION:
            return "\n".join((state.view.prompt, *state.turns, ""))
        if self._drawn is not state.tokens:
            self._draw(state.tokens)
        length = self._prompt_length + len(state.tokens) // 4
        return {"tokens": self._tokens.copy(), "length": np.array([length], np.int64)}

    def _draw(self, packed: bytes) -> None:
        """Brings the buffer from the tokens it shows to these; one token more, the common case, is one write."""
        start = self._prompt_length
        old = self._drawn or b""
        if len(packed) == len(old) + 4 and packed.startswith(old):
            self._tokens[start + len(old) // 4] = int.from_bytes(packed[-4:], "little")
        else:
            self._tokens[start:] = self.mdp.vocabulary.pad
            self._tokens[start : start + len(packed) // 4] = np.frombuffer(packed, "<i4")
        self._drawn = packed

    def _mask(self, state: State) -> NDArray[np.int8]:
        if self.mdp.level is Level.TOKEN:
            return self.mdp.vocabulary.allowed
        mask = np.zeros(self.source.max_choices, np.int8)
        mask[: len(self.mdp.menu(state)) if not state.done else 1] = 1
        return mask

    def _info(self, state: State, outcome: float, shaping: float, verdict: Verdict | None) -> dict[str, Any]:
        info = make_info(state, outcome, shaping, verdict)
        if self.mdp.level in (Level.TOKEN, Level.CHOICE):
            info["action_mask"] = self._mask(state).copy()  # users keep what they are given
        return info


def make_spaces(mdp: MDP) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """(action space, observation space) of a level."""
    length = context_length(mdp)
    if mdp.level in (Level.STEP, Level.SOLUTION):
        room = 8 * mdp.max_tokens  # a token of a large vocabulary can stand for many characters
        return TextSpace(room), TextSpace(mdp.source.max_prompt_chars + 8 * length * mdp.attempts)
    observation = spaces.Dict(
        {
            "tokens": spaces.Box(0, mdp.vocabulary.size - 1, (length,), np.int64),
            "length": spaces.Box(0, length, (1,), np.int64),
        }
    )
    actions = mdp.vocabulary.size if mdp.level is Level.TOKEN else mdp.source.max_choices
    return spaces.Discrete(actions), observation


def make_info(state: State, outcome: float, shaping: float, verdict: Verdict | None) -> dict[str, Any]:
    """The fixed schema, less the action mask: scalars and short strings only."""
    status = verdict.status.value if verdict is not None else Status.NO_ANSWER.value if state.stop else ""
    return {
        "outcome": float(outcome),
        "shaping": float(shaping),
        "status": status,
        "stop_reason": state.stop.value,
        "tokens": state.count,
        "steps": len(state.steps),
        "text": state.text if state.stop is not Stop.RUNNING else "",
    }
