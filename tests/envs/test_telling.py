"""Where a slip and an alternative stand in a told derivation."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.behaviours import Behaviour, split_behaviour
from reasonrl.envs.telling import aside_first, woven

LINES = ["a", "b", "c"]
BOTH = frozenset({Behaviour.CORRECTION, Behaviour.ALTERNATIVE})


@pytest.mark.parametrize(
    ("slip", "detour", "told"),
    [
        (-1, -1, ["a", "b", "c"]),
        (0, -1, ["a?", "Wait: a", "b", "c"]),
        (-1, 2, ["a", "b", "c2", "Or: c"]),
        (0, 1, ["a?", "Wait: a", "b2", "Or: b", "c"]),
        (1, 1, ["a", "b2", "Or: b?", "Wait: b", "c"]),
    ],
)
def test_a_slip_and_an_alternative_stand_before_the_line_they_are_about(
    slip: int, detour: int, told: list[str]
) -> None:
    def wrong(position: int) -> str:
        return f"{LINES[position]}?"

    def aside(position: int) -> str:
        return f"{LINES[position]}2"

    assert woven(LINES, slip=slip, detour=detour, wrong=wrong, aside=aside) == told


def test_where_there_is_no_slip_and_no_alternative_the_lines_stay_as_they_are() -> None:
    assert woven(LINES, slip=0, detour=1, wrong=lambda _: None, aside=lambda _: None) == LINES
    rng = random.Random(0)
    assert aside_first(LINES, BOTH, rng, wrong=lambda _: None, aside=lambda _: None) == LINES


def test_only_the_first_alternative_is_told_and_any_line_but_its_answer_may_come_after_a_slip() -> None:
    seen = set()
    for seed in range(40):
        told = aside_first(
            LINES, BOTH, random.Random(seed), wrong=lambda line: f"{line}?", aside=lambda i: f"{LINES[i]}2"
        )
        kinds = [split_behaviour(line)[0] for line in told]
        assert kinds.count(Behaviour.ALTERNATIVE) == kinds.count(Behaviour.CORRECTION) == 1
        assert [line for line in told if "2" not in line and "?" not in line] != []
        seen.add(told[kinds.index(Behaviour.CORRECTION)])
    assert seen == {"Wait: a2", "Wait: b", "Wait: c"}
