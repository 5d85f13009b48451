"""Judges a final answer in mathematics against a gold one: `verify_math` for any answer, `verify_number` for numbers.

    numbers.py    tier 1: rational numbers, microseconds  readings.py  what a text that was marked as the answer says
    lexer.py      text to tokens                          shapes.py    tier 2: one shape for what readers call the same
    parser.py     tokens to a tree (nodes.py)             algebra.py   tier 3: exact canonical forms; numeric.py refutes
    compare.py    two trees                               comparer.py  tier 4: symbolic.py, a process with SymPy in it
    verify.py     all of it; options.py, text.py, regions.py

Importing this loads neither SymPy nor anything else that is large.
"""

from reasonrl.verifiers.answers import boxed, final_answer
from reasonrl.verifiers.math.numbers import parse_number, stated_number, verify_number
from reasonrl.verifiers.math.options import MathOptions
from reasonrl.verifiers.math.verify import verify_math

__all__ = ["MathOptions", "boxed", "final_answer", "parse_number", "stated_number", "verify_math", "verify_number"]
