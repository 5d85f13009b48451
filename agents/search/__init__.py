"""Planning with a policy: more tokens into more right answers.

`agents` (by name), one file per algorithm, `driver` (many trees at once), `run` (one of them), `budget` (the metered
boundary), `tree`, `guides` (who says what is worth more), `choice` (which answer is given), `viewer` (a tree to read).
"""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.search.agents import AGENTS, SearchAgent, get_agent
    from reasonrl.agents.search.beam import BeamConfig
    from reasonrl.agents.search.best_of_n import BestOfNConfig
    from reasonrl.agents.search.budget import Budget
    from reasonrl.agents.search.core import Candidate, Expand, Score, Search, SearchResult
    from reasonrl.agents.search.driver import search_many
    from reasonrl.agents.search.greedy import GreedyConfig
    from reasonrl.agents.search.guides import GUIDES, Guide, get_guide
    from reasonrl.agents.search.majority import MajorityConfig
    from reasonrl.agents.search.mcts import MCTSConfig
    from reasonrl.agents.search.tree import Node, Tree
    from reasonrl.agents.search.viewer import to_html

__all__ = [
    "AGENTS",
    "GUIDES",
    "BeamConfig",
    "BestOfNConfig",
    "Budget",
    "Candidate",
    "Expand",
    "GreedyConfig",
    "Guide",
    "MCTSConfig",
    "MajorityConfig",
    "Node",
    "Score",
    "Search",
    "SearchAgent",
    "SearchResult",
    "Tree",
    "get_agent",
    "get_guide",
    "search_many",
    "to_html",
]

_PLACES = {
    "AGENTS": "agents.search.agents",
    "BeamConfig": "agents.search.beam",
    "BestOfNConfig": "agents.search.best_of_n",
    "Budget": "agents.search.budget",
    "Candidate": "agents.search.core",
    "Expand": "agents.search.core",
    "GUIDES": "agents.search.guides",
    "GreedyConfig": "agents.search.greedy",
    "Guide": "agents.search.guides",
    "MCTSConfig": "agents.search.mcts",
    "MajorityConfig": "agents.search.majority",
    "Node": "agents.search.tree",
    "Score": "agents.search.core",
    "Search": "agents.search.core",
    "SearchAgent": "agents.search.agents",
    "SearchResult": "agents.search.core",
    "Tree": "agents.search.tree",
    "get_agent": "agents.search.agents",
    "get_guide": "agents.search.guides",
    "search_many": "agents.search.driver",
    "to_html": "agents.search.viewer",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.search", _PLACES)
