"""Whether two answers say the same: by structure first, then scalar by scalar, the cheapest exact method first.

Tuples and matrices are compared in order; lists and sets as sets; intervals, unions and inequalities as sets of
numbers; equations up to a constant factor; `x = 5` is 5; a ratio up to a common factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from reasonrl.verifiers.math import algebra
from reasonrl.verifiers.math.evaluated import is_evaluated, terms_left
from reasonrl.verifiers.math.modular import differ_modulo
from reasonrl.verifiers.math.nodes import Node, is_scalar, num, symbols
from reasonrl.verifiers.math.numeric import differ, real_value
from reasonrl.verifiers.math.options import MathOptions
from reasonrl.verifiers.math.regions import Piece, region, unknown
from reasonrl.verifiers.math.shapes import (
    Claim,
    Contradiction,
    Measure,
    bare,
    both_signs,
    claim,
    factors,
    is_name,
    is_quantity,
    measures,
    parts,
    substituted,
)
from reasonrl.verifiers.math.units import RADIAN, Unit, read_unit

_STATEMENTS = frozenset(["rel", "member"])
_UNCOLLECTED = "like terms are not collected"
_MINUTES = frozenset(map(Fraction, (0, *range(10, 60))))
_REGIONS = frozenset(["interval", "union", "without", "reals", "empty", "rel", "member"])


@dataclass
class Comparison:
    """Compares one pair of answers and remembers how."""

    options: MathOptions
    symbolic: Callable[[Node, Node], bool | None]
    """Asks whether two scalars are equal when nothing cheaper can tell; None: no answer in time."""
    gold_digits: int | None = None
    """Decimal places of a gold that is one decimal number."""
    currencies: tuple[Unit | None, Unit | None] = (None, None)
    """Signs beside the gold and the prediction, which the trees don't hold."""
    method: str = "structure"
    reason: str = "another value"
    undecided: bool = field(default=False)
    """The symbolic method did not answer."""

    def same(self, gold: Node, prediction: Node) -> bool:
        try:
            gold, prediction = _lettered(gold, prediction), _lettered(prediction, gold)
            gold, prediction, same = _residues(gold, prediction)
            if not same:
                self.reason = "the modulus is another, or the residue is not reduced"
                return False
            right, left = bare(gold), bare(prediction)
            factor = self.converted(gold, prediction, left)
            if factor is None:
                self.reason = "the unit is another"
                return False
            if factor != 1:
                return is_scalar(left) and self.scalar(right, Node("mul", (num(factor), left)), forms=False)
        except Contradiction:
            self.reason = "a word changes the value"
            return False
        return self.items(right, left)

    def converted(self, gold: Node, prediction: Node, value: Node) -> Fraction | None:
        """What the value is multiplied by to be in the gold's unit; None where the two measure different things."""
        left, right = measures(gold), measures(prediction)
        if self.currencies[0] is not None:
            left.add(Measure(self.currencies[0]))
        if self.currencies[1] is not None:
            right.add(Measure(self.currencies[1]))
        if not left and right == {Measure(RADIAN)}:  # a plain number may be one of degrees
            return None if algebra.rational(value) is not None else Fraction(1)
        if not left or not right or left == right:
            return Fraction(1)
        if len(left) > 1 or len(right) > 1:
            return None
        mine, other = left.pop().unit, right.pop().unit
        if mine is None or other is None or mine.powers != other.powers:
            return None
        return other.scale / mine.scale

    # collections -------------------------------------------------------------------------------------------------

    def items(self, gold: Node, prediction: Node) -> bool:
        """Lists, sets and single items."""
        if gold == prediction and not (is_scalar(gold) and not symbols(gold)):
            return True
        golds, predictions = parts(gold), parts(prediction)
        if len(golds) > 1 or len(predictions) > 1:
            single = [node for node, found in ((gold, golds), (prediction, predictions)) if len(found) == 1]
            if single and single[0].op in _REGIONS and self.regions(gold, prediction):
                return True
            if gold.op == "tuple" and prediction.op == "list":
                if not any(part.op == "rel" for part in prediction.args):
                    self.reason = "a point or an interval is written in brackets"
                    return False
                return self.in_order(gold.args, prediction.args)
            if gold.op == "list" and prediction.op == "tuple":
                return self.in_order(gold.args, prediction.args)
        golds, predictions = _spread(golds, predictions), _spread(predictions, golds)
        try:
            left = [claim(node, judged=False) for node in golds]
            right = [claim(node) for node in predictions]
        except Contradiction:
            self.reason = "it says that different numbers are equal"
            return False
        if len(left) == 1 and len(right) == 1:
            return self.claims(left[0], right[0])
        ordered = (self.options.ordered and gold.op == "list") or self._named_apart(left, right)
        if ordered:
            return len(left) == len(right) and all(map(self.claims, left, right))
        return self._covers(left, right) and self._covers(right, left, turned=True)

    def _covers(self, claims: Sequence[Claim], others: Sequence[Claim], *, turned: bool = False) -> bool:
        """Whether each claim has an equal one among the others."""
        if turned:
            return all(any(self.claims(other, one) for other in others) for one in claims)
        return all(any(self.claims(one, other) for other in others) for one in claims)

    @staticmethod
    def _named_apart(left: Sequence[Claim], right: Sequence[Claim]) -> bool:
        """One side says which value is whose (`AB = 4, CD = 5`), the other only gives the values: then order counts."""
        for named, plain in ((left, right), (right, left)):
            names = {str(one.name.args[0]).split("_")[0] if one.name.op == "sym" else str(one.name)
                     for one in named if one.name is not None}  # fmt: skip
            if len(names) > 1 and len(named) == len(plain) and all(one.name is None for one in plain):
                return True
        return False

    def in_order(self, golds: Sequence[Node], predictions: Sequence[Node]) -> bool:
        return len(golds) == len(predictions) and all(map(self.items, golds, predictions))

    # single items ------------------------------------------------------------------------------------------------

    def claims(self, gold: Claim, prediction: Claim) -> bool:
        if _made_up(gold) and prediction.name is None and gold.name is not None and gold.name.op == "add":
            return False  # a + b = 5 is a relation, where 5 alone says nothing of it
        if gold.name is not None and prediction.name is not None:
            if _made_up(gold) or _made_up(prediction):
                return self.statements(gold.statement, prediction.statement)
            gold, prediction = gold, _renamed(gold, prediction)
            if gold.name is None or prediction.name is None:
                return False
            if _primes(gold.name) != _primes(prediction.name):  # f' is not f
                return False
            if gold.name.op == prediction.name.op == "mul" and not _alike(gold.name, prediction.name):
                return False
            if gold.name == prediction.name or "sym" not in (gold.name.op, prediction.name.op):
                if self.value(gold.value, prediction.value):
                    return True
                if self.reason == _UNCOLLECTED:
                    return False
            elif {gold.name.op, prediction.name.op} == {"sym", "mul"}:  # y = ... and f(x) = ..., but not x and xy
                if symbols(gold.name) & symbols(prediction.name):
                    return False
                return self.value(gold.value, prediction.value)
        if gold.statement.op == "rel" and prediction.statement.op == "rel":
            return self.statements(gold.statement, prediction.statement)
        if gold.statement.op in _STATEMENTS and gold.name is None and prediction.name is None:
            return self.regions(gold.statement, prediction.statement)
        if gold.name is not None and prediction.name is not None and gold.name != prediction.name:
            return False
        if gold.name is None and prediction.name is None and prediction.statement.op == "rel":
            return self._identity(gold.value, prediction.statement)
        return self.value(gold.value, prediction.value)

    def _identity(self, gold: Node, chain: Node) -> bool:
        """Whether a chain of expressions, `(x+1)^2 = x^2+2x+1`, holds throughout and ends with the gold."""
        members = chain.args[1]
        if set(chain.args[0]) != {"="} or len(set(members)) < len(members) or not symbols(gold):
            return self.value(gold, chain)
        if not is_scalar(gold) or not all(map(is_scalar, members)):
            return False
        steps = (self.scalar(gold, member, forms=False) for member in members[:-1])
        return self.value(gold, members[-1]) and all(steps)

    def statements(self, gold: Node, prediction: Node) -> bool:
        """Equations with equations, inequalities with inequalities."""
        equations = [set(node.args[0]) == {"="} for node in (gold, prediction)]
        if all(equations):
            if len(gold.args[1]) != 2 or len(prediction.args[1]) != 2:
                return False
            left, right = (
                Node("add", (node.args[1][0], Node("neg", (node.args[1][1],)))) for node in (gold, prediction)
            )
            if not is_scalar(left) or not is_scalar(right):
                return all(map(self.value, gold.args[1], prediction.args[1]))
            if not symbols(left) or not symbols(right):
                return False
            equal = algebra.constant_ratio(left, right)
            if equal is None:
                equal = self.scalar(left, right) or self.scalar(left, Node("neg", (right,)))
            self.method = "algebra"
            return equal
        if any(equations):
            return False
        names = unknown(gold), unknown(prediction)
        if None not in names and names[0] != names[1]:
            return False
        if region(gold) is not None:
            return self.regions(gold, prediction)
        left, right = _oriented(gold), _oriented(prediction)
        return left.args[0] == right.args[0] and self.in_order(left.args[1], right.args[1])

    def regions(self, gold: Node, prediction: Node) -> bool:
        golds, predictions = region(gold), region(prediction)
        if golds is None or predictions is None or len(golds) != len(predictions):
            return False
        self.method = "set"
        return all(map(self._piece, golds, predictions))

    def _piece(self, gold: Piece, prediction: Piece) -> bool:
        if (gold.low_closed, gold.high_closed) != (prediction.low_closed, prediction.high_closed):
            self.reason = "an end is open on one side and closed on the other"
            return False
        return self.value(gold.low, prediction.low) and self.value(gold.high, prediction.high)

    def value(self, gold: Node, prediction: Node) -> bool:
        """Two bare values of any kind."""
        if len(both_signs(gold)) > 1 or len(both_signs(prediction)) > 1 or "list" in (gold.op, prediction.op):
            return self.items(gold, prediction)
        for node, other in ((gold, prediction), (prediction, gold)):
            if node.op == "set" and len(node.args) == 1 and other.op not in ("set", *_REGIONS):
                inner = (node.args[0], prediction) if node is gold else (gold, node.args[0])
                return self.items(*inner)
        if gold.op == "percent" or prediction.op == "percent":
            return self.percent(gold, prediction)
        if gold.op == "deg" or prediction.op == "deg":
            gold, prediction = (node.args[0] if node.op == "deg" else node for node in (gold, prediction))
            return self.value(gold, prediction)
        if is_scalar(gold) and is_scalar(prediction):
            return self.scalar(gold, prediction)
        if gold.op == prediction.op == "matrix":
            if list(map(len, gold.args[0])) != list(map(len, prediction.args[0])):
                return False
            return all(self.in_order(*rows) for rows in zip(gold.args[0], prediction.args[0], strict=True))
        if "matrix" in (gold.op, prediction.op):
            left, right = (_vector(node) for node in (gold, prediction))
            return left is not None and right is not None and self.in_order(left, right)
        if gold.op == prediction.op == "based":
            return gold == prediction
        if gold.op == prediction.op == "nested":
            return self.items(gold.args[0], prediction.args[0])
        if gold.op == prediction.op == "tuple":
            return self.in_order(gold.args, prediction.args)
        if gold.op == "ratio" or prediction.op == "ratio":
            return self.ratio(gold, prediction)
        if gold.op == prediction.op == "set":
            return self.items(gold, prediction)
        if gold.op in _REGIONS or prediction.op in _REGIONS:
            return self.regions(gold, prediction)
        return gold == prediction

    def ratio(self, gold: Node, prediction: Node) -> bool:
        """`3:4` is `6:8` and 3/4; what may be a time of day must be written the same."""
        left, right = (node.args if node.op == "ratio" else (node, num(1)) for node in (gold, prediction))
        if len(left) != len(right) or not all(map(is_scalar, (*left, *right))):
            return False
        values = [algebra.rational(part) for part in (*left, *right)]
        clock = len(left) == 2 and values[0] is not None and values[1] in _MINUTES and gold.op == "ratio"
        if clock or 0 in values:
            return all(map(self.scalar, left, right))
        return all(
            self.scalar(Node("mul", (left[0], other)), Node("mul", (mine, right[0])), forms=False)
            for mine, other in zip(left[1:], right[1:], strict=True)
        )

    def percent(self, gold: Node, prediction: Node) -> bool:
        """25% is 1/4. The sign may also be left out, where the gold has it; it may not be added to a plain number."""
        left, right = (node.args[0] if node.op == "percent" else None for node in (gold, prediction))
        if left is not None and right is not None:
            return self.value(left, right)
        if self.options.percent_is_unit:
            return self.value(gold if left is None else left, prediction if right is None else right)
        if left is not None:
            return self.value(left, prediction) or self._hundredth(left, prediction)
        return right is not None and self._hundredth(right, gold)

    @staticmethod
    def _hundredth(percent: Node, value: Node) -> bool:
        return (
            is_scalar(percent) and is_scalar(value) and bool(algebra.compare(percent, Node("mul", (num(100), value))))
        )

    # scalars -----------------------------------------------------------------------------------------------------

    def scalar(self, gold: Node, prediction: Node, *, forms: bool = True) -> bool:
        """`forms`: also ask that the prediction is evaluated."""
        prediction = _one_constant(gold, prediction) if gold.op != "num" else prediction
        if gold.op == prediction.op == "num":
            self.method = "rational"
            return gold == prediction or self._near(gold, prediction)
        rounded = bool(self.options.tolerance) or self.options.decimals is not None or self.options.gold_precision
        ruled = forms and self.options.evaluated and not symbols(gold)
        if ruled and not is_evaluated(prediction, gold, rounded=rounded):
            self.reason = "it is not evaluated"
            return False
        if gold == prediction:
            return True
        self.method = "algebra"
        equal = algebra.compare(gold, prediction)
        if equal and forms and self.options.evaluated and not ruled and terms_left(prediction) and not terms_left(gold):
            self.reason = _UNCOLLECTED
            return False
        if equal or (equal is False and self._near(gold, prediction)):
            return True
        if equal is False:
            return False
        if self._near(gold, prediction):
            return True
        if differ_modulo(gold, prediction) or differ(gold, prediction):
            self.method = "numeric"
            return False
        if not self.options.symbolic:
            return False
        self.method = "symbolic"
        answer = self.symbolic(gold, prediction)
        self.undecided = self.undecided or answer is None
        return bool(answer)

    def _near(self, gold: Node, prediction: Node) -> bool:
        """Whether the options let two different numbers pass."""
        options = self.options
        digits = options.decimals
        if options.gold_precision and self.gold_digits is not None and gold.op in ("num", "neg"):
            digits = self.gold_digits if digits is None else max(digits, self.gold_digits)
        if (digits is None and not options.tolerance) or symbols(gold) or symbols(prediction):
            return False
        exact = algebra.rational(gold), algebra.rational(prediction)
        if exact[0] is not None and exact[1] is not None:
            distance, size = abs(exact[0] - exact[1]), abs(exact[0])
        else:
            rough = real_value(gold), real_value(prediction)
            if rough[0] is None or rough[1] is None or abs(rough[0]) > 1e15 or abs(rough[1]) > 1e15:
                return False
            distance, size = abs(Fraction(rough[0]) - Fraction(rough[1])), abs(Fraction(rough[0]))
        self.method = "tolerance"
        if digits is not None and distance <= Fraction(1, 2 * 10**digits):
            return True
        return bool(options.tolerance) and distance <= Fraction(options.tolerance) * size


def _residues(gold: Node, prediction: Node) -> tuple[Node, Node, bool]:
    """Both without their moduli, and whether these allow that the answers are the same.

    `42 (mod 5)` is 2: for a gold without a modulus a residue counts only where it is reduced.
    """
    if gold.op == prediction.op == "mod":
        return gold.args[0], prediction.args[0], gold.args[1] == prediction.args[1]
    if prediction.op == "mod":
        inner, modulus = prediction.args
        value = inner.args[1][-1] if inner.op == "rel" else inner
        exact = algebra.rational(value) if is_scalar(value) else None
        return gold, inner, exact is not None and 0 <= exact < modulus.args[0]
    return (gold.args[0] if gold.op == "mod" else gold), prediction, True


def _spread(items: list[Node], others: list[Node]) -> list[Node]:
    """`(p, q) = (3, 2)` as `p = 3, q = 2` where the other side gives its values one by one, by name."""
    if len(items) != 1 or len(others) < 2 or not all(other.op == "rel" for other in others):
        return items
    node = items[0]
    if node.op != "rel" or node.args[0] != ("=",) or any(side.op != "tuple" for side in node.args[1]):
        return items
    names, values = (side.args for side in node.args[1])
    if len(names) != len(values):
        return items
    return [Node("rel", (("=",), (name, value))) for name, value in zip(names, values, strict=True)]


def _made_up(claim: Claim) -> bool:
    """Whether what is claimed for is no single name: `a + b`, `|PQ|`."""
    return claim.name is not None and is_quantity(claim.name)


def _renamed(gold: Claim, prediction: Claim) -> Claim:
    """The prediction with the gold's bound variable: f(t) = t^2 is f(x) = x^2."""
    names = [claim.name for claim in (gold, prediction)]
    if any(name is None or name.op != "mul" or name.args[1].op != "sym" for name in names) or names[0] == names[1]:
        return prediction
    mine, other = (str(name.args[1].args[0]) for name in names if name is not None)
    if (
        mine == other
        or len(mine) > 1
        or len(other) > 1
        or not (mine + other).islower()
        or mine in symbols(prediction.statement)
    ):
        return prediction
    parts = (None if part is None else substituted(part, other, mine) for part in prediction)
    return Claim(*parts)  # type: ignore[arg-type]


def _one_constant(gold: Node, prediction: Node) -> Node:
    """The prediction with the gold's name for the constant of integration, or for a number that may be any integer."""
    mine, other = symbols(gold) - symbols(prediction), symbols(prediction) - symbols(gold)
    if len(mine) != 1 or len(other) != 1:
        return prediction
    (left,), (right,) = mine, other
    constants = left in _CONSTANTS and right in _CONSTANTS and "C" in (left[0], right[0])
    integers = "Z_any" in (left, right) and {left, right} - {"Z_any"} <= set("klmnj")
    return substituted(prediction, right, left) if constants or integers else prediction


_CONSTANTS = frozenset(["C", "c", "K", "k", "C_1", "c_1", "C_0", "c_0", "D"])


def _lettered(node: Node, other: Node) -> Node:
    """`5m` as a quantity where the other side has a unit; alone it is a product."""
    if other.op != "unit" or node.op != "mul" or node.args[1].op != "sym" or symbols(node.args[0]):
        return node
    name = str(node.args[1].args[0])
    return Node("unit", (node.args[0], name)) if read_unit(name) is not None else node


def _alike(name: Node, other: Node) -> bool:
    """f(x) may be called g(x); f(-x), f(3) and f(x)x are others than f(x), and CD is another than AB."""
    left, right = factors(name), factors(other)
    return left == right or left[1:] == right[1:]


def _primes(name: Node) -> int:
    return sum(symbol.count("'") for symbol in symbols(name))


def _vector(node: Node) -> Sequence[Node] | None:
    """A tuple, or a matrix of one row or column, as a sequence."""
    if node.op == "tuple":
        return node.args
    if node.op == "matrix":
        rows = node.args[0]
        if len(rows) == 1:
            return list(rows[0])
        if len(rows[0]) == 1:
            return [row[0] for row in rows]
    return None


def _oriented(node: Node) -> Node:
    """An inequality with its signs pointing up."""
    operators, members = node.args
    if set(operators) <= {">", ">="}:
        return Node("rel", (tuple({">": "<", ">=": "<="}[operator] for operator in reversed(operators)), members[::-1]))
    return node


__all__ = ["Comparison", "is_name"]
