"""From the text of an answer (LaTeX or plain) to tokens; `None` when it holds what no answer needs.

Noise (`\\left`, `\\,`, `\\displaystyle`, dollar signs around a formula, bold) is dropped here. A few Unicode signs have
an ASCII meaning (`\N{GREEK SMALL LETTER PI}`, `\N{MINUS SIGN}`, ...); every other character outside ASCII makes the
text unreadable, so that full-width digits and Cyrillic letters are never taken for what they look like.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from reasonrl.verifiers.math.spellings import plain_spelling

MAX_CHARS = 2_000
MAX_TOKENS = 600
MAX_DIGITS = 400
"""Digits of one literal."""

_UNICODE = {
    "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": r"\cdot ", "\N{DIVISION SIGN}": "/",
    "\N{MIDDLE DOT}": r"\cdot ", "\N{DOT OPERATOR}": r"\cdot ", "\N{GREEK SMALL LETTER PI}": r"\pi ",
    "\N{INFINITY}": r"\infty ", "\N{SQUARE ROOT}": r"\sqrt ", "\N{DEGREE SIGN}": r"^\circ ",
    "\N{LESS-THAN OR EQUAL TO}": r"\le ", "\N{GREATER-THAN OR EQUAL TO}": r"\ge ", "\N{NOT EQUAL TO}": r"\ne ",
    "\N{UNION}": r"\cup ", "\N{ELEMENT OF}": r"\in ", "\N{PLUS-MINUS SIGN}": r"\pm ",
    "\N{ALMOST EQUAL TO}": r"\approx ",
    "\N{SUPERSCRIPT TWO}": "^2", "\N{SUPERSCRIPT THREE}": "^3", "\N{EMPTY SET}": r"\emptyset ",
    "\N{DOUBLE-STRUCK CAPITAL R}": r"\mathbb{R}", "\N{GREEK SMALL LETTER THETA}": r"\theta ",
    "\N{GREEK SMALL LETTER ALPHA}": r"\alpha ", "\N{GREEK SMALL LETTER BETA}": r"\beta ",
    "\N{EURO SIGN}": r"\$", "\N{POUND SIGN}": r"\$", "\N{NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ",
    "\N{YEN SIGN}": r"\$", "\N{FULLWIDTH YEN SIGN}": r"\$", "\N{INDIAN RUPEE SIGN}": r"\$", "\N{RUBLE SIGN}": r"\$",
    "\N{WON SIGN}": r"\$", "\N{NARROW NO-BREAK SPACE}": " ", "\N{FULLWIDTH EQUALS SIGN}": "=",
    "\N{FULLWIDTH PERCENT SIGN}": r"\%", "\N{FULLWIDTH COMMA}": ",", "\N{FULLWIDTH LEFT PARENTHESIS}": "(",
    "\N{FULLWIDTH RIGHT PARENTHESIS}": ")", "\N{FULLWIDTH COLON}": ":", "\N{IDEOGRAPHIC FULL STOP}": ".",
    "\N{MASCULINE ORDINAL INDICATOR}": r"^\circ ", "\N{GREEK CAPITAL LETTER OMEGA}": r"\Omega ",
    "\N{OHM SIGN}": r"\Omega ",
    "\N{DEGREE CELSIUS}": r"^\circ C ", "\N{DEGREE FAHRENHEIT}": r"^\circ F ",
    "\N{MICRO SIGN}": r"\mu ", "\N{GREEK SMALL LETTER MU}": r"\mu ",
    "\N{LOGICAL OR}": r"\lor ", "\N{FRACTION SLASH}": "/", "\N{DIVISION SLASH}": "/",
    "\N{GREEK SMALL LETTER GAMMA}": r"\gamma ", "\N{GREEK SMALL LETTER DELTA}": r"\delta ",
    "\N{GREEK SMALL LETTER LAMDA}": r"\lambda ", "\N{GREEK SMALL LETTER SIGMA}": r"\sigma ",
    "\N{GREEK SMALL LETTER PHI}": r"\phi ", "\N{GREEK SMALL LETTER OMEGA}": r"\omega ",
    "\N{GREEK CAPITAL LETTER DELTA}": r"\Delta ",
}  # fmt: skip
_RAISED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_LOWERED = str.maketrans("".join(map(chr, range(0x2080, 0x208A))), "0123456789")
_SCRIPTS = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]{2,}|[\u00b9\u2070\u2074-\u2079]|[\u2080-\u2089]+")
_FOREIGN = "\u00c0-\u024f\u0370-\u052f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTERS = re.compile(f"[{_FOREIGN}]")
"""Letters that words behind a number may have; one of them alone is never a name."""
_ENV = r"[pbvBV]?matrix\*?|array|smallmatrix"
_REWRITES: tuple[tuple[re.Pattern[str], Any], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\\(?:q?quad|hspace\{[^{}]*\}|hfill|par\b|newline\b|displaystyle|limits\b|nolimits\b)", " "),
        # commands escaped twice, as when a string literal was printed: not a line break of a matrix
        (r"(?<!\\)\\\\(?=(?:[dtc]?frac|left|right|sqrt|le|ge|leq|geq|lt|gt|pi|infty|cup|in|text|cdot|times|pm|boxed"
         r"|begin|end|circ)(?![A-Za-z]))", "\\\\"),
        (r"\\\\\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm)\s*\]", r"\\\\ "),
        (r"\\(?:left|right|[bB]igg?[lrm]?|middle)(?![A-Za-z])\.?", ""),
        (r"(?<=\d)\s*(?:\\!\s*,|,\\!)\s*(?:\\!\s*)?(?=\d{3})", "\uffff"),
        (r"(?<=\d)\s*\{\s*,\s*\}\s*(?=\d{3})", "\uffff"),
        (r"(?<=\d)\\[,;: ](?=\d{3}(?!\d))", "\uffff"),
        (r"(?<!\\)\\[,;:! >]|~", " "),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\[dt]binom(?![A-Za-z])", r"\\binom"),
        (r"\\(?:text|textbf|textit|textrm|textnormal|textsf|mbox|hbox|mathrm|mathbf|mathit|mathsf|bf|rm|operatorname\*?)"
         r"\s*\{\s*(?:([ie])|(\d[\d,.]*))\s*\}", r" \1\2 "),
        (r"\\(?:text|mbox)\s*\{\s*,?\s*(and|or)\s*\}", r" \1 "),
        (r"\^\s*\{?\s*\\(?:circ|degree)(?![A-Za-z])\s*\}?|\\degree(?![A-Za-z])", " \\\\DEG "),
        (r"\\(?:mathbb|mathbf|Bbb)\s*\{?\s*R\s*\}?|\\(?:reals|R)(?![A-Za-z])", " \\\\REALS "),
        (rf"\\begin\s*\{{(?:{_ENV})\}}(?:\s*\{{[clr| ]*\}})?", " \\\\MATRIX "),
        (rf"\\end\s*\{{(?:{_ENV})\}}", " \\\\ENDMATRIX "),
        (r"\\(?:lvert|rvert|vert|mid)(?![A-Za-z])", "|"),
        (r"\\(?:lbrace|rbrace)(?![A-Za-z])", lambda match: r"\{" if "l" in match[0] else r"\}"),
        (r"\\(?:boxed|fbox|displaystyle|mathbf|boldsymbol|bm|vec|overrightarrow|overline|widehat|hat|bar|mathcal"
         r"|underline|mathit|ensuremath)(?=\s*\{\s*[^\d\s])", " "),
        (r"\\(?:boxed|fbox)(?![A-Za-z])", " "),
        (r"(?<!\\)\\[()\[\]]", " "),
        (r"\*\*(?=\s*\S)", "^"),
    )
)  # fmt: skip
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<repeating>\d*\.\d*\\(?:overline|bar|dot)\s*\{{\d+\}})
    |(?P<number>\d+(?:\.\d*)?|\.\d+)
    |\\(?:text|textbf|textit|textrm|textnormal|textsf|mbox|hbox|mathrm|mathit|mathsf|operatorname\*?)\s*\{{(?P<text>[^{{}}]*)\}}
    |(?P<foreign>[A-Za-z]*[{_FOREIGN}][A-Za-z{_FOREIGN}]*)
    |(?P<break>\\\\)
    |\\(?P<command>[A-Za-z]+)
    |\\(?P<escaped>[{{}}%$|\#&_])
    |(?P<word>[A-Za-z]+)
    |(?P<operator><=|>=|!=|==|->|[-+*/^_=<>(){{}}\[\],;:!|&%$.'])""",
    re.VERBOSE | re.ASCII,
)


def _script(match: re.Match[str]) -> str:
    """Raised and lowered digits: 10\u207b\u00b3 is 10^{-3}."""
    found = match[0]
    return (
        f"_{{{found.translate(_LOWERED)}}}" if "\u2080" <= found[0] <= "\u2089" else f"^{{{found.translate(_RAISED)}}}"
    )


class Token(NamedTuple):
    """`kind` is number, repeating, text, break, command, set ("\\{" or "\\}"), word or operator."""

    kind: str
    text: str
    spaced: bool = False
    """Whether a blank stood before it."""


def tokenize(text: str) -> list[Token] | None:
    """Tokens of an answer, or None when it is too long or holds an unknown character.

    >>> [token.text for token in tokenize(r"\\dfrac{1}{2}\\,x")]
    ['frac', '{', '1', '}', '{', '2', '}', 'x']
    """
    if not text or len(text) > MAX_CHARS:
        return None
    text = plain_spelling(text)
    if not text.isascii():
        text = _SCRIPTS.sub(_script, text)
        for sign, plain in _UNICODE.items():
            text = text.replace(sign, plain)
        if not _LETTERS.sub("", text).isascii():
            return None
    if any(sign in text for sign in "\\*~{"):
        for pattern, plain in _REWRITES:
            text = pattern.sub(plain, text)
    text = _thousands(text.strip()).strip()
    if text.endswith("...") and _GOES_ON.search(text):
        return None
    tokens: list[Token] = []
    position, spaced = 0, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or len(tokens) >= MAX_TOKENS:
            return None
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "space":
            spaced = True
            continue
        value = match[kind]
        if kind == "escaped":
            if value == "%":
                kind = "operator"
            elif value in "{}":
                kind = "set"
            elif value == "|":
                kind, value = "operator", "|"
            elif value == "$":
                spaced = True
                continue  # a currency sign
            else:
                return None
        if kind == "foreign":
            kind = "text"
        if kind == "operator" and value == "$":
            spaced = True
            continue
        if kind == "number" and len(value) > MAX_DIGITS:
            return None
        tokens.append(Token(kind, value, spaced))
        spaced = False
    while tokens and tokens[-1][:2] in (("operator", "."), ("operator", ","), ("operator", ";")):
        tokens.pop()
    return tokens


_GOES_ON = re.compile(r"(?<![.\d])\d+\s*\.\.\.$")
"""42...: something follows, and it is not said what."""
_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_BLANKS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?: \d{3})+(?![\d,])")


def _thousands(text: str) -> str:
    """Drops commas (or blanks) that group digits; in brackets a comma separates, unless others have a blank behind."""
    text = text.replace("\uffff", "")
    if _BLANKS.fullmatch(text.strip(" $.")):
        return text.replace(" ", "")
    if "," not in text:
        return text
    bracketed = any(sign in text for sign in "([{")
    if not bracketed or re.search(r",\s+-?\$?\d", text):
        text = _GROUPS.sub(lambda match: match[0].replace(",", ""), text)
    return text


class Unreadable(Exception):
    """The tokens are no answer."""


_END = Token("end", "")


class Reader:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    @property
    def done(self) -> bool:
        """Whether no token is left: nothing can be taken."""
        return self.position >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else _END

    def at(self, *texts: str, kind: str = "operator") -> bool:
        if self.position >= len(self.tokens):
            return False
        found, text, _ = self.tokens[self.position]
        return found == kind and text in texts

    def take(self, *texts: str, kind: str = "operator") -> bool:
        if self.position >= len(self.tokens):  # as `at`, written out: nothing is called more often
            return False
        found, text, _ = self.tokens[self.position]
        if found == kind and text in texts:
            self.position += 1
            return True
        return False

    def expect(self, text: str, *, kind: str = "operator") -> None:
        if not self.take(text, kind=kind):
            raise Unreadable
