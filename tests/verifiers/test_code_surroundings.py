"""What a program finds around itself is an ordinary interpreter that runs a file; and what stands in for the denied."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator

import pytest
from reasonrl.verifiers.code import verify_code, verify_mbpp, verify_stdio
from reasonrl.verifiers.core import Status
from reasonrl.verifiers.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as pool:
        yield pool


def prints(sandbox: Sandbox, code: str, expected: str, *, stdin: str = "") -> None:
    verdict = verify_stdio(code, [(stdin, expected)], deadline=20.0, sandbox=sandbox)
    assert verdict.correct, verdict


def test_it_is_the_main_program_of_a_file(sandbox: Sandbox) -> None:
    prints(sandbox, "import sys\nprint(len(sys.argv), sys.argv[1:], __name__)", "1 [] __main__")
    prints(sandbox, "import sys\nprint(sys.argv[0] == __file__, __file__.endswith('.py'))", "True True")
    prints(sandbox, "x = 3\nimport __main__\nprint(__main__.x)", "3")
    prints(sandbox, "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)", "A")
    prints(sandbox, "import sys\nprint(sys.stdin.name, sys.stdout.name, sys.stdin.isatty())", "<stdin> <stdout> False")
    prints(sandbox, "import inspect\ndef f(): return 1\nprint(inspect.getsource(f))", "def f(): return 1")
    prints(sandbox, "try: input()\nexcept EOFError as e: print(e)", "EOF when reading a line")


def test_nothing_of_ours_is_loaded_or_named(sandbox: Sandbox) -> None:
    prints(sandbox, "import sys\nprint([n for n in sys.modules if 'sandbox' in n or n == 'tests'])", "[]")
    prints(sandbox, "import sys\nprint('main(' in str(sys.orig_argv), 'sandbox' in str(sys.orig_argv))", "False False")
    found = "import sys, __main__\ndef f(): return [sys.argv[1:], [n for n in vars(__main__) if n[:2] != '__']]"
    assert sandbox.run_calls(found, "f", [()], deadline=20.0).values == ([[], []],)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "import threading, sys\nthreading.stack_size(1 << 26)\nsys.setrecursionlimit(10**6)\n"
            "def main(): print(int(input()) * 2)\nt = threading.Thread(target=main)\nt.start()\nt.join()",
            "42",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, 2])))",
            "[1, 2]",
        ),
        (
            "import resource\nresource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY,) * 2)\nprint(1)",
            "1",
        ),
        ("import sys\nsys.stdout = open('/dev/stdout', 'w')\nprint(5)", "5"),
        (
            "import asyncio\nasync def g(x):\n await asyncio.sleep(0)\n return x\n"
            "async def main(): print(await asyncio.gather(g(1), g(2)))\nasyncio.run(main())",
            "[1, 2]",
        ),
        (
            "import asyncio\nloop = asyncio.new_event_loop()\nasync def g(): return 3\n"
            "print(loop.run_until_complete(g()))\nloop.close()",
            "3",
        ),
        ("print('x' * 5000000)", "x" * 5_000_000),
    ],
)
def test_usual_programs_get_what_they_need(code: str, expected: str, sandbox: Sandbox) -> None:
    prints(sandbox, code, expected, stdin="21\n")


def test_functions_may_await(sandbox: Sandbox) -> None:
    code = "import asyncio\nasync def g(x): return x + 1\ndef f(x): return asyncio.run(g(x))"
    assert verify_code(code, "f", [((1,), 2), ((2,), 3)], deadline=20.0, sandbox=sandbox).correct
    assert verify_mbpp({"test_list": ["assert f(1) == 2"]}, code, deadline=20.0, sandbox=sandbox).correct


def test_a_thread_that_fails_prints_nothing_more_and_a_limit_cannot_be_lifted(sandbox: Sandbox) -> None:
    thread = "import threading\nt = threading.Thread(target=lambda: print(1 // 0))\nt.start()\nt.join()\nprint(1)"
    prints(sandbox, thread, "1")
    lift = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nprint(1)"
    assert verify_stdio(lift, [("", "1")], deadline=20.0, sandbox=sandbox).status is Status.WRONG
    write = "open('/dev/stdout/x', 'w')\nprint(1)"
    assert verify_stdio(write, [("", "1")], deadline=20.0, sandbox=sandbox).status is Status.WRONG


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_judges_work_in_processes_that_were_started_after_they_were_used(method: str) -> None:
    jobs = [(f"def f(x):\n return x + {i}", "f", [((1,), 1 + i)]) for i in range(4)]
    assert all(verify_code(*job, deadline=20.0).correct for job in jobs[:1])
    with multiprocessing.get_context(method).Pool(2) as pool:
        verdicts = pool.starmap(verify_code, jobs)
    assert [verdict.correct for verdict in verdicts] == [True] * 4
