"""Seeds come from hashes: the same everywhere, and different parts give different numbers."""

from __future__ import annotations

import random
import subprocess
import sys

from hypothesis import example, given
from hypothesis import strategies as st
from reasonrl.envs.seeding import digest, generator

PARTS = st.lists(
    st.one_of(st.integers(), st.text(st.characters(exclude_characters="\x1f"), max_size=8)), min_size=1, max_size=4
)


def test_the_hash_never_changes() -> None:
    """Problems are named by it: a change here is a new version of every family."""
    assert digest("problem", "chain_sum", 0, "train", 0, 3) == 18359600553243054643
    assert generator("a", 1).random() == random.Random(digest("a", 1)).random()


@given(one=PARTS, other=PARTS)
@example(one=["\ud800"], other=["\udfff"])
def test_equal_parts_and_only_they_share_a_hash(one: list[object], other: list[object]) -> None:
    assert (digest(*one) == digest(*other)) == ([str(part) for part in one] == [str(part) for part in other])


def test_the_hash_ignores_pythons_own_hash_seed() -> None:
    script = "from reasonrl.envs.seeding import digest; print(digest('x', ('a', 2), 3.5))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert outputs == {f"{digest('x', ('a', 2), 3.5)}\n"}


def test_neighbouring_seeds_give_unrelated_numbers() -> None:
    draws = [generator("problem", index).random() for index in range(1000)]
    assert len(set(draws)) == 1000
    assert abs(sum(draws) / 1000 - 0.5) < 0.05
