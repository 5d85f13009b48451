"""Lists on the command line: `--budgets 64,128` and `--budgets 64 128` say the same."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import tyro

T = TypeVar("T", str, int)


def _listed(kind: type[T]) -> Any:
    """Takes `a,b c` as three values: commas and blanks both separate."""
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar=f"{kind.__name__.upper()}[,{kind.__name__.upper()}...]",
        instance_from_str=lambda words: tuple(kind(part) for word in words for part in word.split(",") if part),
        is_instance=lambda value: isinstance(value, tuple) and all(isinstance(each, kind) for each in value),
        str_from_instance=lambda value: [",".join(map(str, value))] if value else [],
    )


Words = Annotated[tuple[str, ...], _listed(str)]
Numbers = Annotated[tuple[int, ...], _listed(int)]
