"""What a jailed child does with a program: makes calls, or runs it on an input (`serve.py` answers trusted tests).

Nothing here decides anything: a child only reports what the program returned, printed or raised. The program owns this
process and may change every name below; all that it gains is another report.
"""

from __future__ import annotations

import atexit
import builtins
import marshal
import os
import sys
from _json import encode_basestring_ascii as quoted
from types import ModuleType
from typing import Any

from reasonrl.verifiers.sandbox import surroundings
from reasonrl.verifiers.sandbox.values import MAX_REPORT, TooBig, decode, encode

END = b"\0"
"""Ends what a program printed; after it stands what it raised."""


def make_calls(job: bytes, report: int, _: int) -> None:
    """Job: (sources, entry point, [(arguments, keyword arguments), ...], room). Reports as `report_calls` says."""
    write(report, report_calls(*marshal.loads(job)).encode())


def run_program(job: bytes, report: int, _: int) -> None:
    """Job: (source,). Runs it as `__main__`, its input at descriptor 0 and the report, which is its output, at 1."""
    (source,) = marshal.loads(job)
    surroundings.prepare_script(source)
    output = surroundings.streams()
    module = type(sys)("__main__")
    module.__file__ = surroundings.FILE
    sys.modules["__main__"] = module
    failure = b""
    try:
        exec(compile(source, surroundings.FILE, "exec", dont_inherit=True, optimize=0), module.__dict__)
    except SystemExit as error:
        failure = b"" if error.code in (None, 0) else describe(error).encode(errors="replace")
    except MemoryError:
        raise
    except BaseException as error:
        failure = describe(error).encode(errors="replace")
    atexit._run_exitfuncs()  # programs that print at exit are common
    for stream in {id(output): output, id(sys.stdout): sys.stdout}.values():
        stream.flush()
    write(report, END + failure)


def define(sources: tuple[str, ...]) -> tuple[ModuleType, str | None]:
    """Runs the first source that compiles (else the first). Returns its module, and a JSON entry of what went wrong."""
    module = type(sys)("program")
    sys.modules["program"] = module
    code = first = None
    try:
        surroundings.prepare(sources)
        for source in sources:
            try:
                code = compile(source, "<program>", "exec", dont_inherit=True, optimize=0)
                break
            except (SyntaxError, ValueError, UnicodeError) as error:
                first = first or error
        if code is None:
            return module, f'["e",{quoted(describe(first or SyntaxError()))}]'
        exec(code, module.__dict__)
    except MemoryError:
        return module, '["m",""]'
    except BaseException as error:
        return module, f'["e",{quoted(describe(error))}]'
    return module, None


def report_calls(sources: tuple[str, ...], entry_point: str, calls: list[tuple[Any, dict[str, Any]]], room: int) -> str:
    """Defines the program and makes the calls. Returns a JSON array: what went wrong at first (or null), then calls.

    A call is ["v", value], ["e", exception], ["m", ""] out of memory, or ["o", why the value cannot leave].
    """
    module, failure = define(sources)
    if failure is None and entry_point not in module.__dict__:
        failure = f'["e",{quoted(f"NameError: there is no function {entry_point}")}]'
    if failure is not None:
        return f"[{failure}]\n"
    function = module.__dict__[entry_point]
    reports = ["null"]
    for arguments, named in calls:
        try:
            kind, text = "v", encode(function(*arguments, **named), room)
        except TooBig as error:
            kind, text = "o", quoted(str(error))
        except MemoryError:
            kind, text = "m", '""'
        except BaseException as error:
            kind, text = "e", quoted(describe(error))
        room -= len(text) + 8
        if room < 0:
            kind, text = "o", '"the values are too large together"'
        reports.append(f'["{kind}",{text}]')
    return f"[{','.join(reports)}]\n"


def describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:200]
    except BaseException:
        return "an exception that cannot be printed"


def warm_up() -> None:
    """One small job, in the fork server itself; and what programs expect of an interpreter that has loaded `site`."""
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]
    program = "import math\ndef f(x):\n x=[v+1 for v in sorted(x)]\n return x,{1:2.5},'a',f"
    report_calls((program,), "f", [(([1],), {}), ((0,), {})], MAX_REPORT)
    del sys.modules["program"]
    decode(b'[1,{"t":[]}]')


def write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
