"""Pages whose examples run: their files are written, their commands called, and what they show is compared.

    `dice.py`                     a line that is a file's name in backticks, and below it the block: its content
    ```python
    ...
    ```
    ```sh                         commands, one a line: reasonrl ..., pytest ..., python ...
    reasonrl audit dice.py:Dice
    ```
    ```text                       lines that the commands before must show; "..." stands for anything
    ...
    ```
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"(?:^`(?P<file>[\w./-]+)`\n)?^```(?P<kind>\w+)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
_RUN = """import sys, shlex
from reasonrl.cli import main
for line in sys.argv[1:]:
    print("$", line, flush=True)
    sys.argv = shlex.split(line)
    main()
"""
"""Several commands in one process: what takes longest is importing torch."""


@dataclass
class Section:
    """What one heading of a page has to run."""

    commands: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


@dataclass
class Page:
    files: dict[str, str]
    sections: dict[str, Section]

    def write(self, folder: Path) -> None:
        for name, text in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def run(self, heading: str, folder: Path) -> str:
        """All that the section's commands print; one that fails is an error that shows it."""
        said = ""
        waiting: list[str] = []
        for line in [*self.sections[heading].commands, ""]:
            if line.startswith("reasonrl "):
                waiting.append(line)
                continue
            if waiting:
                said += _call([sys.executable, "-c", _RUN, *waiting], folder)
                waiting = []
            if line:
                program, *arguments = shlex.split(line)
                if program not in ("python", "pytest"):
                    raise ValueError(f"this page runs reasonrl, python and pytest, not {line!r}")
                module = ["-m", "pytest", "-p", "no:cacheprovider"] if program == "pytest" else []
                said += _call([sys.executable, *module, *arguments], folder)
        return said

    def missing(self, heading: str, said: str) -> list[str]:
        """The lines that the section shows and the commands did not print."""
        printed = [re.sub(r"\s+", " ", line).strip() for line in said.split("\n")]
        return [line for line in self.sections[heading].shown if not any(_fits(line, each) for each in printed)]


def _fits(shown: str, printed: str) -> bool:
    parts = [re.escape(part) for part in re.sub(r"\s+", " ", shown).strip().split("...")]
    return re.search(".*".join(parts), printed) is not None


def _call(arguments: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "160", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, f"{arguments[-3:]} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def read_page(name: str) -> Page:
    """The files, commands and shown lines of a page in docs/."""
    page = Page({}, {})
    text = (DOCS / name).read_text(encoding="utf-8")
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        section = Section()
        for block in _BLOCK.finditer(part):
            if block["file"]:
                page.files[block["file"]] = block["text"]
            elif block["kind"] == "sh":
                section.commands += block["text"].strip().split("\n")
            elif block["kind"] == "text":
                section.shown += [line for line in block["text"].strip().split("\n") if line.strip() != "..."]
            elif block["kind"] == "python" and "notest" not in block["rest"]:
                number = sum(file.startswith("block_") for file in page.files)
                page.files[f"block_{number}.py"] = block["text"]
                section.commands.append(f"python block_{number}.py")
        page.sections[part.split("\n")[0]] = section
    return page


@pytest.fixture(scope="session")
def page() -> Callable[[str], Page]:
    return read_page
