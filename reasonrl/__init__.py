"""reasonrl: reasoning as a Gymnasium suite, with verifiers that resist, and agents that search and learn.

Importing it registers the environment ids; torch, transformers and sympy load only when something needs them.
"""

from pathlib import Path

_here = Path(__file__).resolve().parent
if not (_here / "verifiers").is_dir():  # a clone: the four folders lie beside this one
    __path__ = [str(_here), str(_here.parent)]

from reasonrl.envs.registry import environment_ids, register_all  # noqa: E402  # found by the path above

__version__ = "0.1.0"
__all__ = ["__version__", "environment_ids"]

register_all()
