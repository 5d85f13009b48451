"""Impostors that all families share."""

from __future__ import annotations

from reasonrl.envs.impostors import common_impostors


def test_each_holds_a_wrong_answer_two_answers_or_none_that_is_marked() -> None:
    found = list(common_impostors("12", "13", prompt="Add 5 and 7.", said="5+7=12\n"))
    assert len(set(found)) == len(found)
    assert "5+7=12\nAnswer: 12" not in found
    assert "5+7=12\nAnswer: 13\nAnswer: 12" in found
    assert "5+7=12\nAnswer: \uff11\uff12" in found
    assert max(map(len, found)) > 10_000
