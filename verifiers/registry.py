"""Things by name: what ships, what a program registered, what installed packages bring, and what a file of yours holds.

    FAMILIES = Registry("family", "families", {"countdown": "reasonrl.envs.families.math.countdown:Countdown"})
    FAMILIES.find("countdown")              loaded when first asked for
    FAMILIES.find("my.py:Family")           own code, wherever a name is taken
    FAMILIES.register("mine", Mine)        or its place, "my_package.families:Mine", which is loaded when it is needed

A package brings its own by one entry point of the group `reasonrl.suites`, a function that registers them:

    [project.entry-points."reasonrl.suites"]
    my_package = "my_package:register"
"""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from reasonrl.verifiers.named import is_place, load_named

GROUP = "reasonrl.suites"


class Registry(Mapping[str, Any]):
    """What there is of one kind, by name: a mapping from names to the things themselves, in the order of registration.

    A thing that was registered by its place is imported when it is first asked for; listing names imports nothing.
    With `make`, what a file of yours holds is known by its own name too, once it was found.
    """

    def __init__(
        self, kind: str, kinds: str, shipped: Mapping[str, Any], *, make: Callable[[str, Any], Any] | None = None
    ) -> None:
        """
        Args:
            kind: what one of them is called in messages: "family".
            kinds: what several are called: "families".
            shipped: name to the thing, or to its place "module:attribute".
            make: from the name that was asked for and what was loaded to what is given, which has a `name`: checks it,
                calls a class. None: what was loaded is given as it is.
        """
        self.kind = kind
        self.kinds = kinds
        self.shipped = tuple(shipped)
        """The names that come with the project."""
        self.make = make
        self._things: dict[str, Any] = dict(shipped)
        self._made: dict[str, Any] = {}
        """What was found, by its name."""
        self._own: dict[str, tuple[Any, Any]] = {}
        """What own files hold, by its place: as it was loaded, and as it was made."""

    def register(self, name: str, thing: Any, *, replace: bool = False) -> None:
        """Adds a thing, or the place where it is ("my_package.families:Mine"), under this name.

        Raises:
            ValueError: the name is taken by something else, or is none: names are letters, digits, _ and -.
        """
        if not name or not name.replace("_", "").replace("-", "").isalnum():
            raise ValueError(f"{name!r} cannot be the name of a {self.kind}: use letters, digits, _ and -")
        if name in self._things and self._things[name] != thing and not replace:
            whose = f"a {self.kind} that comes with reasonrl" if name in self.shipped else f"another {self.kind}"
            raise ValueError(f"{name!r} is the name of {whose}: take another name, or pass replace=True")
        self._things[name] = thing
        self._made.pop(name, None)

    def added(self) -> dict[str, Any]:
        """What was registered beyond what ships: name to the thing, or to its place."""
        return {name: thing for name, thing in self._things.items() if name not in self.shipped}

    def place(self, name: str) -> Any:
        """What was registered under this name: the thing, or where it is."""
        return self._things[self.known(name)]

    def known(self, name: str) -> str:
        """The name itself; an unknown one is an error that lists what there is."""
        if name not in self._things:
            near = difflib.get_close_matches(name, self._things, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(
                f"unknown {self.kind} {name!r}: {hint}There are {', '.join(self._things)}, or your own: file.py:name"
            )
        return name

    def knows(self, name: str) -> bool:
        """Whether there is one of this name: shipped, registered, or found in an own file before."""
        return name in self._made or name in self._things

    def find(self, name: str) -> Any:
        """The thing of this name, or that a place names: `file.py:name`, `package.module:name`.

        Raises:
            ValueError: there is none; says what there is, or what is wrong with the file.
        """
        if name in self._made:
            return self._made[name]
        if is_place(name):
            return self._find_own(name)
        thing = self.place(name)
        loaded = load_named(thing, what=f"the {self.kind} {name}") if isinstance(thing, str) else thing
        made = loaded if self.make is None else self.make(name, loaded)
        if self.make is not None and made.name != name:
            raise ValueError(f"the {self.kind} {name!r} calls itself {made.name!r}: register it by that name")
        self._made[name] = made
        return made

    def _find_own(self, place: str) -> Any:
        """What own code holds; a file that has changed is read again."""
        loaded = load_named(place, what=f"a {self.kind}")
        if self.make is None:
            return loaded
        before = self._own.get(place)
        if before is None or before[0] is not loaded:
            made = self.make(place, loaded)
            known = self._things.get(made.name)
            if known is not None and known is not loaded and known != place:
                whose = "shipped" if made.name in self.shipped else "registered"
                raise ValueError(
                    f"{place} calls itself {made.name!r}, as a {whose} {self.kind} does: give it another name"
                )
            before = self._own[place] = loaded, made
        self._made[before[1].name] = before[1]
        return before[1]

    def __getitem__(self, name: str) -> Any:
        if name not in self._things:
            raise KeyError(name)
        return self.find(name)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)


def must_have(thing: Any, needed: Iterable[str], *, name: str, kind: str, see: str) -> None:
    """Says which of the attributes that a thing of this kind needs is missing.

    Args:
        see: where the contract stands: "reasonrl.envs.core.Family".
    """
    missing = next((each for each in needed if not hasattr(thing, each)), None)
    if missing is not None:
        raise ValueError(f"{name} is no {kind}, it has no {missing!r}: see {see}")


@functools.cache
def load_suites() -> tuple[str, ...]:
    """Lets every installed package register what it brings, once; one that fails is a warning, and the others go on.

    Returns:
        The names of the suites that were loaded.
    """
    loaded = []
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            entry.load()()
        except Exception as error:
            message = f"the suite {entry.name} ({entry.value}) could not be loaded: {type(error).__name__}: {error}"
            warnings.warn(message, stacklevel=2)
            continue
        loaded.append(entry.name)
    return tuple(loaded)
