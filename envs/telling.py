"""How a right derivation is told with a slip that is corrected and an alternative that is tried first.

Two ways, for families differ in what a wrong line does to those after it. Both are pure functions of lines.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from reasonrl.envs.behaviours import PREFIXES, Behaviour, behaviour_of

_WAIT = PREFIXES[Behaviour.CORRECTION]
_OR = PREFIXES[Behaviour.ALTERNATIVE]


def woven(
    lines: Sequence[str],
    *,
    slip: int,
    detour: int,
    wrong: Callable[[int], str | None],
    aside: Callable[[int], str | None],
) -> list[str]:
    """One line comes after a wrong one, one after another that could stand there; the two may be the same line.

    Args:
        lines: the right ones.
        slip: position of the line that is corrected; -1 for none.
        detour: position of the line that comes second; -1 for none.
        wrong: position to a wrong line, None where there is none.
        aside: position to another line, None where there is none.
    """
    told = []
    for position, line in enumerate(lines):
        prefix = ""
        if position == detour and (other := aside(position)) is not None:
            told.append(other)
            prefix = f"{_OR} "
        if position == slip and (mistake := wrong(position)) is not None:
            told.append(f"{prefix}{mistake}")
            prefix = f"{_WAIT} "
        told.append(f"{prefix}{line}")
    return told


def aside_first(
    lines: Sequence[str],
    behaviours: frozenset[Behaviour],
    rng: random.Random,
    *,
    wrong: Callable[[str], str | None],
    aside: Callable[[int], str | None],
) -> list[str]:
    """The first line that has an alternative comes after it; then any line without a prefix comes after a slip.

    Args:
        lines: the right ones.
        behaviours: those asked for.
        rng: draws the line that is corrected.
        wrong: a line to a wrong one like it, None where there is none.
        aside: position to another line, None where there is none.
    """
    told: list[str] = []
    wanted = Behaviour.ALTERNATIVE in behaviours
    for position, line in enumerate(lines):
        other = aside(position) if wanted else None
        told += [line] if other is None else [other, f"{_OR} {line}"]
        wanted = wanted and other is None
    if Behaviour.CORRECTION in behaviours and told:
        # not on the line with `Or:`: a wrong one would leave the other standing
        position = rng.choice([i for i, line in enumerate(told) if behaviour_of(line) is Behaviour.COMPLETION])
        if (mistake := wrong(told[position])) is not None:
            told[position : position + 1] = [mistake, f"{_WAIT} {told[position]}"]
    return told
