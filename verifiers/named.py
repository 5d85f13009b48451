"""Own code by name, wherever a name is taken: `my.py:thing`, or `package.module:thing`.

reasonrl bench --agents greedy,my.py:search        reasonrl solve my.py:Family --policy my.py:policy
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any


def is_place(name: str) -> bool:
    """Whether a name is that of somebody's own code.

    >>> [is_place(name) for name in ("my.py:search", "package.module:search", "mcts:logprob", "openai:m@http://h/v1")]
    [True, True, False, False]
    """
    place, colon, attribute = name.rpartition(":")
    dotted = "." in place and all(part.isidentifier() for part in place.split("."))
    return bool(colon) and attribute.isidentifier() and (place.endswith(".py") or dotted)


def load_named(name: str, *, what: str) -> Any:
    """What a name stands for.

    Args:
        name: `file.py:name` or `package.module:name`.
        what: what is looked for, for messages: "a guide".

    Raises:
        ValueError: no such file, module or name in it, or the file has an error (its line is told).
    """
    place, _, attribute = name.rpartition(":")
    if place.endswith(".py"):
        path = Path(place).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f"there is no file {place!r}: name {what} as file.py:name")
        module = _import_file(str(path), path.stat().st_mtime_ns)
    else:
        try:
            module = importlib.import_module(place)
        except ImportError as error:
            raise ValueError(f"{place} cannot be imported ({error}): name {what} as file.py:name") from error
    if not hasattr(module, attribute):
        there = [each for each in vars(module) if not each.startswith("_")]
        near = difflib.get_close_matches(attribute, there, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"name {what} that is there"
        raise ValueError(f"{place} has no {attribute!r}: {hint}")
    return getattr(module, attribute)


@functools.cache
def _import_file(path: str, changed: int) -> ModuleType:
    """The module of a file, made once for each of its versions."""
    name = f"{Path(path).stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        raise ValueError(f"{path}, line {line}: {type(error).__name__}: {error}") from error
    return module
