"""What the sides of an equality in running text are worth, or None where a side is not understood to its very ends.

    whole(tokens)     a side between two equals signs: all of it is an expression
    ending(tokens)    a side before the first one: the expression at the end of a sentence, and where it begins
    beginning(tokens) a side behind the last one: the expression at the beginning, perhaps with words behind it

A `Side` is an expression of numbers with units. Its value is an interval, since a number that was rounded stands for
all those that round to it, and it has several readings: 40 % is 40 or 0.4; 2 feet is 2 or, beside inches, 24.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from typing import NamedTuple

from reasonrl.verifiers.logic.intervals import (
    Interval,
    Refused,
    divided_by,
    factorial_of,
    minus,
    plus,
    raised_to,
    scaled,
    times,
)
from reasonrl.verifiers.logic.prose import Kind, Token
from reasonrl.verifiers.logic.wording import (
    BEFORE_NUMBERS,
    CHANGES_BEFORE,
    CHANGES_BEHIND,
    COUNTS,
    FACTORS,
    OF_WHAT,
    SCALES,
    SHORT,
    VERBS,
)

MAX_TOKENS = 120
MAX_NESTING = 16
MAX_UNIT_WORDS = 4
EXACT_DECIMALS = 2
"""Numbers with more decimals may have been rounded."""


class Side(NamedTuple):
    """A side that was understood. `readings`: its value in each way of reading it."""

    readings: tuple[Interval, ...]
    operations: int
    """How many operations it takes; 0 for a number."""
    decimals: int
    """Shown, where it is a number alone."""
    units: frozenset[str]
    text: str
    first: Fraction | None
    """Its first number."""
    ratio: bool
    """Whether it is one number over another, and nothing else."""
    part: bool
    """Whether it is so much *of* something."""
    names: bool
    """Whether letters stand in it."""
    mixed: bool
    """Whether it adds a per cent to something else, whose meaning is anyone's guess."""
    start: int = 0


def whole(tokens: Sequence[Token], names: Mapping[str, Fraction], rounded: Set[str]) -> Side | None:
    """All of it, apart from the edges of mathematics around it."""
    tokens = _strip(tokens)
    return _side(tokens, 0, len(tokens), names, rounded)


def ending(tokens: Sequence[Token], names: Mapping[str, Fraction], rounded: Set[str]) -> Side | None:
    """The longest expression that ends where the tokens end, when what stands before it leaves it as it is."""
    tokens = _strip(tokens)
    if len(tokens) > MAX_TOKENS:
        return None
    for start in range(len(tokens)):
        found = _side(tokens, start, len(tokens), names, rounded)
        if found is not None:
            return found if _stands_alone(tokens, start, found) else None
    return None


def beginning(tokens: Sequence[Token], names: Mapping[str, Fraction], rounded: Set[str]) -> Side | None:
    """The longest expression at the beginning, when what stands behind it leaves it as it is."""
    if len(tokens) > MAX_TOKENS:
        return None
    while tokens and tokens[0].kind is Kind.EDGE:
        tokens = tokens[1:]
    reader = _Reader(tokens, len(tokens), names, rounded)
    try:
        node = reader.sum(0)
    except (Refused, ZeroDivisionError):
        return None
    behind = [token for token in tokens[reader.position :] if token.kind is not Kind.EDGE]
    if behind:
        first, following = behind[0], behind[1] if len(behind) > 1 else None
        closes = first.text == ")" and (following is None or following.kind in (Kind.WORD, Kind.OTHER))
        explains = _opens_words(first, following)
        word = first.kind is Kind.WORD and _leaves_alone(first, following)
        two_words = reader.position > 1 and tokens[reader.position - 2].kind is Kind.WORD
        counts = first.kind in (Kind.NUMBER, Kind.NAME) or first.text in COUNTS
        number = counts and tokens[reader.position - 1].kind is Kind.WORD and two_words
        on_the_edge = reader.position < len(tokens) and tokens[reader.position].kind is Kind.EDGE
        if not (closes or explains or word or number or (on_the_edge and first.kind in (Kind.WORD, Kind.NAME))):
            return None
    return _finish(reader, node, tokens, 0)


def _strip(tokens: Sequence[Token]) -> Sequence[Token]:
    while tokens and tokens[-1].kind is Kind.EDGE:
        tokens = tokens[:-1]
    while tokens and tokens[0].kind is Kind.EDGE:
        tokens = tokens[1:]
    return tokens


def _side(
    tokens: Sequence[Token], start: int, end: int, names: Mapping[str, Fraction], rounded: Set[str]
) -> Side | None:
    if not start < end <= MAX_TOKENS or tokens[start].kind not in (Kind.NUMBER, Kind.SIGN, Kind.NAME):
        return None
    reader = _Reader(tokens, end, names, rounded, start)
    try:
        node = reader.sum(0)
    except (Refused, ZeroDivisionError):
        return None
    return _finish(reader, node, tokens, start) if reader.position == end else None


def _finish(reader: _Reader, node: tuple[Interval, ...], tokens: Sequence[Token], start: int) -> Side:
    lone = not reader.operations
    text = "".join(token.text for token in tokens[start : reader.position] if token.kind is not Kind.WORD)
    decimals = reader.decimals if lone else 0
    return Side(
        node,
        reader.operations,
        decimals,
        frozenset(reader.units),
        text,
        reader.first,
        reader.operations == reader.literal == 1,
        reader.part,
        reader.named,
        reader.mixed,
        start,
    )


def _stands_alone(tokens: Sequence[Token], start: int, side: Side) -> bool:
    """Whether the words before an expression leave its value alone."""
    before = list(tokens[:start])
    while before and before[-1].kind is Kind.EDGE:
        before.pop()
    lone = not side.operations and not side.names
    if not before:
        return not lone or not (side.units - SCALES.keys())
    last = before[-1]
    if last.text == "(":
        return not lone and (len(before) == 1 or before[-2].kind is Kind.WORD)
    if lone or last.kind not in (Kind.WORD, Kind.NAME):
        return False
    earlier = next((token for token in reversed(before) if token.kind not in (Kind.WORD, Kind.EDGE)), None)
    if earlier is not None and earlier.kind is Kind.SIGN and earlier.text != "(":
        return False  # an operation on words
    if tokens[start].text in ("+", "-") and last.text not in VERBS:
        return False
    if last.kind is Kind.NAME or len(last.text) == 1:
        return last.text in ("I", "a") and tokens[start - 1].kind is not Kind.EDGE
    said = [token.text for token in before[-3:] if token.kind is Kind.WORD]
    if any(word in FACTORS for word in said[-2:]):
        return False
    if last.text == "of":
        return len(said) > 1 and said[-2] in OF_WHAT
    if last.text == "by" and len(said) > 1 and said[-2] in ("increase", "increased", "decrease", "decreased"):
        return True
    if last.text == "to" and len(said) > 1:
        return said[-2] in ("equal", "up", "comes", "amounts", "adds")
    return last.text not in CHANGES_BEFORE


def _leaves_alone(word: Token, following: Token | None) -> bool:
    """Whether a word behind a result leaves it as it is: `10 bolts of fabric`, `3 times`, not `3 times as many`."""
    number = following is not None and following.kind not in (Kind.WORD, Kind.NAME)
    if word.text in BEFORE_NUMBERS:
        return following is not None and not number
    if word.text == "times":
        compares = following is not None and following.text in ("as", "more", "less", "that", "a")
        return following is None or (following.kind is Kind.WORD and not compares)
    return _is_unit(word) or word.text in VERBS


def _opens_words(token: Token, following: Token | None) -> bool:
    """Whether a bracket that holds words begins here, as in `15 (apples)`; `3(x+1)` and `.05(number of hours)` not."""
    long = following is not None and following.kind is Kind.WORD and len(following.text) > 1
    return token.text == "(" and token.kind is Kind.SIGN and not token.glued and long


def _is_unit(token: Token) -> bool:
    return token.text not in CHANGES_BEHIND and token.text not in VERBS and (len(token.text) > 1 or token.text == "a")


class _Reader:
    """Recursive descent over tokens. A node is its value in the four readings: per cents as units or hundredths, units
    as written or converted."""

    def __init__(
        self, tokens: Sequence[Token], end: int, names: Mapping[str, Fraction], rounded: Set[str], start: int = 0
    ) -> None:
        self.tokens, self.end, self.position = tokens, end, start
        self.names, self.rounded = names, rounded
        self.operations = self.literal = self.decimals = 0
        self.part = self.named = False
        self.units: set[str] = set()
        self.first: Fraction | None = None
        self.percents = self.plain = 0
        self.mixed = False

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.position + ahead
        return self.tokens[place] if place < self.end else None

    def sign(self, *texts: str) -> bool:
        token = self.peek()
        return token is not None and token.kind is Kind.SIGN and token.text in texts

    def sum(self, depth: int) -> tuple[Interval, ...]:
        value, percent = self.product(depth)
        percents, terms = int(percent), 1
        while self.sign("+", "-"):
            negative = self.tokens[self.position].text == "-"
            self.position += 1
            self.operations += 1
            other, percent = self.product(depth)
            percents, terms = percents + percent, terms + 1
            value = tuple((minus if negative else plus)(a, b) for a, b in zip(value, other, strict=True))
        self.mixed = self.mixed or 0 < percents < terms
        return value

    def product(self, depth: int) -> tuple[tuple[Interval, ...], bool]:
        """The product, and whether it is a per cent alone."""
        start = self.position
        value = self.signed(depth)
        percent = self.tokens[start].kind is Kind.NUMBER and self.tokens[start].percent
        divided = False
        while (token := self.peek()) is not None:
            if self.sign("*", "/"):
                over = token.text == "/"
                self.position += 1
                below = self.peek()
                self.literal += over and token.glued and below is not None and below.glued
                if over and divided:
                    raise Refused  # 500 / 2/5 is read both ways
                other = self.signed(depth)
                value = tuple((divided_by if over else times)(a, b) for a, b in zip(value, other, strict=True))
                divided = over
            elif token.text == "(" and token.kind is Kind.SIGN and not _opens_words(token, self.peek(1)):
                if divided or self.tokens[self.position - 1].kind is Kind.WORD:
                    raise Refused
                other = self.signed(depth)
                value = tuple(times(a, b) for a, b in zip(value, other, strict=True))
            elif token.text == "of" and (percent or divided) and self._number_ahead():
                if self.tokens[self.position - 1].kind is Kind.WORD:
                    raise Refused
                self.position += 1
                self.part = True
                other = self.signed(depth)
                pairs = list(zip(value, other, strict=True))
                value = tuple(times(a, b) for a, b in pairs)
                if percent:  # 10 % of 50 is never 500
                    value = (value[1], value[1], value[3], value[3])
            else:
                break
            percent = False
            self.operations += 1
        return value, percent

    def _number_ahead(self) -> bool:
        token = self.peek(1)
        return token is not None and (token.kind is Kind.NUMBER or token.text == "(")

    def _behind_words(self) -> int:
        """Where the bracket ends that begins here, when it holds words and numbers but no signs; else 0."""
        for place in range(self.position + 1, self.end):
            token = self.tokens[place]
            if token.text == ")":
                return place + 1
            if token.kind not in (Kind.WORD, Kind.NUMBER, Kind.NAME):
                return 0
        return 0

    def signed(self, depth: int) -> tuple[Interval, ...]:
        negative = False
        if self.sign("+", "-"):
            negative = self.tokens[self.position].text == "-"
            self.position += 1
        value, power = self.power(depth)
        if negative and power:
            raise Refused  # -3^2 is read both ways
        return tuple(Interval(-high, -low) for low, high in value) if negative else value

    def power(self, depth: int) -> tuple[tuple[Interval, ...], bool]:
        value = self.atom(depth)
        power = False
        while self.sign("^", "!"):
            raised = self.tokens[self.position].text == "^"
            self.position += 1
            self.operations += 1
            if raised:
                token = self.peek()
                if power or token is None or token.kind is not Kind.NUMBER or token.value.denominator != 1:
                    raise Refused
                self.position += 1
                value = tuple(raised_to(each, int(token.value)) for each in value)
                power = True
            else:
                value = tuple(factorial_of(each) for each in value)
        if not power:
            value = self.unit(value)
        else:
            self.unit(value)
        return value, power

    def atom(self, depth: int) -> tuple[Interval, ...]:
        token = self.peek()
        if token is None:
            raise Refused
        self.position += 1
        if token.text == "(" and token.kind is Kind.SIGN and depth < MAX_NESTING:
            value = self.sum(depth + 1)
            if not self.sign(")"):
                raise Refused
            self.position += 1
            return value
        if token.kind is Kind.NAME and token.text in self.names:
            exact = Interval(self.names[token.text], self.names[token.text])
            self.named = True
            return (exact,) * 4
        if token.kind is not Kind.NUMBER:
            raise Refused
        if self.first is None:
            self.first = token.value
        self.decimals = token.decimals
        slack = Fraction(0)
        if token.decimals > EXACT_DECIMALS or (token.decimals and token.text in self.rounded):
            slack = Fraction(1, 10**token.decimals)
        plain = Interval(token.value - slack, token.value + slack)
        if token.percent:
            hundredth = Interval(plain.low / 100, plain.high / 100)
            return (plain, hundredth, plain, hundredth)
        if token.money:
            self.units.add("$")
            return (plain, plain, scaled(plain, SCALES["$"][1]), scaled(plain, SCALES["$"][1]))
        return (plain,) * 4

    def unit(self, value: tuple[Interval, ...]) -> tuple[Interval, ...]:
        """Reads the words behind a number or bracket: `apples`, `miles per hour`, `$/class`, `-inch`."""
        units: list[str] = []
        per = False
        while (token := self.peek()) is not None and len(units) < MAX_UNIT_WORDS:
            following = self.peek(1)
            if token.kind is Kind.WORD and _is_unit(token):
                if not units and not per and (token.text == "a" or (token.glued and token.text not in SHORT)):
                    raise Refused  # 2xy, 1/2 a cup
                per = per or token.text in ("per", "each", "a", "an", "every")
                if not per:
                    units.append(token.text)
                self.position += 1
            elif token.text == "/" and following is not None and following.kind is Kind.WORD and _is_unit(following):
                per = True
                self.position += 2
            elif _opens_words(token, following) and (behind := self._behind_words()):
                self.position = behind
            elif token.text == "-" and token.glued and _is_long_word(following):
                self.position += 1
            else:
                break
        self.units.update(units)
        if units and units[0] in SCALES and not per:
            scale = SCALES[units[0]][1]
            return (*value[:2], scaled(value[2], scale), scaled(value[3], scale))
        return value


def _is_long_word(token: Token | None) -> bool:
    return token is not None and token.glued and token.kind is Kind.WORD and len(token.text) > 1
