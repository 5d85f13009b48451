"""What a family can do beyond drawing problems and judging answers, and how one that can do little is completed.

    has not          then there is
    legal_steps      no choice level
    potential        no shaped reward (a potential of yours can be passed to `gym.make`), no exact-potential guide
    demonstrate      no learning from its demonstrations
    check_step       nothing known about a line (None): no process reward, and a feedback guide that counts no step
    check_answer     nothing known about an answer without its reference (None)
    impostors        none but those that the audit makes for everyone
    is_final         the common answer line: `Answer:`, `####` or a box (see docs/answers.md)

The facts have defaults too: version 0, difficulties range(1, 2), the first of them the default one, prompts of at most
`PROMPT_CHARS` characters, menus of at most `CHOICES` lines, and instructions that tell of the answer line.

Ask with `abilities(rules)`, and refuse with `require(rules, Ability.MENU, "the choice level")`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NoReturn

from reasonrl.envs.behaviours import Behaviour, Trace
from reasonrl.envs.core import Problem, View
from reasonrl.verifiers.answers import is_final_line
from reasonrl.verifiers.core import StepVerdict, Verdict

PROMPT_CHARS = 1000
"""No prompt is longer where the family does not say how long they are."""

CHOICES = 64
"""No menu is longer where the family does not say how long they are."""


class Ability(StrEnum):
    """What rules may have beyond `verify`, each by the name of the method that gives it."""

    MENU = "legal_steps"
    POTENTIAL = "potential"
    DEMONSTRATIONS = "demonstrate"
    STEP_CHECKS = "check_step"
    ANSWER_CHECKS = "check_answer"
    IMPOSTORS = "impostors"


_WORDS = {
    Ability.MENU: ("a menu of next lines", "legal_steps(view, steps)"),
    Ability.POTENTIAL: ("a potential", "potential(view, steps)"),
    Ability.DEMONSTRATIONS: ("demonstrations", "demonstrate(problem, rng, behaviours)"),
    Ability.STEP_CHECKS: ("a check of single lines", "check_step(view, steps, step)"),
    Ability.ANSWER_CHECKS: ("a check of answers that needs no reference", "check_answer(view, answer)"),
    Ability.IMPOSTORS: ("impostors", "impostors(problem, rng)"),
}
"""What an ability is called in messages, and the method that gives it."""


def abilities(rules: object) -> frozenset[Ability]:
    """What rules (of a family, of a data set) or a source can do: what they say they can, or else have methods for."""
    said: frozenset[Ability] | None = getattr(rules, "abilities", None)
    if said is not None:
        return said
    if not hasattr(rules, "verify"):  # a source that leaves it to its problems' rules, which refuse when asked
        return frozenset(Ability)
    return frozenset(each for each in Ability if hasattr(rules, each))


def require(rules: object, ability: Ability, use: str) -> None:
    """Refuses what these rules cannot do.

    Args:
        rules: a family, those of a data set, or a source.
        ability: what is needed.
        use: what needs it: "the choice level".

    Raises:
        ValueError: a sentence that names what is missing, and how to add it.
    """
    if ability not in abilities(rules):
        _refuse(rules, ability, use)


def complete(plain: Any) -> Any:
    """The same rules with a default for all that they lack; where they lack nothing, they themselves.

    Args:
        plain: a family (it has `sample`), or the rules of a data set.
    """
    needed = _FAMILY if hasattr(plain, "sample") else _RULES
    return plain if all(hasattr(plain, name) for name in needed) else Completed(plain)


def plain_of(rules: Any) -> Any:
    """What was written, without what completes it: its class has the code and the docstring."""
    return rules.plain if isinstance(rules, Completed) else rules


class _Defaults:
    """What holds of a family that says no more than `name`, `sample` and `verify`."""

    name: str
    domain = "other"
    version = 0
    difficulties = range(1, 2)
    exact_potential = False
    max_prompt_chars = PROMPT_CHARS
    instructions = "Finish with a line 'Answer: ' and the answer."
    default_difficulty: int
    max_choices: int

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        return None

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict | None:
        return None

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def impostors(self, problem: Problem, rng: random.Random) -> Iterable[str]:
        return ()

    def potential(self, view: View, steps: Sequence[str]) -> float:
        _refuse(self, Ability.POTENTIAL, "a shaped reward")

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        _refuse(self, Ability.MENU, "a choice")

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        _refuse(self, Ability.DEMONSTRATIONS, "learning from demonstrations")


class Completed(_Defaults):
    """Rules and what they need not say: each public attribute of `plain` is taken as it is, the rest are defaults."""

    def __init__(self, plain: Any) -> None:
        self.plain = plain
        self.name = type(plain).__name__
        self.abilities = abilities(plain)
        vars(self).update({name: getattr(plain, name) for name in dir(plain) if not name.startswith("_")})
        vars(self).setdefault("default_difficulty", self.difficulties[0])
        vars(self).setdefault("max_choices", CHOICES if Ability.MENU in self.abilities else 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return complete, (self.plain,)

    def __repr__(self) -> str:
        return f"Completed({self.plain!r})"


_RULES = ("instructions", "is_final", "check_answer", "check_step", "potential", "legal_steps")
_FAMILY = (
    *_RULES,
    "domain",
    "version",
    "difficulties",
    "default_difficulty",
    "exact_potential",
    "max_prompt_chars",
    "max_choices",
    "demonstrate",
    "impostors",
)
"""What has a default."""


def _refuse(rules: object, ability: Ability, use: str) -> NoReturn:
    name = getattr(rules, "name", type(rules).__name__)
    missing, method = _WORDS[ability]
    raise ValueError(f"{use} needs {missing}, and {name} has none: give it {method}, see reasonrl.envs.core.Family")
