"""What a program finds around itself: an interpreter that runs a file, and nothing of ours.

The rest stands in for what the system call filter denies and honest programs use without meaning harm: threads that
run at once, an event loop without a socket, a stack limit that is left as it is, output by its path. All of it belongs
to the program's process, which decides nothing.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Any

FILE = "/program.py"
_OURS = "reasonrl"
_OUTPUTS = {"/dev/stdout": 1, "/dev/fd/1": 1, "/proc/self/fd/1": 1, "/dev/stderr": 2, "/dev/fd/2": 2}


def tidy() -> None:
    """Takes our modules and our command line out of sight; once, in the process that forks programs."""
    for name in [name for name in sys.modules if name.partition(".")[0] == _OURS]:
        del sys.modules[name]
    sys.argv = [FILE]
    sys.orig_argv = [sys.executable, FILE]
    sys.modules["__main__"] = type(sys)("__main__")


def prepare(sources: tuple[str, ...]) -> None:
    """What these programs need: nothing is loaded for those that do not name it."""
    if any("asyncio" in source for source in sources):
        _event_loop_without_sockets()


def prepare_script(source: str) -> None:
    """The same for a program that reads and prints."""
    prepare((source,))
    if "thread" in source.lower():
        _threads_that_run_at_once()
    if "ThreadPoolExecutor" in source:
        _pools_that_run_at_once()
    if "resource" in source:
        _stack_limit_that_stays()
    if "inspect" in source:
        import linecache

        linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    if "/dev/" in source or "/proc/" in source:
        _outputs_by_path()


def streams() -> io.TextIOWrapper:
    """Opens standard input and output, which it returns. They stay open when the program lets go of them."""
    reader, writer = io.FileIO(0, closefd=False), io.FileIO(1, "wb", closefd=False)
    reader.name, writer.name = "<stdin>", "<stdout>"
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(reader), "utf-8", "surrogateescape")  # type: ignore[misc]
    output = io.TextIOWrapper(io.BufferedWriter(writer), "utf-8", "surrogateescape")
    sys.stdout = sys.__stdout__ = output  # type: ignore[misc]
    sys.stdin.mode, output.mode = "r", "w"  # type: ignore[misc, attr-defined]
    return output


def _threads_that_run_at_once() -> None:
    """`start` runs the thread to its end: right for programs that only want a deep stack, or to wait for all."""
    import threading

    def start(thread: Any) -> None:
        if thread._started.is_set():
            raise RuntimeError("threads can only be started once")
        thread._started.set()
        try:
            thread.run()
        except SystemExit:
            pass
        except BaseException:
            sys.excepthook(*sys.exc_info())

    threads: Any = threading.Thread
    threads.start = start
    threads.join = lambda thread, timeout=None: None
    threads.is_alive = lambda thread: False


def _pools_that_run_at_once() -> None:
    import concurrent.futures

    def submit(_: Any, function: Any, /, *values: Any, **named: Any) -> Any:
        future: Any = concurrent.futures.Future()
        try:
            future.set_result(function(*values, **named))
        except BaseException as error:
            future.set_exception(error)
        return future

    pools: Any = concurrent.futures.ThreadPoolExecutor
    pools.submit = submit


def _event_loop_without_sockets() -> None:
    try:
        import asyncio.selector_events as events
        import selectors
    except (ImportError, OSError):
        return
    loop: Any = events.BaseSelectorEventLoop
    selectors.DefaultSelector = selectors.PollSelector  # type: ignore[assignment, misc]
    loop._make_self_pipe = loop._close_self_pipe = lambda self: None
    loop._ssock = loop._csock = None


def _stack_limit_that_stays() -> None:
    real = resource.setrlimit

    def setrlimit(which: int, limits: tuple[int, int]) -> None:
        if which != resource.RLIMIT_STACK:
            real(which, limits)

    resource.setrlimit = setrlimit


def _outputs_by_path() -> None:
    import builtins

    real = builtins.open

    def opened(file: Any, *values: Any, **named: Any) -> Any:
        number = _OUTPUTS.get(file) if type(file) is str else None
        if number is None:
            return real(file, *values, **named)
        return real(number, *values, **named | {"closefd": False})

    builtins.open = opened
