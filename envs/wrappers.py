"""Potential-based shaping for any Gymnasium environment, one at a time or many.

    PotentialShaping(env, potential, gamma=0.99)                 scalar
    VectorPotentialShaping(envs, potential, gamma=0.99)          vector, in every autoreset mode

Reward   that of the environment + gamma * Phi(s') - Phi(s); Phi is 0 in terminal states and kept on truncation
Info     `outcome`: the environment's own reward of this step; `shaping`: what was added. In the "SameStep" mode those
         of an episode that ends are in `final_info`, and `info` shows the new episode's, which are 0

Phi is computed on what `on` names: the observation, or the state (what `get_state()` returns). In a vector, s' is the
state in which the episode ended (`final_obs`, or `final_states`), never the one that the autoreset put in its place.
`gamma` must be the learner's own. Why this changes no optimal policy, and what would: `verifiers.shaping`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray
from reasonrl.envs.abilities import Ability, require
from reasonrl.envs.core import Source
from reasonrl.envs.mdp import State
from reasonrl.verifiers.shaping import shaping

if TYPE_CHECKING:
    _VectorWrapper = VectorWrapper[Any, Any, Any, Any, NDArray[Any]]
else:
    _VectorWrapper = VectorWrapper  # not generic before Gymnasium 1.3

ON = ("observation", "state")


def family_potential(source: Source) -> Callable[[State], float]:
    """The potential of our own families as a function of a state: what `reward="potential"` uses. For `on="state"`."""
    require(source, Ability.POTENTIAL, "shaping by a family's potential")
    return lambda state: source.rules_of(state.view).potential(state.view, state.steps)


class PotentialShaping(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Adds gamma * Phi(s') - Phi(s) to the rewards of one environment; the module's docstring is its contract."""

    def __init__(
        self, env: gym.Env[Any, Any], potential: Callable[[Any], float], *, gamma: float, on: str = "observation"
    ) -> None:
        """
        Args:
            env: any environment; with on="state", one with `get_state()`, as ours.
            potential: of an observation or of a state; finite.
            gamma: the learner's discount, in (0, 1].
            on: "observation" or "state".
        """
        gym.utils.RecordConstructorArgs.__init__(self, potential=potential, gamma=gamma, on=on)
        super().__init__(env)
        _check(gamma, on)
        self.potential, self.gamma, self.on = potential, gamma, on
        self._phi: float | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        self._phi = self._potential(observation)
        return observation, {**info, "outcome": 0.0, "shaping": 0.0}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self._phi is None:
            raise RuntimeError("call reset() before step()")
        observation, reward, terminated, truncated, info = self.env.step(action)
        after = 0.0 if terminated else self._potential(observation)
        added = float(shaping(self._phi, after, gamma=self.gamma, terminated=terminated))
        self._phi = after
        info = {**info, "outcome": float(reward), "shaping": added}
        return observation, float(reward) + added, terminated, truncated, info

    def _potential(self, observation: Any) -> float:
        place = self.env.get_wrapper_attr("get_state")() if self.on == "state" else observation
        return _finite(self.potential(place))


class VectorPotentialShaping(_VectorWrapper):
    """The same for B environments at a time; the module's docstring is its contract."""

    def __init__(
        self,
        env: VectorEnv[Any, Any, NDArray[Any]],
        potential: Callable[[Any], float],
        *,
        gamma: float,
        on: str = "observation",
    ) -> None:
        """
        Args:
            env: any vector environment that names its autoreset mode in its metadata. With on="state", one with
                `get_states()` and, in the "SameStep" mode, `final_states`, as ours.
            potential: of one lane's observation or state; finite.
            gamma: the learner's discount, in (0, 1].
            on: "observation" or "state".
        """
        super().__init__(env)
        _check(gamma, on)
        mode = env.metadata.get("autoreset_mode")
        if mode is None:
            raise ValueError(
                "the vector environment does not say how it resets: set metadata['autoreset_mode'] to an AutoresetMode"
            )
        self.mode = AutoresetMode(mode)
        needed = ["get_states", *(["final_states"] if self.mode is AutoresetMode.SAME_STEP else [])]
        missing = [name for name in needed if on == "state" and not hasattr(env.unwrapped, name)]
        if missing:
            raise ValueError(
                f"on='state' needs {' and '.join(missing)} of the vector environment: use on='observation', or wrap "
                "each environment in PotentialShaping before they become a vector"
            )
        self.potential, self.gamma, self.on = potential, gamma, on
        self._phi_B: NDArray[np.float64] | None = None
        self._over_B = np.zeros(env.num_envs, np.bool_)
        """Lanes whose episode is over and whose next observation starts a new one."""

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        mask = (options or {}).get("reset_mask")  # before the reset: SyncVectorEnv takes it out of the options
        observations, info = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        fresh_B = np.ones(self.num_envs, np.bool_) if mask is None else np.asarray(mask, np.bool_)
        if self._phi_B is None:
            self._phi_B = np.zeros(self.num_envs)
        lanes = np.flatnonzero(fresh_B)
        self._phi_B[lanes] = self._potentials(observations, lanes)
        self._over_B &= ~fresh_B
        return observations, _with(
            info, {"outcome": np.zeros(self.num_envs), "shaping": np.zeros(self.num_envs)}, fresh_B
        )

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        if self._phi_B is None:
            raise RuntimeError("call reset() before step()")
        observations, rewards, terminated_B, truncated_B, info = self.env.step(actions)
        outcome_B = np.asarray(rewards, np.float64)
        done_B = terminated_B | truncated_B
        replaced_B = done_B & (self.mode is AutoresetMode.SAME_STEP)  # what is shown there is the next episode
        asked_B = ~terminated_B & ~replaced_B
        after_B = np.zeros(self.num_envs)
        after_B[asked_B] = self._potentials(observations, np.flatnonzero(asked_B))
        for lane in np.flatnonzero(replaced_B & ~terminated_B):
            after_B[lane] = self._final_potential(info, int(lane))
        shaping_B = shaping(self._phi_B, after_B, gamma=self.gamma, terminated=terminated_B)
        shaping_B[self._over_B] = 0.0  # an action that only began an episode (NextStep)
        total_B = outcome_B + shaping_B
        shown = {"outcome": np.where(replaced_B, 0.0, outcome_B), "shaping": np.where(replaced_B, 0.0, shaping_B)}
        info = _with(info, shown, np.ones(self.num_envs, np.bool_))
        if replaced_B.any():
            ended = {"outcome": np.where(replaced_B, outcome_B, 0.0), "shaping": np.where(replaced_B, shaping_B, 0.0)}
            info["final_info"] = _with(info.get("final_info", {}), ended, replaced_B)
            info["_final_info"] = replaced_B
            after_B[replaced_B] = self._potentials(observations, np.flatnonzero(replaced_B))
        self._phi_B = after_B
        self._over_B = done_B & ~replaced_B
        return observations, total_B, terminated_B, truncated_B, info

    def _potentials(self, observations: Any, lanes: NDArray[np.intp]) -> list[float]:
        if self.on == "state":
            get_state = getattr(self.env.unwrapped, "get_state", None)
            if get_state is not None:
                return [_finite(self.potential(get_state(int(lane)))) for lane in lanes]
            states = self.env.unwrapped.get_states()  # type: ignore[attr-defined]
            return [_finite(self.potential(states[lane])) for lane in lanes]
        rows = tuple(iterate(self.env.observation_space, observations)) if len(lanes) else ()
        return [_finite(self.potential(rows[lane])) for lane in lanes]

    def _final_potential(self, info: Mapping[str, Any], lane: int) -> float:
        if self.on == "state":
            return _finite(self.potential(self.env.unwrapped.final_states[lane]))  # type: ignore[attr-defined]
        return _finite(self.potential(info["final_obs"][lane]))


def _check(gamma: float, on: str) -> None:
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma must be the learner's discount, in (0, 1], got {gamma}")
    if on not in ON:
        raise ValueError(f"a potential is computed on {' or '.join(ON)}, got {on!r}")


def _finite(value: float) -> float:
    if not np.isfinite(value):
        raise ValueError(f"a potential must be a finite number, got {value}: give what cannot be valued some number")
    return float(value)


def _with(
    info: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]], mask: NDArray[np.bool_]
) -> dict[str, Any]:
    """The info with these arrays and their masks."""
    return {**info, **arrays, **{f"_{key}": mask for key in arrays}}
