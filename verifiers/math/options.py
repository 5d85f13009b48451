"""What counts as the same answer where readers may differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reasonrl.verifiers.math.forms import FORMS, Form


@dataclass(frozen=True)
class MathOptions:
    """Options of `verify_math`; the defaults are exact and strict."""

    extract: bool = True
    """The prediction is a response with a marked answer. False: it is the answer itself, perhaps in a sentence."""
    percent_is_unit: bool = False
    """Read 25% as 25, for questions that ask for a percentage."""
    ordered: bool = False
    """The order of an undelimited list (`1, 2, 3`) matters. That of a tuple always does, that of a set never."""
    evaluated: bool = True
    """A prediction for a constant must be evaluated: `40+2` and `6*7` are not 42, unless the gold is written so too."""
    question: str | None = None
    """The text of the task. An answer that repeats what stands there is none, unless the gold stands there, too; and
    25% is 25 where it asks for a percentage."""
    form: Form = "any"
    """The form that the answer must have: "expanded", "factored", a single "number", or the one of the "gold"."""
    tolerance: float = 0.0
    """Largest relative error of a number; 0: none."""
    decimals: int | None = None
    """Numbers count as equal when they are within half a unit of this decimal place; None: never."""
    gold_precision: bool = False
    """Where the gold is one decimal number, a prediction that rounds to it is right: `\\pi` for 3.14."""
    symbolic: bool = True
    """Ask SymPy, in a process that can be killed, what the exact forms leave open."""
    math_verify: bool = False
    """Ask the package math-verify, if it is installed, when all else says no. Its errors become yours."""
    deadline: float = 3.0
    """Seconds that the process may think about one pair."""

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ValueError(f"form must be one of {', '.join(FORMS)}, got {self.form!r}")
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance is a relative error in [0, 1), got {self.tolerance}")
        if not (math.isfinite(self.deadline) and self.deadline > 0):
            raise ValueError(f"deadline must be a positive number of seconds, got {self.deadline}")
        if self.decimals is not None and not 0 <= self.decimals <= 50:
            raise ValueError(f"decimals must be from 0 to 50, got {self.decimals}")
