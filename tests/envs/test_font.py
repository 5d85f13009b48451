"""The font of the pictures has a distinct glyph for every printable character."""

from __future__ import annotations

import numpy as np
from reasonrl.envs.font import HEIGHT, WIDTH, glyphs, ink


def test_every_printable_character_has_a_glyph_of_its_own() -> None:
    drawn = glyphs()
    assert drawn.shape == (95, HEIGHT, WIDTH)
    assert len({cell.tobytes() for cell in drawn}) == 95
    assert not drawn[0].any()  # the space


def test_neighbours_are_kept_apart() -> None:
    assert not glyphs()[:, :, -1].any()
    assert not glyphs()[:, -1, :].any()


def test_a_letter_looks_as_it_should() -> None:
    rows = ["".join("#" if dot else "." for dot in row[:5]) for row in ink("T")[:7]]
    assert rows == ["#####", *["..#.."] * 6]


def test_characters_outside_ascii_are_folded_or_asked_about() -> None:
    np.testing.assert_array_equal(ink("é\N{EN DASH}\u4e2d\n"), ink("e-??"))
    assert ink("").shape == (HEIGHT, 0)
