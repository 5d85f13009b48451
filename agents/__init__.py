"""Who acts: policies that propose, search that plans with them, learning that improves them."""

from typing import TYPE_CHECKING

if __name__ != "reasonrl.agents":
    raise ImportError("import this package as reasonrl.agents: install the project first (pip install -e .)")

from reasonrl.verifiers.lazy import lazy_names  # behind the guard

if TYPE_CHECKING:
    from reasonrl.agents.policies.core import Policy
    from reasonrl.agents.policies.registry import get_policy
    from reasonrl.agents.search.agents import get_agent
    from reasonrl.agents.search.budget import Budget
    from reasonrl.agents.search.core import SearchResult
    from reasonrl.agents.search.guides.registry import get_guide

__all__ = [
    "Budget",
    "Policy",
    "SearchResult",
    "get_agent",
    "get_guide",
    "get_policy",
]

_PLACES = {
    "Budget": "agents.search.budget",
    "Policy": "agents.policies.core",
    "SearchResult": "agents.search.core",
    "get_agent": "agents.search.agents",
    "get_guide": "agents.search.guides.registry",
    "get_policy": "agents.policies.registry",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents", _PLACES)
