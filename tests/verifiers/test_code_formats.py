"""What the judges of HumanEval, MBPP and printing programs accept, and whose fault a failure is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from reasonrl.verifiers.code import extract_code, verify_code, verify_humaneval, verify_mbpp, verify_stdio
from reasonrl.verifiers.code.stdio import close_numbers
from reasonrl.verifiers.core import Status, Verdict
from reasonrl.verifiers.sandbox import Sandbox

DOUBLE = {
    "prompt": 'def helper(x):\n    return x + 1\n\ndef double(x):\n    """Twice x."""\n',
    "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert helper(candidate(3)) == 7\n",
    "entry_point": "double",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as pool:
        yield pool


@pytest.mark.parametrize(
    ("completion", "status"),
    [
        ("    return 2 * x\n", Status.CORRECT),
        ("return 2 * x", Status.CORRECT),
        ("y = x\nreturn x + y", Status.CORRECT),
        ("def double(x):\n    return helper(x) + x - 1", Status.CORRECT),
        ("```python\ndef double(x):\n    return 2 * x\n```", Status.CORRECT),
        ("```\n    return 2 * x\n```", Status.CORRECT),
        ("double = lambda x: x * 2", Status.CORRECT),
        ("    return 2 * x\n\ndef helper(x):\n    return 7\n", Status.CORRECT),  # the tests have a helper of their own
        ("    return 4\n", Status.WRONG),
        ("    pass\n", Status.WRONG),
        ("def triple(x):\n    return 2 * x", Status.WRONG),
        ("    return 2 *\n", Status.UNPARSABLE),
        ("    while True: pass\n", Status.TIMEOUT),
        ("", Status.NO_ANSWER),
        (" \n ", Status.NO_ANSWER),
    ],
)
def test_a_completion_may_be_a_body_a_function_or_a_fence(completion: str, status: Status, sandbox: Sandbox) -> None:
    deadline = 0.5 if status is Status.TIMEOUT else 10.0
    assert verify_humaneval(DOUBLE, completion, deadline=deadline, sandbox=sandbox).status is status


@pytest.mark.parametrize(
    "change",
    [
        {"test": "def check(candidate):\n    assert candidate(2) == \n"},
        {"test": "def check(candidate):\n    assert candidate(2) == unknown\n"},
        {"test": "def check(candidate):\n    assert 1 == 1\n"},
        {"test": "def verify(candidate):\n    assert candidate(2) == 4\n"},
        {"test": ""},
        {"prompt": None},
        {"entry_point": 3},
    ],
)
def test_tests_that_cannot_judge_are_a_bad_reference(change: dict[str, Any], sandbox: Sandbox) -> None:
    verdict = verify_humaneval(DOUBLE | change, "    return 2 * x\n", deadline=10.0, sandbox=sandbox)
    assert (verdict.status, verdict.judged) == (Status.BAD_REFERENCE, False), verdict


def mbpp(program: str, *tests: str, **fields: Any) -> Verdict:
    return verify_mbpp({"test_list": list(tests), **fields}, program, deadline=20.0)


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("def f(x): return x/3", ["import math\nassert math.isclose(f(1), 1/3)"]),
        ("def f(x): return x[::-1]", ["assert f(f('ab')) == 'ab'", "assert set(f([1,2])) == set([2,1])"]),
        ("from collections import Counter\nf=Counter", ["assert f('aab') == {'a':2,'b':1}"]),
        ("from collections import *\ndef f(x): return OrderedDict(x)", ["assert list(f([(2,1),(1,1)])) == [2,1]"]),
        ("def f(n):\n for i in range(n): yield i", ["assert list(f(3)) == [0,1,2]", "assert f(3) != [0,1,2]"]),
        ("def f(n): return map(abs, n)", ["assert sorted(f([-1,2])) == [1,2]"]),
        ("def f(x): return abs(x)", ["assert f(3+4j) == 5.0"]),
        ("def f(x): return x.keys()", ["assert f({1:2}) == {1}"]),
        ("from decimal import Decimal\ndef f(x): return Decimal(x)/4", ["assert f('1') == 0.25"]),
        ("import datetime\ndef f(y): return datetime.date(y,1,2)", ["assert f(2024).month == 1"]),
        (
            "from typing import NamedTuple\nclass P(NamedTuple):\n x: int\ndef f(x): return P(x)",
            ["assert f(2) == (2,)"],
        ),
        ("def f(x):\n if x<0: raise ValueError('no')", ["try:\n f(-1)\n assert False\nexcept ValueError: pass"]),
        ("def f(x, *, by=1): return x+by", ["assert f(1, by=4) == 5"]),
        (
            "class Node:\n def __init__(s,v): s.v=v; s.left=s.right=None\ndef f(n): return n.v+f(n.left) if n else 0",
            ["a = Node(1)\na.left = Node(2)\na.left.left = Node(4)\nassert f(a) == 7", "assert a.left.v == 2"],
        ),
        ("class S:\n def __init__(s): s.x=[]\n def push(s,v): s.x.append(v)", ["s=S(); s.push(3)\nassert s.x == [3]"]),
    ],
)
def test_assertions_may_do_what_python_does(code: str, tests: list[str]) -> None:
    verdict = mbpp(code, *tests)
    assert verdict.correct, verdict


def test_a_builtin_is_the_programs_only_if_the_reference_defines_it() -> None:
    cheat = "def set(x): return 0\ndef f(x): return [7]"
    assert mbpp(cheat, "assert set(f([1])) == set([1])").status is Status.WRONG
    assert mbpp("def sum(a, b): return a+b", "assert sum(1, 2) == 3", code="def sum(a,b): return a+b").correct


def test_a_failure_quotes_the_line_of_the_test(sandbox: Sandbox) -> None:
    verdict = verify_humaneval(DOUBLE, "    return x + 2\n", deadline=10.0, sandbox=sandbox)
    assert verdict.reason == "0 of 1 tests pass; assert helper(candidate(3)) == 7"


def test_every_assertion_counts_and_the_reason_quotes_the_first_that_fails() -> None:
    verdict = mbpp("def f(x): return 2", "assert f(1) == 2", "assert f(2) == 3", "assert f(0) == 2")
    assert (verdict.status, verdict.reason) == (Status.WRONG, "2 of 3 tests pass; assert f(2) == 3")


def test_what_a_test_cannot_hand_over_is_an_error_and_not_a_wrong_answer() -> None:
    verdict = mbpp("def f(g): return g(1)", "assert f(lambda x: x) == 1")
    assert (verdict.status, verdict.judged) == (Status.ERROR, False)


@pytest.mark.parametrize("tests", [[], ["assert f("], ["assert 1 == 1"], ["f(1)\nassert y == 1\ny = 2"], [3]])
def test_a_list_without_a_test_of_the_program_is_a_bad_reference(tests: list[Any]) -> None:
    assert mbpp("def f(x): return x", *tests).status is Status.BAD_REFERENCE


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("print(sum(map(int, input().split())))", Status.CORRECT),
        ("import sys\nsys.stdout.write(str(sum(map(int, sys.stdin.read().split()))) + ' \\n\\n')", Status.CORRECT),
        ("import os\nos.write(1, b'%d' % sum(map(int, os.read(0, 99).split())))\nos._exit(0)", Status.CORRECT),
        ("if __name__ == '__main__':\n print(eval('+'.join(open(0).read().split())))\n exit()", Status.CORRECT),
        ("import atexit\natexit.register(lambda: print(sum(map(int, input().split()))))", Status.CORRECT),
        ("```python\nprint(sum(map(int, input().split())))\n```", Status.CORRECT),
        ("print(3)", Status.WRONG),
        ("print(sum(map(int, input().split())))\n1/0", Status.WRONG),
        ("print(sum(map(int, input().split())))\nexit(1)", Status.WRONG),
        ("print(input())", Status.WRONG),
        ("while True: print(3)", Status.WRONG),
        ("input()\ninput()", Status.WRONG),
        ("print(3", Status.UNPARSABLE),
        ("while True: pass", Status.TIMEOUT),
        ("", Status.NO_ANSWER),
    ],
)
def test_a_program_is_judged_by_what_it_prints(code: str, status: Status, sandbox: Sandbox) -> None:
    deadline = 0.5 if status is Status.TIMEOUT else 20.0
    verdict = verify_stdio(code, [("1 2\n", "3\n"), ("5 -5\n", "0\n")], deadline=deadline, sandbox=sandbox)
    assert verdict.status is status, verdict


def test_numbers_may_be_close_where_asked() -> None:
    close = close_numbers(tolerance=1e-3)
    assert close("a 1.0001\n2", "a 1\n2")
    assert not any(
        close(text, "1.0 2") for text in ("1.1 2", "1.0", "1.0 2 3", "1.0\n2", "nan 2", "1.0 inf", "1_0 2", "")
    )
    assert not close("9" * 100_000, "9")
    assert close("1e999", "1e999")
    with pytest.raises(ValueError, match="tolerance"):
        close_numbers(tolerance=2.0)


def test_keyword_arguments_and_bad_limits(sandbox: Sandbox) -> None:
    code = "def f(a, *, by): return a * by"
    assert verify_code(code, "f", [((2,), {"by": 3}, 6)], deadline=10.0, sandbox=sandbox).correct
    assert verify_code(code, "f", [((2,), {"by": 4}, 6)], deadline=10.0, sandbox=sandbox).status is Status.WRONG
    for deadline in (0.0, -1.0, float("nan"), float("inf")):
        assert verify_code(code + f" # {deadline}", "f", [((2,), 6)], deadline=deadline).status is Status.ERROR


@pytest.mark.parametrize("text", [None, 3, b"def f(): 0", ["x"]])
def test_what_is_not_text_is_no_answer(text: Any, sandbox: Sandbox) -> None:
    assert verify_code(text, "f", [((), 1)], sandbox=sandbox).status is Status.NO_ANSWER
    assert verify_humaneval(DOUBLE, text, sandbox=sandbox).status is Status.NO_ANSWER
    assert verify_mbpp({"test_list": ["assert f()"]}, text, sandbox=sandbox).status is Status.NO_ANSWER
    assert verify_stdio(text, [("", "")], sandbox=sandbox).status is Status.NO_ANSWER


def test_finding_the_program_takes_no_longer_for_a_hostile_response() -> None:
    start = time.process_time()
    for hostile in (
        "```" + " " * 190_000 + "x",
        "```python\n" * 19_000,
        "```" * 60_000,
        "`" * 190_000,
        "```\n`" * 39_000,
    ):
        extract_code(hostile)
    assert time.process_time() - start < 2.0
    assert verify_code("x" * 1_000_000, "f", [((), 1)]).status is Status.WRONG


@pytest.mark.parametrize(
    ("code", "test"),
    [
        # what comes back grows too deep to send again, or too long to print: the program's doing, not the tests'
        ("def f(x):\n for _ in range(20): x=[x]\n return x", "assert f(f(f(1))) == 1"),
        ("def f(x): return 2**13000", "assert f(1) * f(1) == 3, f(1) * f(1)"),
        ("def f(x): return range(10**12)", "assert list(f(1)) == [1]"),
        ("def f(x): return 'nowhere'", "assert eval(f(1)) == 1"),
        ("def f(x): return '('", "assert eval(f(1)) == 1"),
        ("def f(x): raise NameError('f')", "assert f(1) == 1"),
        ("def f(x): raise ImportError('f')", "assert f(1) == 1"),
        ("import os\ndef f(x): os._exit(0)", "assert f(1) == 1"),
        ("def f(x): return [f]*20000", "assert f(1) == 1"),
    ],
)
def test_no_program_turns_its_failure_into_an_error_of_ours(code: str, test: str) -> None:
    verdict = mbpp(code, test)
    assert (verdict.correct, verdict.judged) == (False, True), verdict
