"""The table of field cases, area code: each row runs through the judge that it names, in the real sandbox."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reasonrl.envs import source_lines
from reasonrl.verifiers.code import verify_code, verify_humaneval, verify_mbpp, verify_stdio
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.sandbox import Sandbox

TABLE = Path(__file__).parents[3] / "shared/data/conformance/field_cases.jsonl"
DEADLINE = 20.0
TOTAL = {
    "prompt": (
        "from typing import List\n\n\ndef total(xs: List[int]) -> int:\n"
        '    """ Sum of xs.\n    >>> total([1, 2])\n    3\n    """\n'
    ),
    "entry_point": "total",
    "test": "def check(candidate):\n    assert candidate([]) == 0\n    assert candidate([1, 2, 4]) == 7\n",
}
ADD_TESTS: list[Any] = [((1, 2), 3), ((50, 7), 57), ((-1, 1), 0)]
WHOLE: dict[str, Callable[[], Any]] = {
    # The table cuts long texts short; these are the same, whole.
    "print('\\n'.join(map(str,range(n))))": lambda: [("400000", "\n".join(map(str, range(400_000))))],
    "print(len(d))": lambda: [("123456 " * 300_000, "300000")],
    "for i in range(100000): print(i)": lambda: [("", "\n".join(map(str, range(100_000))))],
    "def f(n): return 10**n": lambda: [((5000,), 10**5000)],
    "def f(n): return list(range(n))": lambda: [((100_000,), list(range(100_000)))],
}


def rows() -> list[dict[str, Any]]:
    if not TABLE.is_file():
        return []
    return [row for row in map(json.loads, TABLE.read_text("utf-8").splitlines()) if row["area"] == "code"]


def whole(code: str) -> Any:
    """The tests or cases of a row whose own are cut short."""
    return next((make() for end, make in WHOLE.items() if code.endswith(end)), None)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


def judge(given: dict[str, Any], sandbox: Sandbox) -> Verdict:
    """As the row says."""
    kind = given.get("verify", "family").split()[0]
    if kind == "family":
        return judge_list_program(given)
    if kind == "humaneval":
        return verify_humaneval(TOTAL, given["pred"], deadline=DEADLINE, sandbox=sandbox)
    if kind == "mbpp":
        return verify_mbpp(given.get("row", given), given["pred"], deadline=DEADLINE, sandbox=sandbox)
    if kind == "stdio":
        cases = whole(given["code"]) or given.get("cases") or [(given["stdin"], given["expected"])]
        return verify_stdio(given["code"], cases, deadline=DEADLINE, sandbox=sandbox)
    if "pred" in given:
        code, tests = given["pred"], ADD_TESTS
    elif "entry_point" in given:
        code, tests = given["code"], whole(given["code"]) or ast.literal_eval(given["tests"])
    else:
        code, tests = given["code"], [((4000,), 10**4000)]
    return verify_code(code, given.get("entry_point", "f"), tests, deadline=DEADLINE, sandbox=sandbox)


def judge_list_program(given: dict[str, Any]) -> Verdict:
    pairs = [part.split("->") for part in given["prompt"].removeprefix("Write f: ").split("; ")]
    return source_lines.judge(given["answer"], [[[ast.literal_eval(x)], ast.literal_eval(y)] for x, y in pairs])


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row['kind']}, {number}") for number, row in enumerate(rows())])
def test_each_row_is_judged_as_it_must_be(row: dict[str, Any], sandbox: Sandbox) -> None:
    verdict = judge(row["input"], sandbox)
    assert verdict.correct == (row["expected"] in (True, "correct")), verdict
