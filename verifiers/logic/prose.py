r"""From running text with calculations in it to tokens: plain signs, LaTeX, money, thousands, units, words.

    read_clauses("So 7 \times 8 = 56 apples, right?")    [[7, *, 8, =, 56, apples], [right, ?]]

A clause ends where no calculation goes on: at a full stop, a comma, "so", "which gives". Everything else is a token,
and what is not understood is one of the kind `OTHER`, never left out: whoever reads a clause must not step over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

MAX_CHARS = 4000
"""Of a text; a longer one is not looked at."""
MAX_DIGITS = 18
MAX_FRACTIONS = 8
"""Nesting of `\frac` that is followed."""


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    SIGN = "sign"
    """+ - * / ^ ! ( )"""
    EQUAL = "equal"
    NAME = "name"
    """One capital letter, which may stand for a number."""
    WORD = "word"
    EDGE = "edge"
    """The beginning or end of mathematics inside a sentence; the sentence goes on."""
    OTHER = "other"


class Token(NamedTuple):
    """One token. `glued`: no blank between it and the one before."""

    kind: Kind
    text: str
    glued: bool = False
    value: Fraction = Fraction(0)
    decimals: int = 0
    percent: bool = False
    money: bool = False


_COMMANDS = {
    "times": "*", "cdot": "*", "ast": "*", "div": "/", "approx": "\u2248", "simeq": "\u2248", "left": "", "right": "",
    "big": "", "Big": "", "bigl": "", "bigr": "", "displaystyle": "", "quad": " ", "qquad": " ", "Rightarrow": " ; ",
    "rightarrow": " ; ", "implies": " ; ", "to": " ; ", "Longrightarrow": " ; ", "longrightarrow": " ; ",
    "therefore": " ; ", "because": " ; ", "iff": " ; ", "degree": "", "boxed": "", "mathbf": "", "lbrack": "(",
    "rbrack": ")",
}  # fmt: skip
_PLAIN = str.maketrans(
    {
        "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": "*", "\N{DOT OPERATOR}": "*",
        "\N{MIDDLE DOT}": "*", "\N{ASTERISK OPERATOR}": "*", "\N{DIVISION SIGN}": "/", "\N{DIVISION SLASH}": "/",
        "\N{FRACTION SLASH}": "/", "\N{SUPERSCRIPT TWO}": "^2", "\N{SUPERSCRIPT THREE}": "^3",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{NO-BREAK SPACE}": " ", "\N{FULLWIDTH EQUALS SIGN}": "=",
        "\N{RIGHTWARDS ARROW}": " ; ", "\N{RIGHTWARDS DOUBLE ARROW}": " ; ", "\N{DEGREE SIGN}": "",
        "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ", "\N{BULLET}": " ; ",
    }
)  # fmt: skip
_TEXT = re.compile(r"\\(?:text|mathrm|textrm|mbox|operatorname|textbf|textit|mathbf)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"(?P<digit>[0-9]\s*)?\\[dtc]?frac\s*(?:\{([^{}]*)\}\s*\{([^{}]*)\}|([0-9])\s*([0-9]))")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_GOES_ON = re.compile(r"\\\\(?:\[[^\]]*\])?\s*(?:&\s*)?=")
_BULLET = re.compile(r"^[ \t]*(?:[-*+\u2022]|[0-9]{1,2}[.)]|\([0-9a-z]\))[ \t]+", re.MULTILINE)
_TOKEN = re.compile(
    r"""
    (?P<display>\\[\[\]]|\$\$)
  | (?P<math>\\[()]|\$(?!\s*-?\s*[0-9.]))
  | (?P<other>\.{2,}|\u2026|!=|\u2260|[0-9]+(?::[0-9]+)+)
  | (?P<arrow>=+>|-+>|[<>]=?|\u2264|\u2265)
  | (?P<equal>==?|\u2248)
  | (?P<number>(?P<dollar>(?:[$\xa4\u20ac\u00a3]\s*)?)
        (?P<digits>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)
        (?P<percent>\s*(?:%|percent\b|per\ cent\b))?)
  | (?P<word>[A-Za-z]+(?:['\-][A-Za-z]+)*)(?P<power>\s?\^\s?\{?[23]\}?)?
  | (?P<stop>\.(?=[\s"')*]|$)|[,;:?\n"]|&|\\\\)
  | (?P<sign>[-+*/^!()])
  | (?P<rest>\S)
    """,
    re.VERBOSE,
)
_NUMBER_NEXT = re.compile(r"\s*[$(]?\s*[0-9]")
_FRACTION_NEXT = re.compile(r"\s*[$(]{0,2}\s*[0-9]+\s*/")


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_CONJUNCTION = words(
    """so then which where thus hence therefore giving gives leaving leaves making makes since because while whereas but
    or if we"""
)
"""Words that a calculation does not go on behind."""
_OPERATIONS = ((r"(?:(?<=[0-9)%])\s*|(?<=[a-z]{2})\s+)[xX]\s*(?=[$(\xa4]{0,2}\s*\.?[0-9])", "*"),
               (r"\b(?:multiplied by|times(?=\s*[$(\xa4]{0,2}\s*\.?[0-9]))", "*"), (r"\bdivided by\b", "/"),
               (r"\bplus\b", "+"), (r"\bminus\b", "-"))  # fmt: skip


def read_clauses(text: str) -> list[list[Token]]:
    """The clauses of a text, each a list of tokens; none of a text longer than `MAX_CHARS`."""
    if len(text) > MAX_CHARS:
        return []
    clauses: list[list[Token]] = [[]]
    for token in _tokens(_plain(text)):
        if token is None:
            clauses.append([])
        else:
            clauses[-1].append(token)
    joined: list[list[Token]] = []
    for clause in filter(None, clauses):
        first = next((token for token in clause if token.kind is not Kind.EDGE), None)
        if joined and first is not None and first.kind is Kind.EQUAL:
            joined[-1].extend(clause)  # a chain that goes on in the next line
        else:
            joined.append(clause)
    return joined


def _plain(text: str) -> str:
    """The text without LaTeX, as far as it is known; unknown commands stay, with their backslash."""
    text = (
        _BULLET.sub(" ; ", text)
        .translate(_PLAIN)
        .replace("\\$", "\N{CURRENCY SIGN}")
        .replace("\\!", "")
        .replace("\\%", "%")
        .replace("{,}", ",")
        .replace("**", " ")
    )
    text = re.sub(r"\^\s*\{?\s*\\circ\s*\}?", "", _GOES_ON.sub("=", text))
    text = re.sub(r"\\[,;:! ]", " ", text).replace("~", " ")
    text = _TEXT.sub(lambda found: " # " if any(map(str.isdigit, found[1])) else f" {found[1]} ", text)
    for _ in range(MAX_FRACTIONS):
        text, count = _FRACTION.subn(_quotient, text)
        if not count:
            break
    text = _COMMAND.sub(lambda found: _COMMANDS.get(found[1], f"\\{found[1]} "), text)
    text = re.sub(r"\^\s*\{([0-9]+)\}", r"^\1", text)
    text = re.sub(r"(?<![\w}^])\{([^{}]*)\}", r"(\1)", text)  # what \boxed leaves
    for words, sign in _OPERATIONS:
        text = re.sub(words, sign, text)
    return text


def _quotient(found: re.Match[str]) -> str:
    above, below = (found[2], found[3]) if found[2] is not None else (found[4], found[5])
    # 2\frac13 may be two and a third, or two times a third: it is not read
    return f"{found['digit'] or ''}{' # ' if found['digit'] else ''}(({above})/({below}))"


def _tokens(text: str) -> Iterator[Token | None]:
    """Tokens; None where a clause ends."""
    end, last, equal = 0, Kind.EDGE, False
    for found in _TOKEN.finditer(text):
        glued, end = found.start() == end and found.start() > 0, found.end()
        token = _token(found, glued, text, last=last, equal=equal)
        last, equal = (Kind.EDGE, False) if token is None else (token.kind, equal or token.kind is Kind.EQUAL)
        yield token


def _token(found: re.Match[str], glued: bool, text: str, *, last: Kind, equal: bool) -> Token | None:
    """None where a clause ends. `last`: the kind of the token before; `equal`: whether the clause has one of these."""
    between = last is Kind.NUMBER and not equal and _NUMBER_NEXT.match(text, found.end()) is not None
    match found.lastgroup:
        case "math":
            return Token(Kind.EDGE, found[0])
        case "display" | "arrow":
            return None
        case "stop":
            return Token(Kind.OTHER, found[0]) if between and found[0] in ",:&" else None
        case "equal":
            return Token(Kind.EQUAL, "\u2248" if found[0] == "\u2248" else "=", glued)
        case "number" | "percent":
            return _number(found, glued)
        case "word" | "power":
            word = found[0].lower()
            if word == "and":  # "2 and 1/2 = 2.5" is one side
                fraction = last is Kind.NUMBER and _FRACTION_NEXT.match(text, found.end())
                return Token(Kind.OTHER, word) if between or fraction else None
            return None if word in _CONJUNCTION else _word(found, glued, text)
        case "sign":
            return Token(Kind.SIGN, found[0], glued)
        case _:
            return Token(Kind.OTHER, found[0], glued)


def _number(found: re.Match[str], glued: bool) -> Token:
    digits = found["digits"].replace(",", "")
    if len(digits) > MAX_DIGITS:
        return Token(Kind.OTHER, found[0], glued)
    decimals = len(digits.partition(".")[2])
    percent, money = found["percent"] is not None, bool(found["dollar"])
    return Token(Kind.NUMBER, digits, glued, Fraction(digits), decimals, percent, money)


def _word(found: re.Match[str], glued: bool, text: str) -> Token:
    word = found["word"]
    if text[found.end() : found.end() + 1] in ("(", "_") or text[: found.start()][-1:] in ("_", "\\", "^"):
        return Token(Kind.OTHER, found[0], glued)  # f(3), x_1, \sqrt
    if len(word) == 1 and found["power"] is None:
        return Token(Kind.NAME if word.isupper() else Kind.WORD, word, glued)
    if len(word) == 1:
        return Token(Kind.OTHER, found[0], glued)  # x^2
    return Token(Kind.WORD, word.lower(), glued)
