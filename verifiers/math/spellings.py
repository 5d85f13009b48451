"""Rewrites spellings that the lexer does not know into ones that it does: text to text, before anything is parsed.

Marked letters   `\\hat{x}` and `\\bar{z}` are other names than x and z; `\\vec{AB}` is one name, not a product
Fractions        `{1 \\over 2}`; one half in one sign; `1e3`; `0.1666...` is `0.1\\overline{6}`
Sets             `[[1,2],[3,4]]` is a matrix, `(1,0,2)^T` a column, "all real numbers except 2" a set, "infinity" a sign
Conditions       `3 \\pmod 7` keeps its modulus; "n in Z" names n as the integer that any letter may stand for
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

_SIZES = r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge)(?![A-Za-z])"
_EXCEPT = r"\s+except\s*(?:for\s*)?\}?\s*(?:x\s*=\s*)?"
_TRANSPOSED = r"\s*\^\s*\{?\s*(?:T|\\top|\\mathsf\{T\}|\\intercal)\s*\}?\s*$"
_ALL = r"(?:all\s+(?:the\s+)?real\s+numbers|all\s+reals)"
_FUNCTIONS = "|".join(
    ("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "arccot", "ln", "log", "gcd", "lcm")
)
_HALVES = {
    "½": "12",
    "⅓": "13",
    "⅔": "23",
    "¼": "14",
    "¾": "34",
    "⅕": "15",
    "⅖": "25",
    "⅗": "35",
    "⅘": "45",
    "⅙": "16",
    "⅚": "56",
    "⅛": "18",
    "⅜": "38",
    "⅝": "58",
    "⅞": "78",
}
_Plain = str | Callable[["re.Match[str]"], str]


def _matrix(match: re.Match[str]) -> str:
    rows = re.findall(r"\[([^\[\]]*)\]", match[0])
    return r"\begin{pmatrix}" + r"\\".join(row.replace(",", "&") for row in rows) + r"\end{pmatrix}"


def _integer(match: re.Match[str]) -> str:
    before, letter = match[1], match[2]
    named = re.sub(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", " Z_{any} ", before)
    return named if named != before else match[0]


_REWRITES: tuple[tuple[str, re.Pattern[str], _Plain], ...] = tuple(
    (sign, re.compile(pattern), plain)
    for sign, pattern, plain in (
        ("\\", _SIZES, " "),
        ("\\over", r"\{([^{}]*)\\over(?![A-Za-z])([^{}]*)\}", r"\\frac{\1}{\2}"),
        ("\\over", r"^\$?([^{}$]*)\\over(?![A-Za-z])([^{}$]*)\$?$", r"\\frac{\1}{\2}"),
        ("\\", r"\\(?:hat|widehat)\s*\{\s*([A-Za-z])\s*\}", r" \1_{hat} "),
        ("\\", r"\\(?:tilde|widetilde)\s*\{\s*([A-Za-z])\s*\}", r" \1_{tilde} "),
        ("\\", r"\\(?:bar|overline)\s*\{\s*([A-Za-z])\s*\}", r" \1_{bar} "),
        ("\\", r"\\(?:vec|overrightarrow)\s*\{\s*([A-Z])\s*([A-Z])\s*\}", r" V_{\1 to \2} "),
        ("\\", r"\\(?:lor|vee)(?![A-Za-z])", " or "),
        ("\\", r"\\p?mod(?![A-Za-z])\s*\{?\s*(\d+)\s*\}?", r" \\MODULO \1 "),
        ("mod", r"\(\s*(?:mod\s|\\(?:text|mathrm|operatorname)\s*\{\s*mod\s*\})\s*(\d+)\s*\)", r" \\MODULO \1 "),
        ("\\choose", r"\{([^{}]*)\\choose(?![A-Za-z])([^{}]*)\}", r"\\binom{\1}{\2}"),
        ("\\in", r"\\in\s*\\(?:mathbb|mathbf|Bbb)\s*\{?\s*R\s*\}?\s*(?::|\\mid|\||\\vert)", ":"),
        ("{", rf"\\(?:text|operatorname|mathrm)\s*\{{\s*({_FUNCTIONS})\s*\}}", r"\\\1 "),
        ("no ", r"^\s*(?:\\text\s*\{\s*)?[Nn]o (?:real )?solutions?\.?\s*\}?\s*$", r"\\emptyset"),
        ("", r"^(\s*-?\d+(?:\.\d+)?)[eE]([+-]?\d{1,3})\s*$", r"\1 \\cdot 10^{\2}"),
        ("\\", r"\\(?:nicefrac|sfrac|flatfrac|cfrac)(?![A-Za-z])", r"\\frac"),
        ("m", r"(?<=\d)\s*([apAP])\.\s?[mM]\.?(?![A-Za-z])", r" \\text{\1m}"),
        ("\\text", r"^\s*\\text\s*\{\s*(-?\d[\d,.]*)\s+([A-Za-z][A-Za-z ]*)\}\s*$", r"\1 \\text{ \2}"),
        ("infinity", r"\\(?:text|mathrm)\s*\{\s*(?:positive\s+|\+\s*)?infinity\s*\}", r"\\infty "),
        ("infinity", r"\\(?:text|mathrm)\s*\{\s*(?:negative\s+|-\s*)infinity\s*\}", r"-\\infty "),
        ("all", rf"^\s*\\text\s*\{{\s*{_ALL}\s*\}}\s*\.?\s*$|^\s*{_ALL}\s*\.?\s*$", r"\\mathbb{R}"),
        ("all", rf"^\s*(?:\\text\s*\{{)?\s*{_ALL}{_EXCEPT}([-\d/]+)\s*\}}?\s*$",
         r"\\mathbb{R} \\setminus \\{\1\\}"),
        ("...", r"(\d*\.\d*?)(\d)\2{2,}\.\.\.", r"\1\\overline{\2}"),
        ("...", r"(\d*\.\d*?)(\d{2,6})\2+\.\.\.", r"\1\\overline{\2}"),
        ("[", r"^\s*\[\s*(?:\[[^\[\]]*\][\s,]*){2,}\]\s*$", _matrix),
        ("^", r"^\s*(\([^()]*,[^()]*\)|\[[^\[\]]*,[^\[\]]*\])" + _TRANSPOSED,
         r"\1"),
        ("\\in", r"^(.*?)[,;\s]\s*(?:\\text\s*\{\s*(?:for|where|with)?\s*\})?\s*([a-z])\s*\\in\s*\\(?:mathbb"
         r"|mathbf|Bbb)\s*\{?\s*Z\s*\}?\s*\.?$", _integer),
    )
)  # fmt: skip


@functools.lru_cache(maxsize=4096)
def plain_spelling(text: str) -> str:
    r"""The text with known signs only.

    >>> plain_spelling(r"{1 \over 2}"), plain_spelling("0.1666...")
    ('\\frac{1 }{ 2}', '0.1\\overline{6}')
    """
    if text.isdigit():
        return text
    if not text.isascii():
        for sign, digits in _HALVES.items():
            text = text.replace(sign, rf"\frac{{{digits[0]}}}{{{digits[1]}}}")
    text = text.replace("\N{HORIZONTAL ELLIPSIS}", "...")
    if "..." not in text and "dots" in text:
        text = re.sub(r"(?<=\d)\s*\\[lc]?dots(?![A-Za-z])", "...", text)
    for sign, pattern, plain in _REWRITES:
        if sign in text:
            text = pattern.sub(plain, text)
    return text
