"""The Markov decision process of reasoning, at four levels of action, as pure functions on frozen states.

    state    (view, steps so far, tokens so far, counters)            hashable: a state can be a dictionary key
    action   token: id | step: one line | solution: the whole answer | choice: index into the menu of legal steps
    reward   outcome (the judge's score, when the answer is finished) + shaping (gamma * Phi(s') - Phi(s), or nothing)
    ends     terminated: an answer line or END, or a masked choice where illegal="end"; truncated: out of tokens or of
         steps, or the judge failed

Phi is 0 in terminal states and kept on truncation, so shaping changes no optimal policy (Ng, Harada, Russell 1999) of a
learner that bootstraps at truncations. At
the token level Phi changes where a line ends. Without a judge (as in search) outcomes are 0 and `verdict` is None.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from reasonrl.envs.core import END, Source, View
from reasonrl.envs.vocabulary import Vocabulary
from reasonrl.verifiers.answers import said_lines, without_thoughts
from reasonrl.verifiers.core import Verdict

RETRY = "That is not correct. Try again."
"""What the environment says after a wrong attempt when there are more."""

CHARS_PER_TOKEN = 8
"""No action at the text levels holds more characters than this times `max_tokens`."""

Potential = Callable[[View, Sequence[str]], float]
"""Phi of a problem and the finished lines of the present attempt: any finite number."""

ILLEGAL = ("noop", "end", "error")
"""What a masked choice can do: use up a step, end the episode with outcome 0, or raise."""

_MENUS_KEPT = 1024
_INT32 = struct.Struct("<i")
_pack = _INT32.pack


class Level(StrEnum):
    TOKEN = "token"
    STEP = "step"
    SOLUTION = "solution"
    CHOICE = "choice"


class Stop(StrEnum):
    """Why an episode is over."""

    RUNNING = ""
    ANSWER = "answer"
    """An answer line was completed."""
    END = "end"
    """The end token, or a step that ends with END."""
    TOKENS = "tokens"
    STEPS = "steps"
    ERROR = "error"
    """The judge failed: the outcome means nothing."""
    ILLEGAL = "illegal"
    """A masked choice, where the environment was made with illegal="end"."""


class Speaker(StrEnum):
    POLICY = "policy"
    """An attempt at an answer."""
    ENVIRONMENT = "environment"
    """What was said of it."""


class Turn(NamedTuple):
    """A part of the conversation that is over."""

    speaker: Speaker
    text: str


def wrong_attempt(answer: str) -> tuple[Turn, Turn]:
    """What an attempt leaves behind that was not right: itself, and what the environment said of it."""
    return Turn(Speaker.POLICY, answer), Turn(Speaker.ENVIRONMENT, RETRY)


class State(NamedTuple):
    """Everything that decides the future. `tokens` packs int32 ids, so that adding one costs a short memory copy."""

    view: View
    steps: tuple[str, ...] = ()
    """Finished lines of the current attempt."""
    tokens: bytes = b""
    """Ids after the prompt, at the token and choice levels (little-endian int32)."""
    line_start: int = 0
    """Offset in `tokens` where the unfinished line begins."""
    turns: tuple[Turn, ...] = ()
    """Earlier attempts, each followed by the environment's feedback."""
    count: int = 0  # type: ignore[assignment]  # hides tuple.count, which nobody needs
    """Tokens used, all attempts together."""
    moves: int = 0
    """Actions at the step and choice levels, lines at the others."""
    potential: float = 0.0
    """Phi of this state (0 without shaping)."""
    stop: Stop = Stop.RUNNING

    @property
    def done(self) -> bool:
        return self.stop is not Stop.RUNNING

    @property
    def answer(self) -> str:
        """The current attempt as one text."""
        return "\n".join(self.steps)

    @property
    def text(self) -> str:
        """What has been said after the prompt: earlier attempts, feedback, and the finished lines."""
        return "\n".join((*(turn.text for turn in self.turns), *self.steps))

    @property
    def transcript(self) -> str:
        """Prompt and text, each line ended: what a policy continues."""
        return "\n".join((self.view.prompt, *(turn.text for turn in self.turns), *self.steps, ""))

    @property
    def attempt(self) -> int:
        """Number of the current attempt, from 1 on."""
        return 1 + sum(turn.speaker is Speaker.POLICY for turn in self.turns)

    def with_tokens(self, tokens: bytes, *, line_start: int, count: int) -> State:
        """The same state where these tokens were said; `_replace` takes three times as long."""
        view, steps, _, _, turns, _, moves, potential, stop = self
        return State(view, steps, tokens, line_start, turns, count, moves, potential, stop)


def last_token(packed: bytes) -> int:
    """The last id of `State.tokens`."""
    return _INT32.unpack_from(packed, len(packed) - 4)[0]  # type: ignore[no-any-return]


class Transition(NamedTuple):
    state: State
    reward: float
    terminated: bool
    truncated: bool
    outcome: float
    shaping: float
    verdict: Verdict | None
    reason: str = ""
    """Why nothing was said, after a masked choice."""


class MDP:
    """The rules of one environment: pure functions of a state. Holds no episode."""

    def __init__(
        self,
        source: Source,
        *,
        level: str = "step",
        vocabulary: Vocabulary,
        shaped: bool = False,
        gamma: float = 1.0,
        attempts: int = 1,
        max_tokens: int = 256,
        max_steps: int = 32,
        potential: Potential | None = None,
        illegal: str = "noop",
        instructions: bool = False,
    ) -> None:
        """`potential` takes the place of the families' own where rewards are shaped.

        `instructions` adds the family's to the prompts that are shown at the text levels.
        """
        self.source = source
        self.level = Level(level)
        self.vocabulary = vocabulary
        self.shaped = shaped
        self.gamma = gamma
        self.attempts = attempts
        self.max_tokens = max_tokens
        self.max_steps = max_steps
        self.potential = potential or self._of_family
        self.illegal = illegal
        self.instructions = instructions
        self.max_chars = CHARS_PER_TOKEN * max_tokens
        self._say = {Level.TOKEN: self._token, Level.CHOICE: self._choice}.get(self.level)
        self._retry = np.array(vocabulary.encode(f"\n{RETRY}\n"), "<i4").tobytes()
        self._ends_line: list[bool] = vocabulary.breaks.tolist()  # a list: one token at a time is looked up here
        self._ends_line[vocabulary.eos] = True
        self._menus: dict[tuple[View, tuple[str, ...]], tuple[str, ...]] = {}

    def initial(self, view: View) -> State:
        return State(view, potential=self.potential(view, ()) if self.shaped else 0.0)

    def step(self, state: State, action: int | str, judge: Callable[[str], Verdict] | None = None) -> Transition:
        """One action. `judge` scores a finished answer; search passes none."""
        if state.stop:
            raise ValueError(f"the episode is over (stop reason {state.stop.value!r}): reset before the next step")
        if self._say is not None:
            try:
                # what a policy of Stable-Baselines3 predicts for one lane is an array of one number
                alone = isinstance(action, np.ndarray) and action.size == 1 and action.dtype.kind in "iu"
                number = operator.index(action.item() if alone else action)  # type: ignore[union-attr,arg-type]
            except TypeError:
                kind = type(action).__name__
                raise TypeError(f"an action at the {self.level.value} level is one whole number, got {kind}") from None
            return self._say(state, number, judge)
        if not isinstance(action, str):
            raise TypeError(f"an action at the {self.level.value} level is text, got {type(action).__name__}")
        return self._text(state, action, judge)

    def menu(self, state: State) -> Sequence[str]:
        """The legal next lines, at most `source.max_choices`. The latest are kept: mask and action ask for the same."""
        key = (state.view, state.steps)
        menu = self._menus.get(key)
        if menu is None:
            menu = tuple(self.source.rules_of(state.view).legal_steps(state.view, state.steps))
            if len(menu) > self.source.max_choices:
                raise ValueError(
                    f"a menu of {state.view.family} has {len(menu)} lines, more than the {self.source.max_choices} "
                    "that it may have: give the family a larger max_choices"
                )
            if len(self._menus) >= _MENUS_KEPT:
                self._menus.pop(next(iter(self._menus)))
            self._menus[key] = menu
        return menu

    def _of_family(self, view: View, steps: Sequence[str]) -> float:
        return self.source.rules_of(view).potential(view, steps)

    def end_line(self, state: State, line: list[int], judge: Callable[[str], Verdict] | None) -> Transition:
        """The token level where a line ends.

        Args:
            state: before the last token, but with `tokens` and `line_start` already after it.
            line: ids of the whole line; the last one holds a line break or is the end token.
            judge: scores the answer if this finishes it.
        """
        ended = line[-1] == self.vocabulary.eos
        *lines, rest = self._pieces(line[:-1] if ended else line, len(line))
        if ended:
            lines.append(rest)
        elif rest:  # the next line begins inside this token, as in "\n    ": it is read again, from its break on
            state = state._replace(line_start=state.line_start - 4)
        return self._advance(state, lines, 1, ended, judge)

    def unfinished(self, state: State) -> str:
        """Text of the line that has not ended, at the token level."""
        line = memoryview(state.tokens[state.line_start :]).cast("i").tolist()
        return "\n".join(self._pieces(line, len(line) + 1))

    def _pieces(self, ids: list[int], length: int) -> list[str]:
        """Texts between the breaks. A line of several tokens whose first one breaks begins inside that token."""
        pieces = self.vocabulary.decode(ids).split("\n")
        if length > 1 and ids and self._ends_line[ids[0]]:
            return pieces[self.vocabulary.decode(ids[:1]).count("\n") :]
        return pieces

    def run_out(self, state: State) -> Transition:
        """The token level where the last token of all is said inside a line: the line stays unfinished."""
        shaping = (self.gamma - 1.0) * state.potential
        return Transition(state._replace(stop=Stop.TOKENS), shaping, False, True, 0.0, shaping, None)

    def _token(self, state: State, token: int, judge: Callable[[str], Verdict] | None) -> Transition:
        if not 0 <= token < self.vocabulary.size:
            raise ValueError(f"a token is a number from 0 to {self.vocabulary.size - 1}, got {token}")
        view, steps, tokens, line_start, turns, count, moves, potential, stop = state
        tokens += _pack(token)
        if self._ends_line[token]:
            line = memoryview(tokens[line_start:]).cast("i").tolist()
            after = State(view, steps, tokens, len(tokens), turns, count, moves, potential, stop)
            return self.end_line(after, line, judge)
        following = State(view, steps, tokens, line_start, turns, count + 1, moves, potential, stop)
        if count + 1 >= self.max_tokens:
            return self.run_out(following)
        # Phi does not change inside a line: the shaping is (gamma - 1) * Phi, nothing at gamma = 1
        shaping = (self.gamma - 1.0) * potential
        return Transition(following, shaping, False, False, 0.0, shaping, None)

    def _choice(self, state: State, action: int, judge: Callable[[str], Verdict] | None) -> Transition:
        menu = self.menu(state)
        if not 0 <= action < self.source.max_choices:
            raise ValueError(f"a choice is a number from 0 to {self.source.max_choices - 1}, got {action}")
        if action >= len(menu):
            return self._masked(state, f"choice {action} is masked: the menu has {len(menu)} lines", judge)
        line = menu[action]
        ids = self.vocabulary.encode(line.removesuffix(END) + "\n")
        said = ids[: max(0, self.max_tokens - state.count)]  # what is past the limit ends the episode and is not shown
        tokens = state.tokens + np.array(said, "<i4").tobytes()
        state = state._replace(tokens=tokens, line_start=len(tokens))
        return self._advance(state, line.removesuffix(END).split("\n"), len(ids), line.endswith(END), judge)

    def _masked(self, state: State, reason: str, judge: Callable[[str], Verdict] | None) -> Transition:
        """A choice past the end of the menu: nothing is said."""
        if self.illegal == "error":
            raise ValueError(f"{reason}; info['action_mask'] shows what is legal")
        if self.illegal == "end":
            after = state._replace(moves=state.moves + 1, potential=0.0, stop=Stop.ILLEGAL)
            return Transition(after, -state.potential, True, False, 0.0, -state.potential, None, reason)
        return self._advance(state, [], 0, False, judge)._replace(reason=reason)

    def _text(self, state: State, action: str, judge: Callable[[str], Verdict] | None) -> Transition:
        text = action.removesuffix(END)
        if len(text) > self.max_chars:
            return self._advance(state, text[: self.max_chars].split("\n"), self.max_tokens + 1, False, judge)
        ended = self.level is Level.SOLUTION or len(text) < len(action)
        return self._advance(state, text.split("\n"), len(self.vocabulary.encode(text)) + 1, ended, judge)

    def _advance(
        self, state: State, lines: list[str], used: int, ended: bool, judge: Callable[[str], Verdict] | None
    ) -> Transition:
        """Adds finished lines; the first final one outside a thought completes the answer, the rest is dropped."""
        view, steps, tokens, line_start, turns, count, moves, potential, stop = state
        family = self.source.rules_of(view)
        said: Sequence[str] | None = None
        for number, line in enumerate(lines):
            line = line.rstrip("\r\x03")
            if line.strip():
                steps = (*steps, line)
                if not (final := family.is_final(line)) and without_thoughts(line) is line:
                    continue
                if said is None:
                    said = said_lines("\n".join(state.steps), lines)
                if final if said is lines else family.is_final(said[number].rstrip("\r\x03")):
                    stop = Stop.ANSWER
                    break
        if ended and not stop:
            stop = Stop.END
        count, moves = count + used, moves + 1
        out_of_tokens, out_of_steps = count >= self.max_tokens, moves >= self.max_steps
        if count > self.max_tokens or (out_of_tokens and not stop):
            stop = Stop.TOKENS
        elif out_of_steps and not stop:
            stop = Stop.STEPS

        outcome, terminated, verdict = 0.0, False, None
        if stop is Stop.ANSWER or stop is Stop.END:
            verdict = judge("\n".join(steps)) if judge is not None else None
            if verdict is not None and not verdict.judged:
                stop = Stop.ERROR
            elif verdict is None or verdict.correct or state.attempt >= self.attempts or out_of_tokens or out_of_steps:
                terminated, outcome = True, verdict.score if verdict is not None else 0.0
            else:  # another attempt
                steps, turns, stop = (), (*turns, *wrong_attempt("\n".join(steps))), Stop.RUNNING
                if self._say is not None:
                    tokens += self._retry
                    line_start = len(tokens)

        following = 0.0 if terminated or not self.shaped else self.potential(view, steps)
        shaping = self.gamma * following - potential
        after = State(view, steps, tokens, line_start, turns, count, moves, following, stop)
        truncated = bool(stop) and not terminated
        return Transition(after, outcome + shaping, terminated, truncated, outcome, shaping, verdict)
