"""What the sandbox promises, whatever the program does."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reasonrl.verifiers.sandbox import MAX_CODE_BYTES, Raised, RunStatus, Sandbox, SandboxError
from reasonrl.verifiers.sandbox.seccomp import system_call_filter
from reasonrl.verifiers.sandbox.values import decode, same

ADD = "def f(a, b):\n return a+b"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the Linux kernel")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as pool:
        yield pool


def alive_and_right(pool: Sandbox) -> bool:
    return pool.run_calls(ADD, "f", [(2, 3), (0, -1)]).values == (5, -1)


def status_of(pool: Sandbox, body: str, *, deadline: float = 5.0) -> RunStatus:
    """Runs one call of a function with this body."""
    code = "def f():\n" + "\n".join(f" {line}" for line in body.split("\n"))
    return pool.run_calls(code, "f", [()], deadline=deadline).status


def test_each_call_gives_its_value(sandbox: Sandbox) -> None:
    result = sandbox.run_calls(ADD, "f", [(1, 2), ("a", "b"), ([1], [2])])
    assert result == (RunStatus.OK, (3, "ab", [1, 2]), "")


def test_a_call_that_raises_leaves_the_others_standing(sandbox: Sandbox) -> None:
    result = sandbox.run_calls("def f(x):\n return 6//x", "f", [(2,), (0,), (3,)])
    assert result.status is RunStatus.EXCEPTION
    assert (result.values[0], result.values[2]) == (3, 2)
    assert isinstance(result.values[1], Raised)
    assert "ZeroDivisionError" in result.error


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def f(:", "SyntaxError"),
        ("def g():\n return 1", "NameError"),
        ("1/0", "ZeroDivisionError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("f = 3", "TypeError"),
        ("\x00", "null bytes"),
        ("\ud800", "UnicodeEncodeError"),
        ("x = " + "(" * 5000, "SyntaxError"),
    ],
)
def test_a_program_that_cannot_be_defined_or_called_is_an_exception(sandbox: Sandbox, code: str, names: str) -> None:
    result = sandbox.run_calls(code, "f", [()])
    assert result.status is RunStatus.EXCEPTION
    assert names in result.error


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | st.text(max_size=2), inner, max_size=3)
        | st.sets(st.integers() | st.text(max_size=3), max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(plain, max_size=4))
def test_plain_values_pass_through_unchanged(sandbox: Sandbox, values: list[object]) -> None:
    result = sandbox.run_calls("def f(x):\n return x", "f", [(value,) for value in values])
    assert result.status is RunStatus.OK
    assert same(list(result.values), values)


def test_types_count_as_well_as_values() -> None:
    assert same([1, {"a": (2.0,)}, {3}], [1, {"a": (2.0,)}, {3}])
    assert same(float("nan"), float("nan"))
    for left, right in [(1, 1.0), (1, True), ([1], (1,)), ({1: 2}, {True: 2}), ({1}, {1.0}), ([1, 2], [1]), ("a", "b")]:
        assert not same(left, right)


@pytest.mark.parametrize(
    "body",
    [
        "class E(int):\n def __eq__(s,o): return True\nreturn E(3)",
        "class E:\n def __eq__(s,o): return True\nreturn [E()]",
        "return f",
        "return 10**100000",
        "return 'x'*(1<<20)",
        "return list(range(200000))",
        "x=[]\nx.append(x)\nreturn x",
        "return object()",
        "import collections\nreturn collections.Counter([1])",
    ],
)
def test_values_that_are_not_plain_or_too_large_do_not_leave(sandbox: Sandbox, body: str) -> None:
    assert status_of(sandbox, body) is RunStatus.OUTPUT
    assert alive_and_right(sandbox)


@pytest.mark.parametrize(
    "body", ["while True: pass", "while True:\n try:\n  while True: pass\n except BaseException: pass"]
)
def test_a_loop_ends_at_the_deadline(sandbox: Sandbox, body: str) -> None:
    start = time.perf_counter()
    assert status_of(sandbox, body, deadline=0.2) is RunStatus.TIMEOUT
    assert time.perf_counter() - start < 2.0
    assert alive_and_right(sandbox)


def test_processor_time_can_be_limited_below_the_deadline(sandbox: Sandbox) -> None:
    code = "import time\ndef f(nap):\n time.sleep(nap)\n while not nap: pass\n return 1"
    assert sandbox.run_calls(code, "f", [(0.3,)], deadline=9.0, processor_seconds=0.1).values == (1,)
    start = time.perf_counter()
    assert sandbox.run_calls(code, "f", [(0,)], deadline=9.0, processor_seconds=0.1).status is RunStatus.TIMEOUT
    assert time.perf_counter() - start < 4.0


def test_the_deadline_is_one_for_all_calls(sandbox: Sandbox) -> None:
    code = "import time\ndef f():\n time.sleep(0.1)"
    assert sandbox.run_calls(code, "f", [()] * 50, deadline=0.3).status is RunStatus.TIMEOUT


def test_memory_is_limited(sandbox: Sandbox) -> None:
    assert status_of(sandbox, "return len(bytearray(2<<30))") is RunStatus.MEMORY
    assert status_of(sandbox, "x=[]\nwhile True: x.append(bytearray(1<<20))") is RunStatus.MEMORY
    assert alive_and_right(sandbox)


@pytest.mark.parametrize(
    "body",
    [
        "import os\nos._exit(0)",
        "import os\nos._exit(77)",
        "import ctypes\nctypes.string_at(0)",
        "import os\nfor d in range(64):\n try: os.write(d, b'[null,[\"v\",[[[')\n except OSError: pass\nos._exit(0)",
        "import os\nos.closerange(0, 64)",
    ],
)
def test_a_child_that_dies_or_lies_is_not_believed(sandbox: Sandbox, body: str) -> None:
    assert status_of(sandbox, body) in (RunStatus.CRASH, RunStatus.MEMORY)
    assert alive_and_right(sandbox)


@pytest.mark.parametrize(
    "report", [b"", b"[", b"[]", b"nul", b"[NaN]", b'[{"x":[]}]', b'[{"s":[[1]]}]', b"[" * 100_000, b"\xff", b"[1.5]"]
)
def test_a_forged_report_is_nonsense_not_an_error(report: bytes) -> None:
    try:
        assert decode(report) == []
    except ValueError:
        return


def test_keys_that_share_a_hash_are_refused_before_they_cost_time() -> None:
    keys = [number * (2**61 - 1) for number in range(8000)]
    assert len({hash(key) for key in keys}) == 1
    start = time.process_time()
    for form in ('{"s":%s}', '{"z":%s}', '{"d":%s}'):
        with pytest.raises(ValueError, match="not well formed"):
            decode((form % keys).encode())
    assert time.process_time() - start < 0.5
    assert len(decode(b'{"s":%s}' % str(list(range(8000))).encode())) == 8000


@LINUX
@pytest.mark.skipif(system_call_filter() is None, reason="no table of system calls for this machine")
@pytest.mark.parametrize(
    "body",
    [
        "import os\nos.fork()",
        "import os\nos.execv('/bin/true',['true'])",
        "import os\nos.posix_spawn('/bin/true',['true'],{})",
        "import os\nos.kill(os.getppid(),9)",
        "import os\nos.kill(os.getpid(),0)",
        "import os\nos.setsid()",
        "import socket\nsocket.socket()",
        "import threading\nthreading.Thread(target=print).start()",
        "open('/tmp/reasonrl-canary','w')",
        "import os\nos.symlink('/etc','lnk')",
        "import os\nos.mkdir('/tmp/reasonrl-canary')",
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU,(9,9))",
    ],
)
def test_what_reaches_outside_is_denied(sandbox: Sandbox, body: str) -> None:
    assert "seccomp" in sandbox.isolation
    assert status_of(sandbox, body) is RunStatus.EXCEPTION
    assert not Path("/tmp/reasonrl-canary").exists()
    assert alive_and_right(sandbox)


@LINUX
def test_files_outside_the_standard_library_cannot_be_read(sandbox: Sandbox) -> None:
    if "landlock" not in sandbox.isolation:
        pytest.skip("this kernel has no Landlock")
    for path in (__file__, "/etc/passwd", f"/proc/{os.getpid()}/environ", "/proc/self/environ"):
        assert status_of(sandbox, f"open({path!r}).read()") is RunStatus.EXCEPTION


def test_the_environment_is_empty(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "1")
    with Sandbox(workers=1) as fresh:
        assert fresh.run_calls("import os\ndef f(): return list(os.environ)", "f", [()]).values[0] in (
            ["PYTHONHASHSEED"],
            ["PYTHONHASHSEED", "LC_CTYPE"],
        )


def test_the_standard_library_can_be_imported(sandbox: Sandbox) -> None:
    modules = (
        "re,math,json,random,collections,itertools,heapq,bisect,string,typing,dataclasses,decimal,fractions,datetime"
    )
    code = (
        f"import {modules}\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n x: 'int'\ndef f(): return A(1).x"
    )
    result = sandbox.run_calls(code, "f", [()])
    assert result == (RunStatus.OK, (1,), "")


def test_nothing_a_program_prints_is_seen(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    body = "import os,sys\nprint('seen')\nsys.stderr.write('seen')\nos.write(1,b'seen')\nos.write(2,b'seen')\nreturn 1"
    assert status_of(sandbox, body) is RunStatus.OK
    assert capfd.readouterr() == ("", "")


def test_jobs_do_not_see_each_other(sandbox: Sandbox) -> None:
    sandbox.run_calls("import builtins,math\nbuiltins.len=lambda x:7\nmath.pi=3\ndef f(): return 1", "f", [()])
    assert sandbox.run_calls("import math\ndef f(): return len([]), math.pi>3", "f", [()]).values == ((0, True),)


def test_arguments_of_one_call_are_fresh_for_the_next(sandbox: Sandbox) -> None:
    x = [3, 1]
    assert sandbox.run_calls("def f(x):\n x.sort()\n return x", "f", [(x,)]).values == ([1, 3],)
    assert x == [3, 1]


def test_code_that_is_too_long_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.run_calls("#" * (MAX_CODE_BYTES + 1), "f", [()]).status is RunStatus.REFUSED


def test_arguments_must_be_plain(sandbox: Sandbox) -> None:
    with pytest.raises(TypeError, match="must be made of int"):
        sandbox.run_calls(ADD, "f", [(object(), 1)])


def test_a_dead_fork_server_is_replaced() -> None:
    with Sandbox(workers=1) as pool:
        assert alive_and_right(pool)
        pool._programs.idle[0]._process.kill()
        pool._programs.idle[0]._process.wait()
        assert alive_and_right(pool)
        assert pool.restarts == 1


def test_many_threads_share_one_pool() -> None:
    results: list[object] = []
    with Sandbox(workers=2) as pool:

        def work(number: int) -> None:
            results.extend(pool.run_calls(ADD, "f", [(number, i)]).values == (number + i,) for i in range(10))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [True] * 60


@LINUX
def test_a_forked_process_starts_its_own_pool() -> None:
    with Sandbox(workers=1) as pool:
        assert alive_and_right(pool)
        child = os.fork()
        if child == 0:
            good = False
            try:
                good = alive_and_right(pool)
                pool.close()
            finally:
                os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert alive_and_right(pool)
        assert pool.restarts == 0


@LINUX
def test_jobs_leak_no_descriptor_and_no_process() -> None:
    with Sandbox(workers=1) as pool:
        assert alive_and_right(pool)
        server = pool._programs.idle[0]._process.pid
        before = len(os.listdir("/proc/self/fd"))
        count = "import os\ndef f():\n return sum(is_open(d) for d in range(64))\n"
        count += "def is_open(d):\n try: return bool(os.fstat(d))\n except OSError: return False"
        for _ in range(100):
            result = pool.run_calls(count, "f", [()])
        assert result.values == (5,)  # 0, 1, 2, the report, and a pipe that only says that the process lives
        assert len(os.listdir("/proc/self/fd")) == before
        assert Path(f"/proc/{server}/task/{server}/children").read_text() == ""


def test_a_closed_sandbox_says_so() -> None:
    pool = Sandbox(workers=1)
    assert alive_and_right(pool)
    process = pool._programs.idle[0]._process
    pool.close()
    assert process.returncode is not None
    with pytest.raises(SandboxError, match="closed"):
        pool.run_calls(ADD, "f", [(1, 2)])


def test_zero_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Sandbox(workers=0)


def test_a_complex_nan_is_the_same_as_itself() -> None:
    assert same(complex(1, float("nan")), complex(1, float("nan")))
    assert not same(complex(1, float("nan")), complex(2, float("nan")))
