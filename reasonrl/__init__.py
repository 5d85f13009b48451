"""reasonrl: reasoning as a Gymnasium suite, with verifiers that resist, and agents that search and learn.

Importing it registers the environment ids; torch, transformers and sympy load only when something needs them.
"""

from reasonrl.envs.registry import environment_ids, register_all

__version__ = "0.1.0"
__all__ = ["__version__", "environment_ids"]

register_all()
