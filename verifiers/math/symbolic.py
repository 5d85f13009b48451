"""The process that `comparer.py` asks: builds SymPy expressions from our trees and looks for a proof of equality.

    python symbolic.py KIND QUESTIONS ANSWERS MEMORY_MB       # two file descriptors

No text is ever parsed by SymPy: each node becomes one constructor call. Equal means proved: a difference that
simplifies to zero, or an algebraic number whose minimal polynomial is x. Agreement of decimals proves nothing, and a
difference that does not simplify proves nothing either. The kind
"math-verify" asks that package instead, on the texts.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from collections.abc import Callable
from typing import Any

FRAME = struct.Struct(">I")
MAX_EXPONENT = 10_000


class Unsupported(Exception):
    """No SymPy object for this tree."""


def builder() -> Callable[[Any], Any]:
    """A function from trees (as JSON) to SymPy expressions."""
    import sympy  # type: ignore[import-untyped, unused-ignore]

    constants = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}
    functions = {
        "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "cot": sympy.cot, "sec": sympy.sec, "csc": sympy.csc,
        "arcsin": sympy.asin, "arccos": sympy.acos, "arctan": sympy.atan, "arccot": sympy.acot,
        "arcsec": sympy.asec, "arccsc": sympy.acsc, "sinh": sympy.sinh, "cosh": sympy.cosh, "tanh": sympy.tanh,
        "coth": sympy.coth, "ln": sympy.log, "exp": sympy.exp, "abs": sympy.Abs, "floor": sympy.floor,
        "ceil": sympy.ceiling,
    }  # fmt: skip
    log_unit = sympy.Symbol("log_unit", positive=True)  # the base of a bare \log is not known

    def rational(text: str) -> Any:
        top, _, bottom = text.partition("/")
        return sympy.Rational(int(top, 16), int(bottom, 16))

    def build(node: Any) -> Any:
        op, args = node
        match op:
            case "num":
                return rational(args[0])
            case "sym":
                return sympy.Symbol(args[0])
            case "const" if args[0] in constants:
                return constants[args[0]]
            case "neg":
                return -build(args[0])
            case "add":
                return sympy.Add(*map(build, args))
            case "mul":
                return sympy.Mul(*map(build, args))
            case "div":
                return sympy.Mul(build(args[0]), sympy.Pow(build(args[1]), -1))
            case "pow":
                base, exponent = build(args[0]), build(args[1])
                if base.is_Rational and exponent.is_Rational and abs(exponent) > MAX_EXPONENT:
                    raise Unsupported
                return sympy.Pow(base, exponent)
            case "fact":
                inner = build(args[0])
                if inner.is_number and not (inner.is_Integer and 0 <= inner <= 4000):
                    raise Unsupported
                return sympy.factorial(inner)
            case "binom":
                n, k = build(args[0]), build(args[1])
                if any(part.is_number and not (part.is_Integer and 0 <= part <= 4000) for part in (n, k)):
                    raise Unsupported
                return sympy.binomial(n, k)
            case "log":
                return sympy.log(build(args[1])) / sympy.log(build(args[0]))
            case "func" if args[0] == "log":
                return log_unit * sympy.log(build(args[1]))
            case "func" if args[0] in functions:
                return functions[args[0]](build(args[1]))
        raise Unsupported

    return build


def prove_equal(left: Any, right: Any, build: Callable[[Any], Any]) -> bool | None:
    """Whether two trees are equal, with proof; None where there is none either way.

    Runs for as long as it takes: the judge holds the clock.
    """
    import sympy  # type: ignore[import-untyped, unused-ignore]

    difference = build(left) - build(right)
    if difference.has(sympy.zoo, sympy.nan, sympy.oo):
        return False
    if difference == 0 or sympy.expand(difference) == 0:
        return True
    if difference.is_number:
        rough = difference.evalf(60, maxn=400)
        if rough.is_number and abs(rough) > sympy.Float("1e-50"):
            return False
        if difference.is_algebraic:
            x = sympy.Symbol("x")
            return bool(sympy.minimal_polynomial(difference, x) == x)
        angles = rough.is_number and difference.has(sympy.atan, sympy.asin, sympy.acos, sympy.acot)
        if angles and sympy.simplify(sympy.expand_trig(sympy.tan(difference))) == 0:
            return True  # an angle next to zero whose tangent is zero is zero
    simplified = sympy.simplify(difference)
    if simplified == 0:
        return True
    for change in (sympy.trigsimp, sympy.radsimp, lambda part: sympy.expand_func(part.rewrite(sympy.exp))):
        if sympy.simplify(change(simplified)) == 0:
            return True
    return None


def ask_math_verify(question: dict[str, Any]) -> bool:
    from math_verify import LatexExtractionConfig, parse, verify  # type: ignore[import-not-found, unused-ignore]

    gold, prediction = (f"${text}$" if "$" not in text else text for text in (question["gold"], question["prediction"]))
    latex = [LatexExtractionConfig()]  # its reader of plain expressions hands text to SymPy, which executes it
    parsed = [parse(text, extraction_config=latex, parsing_timeout=None) for text in (gold, prediction)]
    return bool(verify(*parsed, timeout_seconds=None))


def main(kind: str, questions: int, answers: int, memory_mb: int) -> None:
    limit = memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.setrecursionlimit(3_000)
    build = builder() if kind == "sympy" else None

    def say(value: bool | None) -> None:
        body = json.dumps(value).encode()
        os.write(answers, FRAME.pack(len(body)) + body)

    def read(count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = os.read(questions, count - len(data))
            if not chunk:
                os._exit(0)  # the judge is gone
            data += chunk
        return data

    if build is not None:  # the first use of each method imports and fills caches
        x = ("sym", ("x",))
        square = [("pow", (("func", (name, x)), ("num", ("2/1",)))) for name in ("tan", "sec")]
        prove_equal(("add", (square[0], ("num", ("1/1",)))), square[1], build)
    say(True)
    while True:
        (length,) = FRAME.unpack(read(FRAME.size))
        question = json.loads(read(length))
        try:
            if build is not None:
                say(prove_equal(question["left"], question["right"], build))
            else:
                say(ask_math_verify(question))
        except Exception:  # not proved; a bug in SymPy is no proof either
            say(None)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
