"""Words beside a number: what is known to be harmless is passed over, and nothing else."""

from __future__ import annotations

import pytest
from reasonrl.verifiers.math import parse_number, verify_math
from reasonrl.verifiers.math.words import harmless_before, read_tail

HARMLESS = r"""
    42 oranges|42\text{ students}|42 \text{ cookies left}|\text{42 dollars}|42\text{ Bücher}|42 manzanas
    42 euros|42 horas|42 Stunden|42 jours|42 книги|42 рубля|42人|42岁|42天|42米|42 cm long|42\text{ sq. units}
    42 units|\$42|42 people|42 USD|42 \text{ years old}|42 girls in the class|exactly 42|a total of 42 apples
    Jane has 42 apples left.|42 points|42 ways|There are 42 students in the class.
    The train travels 42 miles per hour.|42 marbles in total|42 times|₹42|42 months old|42 of them
    \text{The area is }42|The total cost is 42
    42, altogether|42\text{ (ways)}|42 years|42 children|¥42|42 \text{ dollars per month}|42-foot
"""
HARMFUL = r"""
    over 42|mehr 42|ungefähr 42|mindestens 42|environ 42|casi 42|unos 42|aproximadamente 42|около 42|меньше 42
    超过42|不到42|約42|マイナス42|42未満|42以下|42百|42千|42만|42억|42 тысяч|42 миллионов|42 Tausend|42 Dutzend
    42 millions|42 milhões|42 milioni|42 cientos|42 docenas|42 douzaines|42 tiers|42 Drittel|42 लाख|42 ألف
    42 bin|42 juta|42 tysięcy|42 triệu|42 oder 43|42 nicht|42 falsch|minus 42|no more than 42|almost 42
    hardly 42|twice 42|the square of 42|anything but 42|42 or more|42 at most|42 if possible|42 when n is odd
    42 \text{ for } n>2|42 \text{ where } n = 3|42 quadrupled|42 halved|42 hundredths|42 permille|42 bps
    42 score|42 pairs|42 c|42 x|42\text{ p}|42\,k|42K|42 thousand apples|42 million people|42 dozen eggs
    42 half dollars|42 below zero|guess: 42|lower bound 42|at most 42|42 is not the answer|it isn't 42
    42 more apples|42 fewer|42 often|42 numerous|42 tends|42 zzz|42 Often|42 twos|maximum 42|about 42|42+
    The number exceeds 42.|It differs from 42.|No one has 42.|42 percent more|42 radians
    42...|42\ldots|42…|42^{1}|42^1|\text{The area is not }42|\text{The area is below }42|my guess is 42|old answer 42
    The sum of the digits is twice 42|42 gradians|42 tens of thousands
"""


def each(text: str) -> list[str]:
    return [piece.strip() for line in text.strip().splitlines() for piece in line.split("|")]


@pytest.mark.parametrize("answer", each(HARMLESS))
@pytest.mark.parametrize("marked", ["\\boxed{%s}", "Answer: %s"])
def test_what_is_counted_or_measured_may_be_said(marked: str, answer: str) -> None:
    assert verify_math("42", marked % answer).correct


@pytest.mark.parametrize("answer", each(HARMFUL))
@pytest.mark.parametrize("marked", ["\\boxed{%s}", "Answer: %s"])
def test_a_word_that_is_not_known_to_be_harmless_is_never_passed_over(marked: str, answer: str) -> None:
    assert not verify_math("42", marked % answer).correct


@pytest.mark.parametrize("answer", ["42 万", "不是42", "42 mil", "42 doubled", "nearly 42", "42 b", "42 percent more"])
def test_the_number_reader_alone_refuses_them_too(answer: str) -> None:
    assert parse_number(answer) is None


@pytest.mark.parametrize("answer", ["42元", "42 Äpfel", "42 cm^2", "US$42", "42 students in total", "42 per day"])
def test_the_number_reader_alone_passes_over_the_harmless_ones(answer: str) -> None:
    assert parse_number(answer) == 42


@pytest.mark.parametrize("answer", ["~42", "\\sim 42", "42 (approximately)", "42ish", "42 (wrong)"])
def test_signs_and_brackets_hedge_too(answer: str) -> None:
    assert not verify_math("42", f"\\boxed{{{answer}}}").correct


def test_a_percentage_is_a_plain_number_only_where_the_question_asks_for_one() -> None:
    assert verify_math("20", "\\boxed{20\\%}", percent_is_unit=True).correct
    assert not verify_math("20", "\\boxed{20\\%}").correct
    assert not verify_math("20", "\\boxed{0.2}", percent_is_unit=True).correct


def test_a_million_people_are_a_million() -> None:
    assert verify_math("42000000", "\\boxed{42 million people}").correct
    assert not verify_math("42", "\\boxed{42 million people}").correct


def test_an_adjective_may_stand_before_what_is_counted_but_no_numeral() -> None:
    assert read_tail("small red balls") is not None
    assert read_tail("hundred red balls") is None
    assert read_tail("baker's dozens") is None


def test_a_single_letter_is_a_unit_only_where_one_is_known() -> None:
    assert read_tail("m") is not None
    assert read_tail("b") is None
    assert read_tail("J") is None
    assert read_tail("J", quoted=True) is not None


def test_before_a_number_only_a_few_words_stand() -> None:
    assert harmless_before("a total of")
    assert harmless_before("US$")
    assert not harmless_before("nearly")
    assert not harmless_before("不是")


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_long_words_are_refused_at_once(size: int) -> None:
    assert not verify_math("42", "\\boxed{42 " + "a" * size + "}").correct
    assert not verify_math("42", "\\boxed{" + "of the " * (size // 7) + "42}").correct


@pytest.mark.parametrize(
    ("gold", "response"),
    [
        ("yes", "Yes"),
        ("yes", "Yes."),
        ("yes", "**Yes**"),
        ("No", " no\n"),
        ("odd", "$Odd$"),
        ("the derivative", "derivative"),
        ("derivative", "The derivative."),
        (r"\text{Evelyn}", "Evelyn"),
        (r"\text{no solutions}", "There are no solutions."),
        ("A", "a"),
        ("A", "(a)"),
        ("(B)", "b."),
        ("C", "c)"),
        ("D", "**d**"),
        ("E", "(e)"),
        ("B", r"\boxed{\text{(b)}}"),
        ("B", "Answer: b"),
    ],
)
def test_a_response_of_nothing_but_the_words_of_the_gold_counts(gold: str, response: str) -> None:
    assert verify_math(gold, response).correct


@pytest.mark.parametrize(
    ("gold", "response"),
    [
        ("yes", "No"),
        ("yes", "Yes, or no"),
        ("yes", "Yes?"),
        ("yes", "yes\nno"),
        ("yes", "not yes"),
        ("yes", "yes yes"),
        ("yes", "<think>yes</think>"),
        ("yes", "~~yes~~"),
        ("yes", "it is yes"),
        ("even", "uneven"),
        ("even", "even or odd"),
        ("derivative", "no derivative"),
        ("42", "forty-two"),
        ("A", "b"),
        ("A", "a or b"),
        ("A", "a, b"),
        ("A", "(a)(b)"),
        ("A", "not a"),
        ("A", "a + 1"),
        ("A", r"\boxed{a_1}"),
        ("A", r"\boxed{2a}"),
        ("a", "A"),
        ("x", "X"),
        ("X", "x"),
        ("E", "e"),
        ("I", "i"),
    ],
)
def test_other_words_and_letters_do_not_count(gold: str, response: str) -> None:
    assert not verify_math(gold, response).correct
