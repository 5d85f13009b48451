"""Equations of plain arithmetic, as asides in a derivation state them."""

from __future__ import annotations

import pytest
from reasonrl.verifiers.arithmetic import is_true


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("15-3=12", True),
        ("15-3=13", False),
        ("5*4+3=23=2*4+15", True),
        ("5*4+3=22=2*4+15", False),
        ("1/3+1/6=0.5", True),
        ("23", None),
        ("=", None),
        ("3x=12", None),
        ("1/0=1/0", None),
        ("9**9**9=1", None),
        ("=".join(["1"] * 9), None),
        ("\u0661=\u0661", None),
    ],
)
def test_an_equation_of_numbers_holds_or_not_and_any_other_text_is_none(text: str, true: bool | None) -> None:
    assert is_true(text) is true
