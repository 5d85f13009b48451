"""What a run of learning is: its settings, the code that learns, and the problems. One of them changed: another run.

    settings    the config, less where the run lies and how often it saves
    code        the modules that act, judge and learn, with all that they import of ours; comments, docstrings and line
                breaks do not count
    data        the rows of a data set; generated problems are code

A folder whose run differs is refused with a sentence that names what differs; `fresh` empties it first.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reasonrl.agents.learning import checkpoint, metrics
from reasonrl.envs.abilities import plain_of
from reasonrl.envs.code_hash import closure, source_of
from reasonrl.envs.core import Source

_ROOTS = ("reasonrl.agents.learning.rollout", "reasonrl.envs.environment", "reasonrl.envs.vector")
"""What plays and judges, in every run."""
_APART = (
    "reasonrl.envs.datasets",
    "reasonrl.agents.policies.registry",
    "reasonrl.agents.policies.endpoint",
    "reasonrl.agents.policies.threads",
)
"""What many modules can lead to, and no run goes through; a data set counts where the problems come from it."""


def code_of(*modules: str) -> dict[str, str]:
    """Each of these modules, and of ours that they import, with the hash of its code."""
    return closure([*modules, *_ROOTS], without=_APART)


def modules_of(source: Source) -> list[str]:
    """Where the problems of an environment are made and judged."""
    dataset = getattr(source, "dataset", None)
    makers = [*getattr(source, "families", ()), *([] if dataset is None else [dataset])]
    return [source_of(type(plain_of(each))) for each in (source, *makers)]


def data_of(source: Source, rows: Iterable[tuple[str, int]]) -> str:
    """Hash of the rows that a run learns from and is measured on, references included."""
    hash = hashlib.blake2b(digest_size=8)
    for split, index in rows:
        problem = source.problem(split, index)
        hash.update(json.dumps([problem.view.prompt, problem.reference.value], default=repr).encode())
    return hash.hexdigest()


def check_same(saved: Mapping[str, Any], identity: Mapping[str, Any], *, folder: Path) -> None:
    """Refuses to go on with a run that is another one now.

    Args:
        saved: the checkpoint; `config`, `code` and `data` are looked at.
        identity: the same three of this run.
        folder: where it lies.
    """
    checkpoint.check_same_run(saved["config"], identity["config"], folder=folder)
    before, now = saved.get("code") or {}, identity["code"]
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        what = f"the code has changed since ({', '.join(changed[:3])}{more})"
    elif saved.get("data") != identity["data"]:
        what = "the rows of its data have changed since"
    else:
        return
    raise ValueError(f"{folder} holds a run, and {what}: add --fresh to start it anew there, or use another folder")


def empty(folder: Path) -> None:
    """Deletes what a run writes into its folder, and nothing else."""
    shutil.rmtree(folder / checkpoint.POLICY, ignore_errors=True)
    for path in (folder / checkpoint.FILE, folder / metrics.FILE, *folder.glob("events.out.tfevents.*")):
        path.unlink(missing_ok=True)


def standing(folder: Path, *, step: int, of: int, over: bool) -> str:
    """One sentence on a run that was found in the folder."""
    if over:
        again = "add --fresh to run it anew, or use another folder"
        return f"{folder} holds this very run, finished at step {step}: nothing is run again; {again}"
    return f"{folder} holds this run up to step {step} of {of}: it goes on from there"
