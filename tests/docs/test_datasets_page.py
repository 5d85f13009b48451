"""The page on data sets holds, example by example."""

from __future__ import annotations

from collections.abc import Callable


def test_the_data_set_of_the_page_is_solved_benchmarked_audited_and_played(follow: Callable[[str], str]) -> None:
    printed = follow("datasets.md")
    assert printed.endswith("0.0 1.0\n")
    assert "a number: so many trials, all as they should be" in printed
    assert "Ann has 3 apples" in printed
