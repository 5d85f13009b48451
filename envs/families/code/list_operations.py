"""What list programs are made of: operations that turn a list into a list, and returns.

Each has a name (for plans), a line of Python, and a function that does the same: problems and potentials are worked out
with the functions, so that no response is ever run for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

Value = list[int] | int


class Operation(NamedTuple):
    name: str
    line: str
    apply: Callable[[list[int]], list[int]]


class Return(NamedTuple):
    name: str
    line: str
    apply: Callable[[list[int]], Value]


def _map(change: Callable[[int], int]) -> Callable[[list[int]], list[int]]:
    return lambda x: [change(v) for v in x]


def _keep(wanted: Callable[[int], bool]) -> Callable[[list[int]], list[int]]:
    return lambda x: [v for v in x if wanted(v)]


START = "def f(x):"
PLAIN = (
    Operation("sort", " x=sorted(x)", sorted),
    Operation("reverse", " x=x[::-1]", lambda x: x[::-1]),
    Operation("negate", " x=[-v for v in x]", _map(lambda v: -v)),
    Operation("square", " x=[v*v for v in x]", _map(lambda v: v * v)),
    Operation("evens", " x=[v for v in x if v%2==0]", _keep(lambda v: v % 2 == 0)),
    Operation("odds", " x=[v for v in x if v%2==1]", _keep(lambda v: v % 2 == 1)),
    Operation("dedupe", " x=list(dict.fromkeys(x))", lambda x: list(dict.fromkeys(x))),
    Operation("running sum", " x=[sum(x[:i+1]) for i in range(len(x))]", lambda x: list(accumulate(x))),
)
WITH_CONSTANT = (
    *(Operation(f"add {k}", f" x=[v+{k} for v in x]", _map(k.__radd__)) for k in range(1, 6)),
    *(Operation(f"less {k}", f" x=[v-{k} for v in x]", _map(k.__rsub__)) for k in range(1, 6)),
    *(Operation(f"times {k}", f" x=[v*{k} for v in x]", _map(k.__rmul__)) for k in range(2, 5)),
    *(Operation(f"above {k}", f" x=[v for v in x if v>{k}]", _keep(k.__lt__)) for k in range(2, 7)),
    *(Operation(f"first {k}", f" x=x[:{k}]", itemgetter(slice(k))) for k in range(1, 5)),
    *(Operation(f"drop {k}", f" x=x[{k}:]", itemgetter(slice(k, None))) for k in range(1, 4)),
)
OPERATIONS = PLAIN + WITH_CONSTANT
LIST = Return("list", " return x", lambda x: x)
SUMMARIES = (
    Return("sum", " return sum(x)", sum),
    Return("length", " return len(x)", len),
    Return("largest", " return max(x,default=0)", lambda x: max(x, default=0)),
    Return("smallest", " return min(x,default=0)", lambda x: min(x, default=0)),
)
RETURNS = (LIST, *SUMMARIES)
RANK = {operation.line: rank for rank, operation in enumerate(OPERATIONS)}
OPERATION_OF = {operation.line: operation for operation in OPERATIONS}
RETURN_OF = {end.line: end for end in RETURNS}


def run(operations: Sequence[Operation], end: Return, x: list[int]) -> Value:
    for operation in operations:
        x = operation.apply(x)
    return end.apply(x)


def agree(
    a: Sequence[Operation], a_end: Return, b: Sequence[Operation], b_end: Return, xs: Sequence[list[int]]
) -> bool:
    """Whether two programs make the same of each of these lists."""
    return all(run(a, a_end, x) == run(b, b_end, x) for x in xs)


def is_in_order(operations: Sequence[Operation], end: Return, hidden: Sequence[list[int]]) -> bool:
    """Neighbours that could change places stand in the table's order, so that a function has one usual program."""
    for i, (first, second) in enumerate(pairwise(operations)):
        swapped = (*operations[:i], second, first, *operations[i + 2 :])
        if RANK[first.line] > RANK[second.line] and agree(swapped, end, operations, end, hidden):
            return False
    return True


def is_pinned_down(
    operations: Sequence[Operation], end: Return, inputs: Sequence[list[int]], hidden: Sequence[list[int]]
) -> bool:
    """Whether the examples rule out what is simpler, and what differs in one line without being the same function."""

    def agrees(others: Sequence[Operation], last: Return, xs: Sequence[list[int]]) -> bool:
        return agree(others, last, operations, end, xs)

    ends = RETURNS if end is not LIST else (LIST,)
    shorter: list[Sequence[Operation]] = [(), *((operation,) for operation in OPERATIONS)]
    shorter += [(*operations[:i], *operations[i + 1 :]) for i in range(len(operations))]
    if any(agrees(others, last, inputs) for others in shorter for last in ends if len(others) < len(operations)):
        return False
    near = [((*operations[:i], o, *operations[i + 1 :]), end) for i in range(len(operations)) for o in OPERATIONS]
    near += [(tuple(operations), last) for last in ends]
    return not any(agrees(others, last, inputs) and not agrees(others, last, hidden) for others, last in near)
