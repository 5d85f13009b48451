"""Planning with a policy: more tokens into more right answers.

`agents` (by name), `registry` (a row for each search), `algorithms/` (one file each), `guides/` (who says what is worth
more), `driver` (many trees at once), `searcher` (one of them), `pending` (what it waits for), `budget` (the metered
boundary), `tree` and `node`, `selection` (which answer is given), `viewer` (a tree to read).
"""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.search.agents import SearchAgent, get_agent
    from reasonrl.agents.search.budget import Budget
    from reasonrl.agents.search.core import Candidate, Expand, Score, Search, SearchResult, SearchTask
    from reasonrl.agents.search.driver import search_many
    from reasonrl.agents.search.guides.core import Guide, Scores
    from reasonrl.agents.search.guides.registry import GUIDES, get_guide, register_guide
    from reasonrl.agents.search.node import Node
    from reasonrl.agents.search.registry import AGENTS, AgentKind, Role, register_search
    from reasonrl.agents.search.selection import Select
    from reasonrl.agents.search.tree import Tree
    from reasonrl.agents.search.viewer import to_html

__all__ = [
    "AGENTS",
    "GUIDES",
    "AgentKind",
    "Budget",
    "Candidate",
    "Expand",
    "Guide",
    "Node",
    "Role",
    "Score",
    "Scores",
    "Search",
    "SearchAgent",
    "SearchResult",
    "SearchTask",
    "Select",
    "Tree",
    "get_agent",
    "get_guide",
    "register_guide",
    "register_search",
    "search_many",
    "to_html",
]

_PLACES = {
    "AGENTS": "agents.search.registry",
    "AgentKind": "agents.search.registry",
    "Budget": "agents.search.budget",
    "Candidate": "agents.search.core",
    "Expand": "agents.search.core",
    "GUIDES": "agents.search.guides.registry",
    "Guide": "agents.search.guides.core",
    "Node": "agents.search.node",
    "Role": "agents.search.registry",
    "Score": "agents.search.core",
    "Scores": "agents.search.guides.core",
    "Search": "agents.search.core",
    "SearchAgent": "agents.search.agents",
    "SearchResult": "agents.search.core",
    "SearchTask": "agents.search.core",
    "Select": "agents.search.selection",
    "Tree": "agents.search.tree",
    "get_agent": "agents.search.agents",
    "get_guide": "agents.search.guides.registry",
    "register_guide": "agents.search.guides.registry",
    "register_search": "agents.search.registry",
    "search_many": "agents.search.driver",
    "to_html": "agents.search.viewer",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.search", _PLACES)
