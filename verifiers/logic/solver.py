"""Satisfiability of first-order formulas by z3, in a process of its own that is killed at the deadline.

Question   problems, each a list of formulas in the shape of `first_order.Formula`: [op, parts, names]
Answer     for each problem True (some model makes all its formulas true), False (none does) or None (not decided)

The process is a fresh interpreter that runs this file, one per question: nothing is shared between threads or left over
by an earlier question. Formulas reach z3 node by node; no text is ever parsed in there. As a script this file imports
only the standard library and z3.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

MEMORY_MB = 2_048
NEEDS_Z3 = "first-order logic needs z3: pip install 'reasonrl[z3]'"


class SolverError(RuntimeError):
    """The process could not be started, or died."""


def satisfiable(problems: Sequence[Sequence[Any]], *, deadline: float) -> list[bool | None]:
    """One answer for each problem. The deadline, in seconds, is for all of them, the start of the process included.

    Raises:
        ModuleNotFoundError: z3 is not installed.
        SolverError: the process could not be started, or died.
    """
    if importlib.util.find_spec("z3") is None:
        raise ModuleNotFoundError(NEEDS_Z3, name="z3")
    try:
        done = subprocess.run(  # kills the process when the time is up, or when this thread is interrupted
            [sys.executable, "-P", "-B", __file__, str(deadline)],
            input=json.dumps(problems).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=deadline,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return [None] * len(problems)
    except OSError as error:
        raise SolverError(f"cannot start {sys.executable} to run z3 in: {error}") from error
    if done.returncode:
        raise SolverError(f"the process that runs z3 ended with status {done.returncode}")
    try:
        answers: list[bool | None] = json.loads(done.stdout)
    except ValueError as error:
        raise SolverError("the process that runs z3 did not answer in JSON") from error
    return answers


def _main() -> None:
    import resource

    deadline = float(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB << 20, MEMORY_MB << 20))
    seconds = math.ceil(deadline) + 1  # ends it even when the one who asked is gone
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answers: list[bool | None] = []
    for problem in json.load(sys.stdin):
        undecided = answers and answers[-1] is None
        answers.append(None if undecided else _decide(problem))
    json.dump(answers, sys.stdout)


def _decide(formulas: list[Any]) -> bool | None:
    z3: Any = importlib.import_module("z3")  # an optional extra, so there may be no types of it
    things = z3.DeclareSort("thing")
    solver = z3.Solver()
    for formula in formulas:
        solver.add(_build(z3, formula, things, {}))
    answer = solver.check()
    return True if answer == z3.sat else False if answer == z3.unsat else None


def _build(z3: Any, formula: list[Any], things: Any, bound: dict[str, Any]) -> Any:
    op, parts, names = formula
    if op in ("all", "some"):
        variable = z3.FreshConst(things)
        body = _build(z3, parts[0], things, {**bound, names[0]: variable})
        return (z3.ForAll if op == "all" else z3.Exists)([variable], body)
    if op in ("atom", "="):
        arguments = names[1:] if op == "atom" else names
        terms = [bound[name] if name in bound else z3.Const(f"constant {name}", things) for name in arguments]
        if op == "=":
            return terms[0] == terms[1]
        return z3.Function(f"predicate {names[0]}", *[things] * len(terms), z3.BoolSort())(*terms)
    built = [_build(z3, part, things, bound) for part in parts]
    match op:
        case "~":
            return z3.Not(built[0])
        case "&":
            return z3.And(*built)
        case "|":
            return z3.Or(*built)
        case ">":
            return z3.Implies(*built)
        case "^":
            return z3.Xor(*built)
        case "<->":
            return built[0] == built[1]
    raise ValueError(f"no such operator: {op}")


if __name__ == "__main__":
    _main()
