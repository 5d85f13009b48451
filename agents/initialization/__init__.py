"""A policy's beginning: demonstrations, supervised fine-tuning, and the recipe of the shipped model."""

from typing import TYPE_CHECKING

from reasonrl.verifiers.lazy import lazy_names

if TYPE_CHECKING:
    from reasonrl.agents.initialization.sft import SFTConfig, fine_tune

__all__ = [
    "SFTConfig",
    "fine_tune",
]

_PLACES = {
    "SFTConfig": "agents.initialization.sft",
    "fine_tune": "agents.initialization.sft",
}
__getattr__, __dir__ = lazy_names("reasonrl.agents.initialization", _PLACES)
