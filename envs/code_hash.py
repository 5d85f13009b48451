"""The code that a thing hangs on: modules of ours, all that they import, and a hash of each.

The hash of a module is that of its syntax tree without docstrings, so comments, blank lines and line breaks do not
count. Code is read, never imported; only our own packages are followed, and of a user's own code its file.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = "reasonrl"
_DIGITS = 16


def closure(roots: Iterable[str], *, without: Sequence[str] = (), whole: str = "") -> dict[str, str]:
    """Every module that these import, directly or not, with its hash.

    Args:
        roots: names of modules of ours, or paths of files.
        without: modules of these packages are left out, unless they are roots.
        whole: of a subpackage of this package, all modules count when one does.
    """
    found: dict[str, str] = {}
    named = frozenset(roots)
    waiting = list(named)
    while waiting:
        name = waiting.pop()
        apart = name not in named and any(f"{name}.".startswith(f"{package}.") for package in without)
        if name in found or apart:
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
    if module != ROOT and not module.startswith(ROOT + "."):
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
    return _Facts(short("\0".join(parts)), tuple(imports))


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


def hash_today(name: str) -> str | None:
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
    if package != ROOT and not package.startswith(ROOT + "."):
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


def source_of(thing: Any) -> str:
    """Where a class or function is written: the name of a module of ours, else the path of its file.

    By its code's own note, for a file that was loaded by its path need not stand among Python's modules.
    """
    thing = inspect.unwrap(getattr(thing, "func", thing))  # of a partial, what it calls
    name = getattr(thing, "__module__", None) or type(thing).__module__
    if name == ROOT or name.startswith(ROOT + "."):
        return str(name)
    written = [thing, *(vars(thing).values() if isinstance(thing, type) else ())]
    codes = [getattr(inspect.unwrap(each), "__code__", None) for each in written]
    files = [Path(code.co_filename) for code in codes if code is not None]
    return next((str(file.resolve()) for file in files if file.is_file()), str(name))


def short(text: str) -> str:
    """The hash of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
