"""Runs a subject's trials in a process of its own, so that a judge that hangs or dies costs one trial.

The child tells which trial it begins before it begins it. The parent waits until the child has worked for the deadline,
in processor time, or ten times as long has passed; then it ends the child, notes the trial, and starts another child
behind it. So a machine that is busy with other work makes no judge look slow.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from reasonrl.benchmarks.audit.trials import Check, Traps, Trial, trials, verdicts_on_styles
from reasonrl.benchmarks.audit.watch import Watch

MOST_SECONDS = 1.0
"""Of processor time, for one answer."""
_PATIENCE = 10
"""Deadlines that may pass by the clock, for one in processor time."""
_LOOK = 0.2
"""Seconds between two looks at a child's processor time."""
_START_SECONDS = 600.0
"""For a child to import what it needs and to draw its problems."""
_MEMORY = 6 << 30
_SHOWN = 70
_MOST_HANGS = 3
"""A subject that hangs more often is not audited further."""
_CHILD = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from reasonrl.benchmarks.audit.child import serve
serve(*json.loads(sys.argv[2]))
"""
"""Not `multiprocessing.Process`, whose child first runs the script that the parent was started from, whatever it is."""


class Finding(NamedTuple):
    """A fault."""

    check: str
    problem: str
    label: str
    answer: str
    """What was tried, shortened."""
    fault: str


class Request(NamedTuple):
    """What to audit."""

    name: str
    data: str | None
    problems: int
    seed: int
    difficulty: int | None


@dataclass
class Outcome:
    """What an audit of one subject found."""

    name: str
    tried: dict[str, int] = field(default_factory=dict)
    """Trials of each check."""
    findings: list[Finding] = field(default_factory=list)
    partial: int = 0
    """Wrong answers with a documented partial score."""
    styles: dict[str, str] = field(default_factory=dict)
    problems: int = 0
    complete: bool = True
    left_out: str = ""
    """Why it was not audited."""

    def faults(self, check: str) -> int:
        return sum(finding.check == check for finding in self.findings)


def audit(request: Request, *, deadline: float, progress: Callable[[int], None] = lambda done: None) -> Outcome:
    """All trials of one subject.

    Args:
        deadline: seconds for one trial; one that takes longer is a fault, and its process is ended.
        progress: called with the number of trials done.

    Raises:
        ValueError: the subject cannot be opened.
    """
    outcome = Outcome(request.name)
    start, hangs = 0, 0
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        traps = Traps(str(Path(folder) / "canary"), server.getsockname()[1])
        while True:
            ours, process = _start(request, traps, start)
            try:
                stopped = _listen(ours, process.pid, outcome, deadline, progress)
            finally:
                process.kill()
                process.wait()
                ours.close()
            if stopped is None:
                break
            start, hangs = stopped + 1, hangs + 1
            if hangs >= _MOST_HANGS:
                outcome.complete = False
                break
        if _was_called(server):
            outcome.findings.append(Finding(Check.ISOLATION, "", "socket", "", "an answer has opened a socket"))
        if os.path.exists(traps.file):
            outcome.findings.append(Finding(Check.ISOLATION, "", "file", "", "an answer has made a file"))
    return outcome


def _start(request: Request, traps: Traps, start: int) -> tuple[Connection, subprocess.Popen[bytes]]:
    """A child that works from trial `start` on, and the end of the pipe on which it is heard."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    with theirs:
        work = json.dumps([theirs.fileno(), request, traps, start])
        command = [sys.executable, "-c", _CHILD, json.dumps(sys.path), work]
        return ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)


def serve(pipe: int, request: Sequence[Any], traps: Sequence[Any], start: int) -> None:
    """What the child runs.

    Args:
        pipe: the descriptor on which it tells what it does.
        request: fields of a `Request`.
        traps: fields of a `Traps`.
        start: number of the first trial to run.
    """
    with Connection(pipe, readable=False) as connection:
        _serve(connection, Request(*request), Traps(*traps), start)


def _listen(
    connection: Connection, process: int, outcome: Outcome, deadline: float, progress: Callable[[int], None]
) -> int | None:
    """Takes what the child says; the number of the trial at which it had to be ended, or None at the end."""
    begun: tuple[int, Finding] | None = None
    while True:
        fault = ""
        try:
            if connection.poll(_START_SECONDS) if begun is None else _waits(connection, process, deadline):
                message = connection.recv()
            else:
                fault = f"no verdict within {deadline:g} seconds"
        except EOFError:
            fault = "the process has died"
        if fault:
            if begun is None:
                raise ValueError(f"{outcome.name} could not be audited: {fault}")
            check = Check.SPEED if "within" in fault else Check.ERRORS
            outcome.findings.append(begun[1]._replace(check=check, fault=fault))
            outcome.tried[begun[1].check] = outcome.tried.get(begun[1].check, 0) + 1
            return begun[0]
        match message:
            case ("begin", number, finding):
                begun = (number, finding)
                progress(number)
            case ("end", checks, findings):
                for check in checks:
                    outcome.tried[check] = outcome.tried.get(check, 0) + 1
                outcome.findings += findings
            case ("problems", count):
                outcome.problems = count
            case ("finished", partial, styles):
                outcome.partial, outcome.styles = outcome.partial + partial, styles
                return None
            case ("refused", reason):
                raise ValueError(reason)


def _waits(connection: Connection, process: int, deadline: float) -> bool:
    """Whether the child says something before it has worked, or been silent, for too long."""
    if connection.poll(min(_LOOK, deadline)):
        return True
    worked, end = _processor_seconds(process), time.monotonic() + _PATIENCE * deadline
    while time.monotonic() < end and _processor_seconds(process) - worked < deadline:
        if connection.poll(min(_LOOK, deadline)):
            return True
    return connection.poll(0)


def _processor_seconds(process: int) -> float:
    """What a process has used so far; where the system does not tell, the clock."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(connection: Connection, request: Request, traps: Traps, start: int) -> None:
    """The child's work."""
    from reasonrl.benchmarks.audit.subjects import open_subject

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        subject = open_subject(request.name, request.data)
        cases = subject.cases(request.problems, seed=request.seed, difficulty=request.difficulty)
    except (ValueError, LookupError, OSError, ImportError, TypeError) as error:
        connection.send(("refused", f"{request.name}: {error}"))
        return
    connection.send(("problems", len(cases)))
    watch = Watch((traps.file, str(traps.port)), references=frozenset(case.gold for case in cases))
    partial: list[str] = []
    for case in cases[:1]:
        subject.judge(case, case.gold)  # whatever it loads or starts, it does before it is watched
    for number, trial in enumerate(trials(subject, cases, seed=request.seed, traps=traps, partial=partial)):
        if number >= start:
            connection.send(("begin", number, _finding(trial, trial.check, "", traps)))
            connection.send(("end", *_run(trial, watch, traps)))
    connection.send(("finished", len(partial), verdicts_on_styles(subject, cases)))


def _run(trial: Trial, watch: Watch, traps: Traps) -> tuple[list[str], list[Finding]]:
    """Runs a trial under watch: the checks that it counts for, and the faults."""
    faults: list[tuple[Check, str]] = []
    begun = time.process_time()
    watch.begin(trial.answer)
    try:
        fault = trial.run()
        if fault:
            check = Check.ERRORS if fault.startswith("the judge failed") else trial.check
            faults.append((check, fault))
    except Exception as error:  # a judge must not raise: whatever it is, it is a finding
        faults.append((Check.ERRORS, f"it raises {type(error).__name__}: {str(error)[:60]}"))
    seen = watch.end()
    seconds = time.process_time() - begun
    if seconds > MOST_SECONDS and trial.check is not Check.FARMING and trial.problem != "all":
        faults.append((Check.SPEED, f"it takes {seconds:.1f} seconds"))
    faults += [(Check.ISOLATION, what) for what in seen]
    if os.path.exists(traps.file):
        faults.append((Check.ISOLATION, "it has made a file"))
        os.remove(traps.file)
    checks = dict.fromkeys((trial.check, Check.ERRORS, Check.SPEED, Check.ISOLATION))
    return list(map(str, checks)), [_finding(trial, check, fault, traps) for check, fault in faults]


def _finding(trial: Trial, check: Check, fault: str, traps: Traps) -> Finding:
    return Finding(str(check), trial.problem, trial.label, shorten(trial.answer, traps), _plain(fault, traps))


def shorten(text: str, traps: Traps) -> str:
    """The text in ASCII, the middle of a long one left out, without what differs from run to run.

    >>> shorten("9" * 100, Traps("/x/canary", 1))
    '99999999999999999999999999999999999... (100 characters) ...99999999999999999999'
    """
    size = len(text)
    if size > _SHOWN:
        text = f"{text[: _SHOWN // 2]}... ({size} characters) ...{text[-20:]}"
    return _plain(text, traps)


def _plain(text: str, traps: Traps) -> str:
    text = (
        text.replace(traps.file, "<canary>").replace(f"{traps.port})", "<port>)").replace(f"{traps.port},", "<port>,")
    )
    return ascii(text)[1:-1]


def _was_called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True
