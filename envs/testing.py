"""The contract of every family, as a function for the tests of a family.

    from reasonrl.envs.testing import check_family

    def test_my_family() -> None:
        print(check_family(MyFamily()))

What a family cannot do, because it has no menu, say, is skipped, and the report says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from reasonrl.envs.abilities import complete
from reasonrl.envs.contract import CHECKS, Skip, Trial
from reasonrl.envs.families import get_family


@dataclass(frozen=True)
class Report:
    """What `check_family` looked at."""

    family: str
    problems: int
    passed: tuple[str, ...]
    skipped: dict[str, str] = field(default_factory=dict)
    """Check to the reason why it does not apply."""

    def __str__(self) -> str:
        lines = [f"{self.family}: {len(self.passed)} checks passed, on {self.problems} problems of each difficulty"]
        return "\n".join([*lines, *(f"  skipped {check}: {reason}" for check, reason in self.skipped.items())])


def check_family(family: Any, *, problems: int = 6, seed: int = 0, checks: Collection[str] = ()) -> Report:
    """Holds a family to the contract of all families.

    Args:
        family: an object, its class, a registered name, or `file.py:Class`.
        problems: how many of each difficulty are looked at.
        seed: which ones; 0 begins with the first.
        checks: only these of `CHECKS`; none means all.

    Raises:
        AssertionError: a sentence about the first fault, with the problem's id and the text.
    """
    if problems < 1:
        raise ValueError(f"problems must be at least 1, got {problems}")
    unknown = [name for name in checks if name not in CHECKS]
    if unknown:
        raise ValueError(f"unknown check {unknown[0]!r}: there are {', '.join(CHECKS)}")
    found = (
        get_family(family) if isinstance(family, str) else complete(family() if isinstance(family, type) else family)
    )
    trial = Trial(found, problems, seed)
    passed: list[str] = []
    skipped: dict[str, str] = {}
    for name in checks or CHECKS:
        try:
            CHECKS[name](trial)
        except Skip as reason:
            skipped[name] = str(reason)
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{found.name}: {name} ends in {type(error).__name__}: {error}") from error
        else:
            passed.append(name)
    return Report(found.name, problems, tuple(passed), skipped)
