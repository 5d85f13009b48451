"""What trusted tests may do with a program's objects, exceptions and large values; and which tricks do not win."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from reasonrl.verifiers.code import verify_code, verify_mbpp
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.sandbox import Sandbox

STACK = """
class Stack:
    SIZE = 7
    def __init__(self, s=()): self.s = list(s)
    def push(self, x): self.s.append(x); return self
    def pop(self):
        if not self.s: raise IndexError('pop from empty stack')
        return self.s.pop()
    def __len__(self): return len(self.s)
    def __iter__(self): return iter(self.s)
    def __getitem__(self, i): return self.s[i]
    def __setitem__(self, i, v): self.s[i] = v
    def __delitem__(self, i): del self.s[i]
    def __contains__(self, x): return x in self.s
    def __str__(self): return 'S' + str(self.s)
    def __repr__(self): return 'Stack' + repr(self.s)
    def __eq__(self, o): return self.s == o.s
    def __hash__(self): return hash(tuple(self.s))
    def __bool__(self): return bool(self.s)
    def __lt__(self, o): return self.s < o.s
    def __add__(self, o): return Stack(self.s + o.s)
    def __iadd__(self, o): self.s += o.s; return self
    def __mul__(self, n): return Stack(self.s * n)
    def __rmul__(self, n): return Stack(self.s * n)
    def __neg__(self): return Stack(self.s[::-1])
    def __abs__(self): return len(self.s)
    def __float__(self): return 1.5
    def __call__(self, x): return x + len(self.s)
    def __enter__(self): return self
    def __exit__(self, *_): self.s.clear()
    @property
    def top(self): return self.s[-1]
    @classmethod
    def of(cls, *s): return cls(s)
    @staticmethod
    def name(): return 'stack'
"""
LIES = """
class Lie:
    def __init__(self, *_): pass
    def yes(self, *_): return True
    def me(self, *_): return self
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = yes
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __truediv__ = __abs__ = __getitem__ = __call__ = me
    __neg__ = __mod__ = __round__ = me
    def __hash__(self): return 1
    def __iter__(self): return iter([])
    def __getattr__(self, name): return self
"""
POINT = """
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)
"""
RAISES = """
class OurError(ValueError):
    def __init__(self, code, text): super().__init__(text); self.code = code
def f(x):
    if x < 0: raise OurError(7, 'negative')
    if x == 0: raise KeyError('k')
    if x > 100: raise ZeroDivisionError
    if x == 7: return 'é'.encode('ascii')
    assert x < 50, 'big'
    return x
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


def judge(sandbox: Sandbox, program: str, *tests: str, **fields: Any) -> Verdict:
    return verify_mbpp({"test_list": list(tests), **fields}, program, deadline=20.0, sandbox=sandbox)


USES = (
    "len(s) == 2 and abs(s) == 2 and float(s) == 1.5",
    "list(s) == [1, 2] and [x * 2 for x in s] == [2, 4] and sum(s) == 3",
    "2 in s and 3 not in s",
    "s and bool(s) is True and not Stack()",
    "s[0] == 1 and s[-1] == 2 and s[0:1] == [1]",
    "str(s) == 'S[1, 2]' and repr(s) == 'Stack[1, 2]' and f'{s}' == 'S[1, 2]'",
    "s == s and s == Stack([1, 2]) and s != Stack() and s is not None",
    "(s + s).s == [1, 2, 1, 2] and (s + s) == Stack([1, 2, 1, 2])",
    "(s * 2).s == [1, 2, 1, 2] and (2 * s).s == [1, 2, 1, 2] and (-s).s == [2, 1]",
    "s(3) == 5 and callable(s) and s.top == 2 and s.push(3).push(4).s == [1, 2, 3, 4]",
    "Stack.of(1, 2) == s and Stack.name() == 'stack' and Stack.SIZE == 7",
    "isinstance(s, Stack) and not isinstance(3, Stack)",
    "min(Stack([2]), Stack([1])).s == [1] and sorted([Stack([2]), Stack([1])])[0].s == [1]",
    "len({Stack([1]), Stack([1])}) == 1 and Stack([1]) in [Stack([1])]",
    "hasattr(s, 'pop') and not hasattr(s, 'nothing') and getattr(s, 'top') == 2",
)


@pytest.mark.parametrize("use", USES)
def test_an_object_that_the_tests_make_does_what_its_class_does(use: str, sandbox: Sandbox) -> None:
    verdict = judge(sandbox, STACK, f"s = Stack()\ns.push(1)\ns.push(2)\nassert {use}")
    assert verdict.correct, verdict


def test_statements_reach_the_object_too(sandbox: Sandbox) -> None:
    begin = "s = Stack([1, 2])\n"
    verdict = judge(
        sandbox,
        STACK,
        begin + "s[0] = 9\ndel s[1]\nassert s.s == [9]",
        begin + "with s as t:\n    t.push(3)\nassert len(s) == 0",
        begin + "t = s\nt += Stack([5])\nassert s.s == [1, 2, 5]",
        begin + "import copy\nt = copy.deepcopy(s)\nt.push(1)\nassert len(t) == 3 and len(s) == 2",
        begin + "a, b = s\nassert (a, b) == (1, 2)",
    )
    assert verdict.correct, verdict


@pytest.mark.parametrize(
    "use",
    ["s.pop() == 1", "3 in s", "s == Stack([1])", "isinstance(s, int)", "s < Stack([0])", "len(s) == 3", "s[0] == 2"],
)
def test_and_fails_where_its_class_is_wrong(use: str, sandbox: Sandbox) -> None:
    verdict = judge(sandbox, STACK, f"s = Stack()\ns.push(1)\ns.push(2)\nassert {use}")
    assert (verdict.status, verdict.score) == (Status.WRONG, 0.0), verdict


WISHES = (
    "f(3) == 5",
    "f(3) != 5 and f(3) == 4",
    "abs(f(1) - 0.5) < 1e-9",
    "f(2) < 3",
    "3 in f(2)",
    "f(1) in (3, 4)",
    "f(1)[0] == 3",
    "f(1).x == 3",
    "set(f(3)) == {1}",
    "isinstance(f(1), int)",
    "str(f(1)) == '3'",
    "round(f(1), 2) == 0.33",
    "{f(1): 2} == {1: 2}",
    "[f(1)] == [4]",
    "1 + f(1) == 5",
    "f(2) == [1] or f(2) == [2]",
)


@pytest.mark.parametrize("wish", WISHES)
def test_an_object_that_says_yes_to_everything_is_not_what_the_tests_expect(wish: str, sandbox: Sandbox) -> None:
    tricks = ("def f(*_): return Lie()", "f = Lie", "class f(Lie): pass", "def f(*_): return Lie")
    for trick in tricks:
        for reference in ("def f(x): return 0", ""):
            verdict = judge(sandbox, LIES + trick, f"assert {wish}", code=reference)
            assert (verdict.correct, verdict.judged) == (False, True), (trick, verdict)
    for name in ("Sum", "Check_Sum"):  # written like classes; nothing shows that they are
        verdict = judge(sandbox, f"{LIES}class {name}(Lie): pass", f"assert {wish.replace('f(', name + '(', 9)}")
        assert not verdict.correct, (name, verdict)


@pytest.mark.parametrize(
    ("trick", "test"),
    [
        ("class Stack(Lie):\n def pop(s): return Lie()", "s = Stack()\ns.push(1)\nassert s.pop() == 1"),
        ("class Stack(Lie):\n def pop(s): return s", "s = Stack()\ns.push(1)\nassert s.pop() == 1"),
        ("class Stack(Lie): pass", "s = Stack()\ns.push(1)\nassert s[0] == 1"),
        ("class Stack(Lie): pass", "s = Stack()\ns.push(1)\nassert s == [1]"),
        ("class Stack(Lie):\n def push(s, x): pass", "s = Stack()\ns.push(1)\nassert len(s) == 1"),
        (f"{POINT}def f(a, b): return Lie()", "assert f(Point(1, 2), Point(3, 4)) == Point(4, 6)"),
        (f"{POINT}def f(a, b): return a", "assert f(Point(1, 2), Point(3, 4)) == Point(4, 6)"),
        ("class Point(Lie): pass\ndef f(a, b): return a", "p = Point(4, 6)\nassert p.x == 4"),
        (
            "class Point:\n def __init__(s, x, y): s.x, s.y = x, y\n def __eq__(s, o): return True\n"
            "def f(a, b): return a",
            "assert f(Point(1, 2), Point(3, 4)) == Point(4, 6)",
        ),
        (
            "class Point:\n def __init__(s, x, y): s.x, s.y = x, y\n def __eq__(s, o): return True\n"
            "def f(a, b): return 0",
            "assert f(Point(1, 2), Point(3, 4)) == Point(4, 6)",
        ),
        (
            "class Point:\n def __init__(s, x, y): s.x, s.y = x, y\n def __eq__(s, o): return True\n"
            " def __add__(s, o): return s",
            "assert Point(1, 2) + Point(3, 4) == Point(4, 6)",
        ),
    ],
)
def test_a_class_that_lies_does_not_win_by_its_word(trick: str, test: str, sandbox: Sandbox) -> None:
    assert not judge(sandbox, LIES + trick, test).correct


def test_what_a_function_returns_is_compared_with_an_object_by_what_both_are_made_of(sandbox: Sandbox) -> None:
    swap = "def f(p): return Point(p.y, p.x)\n"
    test = "assert f(Point(1, 2)) == Point(2, 1)"
    assert judge(sandbox, swap + POINT, test, "assert f(f(Point(1, 2))) == Point(1, 2)").correct
    assert judge(sandbox, f"def f(p): return p\n{POINT}", test).status is Status.WRONG
    data = "from dataclasses import dataclass\n@dataclass\nclass Point:\n x: int\n y: int = 0\n"
    assert judge(sandbox, swap + data, test, "assert Point(1) == Point(1, 0)", "assert f(Point(1)).y == 1").correct
    slots = POINT.replace("Point:\n", "Point:\n    __slots__ = ('x', 'y')\n")
    assert judge(sandbox, swap + slots, test).correct
    named = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
    more = ("assert f(Point(1, 2)) == (2, 1)", "assert f(Point(1, 2)).x == 2", "x, y = f(Point(1, 2))\nassert y == 1")
    assert judge(sandbox, swap + named, test, *more).correct
    node = "class Node:\n def __init__(s, v, n=None): s.v, s.n = v, n\n"
    node += " def __eq__(s, o): return s.v == o.v and s.n == o.n\n"
    grow = "def f(n):\n x = None\n for i in range(n): x = Node(i, x)\n return x"
    assert judge(sandbox, node + grow, "x = None\nfor i in range(90): x = Node(i, x)\nassert f(90) == x").correct


def test_members_of_an_enumeration_are_themselves(sandbox: Sandbox) -> None:
    code = "from enum import Enum\nclass Color(Enum):\n RED = 1\n BLUE = 2\ndef f(c): return Color(3 - c.value)"
    verdict = judge(
        sandbox,
        code,
        "assert f(Color.RED) == Color.BLUE",
        "assert f(Color.RED) is Color.BLUE",
        "assert Color['RED'].name == 'RED' and Color(2) == Color.BLUE",
        "assert [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2",
    )
    assert verdict.correct, verdict
    assert judge(sandbox, code, "assert f(Color.RED) == Color.RED").status is Status.WRONG


def test_where_only_the_programs_word_could_tell_nothing_is_said(sandbox: Sandbox) -> None:
    half = "class Ratio:\n def __init__(s, a, b): s.a, s.b = a, b\n def __eq__(s, o): return s.a / s.b == o\n"
    verdict = judge(sandbox, half, "r = Ratio(1, 2)\nassert r.a == 1 and r == 0.5")
    assert (verdict.status, verdict.judged) == (Status.ERROR, False)
    assert judge(sandbox, half, "r = Ratio(1, 2)\nassert r.a == 1 and r != None").correct
    kept = "class Count(int):\n def more(s): return s + 1\n"
    assert judge(sandbox, kept, "c = Count(3)\nassert c.more() == 4 and c == 3").correct
    assert judge(sandbox, kept, "c = Count(3)\nassert c.more() == 4 and c == 4").status is Status.WRONG


def test_a_class_does_not_hear_what_it_is_compared_with(sandbox: Sandbox) -> None:
    """It could give it back when it is asked for its items."""
    code = "class Box:\n seen = None\n def get(s): return s.seen\n def __eq__(s, o): s.seen = o; return False\n"
    verdict = judge(sandbox, code, "b = Box()\ntry: b == [7]\nexcept: pass\nassert b.get() == [7]")
    assert not verdict.correct, verdict


def test_nothing_in_the_tests_catches_that_they_cannot_go_on(sandbox: Sandbox) -> None:
    test = "try: f(1)\nexcept: done = True\nassert done"
    assert judge(sandbox, "import os\ndef f(x): os._exit(0)", test).status is Status.WRONG
    assert judge(sandbox, "def f(x): raise ValueError", test).correct


@pytest.mark.parametrize(
    "test",
    [
        "try:\n f(-1)\nexcept OurError as e:\n assert str(e) == 'negative' and e.code == 7\nelse:\n assert False",
        "try:\n f(-1)\nexcept ValueError as e:\n assert type(e).__name__ == 'OurError' and e.args == ('negative',)",
        "try:\n f(0)\nexcept (KeyError, IndexError) as e:\n assert str(e) == \"'k'\" and e.args[0] == 'k'",
        "try:\n f(101)\nexcept ArithmeticError as e:\n assert str(e) == ''\nelse:\n assert False",
        "try:\n f(60)\nexcept AssertionError as e:\n text = str(e)\nassert text == 'big'",
        "error = None\ntry:\n f(-1)\nexcept Exception as e:\n error = e\n"
        "assert isinstance(error, OurError) and isinstance(error, ValueError) and not isinstance(error, KeyError)",
        "try:\n f(7)\nexcept UnicodeEncodeError as e:\n text = str(e)\nassert 'ordinal not in range' in text",
        "import unittest\nwith unittest.TestCase().assertRaises(ValueError) as c:\n f(-1)\n"
        "assert str(c.exception) == 'negative' and f(1) == 1",
    ],
)
def test_an_exception_is_what_it_was(test: str, sandbox: Sandbox) -> None:
    verdict = judge(sandbox, RAISES, test)
    assert verdict.correct, verdict


@pytest.mark.parametrize(
    "code",
    [
        "def f(x): raise ValueError('other')",
        "def f(x): raise TypeError('negative')",
        "def f(x): return 'negative'",
        "class E(Exception):\n def __str__(s): return s\n def __eq__(s, o): return True\ndef f(x): raise E",
        "class E(ValueError):\n args = property(lambda s: 1 / 0)\ndef f(x): raise E",
        "class E(ValueError):\n def __str__(s): raise SystemExit\ndef f(x): raise E",
        "class E(StopIteration): pass\ndef f(x): raise E('negative')",
    ],
)
def test_another_exception_is_not_the_one_expected(code: str, sandbox: Sandbox) -> None:
    test = "try:\n f(-1)\nexcept ValueError as e:\n assert str(e) == 'negative'\nelse:\n assert False"
    verdict = judge(sandbox, code, test)
    assert (verdict.correct, verdict.judged) == (False, True), verdict


def test_raising_the_end_of_an_iteration_does_not_end_the_tests(sandbox: Sandbox) -> None:
    for kind in ("StopIteration", "StopAsyncIteration", "type('E', (StopIteration,), {})"):
        verdict = judge(sandbox, f"def f(x): raise {kind}", "assert all(y == 1 for y in map(f, [1, 2]))")
        assert (verdict.correct, verdict.judged) == (False, True), verdict


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def f(n): return 2**n", ["assert f(100000) == 2**100000", "assert f(300000) % 7 == 2**300000 % 7"]),
        ("def f(n): return -10**n", ["assert f(5000) == -10**5000"]),
        ("def f(n): return list(range(n))", ["assert f(200000) == list(range(200000))"]),
        ("def f(n): return 'ab'*n", ["assert len(f(10**6)) == 2 * 10**6"]),
        ("def f(n): return {i: str(i) for i in range(n)}", ["assert f(9000) == {i: str(i) for i in range(9000)}"]),
        (
            "def f(n):\n x = []\n for _ in range(n): x = [x]\n return x",
            [
                "d, x = 0, f(400)\nwhile x:\n x = x[0]; d += 1\nassert d == 400",
                "x = []\nfor _ in range(300): x = [x]\nassert f(300) == x != f(299)",
            ],
        ),
        (
            "def f():\n n = 0\n while True:\n  yield n\n  n += 1",
            ["g = f()\nassert (next(g), next(g)) == (0, 1)", "for i, x in zip(range(3), f()): assert i == x"],
        ),
        ("import itertools\ndef f(): return itertools.count(5)", ["assert next(f()) == 5"]),
        (
            "def f(n): return (i for i in range(n))",
            ["assert tuple(f(2)) == (0, 1)", "assert 2 in f(3) and max(f(4)) == 3"],
        ),
        (
            "from collections import *\ndef f(): return Counter(), deque(), {}.keys()",
            ["assert f()[0] == {} and not f()[1]"],
        ),
        ("from collections import defaultdict\ndef f(): return defaultdict(int)", ["assert f() == {}"]),
        ("def f(x): return type(x)", ["assert f(1) == int and f('a') is str", "assert f(True) is bool"]),
        ("def f(): return bytearray(b'ab'), ...", ["assert f()[0] == b'ab' and f()[1] is ..."]),
        ("import array\ndef f(): return array.array('i', [1])", ["import array\nassert f() == array.array('i', [1])"]),
        (
            "def f(n): yield n",
            ["import types\nassert isinstance(f(1), types.GeneratorType) and not isinstance(f(1), int)"],
        ),
        ("def f(x): return ValueError(x)", ["assert isinstance(f('a'), ValueError) and str(f('a')) == 'a'"]),
        ("class Box:\n def __init__(s): s.x = 1", ["assert Box().__class__.__name__ == 'Box' and Box().x == 1"]),
        ("LIMIT = 6\ndef f(): return LIMIT", ["assert LIMIT == 6 and f() == 6"]),
        ("def f(x):\n f.calls = getattr(f, 'calls', 0) + 1", ["f(1)\nf(1)\nassert f.calls == 2"]),
        ("import functools\n@functools.cache\ndef f(n): return n", ["f(1)\nf(1)\nassert f.cache_info().hits == 1"]),
        ("def square(x): return x*x\ndef twice(g, x): return g(g(x))", ["assert twice(square, 3) == 81"]),
    ],
)
def test_large_lazy_and_other_values_reach_the_tests(code: str, tests: list[str], sandbox: Sandbox) -> None:
    verdict = judge(sandbox, code, *tests)
    assert verdict.correct, verdict


@pytest.mark.parametrize(
    ("code", "test"),
    [
        ("def f(n): return 2**n + 1", "assert f(100000) == 2**100000"),
        ("def f(n): return list(range(1, n))", "assert f(200000) == list(range(200000))"),
        ("def f(): return eval", "assert f()('1') == 1 and f() == eval"),
        ("def f(x): return type(x)", "assert f(1) == str"),
        ("class T:\n __class__ = int\ndef f(): return T()", "assert isinstance(f(), int)"),
        ("LIMIT = 5\ndef f(): return 6", "assert LIMIT == 6 and f() == 6"),
        ("def f(n): return [0] * 10**8", "assert f(1) == 1"),
    ],
)
def test_large_values_that_are_wrong_are_wrong(code: str, test: str, sandbox: Sandbox) -> None:
    verdict = judge(sandbox, code, test)
    assert (verdict.correct, verdict.judged) == (False, True), verdict


def test_our_own_format_takes_large_values_and_refuses_what_it_cannot_compare(sandbox: Sandbox) -> None:
    for code, argument, value in (
        ("def f(n): return 10**n", 9000, 10**9000),
        ("def f(n): return list(range(n))", 200_000, list(range(200_000))),
        ("def f(n): return 'x' * n", 1 << 21, "x" * (1 << 21)),
    ):
        assert verify_code(code, "f", [((argument,), value)], deadline=20.0, sandbox=sandbox).correct
        other = f"{code} or 1\ng = f\ndef f(n): return g(n - 1)"
        assert verify_code(other, "f", [((argument,), value)], deadline=20.0, sandbox=sandbox).status is Status.WRONG


def test_what_a_call_does_to_its_arguments_is_seen(sandbox: Sandbox) -> None:
    for code, test in (
        ("def f(a): a.sort()", "a = [3, 1]\nf(a)\nassert a == [1, 3]"),
        ("def f(a): a['x'] = 1; a.pop('y')", "a = {'y': 2}\nf(a)\nassert a == {'x': 1}"),
        ("def f(a): a.add(3)", "a = {1}\nf(a)\nassert a == {1, 3}"),
        ("def f(a): a[0][1] = 7", "a = [[1, 2], [3, 4]]\nf(a)\nassert a == [[1, 7], [3, 4]]"),
    ):
        assert judge(sandbox, code, test).correct, test
        assert judge(sandbox, "def f(a): pass", test).status is Status.WRONG


def test_what_the_reference_imports_is_the_tests_own(sandbox: Sandbox) -> None:
    size = "import sys\ndef f(t): return sys.getsizeof(t)"
    assert judge(sandbox, size, "assert f((1,)) == sys.getsizeof((1,))", code=size).correct
    assert judge(sandbox, "def f(x): return x**.5", "assert f(4) == sqrt(4)", code="from math import *").correct
    assert judge(sandbox, "def f(x): return x**.5", "assert math.isclose(f(2), math.sqrt(2))").correct
    own = "class math:\n def sqrt(x): return 7\ndef f(x): return 7"
    assert judge(sandbox, own, "assert f(4) == math.sqrt(4)").status is Status.WRONG
