"""Public names of a package that load their modules only when they are first asked for (PEP 562)."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    Args:
        package: its full name.
        places: each public name to its module, relative to `reasonrl`: {"Budget": "agents.search.budget"}.
    """

    def get(name: str) -> Any:
        if name not in places:
            near = difflib.get_close_matches(name, places, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(places))}, and its modules"
            raise AttributeError(f"{package} has no {name!r}: {hint}")
        value = getattr(importlib.import_module(f"reasonrl.{places[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return get, names
