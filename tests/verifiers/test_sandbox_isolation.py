"""The level of isolation is what was tried and refused, and a sandbox keeps to the level that it is asked for."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from reasonrl.verifiers.sandbox import Isolation, RunStatus, Sandbox, SandboxError, jail, jobs
from reasonrl.verifiers.sandbox.fork_server import CONFIGURE
from reasonrl.verifiers.sandbox.isolation import ACTIONS, Report, missing

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs the Linux kernel")

ADD = "def f(a, b):\n return a+b"
OPEN = {
    "socket": "import socket\ndef f():\n socket.socket()\n return 1",
    "read": "def f():\n return len(open('/etc/passwd').read()) > 0",
}
"""Programs that do what an action of `ACTIONS` stands for."""


def level(*denied: str) -> Isolation:
    return Report(frozenset(), frozenset(denied)).level


def test_a_level_needs_every_action_of_its_own_and_of_those_below() -> None:
    assert level() is Isolation.NONE
    assert level(*ACTIONS) is Isolation.JAILED
    for action in ACTIONS:
        rest = level(*set(ACTIONS) - {action})
        assert rest is {"memory": Isolation.NONE, "read": Isolation.FILTERED}.get(action, Isolation.PROCESS)
    assert Isolation.NONE < Isolation.PROCESS < Isolation.FILTERED < Isolation.JAILED


def test_without_a_jail_the_probe_finds_everything_open() -> None:
    denied = set(jail.probe(lambda processor, memory: None))
    # a kernel may deny tracing to all, and a user without rights may not read everything
    assert denied <= {"trace"}


def test_with_the_jail_this_kernel_denies_everything() -> None:
    with Sandbox(workers=1) as pool:
        if not {"seccomp", "landlock"} <= pool.isolation:
            pytest.skip("this kernel has not both seccomp and Landlock")
        assert pool.denied == set(ACTIONS)
        assert pool.level is Isolation.JAILED


@pytest.mark.parametrize(
    ("measure", "action", "reached"),
    [("seccomp", "socket", Isolation.PROCESS), ("landlock", "read", Isolation.FILTERED)],
)
def test_a_missing_measure_is_found_out_and_a_sandbox_that_needs_it_refuses(
    measure: str, action: str, reached: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(workers=1) as pool:
        if pool.level < Isolation.JAILED:
            pytest.skip("this kernel does not jail")
        assert pool.run_calls(OPEN[action], "f", [()]).status is RunStatus.EXCEPTION
    monkeypatch.setattr(jobs, "system_call_filter" if measure == "seccomp" else "_readable", lambda: None)
    with Sandbox(workers=1) as pool:
        assert measure not in pool.isolation
        assert action not in pool.denied
        assert pool.level is reached
        assert pool.run_calls(OPEN[action], "f", [()]).values == (True,)  # the probe tells the truth
    with Sandbox(workers=1, require=Isolation.JAILED) as pool:
        with pytest.raises(SandboxError, match=r"JAILED is required, but here a program is not denied: .*Use a newer"):
            pool.run_calls(ADD, "f", [(1, 2)])
        with pytest.raises(SandboxError, match="JAILED"):
            pool.run_tests(ADD, ["assert f(1, 2) == 3"])
    with Sandbox(workers=1, require=reached) as pool:
        assert pool.run_calls(ADD, "f", [(1, 2)]).values == (3,)


def test_what_is_missing_is_said_in_words() -> None:
    assert missing(set(ACTIONS), Isolation.JAILED) == ""
    words = missing(set(ACTIONS) - {"fork", "read"}, Isolation.JAILED)
    assert words.endswith("not denied: starting a process, reading a file outside the standard library")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_program_of_root_runs_as_nobody_and_still_imports() -> None:
    code = "import os\ndef f():\n import wave, tomllib\n return os.getuid(), os.geteuid(), os.getgid()"
    with Sandbox(workers=1) as pool:
        if "uid" not in pool.isolation:
            pytest.skip("root may not change its user here")
        assert pool.run_calls(code, "f", [()]).values == ((jail.NOBODY,) * 3,)
        process = pool._programs.idle[0]._process.pid
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        assert status["Uid"].split() == [str(jail.NOBODY)] * 4
        assert status["Groups"].strip() == ""
        assert int(status["CapEff"], 16) & ~jail._CAP_DAC_READ_SEARCH == 0


def test_the_network_of_a_fork_server_is_empty() -> None:
    with Sandbox(workers=1) as pool:
        if "namespaces" not in pool.isolation:
            pytest.skip("this kernel gives no namespaces to this user")
        process = pool._programs.idle[0]._process.pid
        try:
            theirs = os.readlink(f"/proc/{process}/ns/net")
        except PermissionError:
            pytest.skip("only root may look at the network of a process that shows nothing of itself")
        assert theirs != os.readlink("/proc/self/ns/net")


# --- servers that die or starve


def test_a_fork_server_that_dies_in_the_middle_of_a_job_is_replaced_and_the_job_repeated() -> None:
    with Sandbox(workers=1) as pool:
        assert pool.level >= Isolation.PROCESS
        process = pool._programs.idle[0]._process
        timer = threading.Timer(0.2, process.kill)
        timer.start()
        result = pool.run_calls("import time\ndef f():\n time.sleep(1.0)\n return 7", "f", [()], deadline=30.0)
        timer.join()
        assert result.values == (7,)
        assert (pool.restarts, list(pool.losses)) == (1, ["it was killed (by the kernel, if memory ran out)"])


def test_a_fork_server_that_the_machine_keeps_waiting_is_waited_for() -> None:
    with Sandbox(workers=1) as pool:
        assert pool.level >= Isolation.PROCESS
        process = pool._programs.idle[0]._process.pid
        os.kill(process, signal.SIGSTOP)  # as good as a machine that is too busy
        timer = threading.Timer(1.0, os.kill, (process, signal.SIGCONT))
        timer.start()
        result = pool.run_calls(ADD, "f", [(1, 2)], deadline=0.1)
        timer.join()
        assert result.status in (RunStatus.OK, RunStatus.TIMEOUT)
        assert pool.restarts == 0
        assert pool.run_calls(ADD, "f", [(1, 2)], deadline=30.0).values == (3,)


def test_a_fork_server_that_never_answers_is_given_up_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(workers=1) as pool:
        assert pool.level >= Isolation.PROCESS
        os.kill(pool._programs.idle[0]._process.pid, signal.SIGSTOP)
        monkeypatch.setattr(jobs, "_PATIENCE_SECONDS", 0.2)
        first = jobs.ForkServer.start

        def start(self: jobs.ForkServer, *arguments: Any, **named: Any) -> None:
            first(self, *arguments, **named)
            if pool.restarts:
                monkeypatch.setattr(jobs, "_PATIENCE_SECONDS", 60.0)

        monkeypatch.setattr(jobs.ForkServer, "start", start)
        assert pool.run_calls(ADD, "f", [(1, 2)], deadline=1.0).values == (3,)
        assert pool.restarts == 1
        assert "too busy" in pool.losses[0]


def test_a_sandbox_that_loses_every_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(workers=1) as pool:
        assert pool.level >= Isolation.PROCESS
        first = jobs.ForkServer.start

        def start(self: jobs.ForkServer, kind: bytes, *arguments: Any, **named: Any) -> None:
            if kind != CONFIGURE:
                self._process.kill()
                self._process.wait()
            first(self, kind, *arguments, **named)

        monkeypatch.setattr(jobs.ForkServer, "start", start)
        with pytest.raises(SandboxError, match="lost twice: it was killed"):
            pool.run_calls(ADD, "f", [(1, 2)])


@pytest.mark.slow
def test_ten_thousand_jobs_leak_no_memory_no_descriptor_and_no_process() -> None:
    hostile = ["def f(a,b): return 1//0", "import os\nos._exit(3)", "def f(a,b): return 'x'*(1<<20)", "x=(", ADD]
    count = int(os.environ.get("REASONRL_LEAK_JOBS", "10000"))
    with Sandbox(workers=1) as pool:

        def batch(jobs: int) -> None:
            for number in range(jobs):
                pool.run_calls(hostile[number % 5], "f", [(number, 1)], deadline=30.0)
                if number % 10 == 0:
                    pool.run_program("print(input())", "x" * 100_000, deadline=30.0)
                    pool.run_tests(ADD, ["assert f(1, 2) == 3"], deadline=30.0)

        def use() -> tuple[int, list[int], list[int]]:
            processes = [servers.idle[0]._process.pid for servers in (pool._programs, pool._testers)]
            memory = [
                int(line.split()[1])
                for process in (os.getpid(), *processes)
                for line in Path(f"/proc/{process}/status").read_text().splitlines()
                if line.startswith("VmRSS")
            ]
            children = [len(Path(f"/proc/{p}/task/{p}/children").read_text().split()) for p in processes]
            return len(os.listdir("/proc/self/fd")), memory, children

        batch(200)
        descriptors, memory, children = use()
        batch(count)
        assert pool.restarts == 0, pool.losses
        after = use()
        assert after[0] == descriptors
        assert after[2] == children == [0, 0]
        assert all(new - old < 2000 for new, old in zip(after[1], memory, strict=True)), (memory, after[1])  # kB
