"""What an environment shows of a state: spaces, observations, infos and masks, the same for one lane and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from reasonrl.envs.episodes import context_length
from reasonrl.envs.mdp import MDP, Level, State, Stop, Transition
from reasonrl.envs.spaces import TextSpace
from reasonrl.verifiers.core import Status

Observation = dict[str, NDArray[np.int64]] | str

INSTRUCTIONS_ROOM = 1000
"""No family's instructions are longer, in characters."""

_REASON_CHARS = 200
_LIMITS = {
    Stop.TOKENS: "out of tokens: max_tokens was reached before the answer was finished",
    Stop.STEPS: "out of steps: max_steps was reached before the answer was finished",
}


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
    state, verdict, reason = transition.state, transition.verdict, transition.reason
    status = stop_reason = text = ""
    if verdict is not None:
        status, reason = verdict.status.value, verdict.reason[:_REASON_CHARS]
    if state.stop:
        status = status or Status.NO_ANSWER.value
        stop_reason, text = state.stop.value, state.text
        reason = _LIMITS.get(state.stop, reason)
    return {
        "outcome": transition.outcome,
        "shaping": transition.shaping,
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
    before = (turn.text for turn in state.turns)
    return "\n".join((prompt, *before, *(state.steps if mdp.level is Level.STEP else ()), ""))
