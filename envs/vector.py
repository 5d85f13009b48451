"""Many lanes at once: what `SyncVectorEnv` over `ReasonEnv` would return, step for step, without its loop.

Observation  token, choice: Dict(tokens: [B, T] int64, length: [B, 1] int64); step, solution: a tuple of B texts
Action       token, choice: [B] int64; step, solution: B texts
Reward       [B] float64; flags [B] bool; info: arrays [B] under the keys of `ReasonEnv`, each with a mask `_key`
Autoreset    "NextStep" (default), "SameStep" (with `final_obs` and `final_info`), or "Disabled" (the caller resets with
             `options={"reset_mask": ...}`)

At the token level a step in which no line ends is a few numpy operations. Info arrays may be shared between steps, and
are then read-only. `gym.make_vec(id, num_envs=B, autoreset_mode="SameStep", ...)` makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils.seeding import np_random
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray
from reasonrl.envs.core import Problem, View
from reasonrl.envs.environment import ReasonEnv, check_options, check_state
from reasonrl.envs.episodes import EpisodeStart, whole_index
from reasonrl.envs.lanes import TextLanes, TokenLanes
from reasonrl.envs.mdp import Level, State, Transition
from reasonrl.envs.observation import action_mask, at_rest, make_info
from reasonrl.envs.render import render_picture, render_text
from reasonrl.envs.vocabulary import Vocabulary

_NUMBERS = {"outcome": np.float64, "shaping": np.float64, "tokens": np.int64, "steps": np.int64}
_TEXTS = ("status", "stop_reason", "reason", "text")


class VectorReasonEnv(gym.vector.VectorEnv[Any, Any, NDArray[Any]]):
    """B problems at a time, at one of four levels; the module's docstring is its contract."""

    def __init__(
        self,
        source: str,
        *,
        num_envs: int = 1,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        max_episode_steps: int | None = None,
        **options: Any,
    ) -> None:
        """Makes the lanes.

        Args:
            source: a domain, a family or a data set; the environment id decides it.
            num_envs: B, the number of lanes.
            autoreset_mode: what happens to a lane whose episode is over.
            copy: False returns token observations as read-only views of buffers that the next step changes.
            max_episode_steps: steps after which a lane is truncated, as Gymnasium's TimeLimit does.
            options: those of `ReasonEnv`.
        """
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        modes = [mode.value for mode in AutoresetMode]
        if not isinstance(autoreset_mode, AutoresetMode) and autoreset_mode not in modes:
            raise ValueError(f"unknown autoreset mode {autoreset_mode!r}: choose one of {', '.join(modes)}")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise ValueError(f"max_episode_steps must be at least 1, got {max_episode_steps}")
        if options.get("render_mode") == "human":
            raise ValueError(
                "render_mode='human' shows one environment at a time: choose 'ansi' or 'rgb_array' for many lanes"
            )
        one = ReasonEnv(source, **options)
        self.source, self.mdp, self.episodes = one.source, one.mdp, one.episodes
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**ReasonEnv.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = one.render_mode
        self.single_action_space, self.single_observation_space = one.action_space, one.observation_space
        self.action_space = batch_space(one.action_space, num_envs)
        self.observation_space = batch_space(one.observation_space, num_envs)
        self._discrete = self.mdp.level in (Level.TOKEN, Level.CHOICE)
        self._lanes = TokenLanes(self.mdp, num_envs, copy=copy) if self._discrete else TextLanes(self.mdp, num_envs)
        self._generators: list[np.random.Generator | None] = [None] * num_envs
        self._seeds: list[int] = [-1] * num_envs
        self._over: list[int] = []
        """Lanes whose episode is over, in order."""
        self._limit = max_episode_steps
        self._clock_B = np.zeros(num_envs, np.int64)
        """Steps of each lane's episode; counted only where there is a limit."""
        self._drifts = self.mdp.level is Level.TOKEN and self.mdp.shaped and self.mdp.gamma != 1.0
        """Whether Phi shapes every token: inside a line the shaping is (gamma - 1) * Phi."""
        self._potential_B = np.zeros(num_envs)
        self._steps_B = _fixed(np.zeros(num_envs, np.int64))
        self._mask_B = np.zeros((num_envs, self.source.max_choices), np.int8)
        self._blank_B = _fixed(np.full(num_envs, "", object))
        self._quiet = self._quiet_info()
        self.final_states: dict[int, State] = {}
        """By lane, the last states of the episodes that ended in this step and made way for the next ("SameStep")."""

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode in every lane, or in those of a mask.

        Args:
            seed: an int (lane i is seeded with seed + i) or one for each lane.
            options: `{"index": i or B indices}` or `{"problem": p or B problems}` names the problems, so that G lanes
                may share one (None draws a lane's problem); `{"reset_mask": [B] bool}` leaves other lanes alone.
        """
        options = options or {}
        check_options(options, {"index", "problem", "reset_mask"})
        lanes = self._lanes_to_reset(options.get("reset_mask"))
        self._seed(seed, lanes)
        problems, indices = self._each(options.get("problem"), "problem"), self._each(options.get("index"), "index")
        given: dict[int, EpisodeStart] = {}
        episodes: list[EpisodeStart] = []
        for lane in lanes:
            problem, index = problems[lane], indices[lane]
            if problem is not None:
                if id(problem) not in given:
                    given[id(problem)] = self.episodes.of(problem)
                episodes.append(given[id(problem)])
            else:
                episodes.append(self._draw(lane) if index is None else self.episodes.by_index(whole_index(index)))
        self._start(lanes, episodes)
        self._over = sorted(set(self._over).difference(lanes))
        if len(lanes) == self.num_envs:
            return self._lanes.observe(), self._info({}, np.zeros(self.num_envs))
        rows = {lane: make_info(at_rest(episode.state)) for lane, episode in zip(lanes, episodes, strict=True)}
        return self._lanes.observe(), self._info_of(rows)

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        self._check_started()
        over, final = self._over, {}
        if over and self.autoreset_mode is AutoresetMode.DISABLED:
            raise RuntimeError(f"lane {over[0]} is over: reset(options={{'reset_mask': ...}}) before the next step")
        shaping = (self.mdp.gamma - 1.0) * self._potential_B if self._drifts else np.zeros(self.num_envs)
        if over:
            shaping[over] = 0.0
        happened = self._lanes.act(actions, np.array(over, np.intp))
        if happened:
            lanes = [lane for lane, _ in happened]
            self._note(lanes, [transition.state for _, transition in happened])
            if self.mdp.shaped:
                shaping[lanes] = [transition.shaping for _, transition in happened]
        rewards, terminated, truncated = shaping.copy(), *np.zeros((2, self.num_envs), np.bool_)
        rows: dict[int, dict[str, Any]] = {}
        for lane, transition in happened:
            if transition.state.stop or transition.verdict is not None or transition.reason:  # ended, judged, masked
                rewards[lane], terminated[lane] = transition.reward, transition.terminated
                truncated[lane] = transition.truncated
                rows[lane] = make_info(transition)
        if self._limit is not None:
            for lane in self._out_of_time(over, self._limit):
                truncated[lane] = True
                if lane not in rows:
                    added = float(shaping[lane])
                    rows[lane] = make_info(Transition(self._lanes.get(lane), added, False, True, 0.0, added, None))
        self._over = [lane for lane in rows if terminated[lane] or truncated[lane]]
        starting = over
        self.final_states = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._over:
            starting, self._over = self._over, []
            self.final_states = {lane: self._lanes.get(lane) for lane in starting}
            final = self._finals({lane: rows.pop(lane) for lane in starting})
            shaping[starting] = 0.0  # what the lane's info shows is the new episode's
        if starting:
            self._start(starting, [self._draw(lane) for lane in starting])
        return self._lanes.observe(), rewards, terminated, truncated, {**self._info(rows, shaping), **final}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problem of each lane, with its reference: not for the solver's eyes."""
        return tuple(episode.problem for episode in self._lanes.episodes)

    @property
    def views(self) -> tuple[View, ...]:
        """What a solver may see of the problem of each lane."""
        return tuple(episode.problem.view for episode in self._lanes.episodes)

    def get_state(self, lane: int) -> State:
        """The episode of one lane as one frozen value, equal to the scalar environment's."""
        self._check_started()
        return self._lanes.get(lane)

    def set_state(self, lane: int, state: State) -> None:
        """Takes one lane back (or forward) to a state of its current problem."""
        self._check_started()
        check_state(state, self._lanes.episodes[lane])
        self._lanes.set(lane, state)
        self._note([lane], [state])
        over = set(self._over) - {lane}
        self._over = sorted(over | {lane} if state.done else over)

    def get_states(self) -> list[State]:
        return [self.get_state(lane) for lane in range(self.num_envs)]

    def set_states(self, states: Sequence[State]) -> None:
        """All lanes at once: one state each."""
        if len(states) != self.num_envs:
            raise ValueError(f"there are {self.num_envs} lanes, got {len(states)} states")
        for lane, state in enumerate(states):
            self.set_state(lane, state)

    def action_masks(self) -> NDArray[np.bool_]:
        """[B, V] or [B, K] True where an action is legal."""
        if not self._discrete:
            raise AttributeError(f"actions at the {self.mdp.level.value} level are text: there is no mask")
        self._check_started()
        return self._masks().astype(bool)

    @property
    def vocabulary(self) -> Vocabulary:
        """What tokens are: `vocabulary.decode(ids)`, `vocabulary.encode(text)`."""
        return self.mdp.vocabulary

    def menus(self) -> list[tuple[str, ...]]:
        """For each lane the lines that may come next; empty where there is no menu."""
        if Level.CHOICE not in self.source.levels:
            return [()] * self.num_envs
        return [() if state.done else tuple(self.mdp.menu(state)) for state in self.get_states()]

    def render(self) -> tuple[Any, ...] | None:
        """For each lane what `ReasonEnv.render` gives: text, or a picture."""
        draw = {"ansi": render_text, "rgb_array": render_picture}.get(self.render_mode or "")
        if draw is None or not self._lanes.episodes:
            return None
        return tuple(draw(self.mdp, *pair) for pair in zip(self._lanes.episodes, self.get_states(), strict=True))

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each lane."""
        return tuple(map(self._generator, range(self.num_envs)))

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each lane; drawn from the system for lanes that were never seeded."""
        for lane in range(self.num_envs):
            self._generator(lane)
        return tuple(self._seeds)

    # Lanes

    def _check_started(self) -> None:
        if not self._lanes.episodes:
            raise RuntimeError("call reset() first")

    def _generator(self, lane: int) -> np.random.Generator:
        generator = self._generators[lane]
        if generator is None:
            generator, self._seeds[lane] = np_random()
            self._generators[lane] = generator
        return generator

    def _seed(self, seed: int | Sequence[int | None] | None, lanes: Sequence[int]) -> None:
        if seed is None:
            return
        seeds: list[Any]
        if isinstance(seed, int) and seed >= 0:
            seeds = [seed + lane for lane in range(self.num_envs)]
        elif isinstance(seed, str) or not isinstance(seed, Iterable):
            seeds = [seed] * self.num_envs  # each is refused with Gymnasium's sentence
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"give one seed, or one for each of the {self.num_envs} lanes, got {len(seeds)}")
        for lane in lanes:
            if seeds[lane] is not None:
                self._generators[lane], self._seeds[lane] = np_random(seeds[lane])

    def _draw(self, lane: int) -> EpisodeStart:
        return self.episodes.draw(self._generator(lane))

    def _out_of_time(self, starting: list[int], limit: int) -> list[int]:
        """Lanes whose episode reaches the limit in this step; those that only start anew in it have not begun."""
        self._clock_B += 1
        self._clock_B[starting] = 0
        return [int(lane) for lane in np.flatnonzero(self._clock_B >= limit)]

    def _start(self, lanes: Sequence[int], episodes: Sequence[EpisodeStart]) -> None:
        self._lanes.start(lanes, episodes)
        if self._limit is not None:
            self._clock_B[lanes] = 0
        self._note(lanes, [episode.state for episode in episodes])

    def _note(self, lanes: Sequence[int], states: Sequence[State]) -> None:
        """Keeps what infos and rewards need to know of these lanes' new states."""
        steps_B = self._steps_B.copy()  # the old array is in the caller's hands
        steps_B[lanes] = [len(state.steps) for state in states]
        self._steps_B = _fixed(steps_B)
        if self._drifts:
            self._potential_B[lanes] = [state.potential for state in states]
        if self.mdp.level is Level.CHOICE:
            self._mask_B[lanes] = [action_mask(self.mdp, state) for state in states]

    def _lanes_to_reset(self, mask: Any) -> list[int]:
        if mask is None:
            return list(range(self.num_envs))
        if (
            not isinstance(mask, np.ndarray)
            or mask.dtype != np.bool_
            or mask.shape != (self.num_envs,)
            or not mask.any()
        ):
            raise ValueError(f"reset_mask must be a numpy array of {self.num_envs} bools, at least one of them true")
        if not self._lanes.episodes and not mask.all():
            raise RuntimeError("the first reset() starts every lane: leave reset_mask out")
        return [int(lane) for lane in np.flatnonzero(mask)]

    def _each(self, given: Any, name: str) -> Sequence[Any]:
        """One value for each lane, from one for all or a sequence."""
        if given is None or isinstance(given, int | np.integer | Problem):
            return [given] * self.num_envs
        if len(given) != self.num_envs:
            raise ValueError(f"give one {name}, or one for each of the {self.num_envs} lanes, got {len(given)}")
        return list(given)

    # Info

    def _masks(self) -> NDArray[np.int8]:
        """[B, V] or [B, K]; the same at every step of the token level, and read-only there."""
        if self.mdp.level is Level.CHOICE:
            return self._mask_B.copy()
        return np.broadcast_to(self.mdp.vocabulary.allowed, (self.num_envs, self.mdp.vocabulary.size))

    def _quiet_info(self) -> dict[str, Any]:
        """The info of a step in which nothing but tokens was said: arrays that all such steps share."""
        info: dict[str, Any] = {key: _fixed(np.zeros(self.num_envs, kind)) for key, kind in _NUMBERS.items()}
        info |= dict.fromkeys(_TEXTS, self._blank_B)
        if self._discrete:
            info["action_mask"] = self._masks()
        everyone = _fixed(np.ones(self.num_envs, np.bool_))
        return info | {f"_{key}": everyone for key in info}

    def _info(self, rows: dict[int, dict[str, Any]], shaping: NDArray[np.float64]) -> dict[str, Any]:
        """The info of all lanes; `rows` holds that of lanes with a verdict, an ending, or a masked choice."""
        info = {**self._quiet, "shaping": shaping, "tokens": self._lanes.counts(), "steps": self._steps_B}
        if rows:
            lanes = list(rows)
            info["outcome"] = np.zeros(self.num_envs)
            info["outcome"][lanes] = [row["outcome"] for row in rows.values()]
            for key in _TEXTS:
                info[key] = texts_B = self._blank_B.copy()
                for lane, row in rows.items():  # one by one: numpy would make an array of the texts first
                    texts_B[lane] = row[key]
        if self.mdp.level is Level.CHOICE:
            info["action_mask"] = self._masks()
        return info

    def _info_of(self, rows: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The info of some lanes, where the others have none: zeros and None there, and a mask that says so."""
        lanes = list(rows)
        info: dict[str, Any] = {key: np.zeros(self.num_envs, kind) for key, kind in _NUMBERS.items()}
        info |= {key: np.full(self.num_envs, None, object) for key in _TEXTS}
        for key, array in info.items():
            array[lanes] = [row[key] for row in rows.values()]
        if self._discrete:
            masks = self._masks()
            info["action_mask"] = np.zeros_like(masks)
            info["action_mask"][lanes] = masks[lanes]
        return info | dict.fromkeys([f"_{key}" for key in info], _fixed(self._only(lanes)))

    def _finals(self, rows: dict[int, dict[str, Any]]) -> dict[str, Any]:
        """The last observation and info of episodes that end in the step that starts the next."""
        observations = np.full(self.num_envs, None, object)
        for lane in rows:
            observations[lane] = self._lanes.observe_one(lane)
        ended = _fixed(self._only(list(rows)))
        return {
            "final_obs": observations,
            "_final_obs": ended,
            "final_info": self._info_of(rows),
            "_final_info": ended,
        }

    def _only(self, lanes: list[int]) -> NDArray[np.bool_]:
        mask = np.zeros(self.num_envs, np.bool_)
        mask[lanes] = True
        return mask


def _fixed(array: NDArray[Any]) -> NDArray[Any]:
    """The array, read-only from now on: what several steps share must not change in anyone's hands."""
    array.setflags(write=False)
    return array
