"""The words that the parser knows: functions, Greek letters, relations, short units, and what asks for work."""

from __future__ import annotations

import re
from fractions import Fraction

_FUNCTIONS = """
    sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth ln exp lg
    floor ceil gcd lcm min max det Re Im asin acos atan
"""
_GREEK = """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau
    upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar
"""
_FORBIDDEN = """
    int iint oint sum prod lim frac sqrt binom left right begin end MATRIX ENDMATRIX DEG cup setminus pm mp
    over choose partial nabla to rfloor rceil rangle rightarrow implies iff Rightarrow Leftrightarrow cap mod bmod
    pmod infty forall exists because therefore
"""
_UNIT_WORDS = "cm mm km g kg mg lb lbs oz ft in hr hrs min mi mph ml cc sq yd pm am pct"
_NO_FACTOR = "MODULO cup setminus backslash pm mp ENDMATRIX DEG times cdot div ast rfloor rceil rangle"

FUNCTIONS = frozenset(_FUNCTIONS.split())
PLAIN_FUNCTIONS = (FUNCTIONS - {"Re", "Im", "det", "min", "max"}) | {"abs"}
"""Names that are functions without a backslash, too."""
ALIASES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
GREEK = frozenset(_GREEK.split())
FORBIDDEN = frozenset(_FORBIDDEN.split())
"""Commands that are no letters: they ask for work, or stand where they cannot."""
UNIT_WORDS = frozenset(_UNIT_WORDS.split())
"""Units short enough to be mistaken for a product of letters."""
NO_FACTOR = frozenset(_NO_FACTOR.split())
"""Commands that cannot begin a factor: no product without a sign goes on there."""
RELATIONS = {
    "=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!=",
    "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">",
    "ne": "!=", "neq": "!=", "approx": "~", "simeq": "~", "equiv": "=", "in": "in",
}  # fmt: skip


NO_NAMES = frozenset(["twice", "thrice", "half", "double", "triple", "quarter", "minus", "negative", "opposite", "not"])
"""Before a '=' these do not name what is asked for: they change it."""
UNIT_TEXT = re.compile(r"\s*(?:[(/]|-(?=[A-Za-z]{2})|\\DEG)?\s*[^\W\d_]")
UNIT_COMMANDS = {"Omega": "ohm", "mu": "u", "cdot": "·"}
r"""How a text behind a value may begin: `5\text{0 cm}` prints as fifty."""


def repeating(text: str) -> Fraction:
    """`0.1\\overline{6}` as a fraction."""
    before, _, rest = text.partition(".")
    steady, _, cycle = rest.partition("\\")
    digits = cycle[cycle.index("{") + 1 : -1]
    value = Fraction(int(before or 0)) + (Fraction(int(steady), 10 ** len(steady)) if steady else 0)
    return value + Fraction(int(digits), (10 ** len(digits) - 1) * 10 ** len(steady))
