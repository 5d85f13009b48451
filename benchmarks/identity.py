"""What a result hangs on: the code that made it, the code that judged it, and its problem, each as a short hash.

    search     the algorithm, its guide, the driver, the policy, the family's own rules, and all that they import
    judge      the family or data set, and the verifiers that it imports
    content    what was asked: the prompt and what else a solver may see
    reference  what the hidden verifier compares with

How modules are followed and hashed: `envs.code_hash`. How long a result took, and the libraries below us, are not part
of it: the store notes their versions.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonrl.agents.search.guides.core import parts_of
from reasonrl.envs.abilities import plain_of
from reasonrl.envs.code_hash import closure, hash_today, short, source_of
from reasonrl.envs.core import Problem, Rules

_JUDGES = "reasonrl.verifiers"
_DRIVER = "reasonrl.agents.search.driver"
_REGISTRIES = (
    "reasonrl.envs.families",
    "reasonrl.envs.datasets",
    "reasonrl.envs.registry",
    "reasonrl.agents.policies.registry",
    "reasonrl.agents.search.registry",
    "reasonrl.agents.search.guides.registry",
    "reasonrl.verifiers.registry",
)
"""What is only a way to others, by their names: of these the problem's own family, the search and its guide count."""


@dataclass(frozen=True)
class Code:
    """Modules and their hashes, with one hash of them all."""

    key: str
    modules: Mapping[str, str]
    """Module name, or the path of a user's own file, to the hash of its code."""


def search_code(*, name: str, algorithm: Any, guide: Any | None, policy: Any, judge: Rules) -> Code:
    """The code that an answer hangs on.

    A guide asks the verifiers, so all code that judges counts. Without one the family says only when an answer ends and
    which answers are one vote: of the verifiers then those modules count that the family names, and no more, so that
    most of what makes a judge better calls for new verdicts and not for new answers.

    Args:
        name: of the agent, which may lead to somebody's own files: my.py:search:feedback+my.py:guide.
        algorithm: the search function.
        guide: None for a search without one; what it is made of counts too.
        policy: any object of the policy's class.
        judge: the problem's family or data set.
    """
    roots = [_DRIVER, *named_files(name), *(source_of(each) for each in (algorithm, type(policy)))]
    found = closure([*roots, *(source_of(type(part)) for part in parts_of(guide))], without=_REGISTRIES)
    rules = closure([source_of(type(plain_of(judge)))]) if guide is None else judge_code(judge).modules
    return _code({**found, **rules})


def named_files(name: str) -> list[str]:
    """Paths of the files, and of the modules loaded by now, that an agent's name leads to.

    An own search may be wrapped, and an own guide one of several, so the objects do not tell.
    """
    words = re.split(r"[:+(]", name)
    paths = [Path(word).expanduser() for word in words if word.endswith(".py")]
    loaded = [sys.modules.get(word) for word in words if "." in word and not word.endswith(".py")]
    paths += [Path(module.__file__) for module in loaded if module is not None and module.__file__ is not None]
    return [str(path.resolve()) for path in paths if path.is_file()]


def judge_code(judge: Rules) -> Code:
    """The code that a verdict hangs on; a package of verifiers counts as a whole, for some of it runs as a process."""
    return _code(closure([source_of(type(plain_of(judge)))], whole=_JUDGES))


def content_of(problem: Problem) -> str:
    """Hash of what a solver may see."""
    return short(json.dumps([problem.view.prompt, dict(problem.view.public)], sort_keys=True, default=repr))


def reference_of(problem: Problem) -> str:
    """Hash of what the hidden verifier compares with."""
    return short(json.dumps(problem.reference.value, sort_keys=True, default=repr))


def changed_since(modules: Mapping[str, str]) -> tuple[str, ...]:
    """Those of these modules whose code is another today, or which are gone."""
    return tuple(name for name, known in modules.items() if hash_today(name) != known)


def _code(modules: Mapping[str, str]) -> Code:
    """The key holds of a user's file its name and not its folder, so that a store can be carried elsewhere."""
    ordered = dict(sorted(modules.items()))
    names = [(Path(name).name if name.endswith(".py") else name, known) for name, known in ordered.items()]
    return Code(short(json.dumps(sorted(names))), ordered)
