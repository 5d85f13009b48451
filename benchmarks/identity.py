"""What a result hangs on: the code that made it, the code that judged it, and its problem, each as a short hash.

    search     the algorithm, its guide, the driver, the policy, the family's own rules, and all that they import
    judge      the family or data set, and the verifiers that it imports
    content    what was asked: the prompt and what else a solver may see
    reference  what the hidden verifier compares with

The hash of a module is that of its syntax tree without docstrings, so comments, blank lines and line breaks do not
count. Code is read, never imported; only our own packages are followed, and of a user's own code its file. How long
a result took, and the libraries below us, are not part of it: the store notes their versions.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from reasonrl.envs.core import Judge, Problem

_ROOT = "reasonrl"
_JUDGES = "reasonrl.verifiers"
_DRIVER = "reasonrl.agents.search.driver"
_FAMILIES = ("reasonrl.envs.families", "reasonrl.envs.datasets")
"""What the search reaches through a registry: only the problem's own family counts, and it is named apart."""
_DIGITS = 16


@dataclass(frozen=True)
class Code:
    """Modules and their hashes, with one hash of them all."""

    key: str
    modules: Mapping[str, str]
    """Module name, or the path of a user's own file, to the hash of its code."""


def search_code(*, name: str, algorithm: Any, guide: Any | None, policy: Any, judge: Judge) -> Code:
    """The code that an answer hangs on.

    A guide asks the verifiers, so all code that judges counts. Without one the family says only when an answer ends and
    which answers are one vote: of the verifiers then those modules count that the family names, and no more, so that
    most of what makes a judge better calls for new verdicts and not for new answers.

    Args:
        name: of the agent, which may lead to somebody's own files: my.py:search, mcts:feedback+my.py:guide.
        algorithm: the search function.
        guide: None for a search without one.
        policy: any object of the policy's class.
        judge: the problem's family or data set.
    """
    roots = [_DRIVER, *named_files(name), *(source_of(each) for each in (algorithm, type(policy)))]
    found = closure([*roots, *([] if guide is None else [source_of(type(guide))])], without=_FAMILIES)
    rules = closure([source_of(type(judge))]) if guide is None else judge_code(judge).modules
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


def judge_code(judge: Judge) -> Code:
    """The code that a verdict hangs on; a package of verifiers counts as a whole, for some of it runs as a process."""
    return _code(closure([source_of(type(judge))], whole=_JUDGES))


def content_of(problem: Problem) -> str:
    """Hash of what a solver may see."""
    return _short(json.dumps([problem.view.prompt, dict(problem.view.public)], sort_keys=True, default=repr))


def reference_of(problem: Problem) -> str:
    """Hash of what the hidden verifier compares with."""
    return _short(json.dumps(problem.reference.value, sort_keys=True, default=repr))


def changed_since(modules: Mapping[str, str]) -> tuple[str, ...]:
    """Those of these modules whose code is another today, or which are gone."""
    return tuple(name for name, known in modules.items() if _hash_today(name) != known)


def source_of(thing: Any) -> str:
    """Where a class or function is written: the name of a module of ours, else the path of its file.

    By its code's own note, for a file that was loaded by its path need not stand among Python's modules.
    """
    thing = inspect.unwrap(getattr(thing, "func", thing))  # of a partial, what it calls
    name = getattr(thing, "__module__", None) or type(thing).__module__
    if name == _ROOT or name.startswith(_ROOT + "."):
        return str(name)
    written = [thing, *(vars(thing).values() if isinstance(thing, type) else ())]
    codes = [getattr(inspect.unwrap(each), "__code__", None) for each in written]
    files = [Path(code.co_filename) for code in codes if code is not None]
    return next((str(file.resolve()) for file in files if file.is_file()), str(name))


def closure(roots: Iterable[str], *, without: Sequence[str] = (), whole: str = "") -> dict[str, str]:
    """Every module that these import, directly or not, with its hash.

    Args:
        roots: names of modules of ours, or paths of files.
        without: modules of these packages are left out.
        whole: of a subpackage of this package, all modules count when one does.
    """
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or any(f"{name}.".startswith(f"{package}.") for package in without):
            continue
        path = _path_of(name)
        if path is None:
            continue
        facts = _read(str(path), path.stat().st_mtime_ns, path.stat().st_size)
        found[name] = facts.hash
        waiting += facts.ours(name, is_package=path.name == "__init__.py")
        if whole and name.startswith(whole + ".") and path.parent != Path(_folder_of(whole) or "."):
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            waiting += [package if each.stem == "__init__" else f"{package}.{each.stem}" for each in _modules(path)]
    return found


class _Import(NamedTuple):
    """`from module import name`, relative to a package by `level`; an `import module` has no name."""

    module: str
    name: str
    level: int
    typing: bool
    """It stands under `if TYPE_CHECKING:`."""


class _Facts(NamedTuple):
    """What one file says."""

    hash: str
    imports: tuple[_Import, ...]

    def ours(self, name: str, *, is_package: bool) -> list[str]:
        """The modules of our packages that it imports when it runs."""
        return [found for each in self.imports if not each.typing and (found := _target(each, name, is_package))]


def _target(each: _Import, importer: str, is_package: bool) -> str | None:
    """The module that an import leads to; a name that a package passes on leads to where it is written."""
    module = each.module
    if each.level:
        parts = importer.split(".")
        parts = parts[: len(parts) - each.level + (1 if is_package else 0)]
        module = ".".join([*parts, module] if module else parts)
    if module != _ROOT and not module.startswith(_ROOT + "."):
        return None
    if not each.name:
        return module
    if _path_of(f"{module}.{each.name}") is not None:
        return f"{module}.{each.name}"
    path = _path_of(module)
    if path is not None and path.name == "__init__.py":
        facts = _read(str(path), path.stat().st_mtime_ns, path.stat().st_size)
        for passed in facts.imports:  # under TYPE_CHECKING too: so a lazy package says where its names are
            if passed.name == each.name and (passed.module, passed.level) != (each.module, each.level):
                return _target(passed, module, True)
    return module


@functools.lru_cache(maxsize=1024)
def _read(path: str, changed: int, size: int) -> _Facts:
    """Cached by name, time of change and size."""
    tree = ast.parse(Path(path).read_bytes())
    typing = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [_Import(alias.name, "", 0, id(node) in typing) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [_Import(node.module or "", each.name, node.level, id(node) in typing) for each in node.names]
        elif isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [each for each in node.body if not _is_text(each)]
    parts: list[str] = []
    _spell(tree, parts)
    return _Facts(_short("\0".join(parts)), tuple(imports))


def _is_text(statement: ast.stmt) -> bool:
    """A docstring, or a string under a field that explains it: neither changes what the code does."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _spell(node: ast.AST, parts: list[str]) -> None:
    """The tree as words, the same under every version of Python that has these nodes: empty fields are left out."""
    parts.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            parts.append(name)
            _spell(value, parts)
        elif isinstance(value, list):
            if value:
                parts.append(f"{name}[{len(value)}")
                for each in value:
                    if isinstance(each, ast.AST):
                        _spell(each, parts)
                    else:
                        parts.append(repr(each))
        elif value is not None:
            parts.append(f"{name}={value!r}")
    parts.append(")")


def _hash_today(name: str) -> str | None:
    path = _path_of(name)
    try:
        return None if path is None else _read(str(path), path.stat().st_mtime_ns, path.stat().st_size).hash
    except (OSError, SyntaxError):
        return None


@functools.lru_cache(maxsize=2048)
def _place_of(name: str) -> Path | None:
    """Where a module would be: its package's `__init__.py`, or its file."""
    folder = _folder_of(name)
    if folder is not None and (Path(folder) / "__init__.py").is_file():
        return Path(folder) / "__init__.py"
    parent, _, last = name.rpartition(".")
    above = _folder_of(parent) if parent else None
    return None if above is None else Path(above) / f"{last}.py"


def _path_of(name: str) -> Path | None:
    path = Path(name) if name.endswith(".py") else _place_of(name)
    return path if path is not None and path.is_file() else None


@functools.lru_cache(maxsize=256)
def _folder_of(package: str) -> str | None:
    """The folder of a package of ours; those right below the root may be mapped to folders elsewhere."""
    if package != _ROOT and not package.startswith(_ROOT + "."):
        return None
    top = ".".join(package.split(".")[:2])
    if package != top:
        above, _, last = package.rpartition(".")
        folder = _folder_of(above)
        path = None if folder is None else Path(folder) / last
        return str(path) if path is not None and path.is_dir() else None
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return places[0] if places else None


def _modules(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.py"))


def _code(modules: Mapping[str, str]) -> Code:
    """The key holds of a user's file its name and not its folder, so that a store can be carried elsewhere."""
    ordered = dict(sorted(modules.items()))
    names = [(Path(name).name if name.endswith(".py") else name, known) for name, known in ordered.items()]
    return Code(_short(json.dumps(sorted(names))), ordered)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
