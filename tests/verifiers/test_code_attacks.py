"""Programs that try to pass without being right, or to harm the judge: run by this user, and by one without rights.

The unprivileged run copies the verifiers to where anyone may read them and starts the system's Python as `nobody`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.code import verify_code, verify_mbpp
from reasonrl.verifiers.sandbox import Isolation, Sandbox

TESTS = [((1, 2), 3), ((50, 7), 57), ((11, 4), 15)]
ATTACKS_FILE = Path(__file__).parents[3] / "shared/data/conformance/code_attacks.jsonl"
ADD = "def add(a,b):\n return a+b"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the Linux kernel")

WRONG = {
    # --- values that pretend
    "int_subclass": "class I(int):\n def __eq__(s,o): return True\n __hash__=int.__hash__\ndef add(a,b): return I(0)",
    "str_subclass": "class S(str):\n def __eq__(s,o): return True\n __hash__=str.__hash__\ndef add(a,b): return S('3')",
    "float_subclass": "class F(float):\n def __eq__(s,o): return True\ndef add(a,b): return F(3)",
    "dict_with_hostile_keys": (
        "class K:\n def __hash__(s): return 1\n def __eq__(s,o): return True\ndef add(a,b): return {K(): 1}"
    ),
    "metaclass": (
        "class M(type):\n __name__=property(lambda c: 1/0)\nclass C(metaclass=M): pass\ndef add(a,b): return C()"
    ),
    "bool_for_int": "def add(a,b): return True",
    "float_for_int": "def add(a,b): return float(a+b)",
    "text_for_int": "def add(a,b): return str(a+b)",
    "nan": "def add(a,b): return float('nan')",
    "generator": "def add(a,b):\n yield a+b",
    "coroutine": "async def add(a,b): return a+b",
    "surrogates": "def add(a,b): return '\\ud800'*9",
    "self_containing": "def add(a,b):\n x=[]; x.append(x); return x",
    "deep": "def add(a,b):\n x=[]\n for _ in range(100000): x=[x]\n return x",
    "wide": "def add(a,b): return [0]*10**7",
    "digits": "def add(a,b): return 7**20000",
    # --- endings
    "exit_in_body": "import sys\nsys.exit(0)",
    "exit_later": "import os\ndef add(a,b): os._exit(0)",
    "atexit": "import atexit,os\natexit.register(os._exit,0)\ndef add(a,b): return 0",
    "recursion": "import sys\nsys.setrecursionlimit(10**9)\ndef add(a,b): return add(a,b)",
    "c_recursion": (
        "class A: pass\nA.__call__=A()\nimport sys\nsys.setrecursionlimit(10**9)\ndef add(a,b): return A()()"
    ),
    "hostile_message": "class E(Exception):\n def __str__(s): raise SystemExit\ndef add(a,b): raise E",
    "hostile_group": "def add(a,b): raise BaseExceptionGroup('x'*10**6,[KeyboardInterrupt()]*9)",
    "stop_iteration": "def add(a,b): raise StopIteration(a+b)",
    # --- forging: what a program can write is at most what it could have returned
    "early_reports": (
        'import os\nfor d in range(3,16):\n for x in (b\'[null,["v",0],["v",0],["v",0]]\\n\',b\'LLLLLLLLLLLLLL\'):\n'
        "  try: os.write(d,x)\n  except OSError: pass\ndef add(a,b): os._exit(0)"
    ),
    "nested_report": "import os\nos.write(3,b'['*200000);os.write(4,b'['*200000)\nos._exit(0)",
    "nested_error": "import os\nx=b'[[\"e\",'+b'['*900+b']'*900+b']]\\n'\nfor d in (3,4,5,6,7,8):\n"
    " try: os.write(d,x)\n except OSError: pass\nos._exit(0)",
    "pickle_report": "import os,pickle\nx=pickle.dumps(print)\nfor d in range(3,9):\n try: os.write(d,x)\n"
    " except OSError: pass\nos._exit(0)",
    "marshal_report": "import os,marshal\nx=marshal.dumps([None]*9)+b'\\n'\nfor d in range(3,9):\n try: os.write(d,x)\n"
    " except OSError: pass\nos._exit(0)",
    "endless_report": "import os\nx=b'0'*65536\nwhile True:\n for d in range(3,9):\n  try: os.write(d,x)\n"
    "  except OSError: pass",
    "patched_json": "import json\njson.dumps=json.loads=lambda *a,**k:3\ndef add(a,b): return 0",
    "patched_marshal": "import marshal\nmarshal.dumps=marshal.loads=lambda *a,**k:3\ndef add(a,b): return 0",
    "patched_builtins": (
        "import builtins\nbuiltins.len=builtins.type=builtins.isinstance=lambda *a:True\ndef add(a,b): return 0"
    ),
    "patched_encoder": (
        "import sys\nfor m in list(sys.modules.values()):\n for n in ('encode','_encode','report_calls','describe'):\n"
        "  if hasattr(m,n): setattr(m,n,lambda *a,**k:'3')\ndef add(a,b): return 0"
    ),
    "import_hook": (
        "import sys\nclass H:\n def find_spec(s,*a): raise SystemExit\n"
        "sys.meta_path.insert(0,H())\ndef add(a,b): return 0"
    ),
    # --- looking for what it should have returned
    "frames": "import sys\ndef add(a,b):\n f=sys._getframe()\n while f:\n  for v in f.f_locals.values():\n"
    "   if v in ([3,57,15],(3,57,15)): return v[0]\n  f=f.f_back\n return 0",
    "garbage": "import gc\ndef add(a,b):\n for o in gc.get_objects():\n"
    "  if isinstance(o,(tuple,list)) and len(o)==2 and o[1]==a+b:\n"
    "   return o[1]\n return 0",
    "own_memory": (
        "import ctypes\ndef add(a,b):\n try: m=open('/proc/self/maps').read()\n except OSError: return 0\n return a+b"
    ),
    "memory_file": "def add(a,b):\n try: open('/proc/self/mem','rb')\n except OSError: return 0\n return a+b",
    "parent_memory": (
        "import os\ndef add(a,b):\n try: open(f'/proc/{os.getppid()}/mem','rb')\n except OSError: return 0\n return a+b"
    ),
    "process_list": "import os\ndef add(a,b):\n try: os.listdir('/proc')\n except OSError: return 0\n return a+b",
    "tests_on_disk": f"def add(a,b):\n try: open({__file__!r})\n except OSError: return 0\n return a+b",
    "trace": (
        "import sys\ndef t(f,e,x):\n if e=='return': return t\n return t\nsys.settrace(t)\n"
        "sys.setprofile(t)\ndef add(a,b): return 0"
    ),
    # --- reaching out: each passes only if the action succeeds
    "thread": (
        "import threading\ndef add(a,b):\n try: threading.Thread(target=int).start()\n"
        " except RuntimeError: return 0\n return a+b"
    ),
    "signal_self": "import os,signal\ndef add(a,b):\n os.kill(os.getpid(),signal.SIGKILL)",
    "signal_all": "import os\ndef add(a,b):\n try: os.kill(-1,9)\n except OSError: return 0\n return a+b",
    "stop_self": (
        "import os,signal\ndef add(a,b):\n try: os.kill(0,signal.SIGSTOP)\n except OSError: return 0\n return a+b"
    ),
    "handlers": "import signal\nfor s in range(1,65):\n try: signal.signal(s,signal.SIG_IGN)\n"
    " except (OSError,ValueError): pass\n"
    "def add(a,b):\n while True: pass",
    "ptrace": "import ctypes,os\ndef add(a,b):\n return a+b if ctypes.CDLL(None).ptrace(16,os.getppid(),0,0)==0 else 0",
    "raw_fork": "import ctypes\ndef add(a,b):\n return a+b if ctypes.CDLL(None).syscall(57)>=0 else 0",
    "raw_clone3": "import ctypes\ndef add(a,b):\n return a+b if ctypes.CDLL(None).syscall(435,0,0)>=0 else 0",
    "io_uring": "import ctypes\ndef add(a,b):\n x=ctypes.create_string_buffer(256)\n"
    " return a+b if ctypes.CDLL(None).syscall(425,8,x)>=0 else 0",
    "memfd_exec": "import os\ndef add(a,b):\n try: os.memfd_create('x')\n except OSError: return 0\n return a+b",
    "unix_socket": "import socket\ndef add(a,b):\n try: socket.socketpair()\n except OSError: return 0\n return a+b",
    "chmod": "import os\ndef add(a,b):\n try: os.chmod('/tmp',0o777)\n except OSError: return 0\n return a+b",
    "lift_limits": "import resource\ndef add(a,b):\n try: resource.setrlimit(resource.RLIMIT_AS,(-1,-1))\n"
    " except (OSError,ValueError): return 0\n return a+b",
    "become_root": "import os\ndef add(a,b):\n try: os.setuid(0)\n except OSError: return 0\n return a+b",
    "truncate": (
        "import os\ndef add(a,b):\n try: os.truncate(__import__('json').__file__,0)\n"
        " except OSError: return 0\n return a+b"
    ),
    "memory": "def add(a,b):\n x=[]\n while True: x.append(bytearray(1<<24))",
    "collisions": "def add(a,b): return {i*(2**61-1) for i in range(2000)}",
}
"""Each must fail, and leave the pool alive."""

RIGHT = {
    "callable_object": "class A:\n def __call__(s,a,b): return a+b\nadd=A()",
    "class_with_new": "class add:\n def __new__(c,a,b): return a+b",
    "lambda": "add=lambda a,b:a+b",
    "partial": "import functools,operator\nadd=functools.partial(operator.add)",
    "prints": "def add(a,b):\n print('x'*10**6)\n return a+b",
    "own_main": "def add(a,b): return a+b\nif __name__=='__main__': 1/0",
    "closes_descriptors_of_others": "import os\nos.closerange(0,3)\ndef add(a,b): return a+b",
    "annotations": "from __future__ import annotations\ndef add(a:Nowhere,b)->Nowhere: return a+b",
    "ignores_hangup": "import signal\nsignal.signal(signal.SIGINT,signal.SIG_IGN)\ndef add(a,b): return a+b",
}
"""Odd but right: each must pass."""

RUNNER = """
import json, sys
for name in ("reasonrl", "reasonrl.verifiers"):
    sys.modules[name] = package = type(sys)(name)
sys.modules["reasonrl"].__path__ = [sys.argv[1]]
package.__path__ = [sys.argv[1] + "/verifiers"]
from reasonrl.verifiers.code import verify_code
from reasonrl.verifiers.sandbox import Sandbox
sandbox = Sandbox(workers=1)
said = {"level": sandbox.level, "verdicts": {}}
tests = [((1, 2), 3), ((50, 7), 57), ((11, 4), 15)]
for name, (code, must_pass) in json.load(sys.stdin).items():
    verdict = verify_code(code, "add", tests, deadline=10.0 if must_pass else 0.5, sandbox=sandbox)
    alive = sandbox.run_calls("def f(a, b):\\n return a-b", "f", [(7, 9)], deadline=20.0).values == (-2,)
    said["verdicts"][name] = [verdict.correct, verdict.judged, alive]
print(json.dumps(said))
"""


def known() -> dict[str, dict[str, Any]]:
    if not ATTACKS_FILE.is_file():
        return {}
    return {row["name"]: row for row in map(json.loads, ATTACKS_FILE.read_text().splitlines())}


def everything() -> dict[str, tuple[str, bool]]:
    """Programs by name, and whether each must pass."""
    programs = {f"known_{name}": (row["code"], row["must"] == "pass") for name, row in known().items()}
    programs |= {name: (code, False) for name, code in WRONG.items()}
    return programs | {name: (code, True) for name, code in RIGHT.items()}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as pool:
        yield pool


@LINUX
@pytest.mark.parametrize("name", everything())
def test_each_program_is_judged_as_it_must_be(name: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    if sandbox.level < Isolation.JAILED:
        pytest.skip("this kernel does not jail")
    monkeypatch.setenv("SECRET_TOKEN", "1")
    code, must_pass = everything()[name]
    marks = Path("/tmp/adv")
    before = sorted(os.listdir(marks)) if marks.is_dir() else None
    start = time.perf_counter()
    verdict = verify_code(code, "add", TESTS, deadline=10.0 if must_pass else 0.5, sandbox=sandbox)
    assert verdict.correct == must_pass, verdict
    assert verdict.judged
    assert len(verdict.reason) < 400
    assert "\n" not in verdict.reason
    assert time.perf_counter() - start < 20.0
    assert before == (sorted(os.listdir(marks)) if marks.is_dir() else None)
    assert sandbox.run_calls(ADD, "add", [(4, 5)], deadline=20.0).values == (9,)
    assert sandbox.restarts == 0


@LINUX
def test_each_program_is_judged_as_it_must_be_by_a_user_without_rights() -> None:
    python = "/usr/bin/python3" if os.geteuid() == 0 else sys.executable
    if os.geteuid() == 0:
        if not Path(python).exists() or shutil.which("setpriv") is None:
            pytest.skip("needs setpriv and a Python that anyone may run")
        version = subprocess.run([python, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True)
        if version.stdout != b"True\n":
            pytest.skip("the system's Python is too old")
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    programs = everything()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        source = Path(__file__).parents[2] / "verifiers"
        shutil.copytree(source, Path(folder, "verifiers"), ignore=shutil.ignore_patterns("__pycache__"))
        done = subprocess.run(
            [*as_nobody, python, "-I", "-B", "-c", RUNNER, folder],
            input=json.dumps(programs),
            capture_output=True,
            text=True,
            cwd="/",
            env={"SECRET_TOKEN": "1"},
            timeout=500,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    if said["level"] < Isolation.JAILED:
        pytest.skip("this kernel does not jail a user without rights")
    bad = {
        name: said["verdicts"][name]
        for name, (_, must_pass) in programs.items()
        if said["verdicts"][name] != [must_pass, True, True]
    }
    assert bad == {}


SEARCH = """
import ctypes, gc
def f(*backwards):
    gc.unfreeze()
    large = [bytes(600 + 100 * i) for i in range(20)]
    blocks = {id(item) >> 20 for item in (*gc.get_objects(), *large)}
    access = ctypes.CDLL(None, use_errno=True).access
    copies = []  # taken before the words are spelled out
    for page in (page for block in sorted(blocks) for page in range(block << 20, block + 1 << 20, 4096)):
        ctypes.set_errno(0)
        access(ctypes.c_void_p(page), 0)
        if ctypes.get_errno() != 14:  # EFAULT: no memory there
            copies.append(ctypes.string_at(page, 4096))
    memory = b"".join(copies)
    return len(memory) >> 20, [memory.count(word[::-1].encode()) for word in backwards]
"""
"""Reads the raw memory of its process, and says how many MiB it saw and how often each word was there."""


def search(pool: Sandbox, code: str) -> tuple[int, list[int]]:
    words = ("secret_source"[::-1], "secret_argument"[::-1], "secret_value"[::-1])
    values = pool.run_calls(code, "f", [words], deadline=30.0).values
    assert len(values) == 1
    found: tuple[int, list[int]] = values[0]
    return found


@LINUX
def test_a_program_finds_no_trace_of_the_job_before_it() -> None:
    with Sandbox(workers=1) as pool:
        code = "def f(x):\n secret_source = 'secret_value'\n return secret_source"
        for _ in range(3):
            assert pool.run_calls(code, "f", [("secret_argument",)], deadline=20.0).values == ("secret_value",)
            assert pool.run_tests(code, ["assert f(1) == 'secret_value'"], deadline=20.0).passed == 1
        size, found = search(pool, SEARCH)
        assert size >= 4
        assert found == [0, 0, 0]


@LINUX
def test_that_search_finds_what_is_there(sandbox: Sandbox) -> None:
    size, found = search(sandbox, SEARCH + "kept = ['_'.join(['secret', word]) for word in ('source', 'argument')]")
    assert size >= 4
    assert found[0] > 0
    assert found[1] > 0
    assert found[2] == 0


@pytest.mark.parametrize(
    "code",
    [
        "class T:\n def __eq__(s,o): return True\ndef f(x): return T()",
        "class T(int):\n def __eq__(s,o): return True\ndef f(x): return T(0)",
        "def f(x): return f",
        "def set(x): return 0\ndef abs(x): return 0\ndef sorted(x): return 0\ndef f(x): return 0",
        "def f(x): raise AssertionError",
        "def f(x): raise StopIteration",
        "import os\nos.write(3,b'[\"v\",true]\\n'*9)\ndef f(x): return 0",
        (
            'import os\nfor d in range(3,9):\n try: os.write(d,b\'["passed",2,2,""]\\n\'*9)\n'
            " except OSError: pass\nos._exit(0)"
        ),
        "import sys\nfor m in list(sys.modules.values()):\n for n in ('PASSED','FAILED'):\n"
        "  if hasattr(m,n): setattr(m,n,'passed')\ndef f(x): return 0",
        (
            "import gc\ndef f(x):\n for o in gc.get_objects():\n"
            "  if isinstance(o,str) and 'assert' in o: return {1,2}\n return 0"
        ),
    ],
)
def test_no_trick_passes_trusted_tests(code: str, sandbox: Sandbox) -> None:
    problem = {"test_list": ["assert set(f(3)) == set([1, 2])", "assert abs(f(1) - 0.5) < 1e-9"], "code": "def f(x): 0"}
    verdict = verify_mbpp(problem, code, sandbox=sandbox)
    assert (verdict.correct, verdict.judged) == (False, True), verdict
    assert verify_mbpp({"test_list": ["assert f(1) == 2"]}, "def f(x): return 2", sandbox=sandbox).correct
