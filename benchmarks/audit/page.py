"""Writes docs/audit.md from audits: `python -m reasonrl.benchmarks.audit.page ours.json peer.json > docs/audit.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reasonrl.benchmarks.audit.trials import Check

_HEAD = """\
# Audit of the verifiers

`reasonrl audit` tries on every judge what a model in training would find sooner or later. Each number is how many
trials a check has made; n/**m** says that n of m were faults. This page is written by

    reasonrl audit{data} --problems {problems} --out ours.json
    pip install reasoning-gym
    reasonrl audit --peer reasoning_gym --problems {peer_problems} --deadline {deadline:g} --out peer.json
    python -m reasonrl.benchmarks.audit.page ours.json peer.json > docs/audit.md

- **gold**: demonstrations, or published answers, are accepted
- **formats**: so are they in every form that [answers.md](answers.md) promises to read: other blanks and line ends,
  boxes, hashes, tags, headings, bold marks, other languages, and fences round programs. Forms that are promised to some
  judges only are accepted for all problems or for none
- **impostors**: constants, echoes, other problems' answers, several answers at once, look-alikes, code, and the
  family's own impostors score 0
- **hostile**: a megabyte of anything, deep brackets, towers of powers, NUL, lone surrogates score 0
- **errors**: the judge never raises and never blames itself
- **speed**: each answer takes less than a second of processor time
- **isolation**: nothing is executed; no file, socket or process is made. An audit hook watches, and canaries are set
  out. Programs are run in the sandbox only, so their canaries must not appear either
- **farming**: at the step level, with shaping where there is a potential, no chain that pads, repeats, splits or never
  answers earns more than the demonstration

Every judge runs in a process that is ended when it hangs. The same seed gives the same audit.
"""
_STYLES = """
## Forms that are not promised to every judge

What each judge makes of a right answer without a mark, which only judges of numbers read, and of words after hashes,
which look like a heading: alike for all problems.

"""
_PEER = """
## reasoning-gym {version}

Its `score_answer` on {problems} problems of each data set with the default settings, answers given bare, as it asks
(it extracts them beforehand). A score of 0.9999 or more counts as accepted. Many of its scorers document partial credit
for answers that are nearly right or too long: **partial** counts the wrong answers that earn some, and these are no
faults. A right answer with a blank or line break beside it that earns less than full is a fault in **formats**. Steps
and shaping it has none. Digits of other scripts, which Python's `int` reads, are not held against it. {count}

"""


def page(ours: Mapping[str, Any], peer: Mapping[str, Any] | None) -> str:
    """The whole page as Markdown."""
    judges = ours["judges"]
    data = "".join(f" --data {judge['name']}=<file>" for judge in judges if judge["name"] == "gsm8k")
    problems = ours["settings"]["problems"]
    peer_problems = peer["settings"]["problems"] if peer is not None else 1
    deadline = peer["settings"]["deadline"] if peer is not None else 10.0
    head = _HEAD.format(data=data, problems=problems, peer_problems=peer_problems, deadline=deadline)
    parts = [head, "\n## Ours\n\n", _table(judges)]
    parts += [_STYLES, _styles([judge for judge in judges if judge["styles"]])]
    if peer is not None:
        tried = [judge for judge in peer["judges"] if not judge["left_out"]]
        sound = sum(not judge["findings"] for judge in tried)
        executing = [judge["name"].partition("/")[2] for judge in tried if judge["faults"]["isolation"]]
        count = (
            f"Of {len(tried)} data sets {sound} are without a fault; {len(executing)} execute answers or leave traces"
        )
        count += f" ({', '.join(executing)})." if executing else "."
        version = peer["settings"].get("peer_version", "")
        parts += [_PEER.format(version=version, problems=2 * peer_problems, count=count), _table(tried)]
        left = [
            f"{judge['name'].partition('/')[2]} ({judge['left_out']})" for judge in peer["judges"] if judge["left_out"]
        ]
        parts += ["\nLeft out: " + "; ".join(left) + ".\n"] if left else []
        parts += ["\nOne fault of each kind:\n\n", _examples(tried)]
    return "".join(parts)


def _table(judges: Sequence[Mapping[str, Any]]) -> str:
    partial = any(judge["partial"] for judge in judges)
    head = ["judge", *map(str, Check), *(["partial"] if partial else [])]
    lines = [_row(head), _row(["---", *["---:"] * (len(head) - 1)])]
    for judge in judges:
        name = judge["name"].partition("/")[2] or judge["name"]
        cells = [name + ("" if judge["complete"] else " (hung too often: not finished)")]
        for check in Check:
            tried, faults = judge["tried"][check], judge["faults"][check]
            cells.append(f"{faults:,}/**{max(tried, faults):,}**" if faults else f"{tried:,}" if tried else "-")
        lines.append(_row([*cells, *([str(judge["partial"])] if partial else [])]))
    return "\n".join(lines) + "\n"


def _styles(judges: Sequence[Mapping[str, Any]]) -> str:
    labels = list(dict.fromkeys(label for judge in judges for label in judge["styles"]))
    lines = [_row(["form", *(judge["name"] for judge in judges)]), _row(["---"] * (len(judges) + 1))]
    lines += [_row([label, *(judge["styles"].get(label, "-") for judge in judges)]) for label in labels]
    return "\n".join(lines) + "\n"


def _examples(judges: Sequence[Mapping[str, Any]]) -> str:
    """For each judge and check the first fault, formats aside: there they are all of blanks."""
    lines = [_row(["data set", "check", "answer", "fault"]), _row(["---"] * 4)]
    for judge in judges:
        seen: set[str] = set()
        for finding in judge["findings"]:
            if finding["check"] not in seen | {str(Check.FORMATS)}:
                seen.add(finding["check"])
                answer = finding["answer"].replace("|", "\\|").replace("`", "'")
                fault = finding["fault"].replace("|", "\\|")
                lines.append(_row([judge["name"].partition("/")[2], finding["check"], f"`{answer}`", fault]))
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    audits = [json.loads(Path(name).read_text()) for name in sys.argv[1:3]]
    print(page(audits[0], audits[1] if len(audits) > 1 else None), end="")
