"""The agents of a benchmark as they were asked for: names, with the settings that differ from the usual."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reasonrl.agents.policies.core import Policy
from reasonrl.agents.policies.scripted import ScriptedPolicy
from reasonrl.agents.search.agents import SearchAgent, get_agent
from reasonrl.agents.search.registry import Role, agent_kind
from reasonrl.benchmarks.roles import base_name
from reasonrl.envs.core import Problem


@dataclass(frozen=True)
class Job:
    """One agent as asked for."""

    name: str
    """As given, with its guide."""
    settings: tuple[tuple[str, Any], ...]
    """What differs from the agent's own defaults."""

    def make(self, problems: Sequence[Problem], policy: Policy) -> SearchAgent:
        return get_agent(self.name, problems=problems, policy=policy, **dict(self.settings))

    @property
    def label(self) -> str:
        """How tables and stores name it: with the settings that are not the usual ones."""
        usual = agent_kind(self.name).config()
        unusual = [f"{key}={value}" for key, value in self.settings if getattr(usual, key) != value]
        return self.name + (f"({','.join(unusual)})" if unusual else "")

    @property
    def deterministic(self) -> bool:
        """Whether every seed gives the same: one answer, the most probable token at every place."""
        kind = agent_kind(self.name)
        return kind.role is Role.SINGLE and getattr(kind.config(**dict(self.settings)), "temperature", None) == 0


def make_jobs(agents: Sequence[str], *, settings: Sequence[str], temperature: float) -> list[Job]:
    """The jobs of these agents, each once.

    Args:
        agents: their names, with guides.
        settings: `agent.setting=value`, where an agent's name has no guide.
        temperature: of all that sample; an agent of one answer keeps its own.

    Raises:
        ValueError: there is no such agent, guide or setting.
    """
    changes = _parse(settings)
    unused = sorted(set(changes) - {base_name(name) for name in agents})
    if unused:
        raise ValueError(f"--set names {unused[0]!r}, which is not among the agents {', '.join(agents)}")
    jobs = []
    for name in dict.fromkeys(agents):
        kind = agent_kind(name)
        samples = kind.role is not Role.SINGLE and hasattr(kind.config, "temperature")
        usual = {"temperature": temperature} if samples else {}
        jobs.append(Job(name, tuple((usual | changes.get(base_name(name), {})).items())))
        jobs[-1].make((), ScriptedPolicy({}))  # an unknown guide or setting is an error here
    return jobs


def _parse(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Agent to its settings and their values."""
    changes: dict[str, dict[str, Any]] = {}
    for each in settings:
        place, equals, text = each.partition("=")
        name, dot, key = place.rpartition(".")
        if not equals or not dot:
            raise ValueError(f"write a setting as agent.setting=value, such as my.py:search.width=8; got {each!r}")
        try:
            changes.setdefault(name, {})[key] = json.loads(text)
        except json.JSONDecodeError:
            raise ValueError(f"{text!r} in {each!r} is not a number, true or false") from None
    return changes
