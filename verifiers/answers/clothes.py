r"""An answer without its clothes: formula signs, font and size commands round all of it.

>>> bare(r"\(x=2\)"), bare(r"\large 73"), bare(r"\textbf{(42)}"), bare("$5")
('x=2', '73', '(42)', '$5')
"""

from __future__ import annotations

import re

_MOST_LAYERS = 6
_PAIRS = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"), ("{", "}"))
_SIZE = re.compile(
    r"\\(?:tiny|small|normalsize|large|Large|LARGE|huge|Huge|displaystyle|textstyle|scriptstyle|bf|it|rm|bfseries|"
    r"mathstrut|boldmath)(?![A-Za-z])[ \t\n]*|\\[,;:! ]"
)
_FONT = re.compile(
    r"\\(?:text|textbf|textit|textrm|mathbf|mathrm|mathit|boldsymbol|bm|emph|mbox|underline)[ \t]?\{([^{}\\]*)\}"
)
_PLAIN = str.maketrans(
    {
        "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{FULLWIDTH HYPHEN-MINUS}": "-",
        "\N{MULTIPLICATION SIGN}": "*", "\N{MIDDLE DOT}": "*", "\N{DOT OPERATOR}": "*", "\N{DIVISION SIGN}": "/",
        "\N{FULLWIDTH EQUALS SIGN}": "=",
    }
)  # fmt: skip
_COMMANDS = re.compile(r"\\(?:(?P<times>times|cdot|ast)|(?P<over>div)|(?P<nothing>left|right|[,;:! ]))(?![A-Za-z])[ ]?")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")


def bare(text: str) -> str:
    """The answer without what stands round all of it."""
    for _ in range(_MOST_LAYERS):
        before = text
        text = text.strip()
        text = text[:-1] if text.endswith("\\") and not text.endswith("\\\\") else text
        stop = "." if text[-1:] == "." else ""
        core = text[: len(text) - len(stop)]
        for opening, closing in _PAIRS:
            inner = core[len(opening) : -len(closing)]
            if core.startswith(opening) and core.endswith(closing) and inner and _whole(inner, opening, closing):
                text = inner.strip()
                break
        if text[:1] == "\\":
            size = _SIZE.match(text)
            text = text[size.end() :] if size else text
            font = _FONT.fullmatch(text)
            if font and not any(character.isalpha() for character in font[1]):
                text = font[1]
        if text == before:
            break
    return text


def _whole(inner: str, opening: str, closing: str) -> bool:
    """Whether a pair of signs belongs together: `{1},{2}` and `$1$ or $2$` are no formula in one pair."""
    if inner.endswith("\\"):
        return False
    if opening != "{":
        return opening not in inner and closing not in inner
    if "," in inner or ";" in inner:  # a list, or a set to some
        return False
    depth = 0
    for position, sign in enumerate(inner):
        if sign in "{}" and inner[position - 1 : position] != "\\":
            depth += 1 if sign == "{" else -1
            if depth < 0:
                return False
    return depth == 0


def typed(text: str) -> str:
    r"""An answer as one types it: `\((9-2)\times 4\)` is `(9-2)*4`, and a full stop at the end is none of it.

    >>> typed(r"\((9-2)\times 4\)."), typed("\N{MINUS SIGN}2")
    ('(9-2)*4', '-2')
    """
    text = bare(text)
    if text[-1:] == "." and not text.endswith(".."):
        text = bare(text[:-1])
    if not text.isascii():
        text = text.translate(_PLAIN)
    if "\\" in text:
        text = _FRACTION.sub(r"((\1)/(\2))", text)
        text = _COMMANDS.sub(lambda found: "*" if found["times"] else "/" if found["over"] else "", text)
        text = _FONT.sub(r"\1", text)
    return text.strip()
