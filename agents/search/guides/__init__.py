"""Who says what is worth more: one idea a file. `registry` finds a guide by its name, `core` says what one is."""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.search.guides.core import Guide, Scores
    from reasonrl.agents.search.guides.exact_potential import ExactPotential
    from reasonrl.agents.search.guides.feedback import EnvironmentFeedback
    from reasonrl.agents.search.guides.hidden_verifier import HiddenVerifier
    from reasonrl.agents.search.guides.learned import LearnedGuide
    from reasonrl.agents.search.guides.logprob import PolicyLogprob
    from reasonrl.agents.search.guides.registry import GUIDES, get_guide, register_guide
    from reasonrl.agents.search.guides.self_consistency import SelfConsistency
    from reasonrl.agents.search.guides.sum import Sum

__all__ = [
    "GUIDES",
    "EnvironmentFeedback",
    "ExactPotential",
    "Guide",
    "HiddenVerifier",
    "LearnedGuide",
    "PolicyLogprob",
    "Scores",
    "SelfConsistency",
    "Sum",
    "get_guide",
    "register_guide",
]

_PLACES = {
    "EnvironmentFeedback": "agents.search.guides.feedback",
    "ExactPotential": "agents.search.guides.exact_potential",
    "GUIDES": "agents.search.guides.registry",
    "Guide": "agents.search.guides.core",
    "HiddenVerifier": "agents.search.guides.hidden_verifier",
    "LearnedGuide": "agents.search.guides.learned",
    "PolicyLogprob": "agents.search.guides.logprob",
    "Scores": "agents.search.guides.core",
    "SelfConsistency": "agents.search.guides.self_consistency",
    "Sum": "agents.search.guides.sum",
    "get_guide": "agents.search.guides.registry",
    "register_guide": "agents.search.guides.registry",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.search.guides", _PLACES)
