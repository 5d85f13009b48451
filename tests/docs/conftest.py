"""Follows a page as a reader would: its files are written, its Python and its commands are run in order."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from reasonrl.cli import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>[\w./-]+))?\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

Follow = Callable[[str], str]


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Follows a page of docs/, in an empty folder, and returns all that its examples print.

    A block with a name after its kind (```python my.py, ```json rows.jsonl) is a file of that name. A block of Python
    without one is run, all of a page in one namespace. Of a block ```bash the lines that begin with `reasonrl` are run.
    """
    monkeypatch.chdir(tmp_path)

    def go(name: str) -> str:
        printed, space = io.StringIO(), {"__name__": name}
        with contextlib.redirect_stdout(printed):
            for block in _BLOCK.finditer((DOCS / name).read_text(encoding="utf-8")):
                kind, file, text = block["kind"], block["file"], block["text"]
                if file:
                    Path(file).parent.mkdir(parents=True, exist_ok=True)
                    Path(file).write_text(text, encoding="utf-8")
                elif kind == "python":
                    exec(compile(text, f"{name}: {text[:60]!r}", "exec"), space)
                elif kind == "bash":
                    for line in text.replace("\\\n", " ").splitlines():
                        if line.startswith("reasonrl "):
                            run(shlex.split(line, comments=True)[1:])
        return printed.getvalue()

    return go
