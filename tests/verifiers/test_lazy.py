"""Names that load when they are asked for: each module of a package is had from it, in an interpreter of its own."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest
from reasonrl.verifiers.lazy import lazy_names

from reasonrl import verifiers


def test_each_module_is_had_from_the_package() -> None:
    names = [module.name for module in pkgutil.iter_modules(verifiers.__path__)]
    assert "annotations" in names  # as `from __future__ import annotations` in the package would call a feature
    script = "\n".join(
        f"from reasonrl.verifiers import {name} as found; assert found.__name__ == 'reasonrl.verifiers.{name}', found"
        for name in names
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_mistyped_name_is_told_its_neighbour() -> None:
    get, _ = lazy_names("reasonrl.verifiers", {"verify_math": "verifiers.math"})
    with pytest.raises(AttributeError, match="did you mean 'verify_math'"):
        get("verify_maths")
