"""Who proposes: the shipped tiny model, any Hugging Face causal model, any OpenAI-compatible endpoint, a script."""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.policies.core import Policy, Proposal, Sampling
    from reasonrl.agents.policies.endpoint import EndpointPolicy
    from reasonrl.agents.policies.local import LocalPolicy
    from reasonrl.agents.policies.registry import POLICIES, get_policy
    from reasonrl.agents.policies.scripted import ScriptedPolicy

__all__ = [
    "POLICIES",
    "EndpointPolicy",
    "LocalPolicy",
    "Policy",
    "Proposal",
    "Sampling",
    "ScriptedPolicy",
    "get_policy",
]

_PLACES = {
    "EndpointPolicy": "agents.policies.endpoint",
    "LocalPolicy": "agents.policies.local",
    "POLICIES": "agents.policies.registry",
    "Policy": "agents.policies.core",
    "Proposal": "agents.policies.core",
    "Sampling": "agents.policies.core",
    "ScriptedPolicy": "agents.policies.scripted",
    "get_policy": "agents.policies.registry",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.policies", _PLACES)
