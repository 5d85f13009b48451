"""HumanEval and MBPP: known solutions pass, anything less does not, and a plain harness agrees on mutants."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.code import verify_humaneval, verify_mbpp
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.sandbox import RunStatus, Sandbox

DATA = Path(__file__).parents[3] / "shared/data"
DEADLINE = 20.0


def load(folder: str) -> list[dict[str, Any]]:
    path = DATA / folder / "first_half.jsonl"
    if not path.is_file():
        pytest.skip(f"{folder} is not here")
    return list(map(json.loads, path.read_text().splitlines()))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


def mutants(source: str) -> Iterator[str]:
    """The source with one operator, constant or comparison changed."""
    count = sum(isinstance(node, MUTABLE) for node in ast.walk(ast.parse(source)))
    for wanted in range(count):
        tree = ast.parse(source)
        node = [node for node in ast.walk(tree) if isinstance(node, MUTABLE)][wanted]
        if isinstance(node, ast.BinOp):
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        elif isinstance(node, ast.Compare):
            node.ops[0] = ast.NotEq() if isinstance(node.ops[0], ast.Eq) else ast.Eq()
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            node.value += 1
        elif isinstance(node, ast.Return):
            node.value = ast.Constant(None)
        else:
            continue
        yield ast.unparse(tree)


MUTABLE = (ast.BinOp, ast.Compare, ast.Constant, ast.Return)


def plain_harness(program: str, tests: str, sandbox: Sandbox) -> bool | None:
    """What the usual harness says: program and tests in one namespace. None where time or memory decided."""
    result = sandbox.run_program(f"{program}\n\n{tests}\n", "", deadline=3.0)
    return None if result.status in (RunStatus.TIMEOUT, RunStatus.MEMORY) else result.status is RunStatus.OK


@pytest.mark.parametrize("shape", ["body", "function", "fence", "indented lines"])
def test_every_known_solution_of_humaneval_passes_however_it_is_written(shape: str, sandbox: Sandbox) -> None:
    failures = {}
    for problem in load("humaneval")[:: 1 if shape == "body" else 8]:
        body = problem["canonical_solution"]
        completion = {
            "body": body,
            "function": problem["prompt"] + body,
            "fence": f"Here it is:\n```python\n{problem['prompt']}{body}```\nDone.",
            "indented lines": body.lstrip(),
        }[shape]
        verdict = verify_humaneval(problem, completion, deadline=DEADLINE, sandbox=sandbox)
        if not verdict.correct:
            failures[problem["task_id"]] = verdict.reason
    assert failures == {}


@pytest.mark.parametrize("body", ["    pass\n", "    return True\n"])
def test_no_problem_of_humaneval_is_passed_by_a_body_without_thought(body: str, sandbox: Sandbox) -> None:
    said = [verify_humaneval(problem, body, deadline=DEADLINE, sandbox=sandbox).status for problem in load("humaneval")]
    assert set(said) == {Status.WRONG}


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_every_known_solution_of_mbpp_passes(every: int, sandbox: Sandbox) -> None:
    failures = {}
    for problem in load("mbpp")[::every]:
        verdict = verify_mbpp(problem, problem["code"], challenge=True, deadline=DEADLINE, sandbox=sandbox)
        if not verdict.correct:
            failures[problem["task_id"]] = verdict.reason
    assert failures == {}


def test_no_problem_of_mbpp_is_passed_by_a_function_that_returns_nothing_or_itself(sandbox: Sandbox) -> None:
    problems = load("mbpp")
    for value in ("None", "type('Any', (), {'__eq__': lambda self, other: True})()"):
        passed = []
        for problem in problems[:: 6 if value == "None" else 24]:
            names = [node.name for node in ast.parse(problem["code"]).body if isinstance(node, ast.FunctionDef)]
            code = "\n".join(f"def {name}(*values, **named): return {value}" for name in names)
            verdict = verify_mbpp(problem, code, deadline=DEADLINE, sandbox=sandbox)
            assert verdict.judged
            if verdict.correct:
                passed.append(problem["task_id"])
        assert passed == []


def agrees_on_mutants(folder: str, *, every: int, most: int, sandbox: Sandbox) -> int:
    """Compares with the plain harness; returns how many mutants both judged."""
    compared = 0
    for problem in load(folder)[::every]:
        if folder == "humaneval":
            source = problem["prompt"] + problem["canonical_solution"]
            tests = f"{problem['test']}\ncheck({problem['entry_point']})"
        else:
            source = problem["code"]
            tests = "\n".join([problem["test_setup_code"], *problem["test_list"]])
        for mutant in list(mutants(source))[:most]:
            plain = plain_harness(mutant, tests, sandbox)
            if plain is None:
                continue
            verify = verify_humaneval if folder == "humaneval" else verify_mbpp
            verdict = verify(problem, mutant, deadline=DEADLINE, sandbox=sandbox)
            where = f"{problem['task_id']}: {verdict.reason}\n{mutant}"
            if verdict.correct == plain:
                compared += 1
            else:  # a helper of the prompt that the mutant changed is the tests' own here
                assert folder == "humaneval", where
                assert problem["prompt"].count("\ndef ") + problem["prompt"].startswith("def ") > 1, where
    return compared


@pytest.mark.parametrize("folder", ["humaneval", "mbpp"])
def test_a_plain_harness_agrees_on_some_mutants(folder: str, sandbox: Sandbox) -> None:
    assert agrees_on_mutants(folder, every=12 if folder == "humaneval" else 50, most=4, sandbox=sandbox) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["humaneval", "mbpp"])
def test_a_plain_harness_agrees_on_all_mutants(folder: str, sandbox: Sandbox) -> None:
    assert agrees_on_mutants(folder, every=1, most=1000, sandbox=sandbox) >= 500
