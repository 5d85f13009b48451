"""The functions that bug repair draws from, and the bugs that it puts into them: one changed token each."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import combinations, product

from reasonrl.envs.program import Lines

_TEMPLATES: dict[int, tuple[str, ...]] = {
    1: ("def f(a,b):| return aOb", "def f(n):| return nOK", "def f(a,b):| return M(a,b)"),
    2: (
        "def f(a,b):| return a*KOb",
        "def f(a,b):| return aObOK",
        "def f(a,b):| return M(a,b)OK",
        "def f(a,b):| return (aOb)*K",
    ),
    3: (
        "def f(x):| return M(x)-min(x)",
        "def f(x):| return S(x)OK",
        "def f(x):| return x[K:]",
        "def f(x):| return sorted(x)[::-1]",
        "def f(x):| return sorted(x)[:K]",
        "def f(x):| return sum(x)-M(x)",
    ),
    4: (
        "def f(x):| return [vOK for v in x]",
        "def f(x):| return [v for v in x if vCK]",
        "def f(x):| return [vOK for v in x if vCK]",
        "def f(x):| return S([v for v in x if vCK])",
        "def f(x):| return [vOK for v in sorted(x)]",
    ),
    5: (
        "def f(x):| s=K| for v in x:|  s+=v| return s",
        "def f(x):| s=K| for v in x:|  s+=vOK| return s",
        "def f(x):| s=K| for v in x:|  s=M(s,v)| return s",
        "def f(a,b):| if aCb:|  return aOb| return aOK",
        "def f(x):| r=[]| for v in x:|  r=[vOK]+r| return r",
    ),
    6: (
        "def f(x):| s=K| for v in x:|  if vCK:|   s+=v| return s",
        "def f(x):| s=K| for v in x:|  if vCK:|   s+=K| return sOK",
        "def f(x):| r=[]| for v in x:|  if vCK:|   r+=[vOK]| return r",
        "def f(a,b):| if aCb:|  return aOK| return bOK",
    ),
    7: (
        "def f(x):| s=K| for v in x[K:]:|  if vCK:|   s+=vOK| return sOK",
        "def f(x):| r=[]| for v in sorted(x):|  if vCK:|   r+=[vOK]| return r[:K]",
        "def f(a,b):| s=K| for i in range(K,bOK):|  s+=aOi| return s",
        "def f(x):| s=K| for v in x:|  if vCK:|   s=M(s,vOK)| return s",
    ),
}
"""Lines are divided by |. O is an operator, C a comparison, K a digit, M max or min, S sum, max, min or len."""
_TEMPLATES[8] = _TEMPLATES[5] + _TEMPLATES[6]
_SLOTS = {"O": "+-*", "C": ("<", ">", "<=", ">="), "K": "12345", "M": ("max", "min"), "S": ("sum", "max", "min", "len")}
_SLOT = re.compile(r"[OCKMS]")

_TOKEN = re.compile(
    r"(?P<order>sorted\(x\)(?:\[::-1\])?)|(?P<slice>\[\d:\]|\[:\d\])|(?P<function>\b(?:max|min|sum|len)\b)"
    r"|(?P<compare><=|>=|<|>)|(?P<arithmetic>(?<=[\w)\]])[+*-](?==?[\w(\[]))|(?P<digit>(?<![\w\[:-])\d(?![\w:]))"
    r"|(?P<name>\b[ab]\b)"
)
"""Tokens that a bug changes. Every change can be undone by another of the same kind."""
_ALTERNATIVES = {
    "max": ("min",),
    "min": ("max",),
    "sum": ("len",),
    "len": ("sum",),
    "<": ("<=", ">"),
    ">": (">=", "<"),
    "<=": ("<", ">="),
    ">=": (">", "<="),
    "+": ("-", "*"),
    "-": ("+", "*"),
    "*": ("+", "-"),
    "a": ("b",),
    "b": ("a",),
    "sorted(x)": ("sorted(x)[::-1]",),
    "sorted(x)[::-1]": ("sorted(x)",),
}


def draw_program(rng: random.Random, difficulty: int) -> Lines:
    """A template with its slots filled."""
    template = rng.choice(_TEMPLATES[difficulty])
    return tuple(_SLOT.sub(lambda slot: rng.choice(_SLOTS[slot[0]]), template).split("|"))


def changed(line: str) -> list[str]:
    """The line with one token changed, in every way; a `def` line has none."""
    found: dict[str, None] = {}
    for token in _TOKEN.finditer("" if line.startswith("def ") else line):
        text = token[0]
        if token.lastgroup == "digit":
            others = tuple(str(k) for k in (int(text) + 1, int(text) - 1) if 0 <= k <= 9)
        elif token.lastgroup == "slice":
            others = (f"[:{text[1]}]" if text[2] == ":" else f"[{text[2]}:]",)
        else:
            others = _ALTERNATIVES[text]
        found |= dict.fromkeys(line[: token.start()] + other + line[token.end() :] for other in others)
    return list(found)


def break_lines(rng: random.Random, right: Lines, bugs: int) -> Lines | None:
    """The program with that many of its lines changed, or None when it has too few that can be."""
    able = [i for i, line in enumerate(right) if changed(line)]
    if len(able) < bugs:
        return None
    places = rng.sample(able, bugs)
    return tuple(rng.choice(changed(line)) if i in places else line for i, line in enumerate(right))


def rivals(wrong: Lines, bugs: int) -> Iterator[Lines]:
    """Every program that differs from this one by `bugs` changes, in different lines."""
    able = [i for i, line in enumerate(wrong) if changed(line)]
    for places in combinations(able, bugs):
        for lines in product(*(changed(wrong[i]) for i in places)):
            changes = dict(zip(places, lines, strict=True))
            yield tuple(changes.get(i, line) for i, line in enumerate(wrong))
