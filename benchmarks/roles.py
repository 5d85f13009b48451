"""What an agent is to a comparison, by its label: the registry of searches says so.

A label is how a store names an agent: `name:guide(setting=value)`. A store may be somebody else's, so a label is only
looked up: no file that it names is loaded, and an agent from a file counts as a search (register it to say otherwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reasonrl.agents.search.registry import AGENTS, AgentKind, Role, split_spec
from reasonrl.verifiers.registry import load_suites

SHIPPED = AGENTS.shipped
"""Names of the agents that come with the project."""


def spec_of(agent: str) -> str:
    """The label without settings.

    >>> spec_of("my.py:search:logprob(branch=8)")
    'my.py:search:logprob'
    """
    return agent.partition("(")[0]


def base_name(agent: str) -> str:
    """The label without settings and guide.

    >>> base_name("my.py:search:logprob(branch=8)")
    'my.py:search'
    """
    return split_spec(spec_of(agent))[0]


def role_of(agent: str) -> Role:
    kind = _kind_of(agent)
    return Role.SEARCH if kind is None else kind.role


def is_independent(agent: str) -> bool:
    """Whether its samples are drawn whatever the earlier ones were, so that any k are as good as the first k."""
    kind = _kind_of(agent)
    return kind is not None and kind.independent


def position_of(agent: str) -> int | None:
    """Which place this name has in the registry; None for a label with guide or settings, and for what is not there."""
    return list(AGENTS).index(agent) if agent in AGENTS else None


def usual_rivals() -> tuple[str, ...]:
    """Whom every agent is compared with if nobody says otherwise: first those of one answer, then those that vote."""
    load_suites()
    return tuple(name for role in (Role.SINGLE, Role.VOTE) for name in AGENTS if role_of(name) is role)


def match(names: Iterable[str], agents: Sequence[str]) -> dict[str, str]:
    """Name to the label that it means, of these; names that mean none are left out.

    A name is a whole label, or one without its settings; the first that fits.

    >>> match(["one", "none"], ["two", "one:logprob", "one(width=8)"])
    {'one': 'one(width=8)'}
    """
    found = {
        name: next((each for form in (str, spec_of) for each in agents if form(each) == name), None) for name in names
    }
    return {name: label for name, label in found.items() if label is not None}


def _kind_of(agent: str) -> AgentKind | None:
    load_suites()
    return AGENTS.get(base_name(agent))
