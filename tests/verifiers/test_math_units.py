"""Units have a dimension and a scale: another one is another answer, the same quantity is the same."""

from __future__ import annotations

from fractions import Fraction

import pytest
from reasonrl.verifiers.math import verify_math
from reasonrl.verifiers.math.units import read_currency, read_unit

SAME = r"""
    1 m ~ 100 cm|1\text{ hour} ~ 60\text{ minutes}|\$5 ~ 500 cents|5\text{ m} ~ 5m|5\text{ m} ~ 5\text{ meters}
    2\text{ kg} ~ 2000\text{ g}|30^\circ ~ 30|30^\circ ~ 30 degrees|\frac{\pi}{3} ~ \frac{\pi}{3}\text{ radians}
    3\text{ h }20\text{ min} ~ 200\text{ minutes}|5\text{ ft }6\text{ in} ~ 66 inches
    20\text{ N} ~ 20\text{ kg m/s}^2|10\text{ m/s} ~ 10\ \text{m}\cdot\text{s}^{-1}|4\Omega ~ 4\text{ ohms}
    9.8\text{ m/s}^2 ~ 9.8 m/s²|42 ~ 42°C|42 ~ 42 ℃|42 ~ 42\text{ m}^2|42 ~ 42 cm^{3}|3:30\text{ PM} ~ 3:30 p.m.
    3:30\text{ PM} ~ 3:30|0.5 ~ 0.5\text{ mile}|48 ~ 48 lbs.|10\text{ cm}^2 ~ 10\text{ sq cm}
    10\text{ cm}^2 ~ 10 \text{ square centimeters}|4.2 ~ 4.2\ \mu\text{m}|\$5 ~ 5 dollars
    42\text{ apples} ~ 42\text{ red apples}|60\text{ km/h} ~ 60 \text{ kilometers per hour}|7 kg ~ 7 kilograms
    7\text{ L} ~ 7l
"""
OTHER = r"""
    5\text{ cm}^2 ~ 5\text{ cm}^3|5\text{ cm}^2 ~ 5\text{ cm}|5\text{ m} ~ 5\text{ km}
    5\text{ hours} ~ 5\text{ minutes}|5\text{ m/s} ~ 5\text{ m}|5\text{ L} ~ 5\text{ gallons}|5 am ~ 5 pm
    €5 ~ £5|\$5 ~ 5 euros|5\text{ apples} ~ 5\text{ kg}|5^\circ ~ 5\text{ radians}|90^\circ ~ 90\text{ minutes}
    5 kg ~ 5 lbs|5\text{ J} ~ 5\text{ W}|5\text{ weeks} ~ 5\text{ days}|5\text{ months} ~ 5\text{ years}
    5\text{ dollars} ~ 5\text{ dollars per hour}|5\text{ N} ~ 5\text{ kN}|1 m ~ 10 cm|5\text{ mW} ~ 5\text{ MW}
    60\text{ km/h} ~ 60 mph|30^\circ\text{C} ~ 30^\circ\text{F}|5\text{ MB} ~ 5\text{ GB}
    3:30\text{ PM} ~ 3:30 AM|5 mL ~ 5 L|5\text{ square feet} ~ 5\text{ cubic feet}|\$5 ~ ₹5
    5\text{ kg} ~ 5\text{ years}|5\text{ m} ~ 5\text{ m/s}^2|5 元 ~ 5\text{ dollars}
    5\text{ días} ~ 5\text{ años}|5\text{ km} ~ 5 米|42 ~ 42m
"""


def pairs(text: str) -> list[tuple[str, str]]:
    found = [piece.split(" ~ ") for line in text.strip().splitlines() for piece in line.split("|")]
    return [(gold.strip(), answer.strip()) for gold, answer in found]


@pytest.mark.parametrize(("gold", "answer"), pairs(SAME))
def test_the_same_quantity_is_accepted(gold: str, answer: str) -> None:
    assert verify_math(gold, f"\\boxed{{{answer}}}").correct


@pytest.mark.parametrize(("gold", "answer"), pairs(OTHER))
def test_another_unit_is_refused(gold: str, answer: str) -> None:
    assert not verify_math(gold, f"\\boxed{{{answer}}}").correct
    assert not verify_math(answer, f"\\boxed{{{gold}}}").correct or (gold, answer) == ("42", "42m")


def test_a_unit_is_a_product_of_powers_with_an_exact_scale() -> None:
    speed = read_unit("km/h")
    assert speed is not None
    assert speed.powers == (("m", 1), ("s", -1))
    assert speed.scale == Fraction(5, 18)
    assert read_unit("kilometers per hour") == speed
    assert read_unit("m/s^2") == read_unit("meters per second squared") == read_unit("m / s / s")


@pytest.mark.parametrize("text", ["", "b", "zz", "m/", "/m", "square", "km apples", "^2", "x/s", "m" * 1000])
def test_what_is_no_unit_is_none(text: str) -> None:
    assert read_unit(text) is None


def test_a_dollar_sign_that_opens_a_formula_is_no_currency() -> None:
    assert read_currency("$5$") is None
    assert read_currency("$5") == read_currency("\\$5") == read_unit("dollars")
    assert read_currency("5€") == read_unit("euros")
