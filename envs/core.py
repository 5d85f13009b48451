"""Problems, their public views, and what a family of problems must know about itself.

A `Problem` is a pure function of (family, version, split, index, difficulty). Its split is named by a hash of its
*content*, so that train, validation and test never share a prompt, whatever indices are drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable

from reasonrl.envs.behaviours import Behaviour, Trace
from reasonrl.verifiers.core import StepVerdict, Verdict

SPLITS = ("train", "validation", "test")
END = "\x03"
"""A step that ends with this character finishes the answer, with or without an answer line (ASCII: end of text)."""


class Frozen(dict[str, Any]):
    """A read-only mapping that pickles, compares and turns into JSON like a dict; nested lists become tuples."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping is read-only: make a changed copy with dict(...)")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse

    def __init__(self, items: Mapping[str, Any] | None = None, /) -> None:
        super().__init__({key: freeze(value) for key, value in (items or {}).items()})

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[str, Any]]]:
        return Frozen, (dict(self),)


_SCALARS = frozenset((int, str, float, bool, type(None)))


def freeze(value: Any) -> Any:
    """The value with every mapping read-only and every list a tuple, all the way down."""
    if type(value) in _SCALARS or type(value) is Frozen:  # the common cases first: this runs for every number drawn
        return value
    if isinstance(value, Mapping):
        return Frozen(value)
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


@dataclass(frozen=True, slots=True, repr=False)
class Reference:
    """What only a verifier may see. It does not show itself when printed."""

    value: Any = field(hash=False)

    def __repr__(self) -> str:
        return "Reference(hidden)"


@dataclass(frozen=True, slots=True)
class View:
    """What a solver may see of a problem."""

    family: str
    version: int
    index: int
    split: str
    difficulty: int
    prompt: str
    public: Mapping[str, Any] = field(default_factory=Frozen, hash=False)
    """What a solver may use beyond the prompt: the numbers of a countdown, public tests, premises."""

    @property
    def id(self) -> str:
        """Names the problem in stores and seeds.

        >>> View("countdown", 0, 7, "test", 2, "...").id
        'countdown-v0/test/2/7'
        """
        return f"{self.family}-v{self.version}/{self.split}/{self.difficulty}/{self.index}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One task: a view and the reference that its verifier needs. Hashable, picklable, JSON-able."""

    view: View
    reference: Reference

    @property
    def id(self) -> str:
        return self.view.id

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types. The reference is in it: never show it to a solver."""
        view = self.view
        return {
            "family": view.family,
            "version": view.version,
            "index": view.index,
            "split": view.split,
            "difficulty": view.difficulty,
            "prompt": view.prompt,
            "public": dict(view.public),
            "reference": self.reference.value,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Problem:
        fields = {key: value for key, value in data.items() if key not in ("public", "reference")}
        return cls(View(**fields, public=Frozen(data["public"])), Reference(freeze(data["reference"])))


class Content(NamedTuple):
    """What a family draws: a problem before it has an index and a split."""

    prompt: str
    public: Mapping[str, Any]
    reference: Any


@runtime_checkable
class Source(Protocol):
    """Where an environment's problems come from: a family, a mixture of families, or a data set.

    A source may also have `size(split) -> int` where it has rows, as a data set does, and `abilities` (see
    `envs.abilities`) where they are not those of its own methods.
    """

    @property
    def name(self) -> str: ...
    @property
    def levels(self) -> tuple[str, ...]:
        """Levels at which its problems can be played."""
        ...

    @property
    def max_prompt_chars(self) -> int:
        """No prompt is longer."""
        ...

    @property
    def max_choices(self) -> int:
        """No menu of legal steps is longer."""
        ...

    def problem(self, split: str, index: int, difficulty: int | None = None) -> Problem: ...
    def rules_of(self, view: View) -> Rules: ...


class DataSet(Protocol):
    """Published problems, before their file is read: what `register_dataset` takes.

    An object, or a class with class methods.
    """

    name: str

    def open(self, data: str | None) -> Source:
        """The problems of a file, or of a hub repository; None is an error that says where they are published."""
        ...

    def rules(self) -> Rules:
        """How problems ask and answers end, without any rows: for a policy that knows a problem's view alone."""
        ...


class Rules(Protocol):
    """What judges a problem's answers and steps.

    Only `verify` must be written: `envs.abilities` has a default for everything else, and says what it cannot do.

    Rules may also have `canonical(view, answer) -> str | None`: one spelling for all responses whose answers it takes
    for the same, found without the reference, and None where there is no answer. Votes count by it; without it they
    count by `verifiers.canonical.canonical_answer`.
    """

    @property
    def instructions(self) -> str:
        """How to write an answer, for a language model that has never seen the family."""
        ...

    def verify(self, problem: Problem, answer: str) -> Verdict:
        """Outcome of a finished response (the whole text, all lines)."""
        ...

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """What can be checked of a finished response without the reference (public tests, say); None: nothing."""
        ...

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict | None:
        """Process: what `step` is worth after `steps`; None where nothing is known about it."""
        ...

    def is_final(self, step: str) -> bool:
        """Whether this line completes the response."""
        ...

    def potential(self, view: View, steps: Sequence[str]) -> float:
        """Phi in [0, 1]: exact V*(s) where solvable, a documented heuristic elsewhere. It may solve the problem."""
        ...

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        """The menu of next lines (some of them bad ideas), in an order that does not betray the right one."""
        ...


class Family(Rules, Protocol):
    """A generator of problems of one kind, with all that is known about them.

    Only `name`, `sample` and `verify` must be written: `envs.abilities` has a default for everything else.
    """

    name: str
    domain: str
    """"math", "logic" or "code"; "other" where a family does not say."""
    version: int
    difficulties: range
    """Levels that `sample` accepts, easiest first."""
    default_difficulty: int
    exact_potential: bool
    """Whether `potential` is V*(s), the best outcome still reachable."""
    max_prompt_chars: int
    max_choices: int

    def sample(self, rng: random.Random, difficulty: int) -> Content: ...
    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        """A correct derivation that shows the behaviours asked for where the family can; always ends correct."""
        ...

    def impostors(self, problem: Problem, rng: random.Random) -> Iterable[str]:
        """Responses that look right and are not: the verifier must reject every one."""
        ...
