"""Stable-Baselines3's own kind of vector environment over our native lanes.

    from reasonrl.envs.sb3 import NativeVecEnv
    env = VecMonitor(NativeVecEnv("reasonrl/Countdown-v0", num_envs=64, level="choice"))
    MaskablePPO("MultiInputPolicy", env).learn(100_000)

Equal to `DummyVecEnv` over `gym.make`, step for step, without its loop.

Observation  dict(tokens: [B, T] int64, length: [B, 1] int64)
Reward       [B] float32; dones [B] bool
Infos        B dicts with the keys of `ReasonEnv`, `TimeLimit.truncated`, and `terminal_observation` where an episode
             ended; what the next one began with is in `reset_infos`

Needs the extra sb3. Levels are token and choice: Stable-Baselines3 has no text actions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, View
from reasonrl.envs.mdp import State
from reasonrl.envs.vector import VectorReasonEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvStepReturn


class NativeVecEnv(VecEnv):
    """B lanes of one id; the module's docstring is its contract."""

    def __init__(self, id: str, *, num_envs: int = 1, **options: Any) -> None:
        """
        Args:
            id: environment id, as for `gym.make`.
            num_envs: B, the number of lanes.
            options: those of `gym.make`.
        """
        lanes = gym.make_vec(
            id,
            num_envs=num_envs,
            vectorization_mode="vector_entry_point",
            autoreset_mode=AutoresetMode.SAME_STEP,
            **options,
        )
        if not isinstance(lanes, VectorReasonEnv):
            raise ValueError(f"{id} has no native lanes: use stable_baselines3's make_vec_env")
        if not isinstance(lanes.single_action_space, gym.spaces.Discrete):
            raise ValueError(
                f"actions at the {lanes.mdp.level.value} level are text, which Stable-Baselines3 does not know: choose "
                "level='token' or level='choice'"
            )
        self.lanes = lanes
        self._actions: NDArray[Any] = np.zeros(num_envs, np.int64)
        super().__init__(num_envs, lanes.single_observation_space, lanes.single_action_space)

    def reset(self) -> Any:
        options = {
            key: [lane.get(key) for lane in self._options]
            for key in sorted({key for one in self._options for key in one})
        }
        observations, info = self.lanes.reset(seed=self._seeds, options=options)
        self.reset_infos = rows_of(info)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        observations, rewards, terminated_B, truncated_B, info = self.lanes.step(self._actions)
        finals, last = info.pop("final_obs", None), info.pop("final_info", None)
        infos, done_B = rows_of(info), terminated_B | truncated_B
        if last is not None and finals is not None:
            ended = rows_of(last)
            for lane in np.flatnonzero(done_B).tolist():
                self.reset_infos[lane] = infos[lane]
                infos[lane] = {**ended[lane], "terminal_observation": finals[lane]}
        for row, cut in zip(infos, (truncated_B & ~terminated_B).tolist(), strict=True):
            row["TimeLimit.truncated"] = cut
        return observations, np.asarray(rewards, np.float32), done_B, infos

    def close(self) -> None:
        self.lanes.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """A picture of each lane, with render_mode="rgb_array"."""
        if self.render_mode != "rgb_array":
            raise ValueError(f"pictures need render_mode='rgb_array', got {self.render_mode!r}")
        return self.lanes.render() or ()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(Lane(self.lanes, lane), attr_name) for lane in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise AttributeError(f"lanes share their rules: pass {attr_name}=... when the environment is made")

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        if method_name == "action_masks":  # asked for at every step: one call for all lanes
            masks = self.lanes.action_masks()
            return [masks[lane] for lane in self._get_indices(indices)]
        methods: list[Callable[..., Any]] = self.get_attr(method_name, indices)
        return [method(*method_args, **method_kwargs) for method in methods]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Any = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]


class Lane:
    """What `ReasonEnv` has, for one lane; anything else is the lanes' own."""

    def __init__(self, lanes: VectorReasonEnv, number: int) -> None:
        self.lanes, self.number = lanes, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lanes, name)

    @property
    def problem(self) -> Problem:
        return self.lanes.problems[self.number]

    @property
    def view(self) -> View:
        return self.problem.view

    def action_masks(self) -> NDArray[np.bool_]:
        masks: NDArray[np.bool_] = self.lanes.action_masks()[self.number]
        return masks

    def get_state(self) -> State:
        return self.lanes.get_state(self.number)

    def set_state(self, state: State) -> None:
        self.lanes.set_state(self.number, state)

    def menu(self) -> tuple[str, ...]:
        return self.lanes.menus()[self.number]


def rows_of(info: dict[str, Any]) -> list[dict[str, Any]]:
    """A vector environment's info as one dict for each lane, with plain numbers and texts."""
    keys = [key for key in info if not key.startswith("_")]
    columns = [info[key].tolist() if info[key].ndim == 1 else list(info[key].copy()) for key in keys]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
