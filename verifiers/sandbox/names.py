"""Which names in trusted tests stand for the program's, and what the tests show of them. Tests are parsed, not run."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
from collections.abc import Iterator, Sequence

from reasonrl.verifiers.sandbox.remote import DERIVED, MADE

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def names_of_program(sources: Sequence[str], reference: str) -> Iterator[str]:
    """The names in the tests that stand for the program's.

    What the tests bind, import or find among Python's own is not one, nor a module that the reference imports, unless
    the reference defines it: a program that defines `set` or `abs` does not get to be the tests' `set` or `abs`.
    """
    own = set(_definitions(reference))
    imported = set(_imports(sources, reference))
    for name in _unbound(sources, own):
        if name not in imported:
            yield name


def imports_of(sources: Sequence[str], reference: str) -> list[str]:
    """Import statements for what the tests use without importing it: as the reference does, or a module of Python's."""
    return list(dict.fromkeys(_imports(sources, reference).values()))


def trust_in(names: Sequence[str], sources: Sequence[str], reference: str) -> dict[str, int]:
    """The names that are classes, and how far the tests may trust the objects that they make of each.

    A name is one if the reference says so. Without a reference, capitals suggest one, and tests that look into the
    objects, or ask for their type, show one.
    """
    own = _definitions(reference)
    shown, named = _used_as_classes(sources)
    trust = {}
    for name in names:
        if name in own:
            if own[name] is ast.ClassDef:
                trust[name] = MADE
        elif name in named or (name[0].isupper() and (name in shown or "_" not in name)):
            trust[name] = MADE if name in shown and name[0].isupper() else DERIVED
    return trust


def values_of(names: Sequence[str], sources: Sequence[str]) -> list[str]:
    """The names that the tests never call and take nothing of: values, it may be."""
    looked_into = {
        node.func.id if isinstance(node, ast.Call) else node.value.id  # type: ignore[attr-defined]
        for tree in map(ast.parse, sources)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
        or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
    }
    return [name for name in names if name not in looked_into]


def _definitions(reference: str) -> dict[str, type]:
    return {node.name: type(node) for node in ast.parse(reference).body if isinstance(node, _DEFINITIONS)}


def _unbound(sources: Sequence[str], own: set[str]) -> Iterator[str]:
    """The names that the tests use and do not bind themselves."""
    used: dict[str, None] = {}
    bound: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    used[node.id] = None
                else:
                    bound.add(node.id)
            elif isinstance(node, _DEFINITIONS):
                bound.add(node.name)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                bound.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    for name in used:
        if name in own or (name not in bound and name not in vars(builtins)):
            yield name


def _imports(sources: Sequence[str], reference: str) -> dict[str, str]:
    """What to import, by the name that the tests use."""
    tree = ast.parse(reference)
    own = set(_definitions(reference))
    wanted = [name for name in _unbound(sources, own) if name not in own]
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in wanted:
                if name in _bound_by(node):
                    found[name] = ast.unparse(node)
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for name in wanted:
        if name not in found and name not in assigned and name in sys.stdlib_module_names and _is_module(name, sources):
            found[name] = f"import {name}"
    return found


def _bound_by(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if "*" in names and isinstance(node, ast.ImportFrom) and node.module in sys.stdlib_module_names:
        module = importlib.import_module(node.module)
        return {name for name in dir(module) if not name.startswith("_")}
    return names


def _is_module(name: str, sources: Sequence[str]) -> bool:
    """Whether the tests use the name only as `name.attribute`, and the module of that name has all of those."""
    uses, attributes = 0, []
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name) and node.id == name:
                uses += 1
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
                attributes.append(node.attr)
    if uses != len(attributes):
        return False
    try:
        module = importlib.import_module(name)
    except ImportError:
        return False
    return all(hasattr(module, attribute) for attribute in attributes)


def _used_as_classes(sources: Sequence[str]) -> tuple[set[str], set[str]]:
    """The names whose objects the tests look into, and those that stand where only a class can."""
    shown: set[str] = set()
    named: set[str] = set()
    for source in sources:
        tree = ast.parse(source)
        made: dict[str, str] = {}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Name)
            ):
                made.update((target.id, node.value.func.id) for target in node.targets if isinstance(target, ast.Name))
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and node.type is not None:
                named.update(_names(node.type))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
                named.update(_names(node.args[-1]))
            elif isinstance(node, ast.Attribute):
                owner = node.value
                if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name):
                    shown.add(owner.func.id)
                elif isinstance(owner, ast.Name):
                    shown.add(made.get(owner.id, owner.id))
    return shown | named, named


def _names(node: ast.expr) -> set[str]:
    """The names that an expression is made of: a class, or a tuple of classes."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
