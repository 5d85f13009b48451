"""Countdown: reach a target with each given number used exactly once.

Prompt      Use 2 3 5 7 to make 24.
Step        one operation on two of the numbers left, and what is left then: `3*7=21 left 21 2 5`. Partial results are
            whole and not negative. A wrong line changes nothing. `Or:` starts again from the given numbers.
Answer      `Answer: ((3*7)+5)-2`
Potential   V*: 1 if some expression over what is left equals the target, else 0. Exact, fractions on the way included.
Menu        every operation on what is left; when one number is left, the answer line that its operations make
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from reasonrl.envs.behaviours import PREFIXES, Behaviour, Trace, behaviour_of, strip_behaviour
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.seeding import generator
from reasonrl.verifiers.answers import MARK, extract_answer, is_final_line
from reasonrl.verifiers.arithmetic import evaluate, parse
from reasonrl.verifiers.core import Status, StepVerdict, Verdict, accept, no_answer, reject

_STEP = re.compile(
    r"([0-9]{1,12}) ?([+*/-]) ?([0-9]{1,12}) ?= ?([0-9]{1,12})"
    r"(?: left((?: [0-9]{1,12}){1,6})| ?\(left:((?: [0-9]{1,12}){1,6})\))?"  # the second as in Tree of Thoughts
)
_LARGEST_TARGET = 100
_MISSES = (1, -1, 10, -10)
_TALK = (Behaviour.ANALYSIS, Behaviour.DECOMPOSITION)


class _Level(NamedTuple):
    size: int
    """How many numbers there are."""
    largest: int
    """They are 1 to this."""
    most: int
    """No partial result of the built solution is larger."""
    chain: bool
    """Some solution works on the last result in every step."""


_LEVELS = (
    _Level(2, 12, 100, True),
    _Level(3, 9, 100, True),
    _Level(3, 15, 100, True),
    _Level(4, 9, 100, True),
    _Level(4, 20, 200, False),
    _Level(5, 10, 200, False),
    _Level(5, 25, 400, False),
    _Level(6, 25, 400, False),
)


class _Item(NamedTuple):
    """A number that is left, and the expression that made it."""

    value: int
    text: str


class Countdown:
    """Two to six numbers, one target."""

    name = "countdown"
    domain = "math"
    version = 0
    difficulties = range(1, len(_LEVELS) + 1)
    default_difficulty = 3
    exact_potential = True
    max_prompt_chars = 64
    max_choices = 64  # 15 pairs of six numbers, four operations on each
    instructions = (
        "Use every number exactly once with + - * / and brackets. One operation per line, then the numbers left, such "
        "as 3*7=21 left 21 2 5. Finish with a line 'Answer: ' and the whole expression, such as Answer: ((3*7)+5)-2"
    )

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        level = _LEVELS[difficulty - 1]
        while True:
            # in rising order, so that no two splits share a puzzle with its numbers in another order
            numbers = sorted(rng.randint(1, level.largest) for _ in range(level.size))
            steps = _build(numbers, level, rng)
            if steps is not None:
                target = _left(numbers, steps)[0].value
                prompt = f"Use {' '.join(map(str, numbers))} to make {target}."
                return Content(prompt, {"numbers": numbers, "target": target}, steps)

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return _judge(problem.view, answer)

    def check_answer(self, view: View, answer: str) -> Verdict | None:
        """Substitution needs no reference: this is the whole judgement."""
        return _judge(view, answer)

    def check_step(self, view: View, steps: Sequence[str], step: str) -> StepVerdict:
        """Useful: a right operation on numbers that are left. Whether the target is still in reach is not looked at."""
        if is_final_line(step):
            return StepVerdict.USEFUL if _judge(view, step).correct else StepVerdict.INVALID
        behaviour, line = behaviour_of(step), strip_behaviour(step)
        if behaviour in _TALK:
            return StepVerdict.REDUNDANT
        if behaviour is Behaviour.EVALUATION:
            return _check_equation(line)
        if _STEP.fullmatch(line) is None:
            return StepVerdict.UNPARSABLE
        states = _states(view.public["numbers"], steps)
        after = _apply(states[0] if behaviour is Behaviour.ALTERNATIVE else states[-1], line)
        if after is not None:
            seen = {_values_of(state) for state in states}
            return StepVerdict.REDUNDANT if _values_of(after) in seen else StepVerdict.USEFUL
        said = {strip_behaviour(earlier) for earlier in steps}
        again = line in said and any(_apply(state, line) is not None for state in states)
        return StepVerdict.REDUNDANT if again else StepVerdict.INVALID

    def is_final(self, step: str) -> bool:
        return is_final_line(step)

    def potential(self, view: View, steps: Sequence[str]) -> float:
        values = _values_of(_left(view.public["numbers"], steps))
        return float(_reaches(tuple(map(Fraction, values)), Fraction(view.public["target"])))

    def legal_steps(self, view: View, steps: Sequence[str]) -> Sequence[str]:
        left = _left(view.public["numbers"], steps)
        if len(left) == 1:
            return [f"{MARK} {left[0].text}"]
        lines = _operations(left)
        generator("menu", view.prompt, *_values_of(left)).shuffle(lines)
        return lines

    def demonstrate(self, problem: Problem, rng: random.Random, behaviours: frozenset[Behaviour]) -> Trace:
        view = problem.view
        lines = list(problem.reference.value)
        if Behaviour.ALTERNATIVE in behaviours:
            lines[0] = f"{PREFIXES[Behaviour.ALTERNATIVE]} {lines[0]}"
            lines.insert(0, _detour(self, view, problem.reference.value[0], rng))
        if Behaviour.CORRECTION in behaviours:
            # not on the line that starts again: a wrong one would leave the detour standing
            position = rng.choice([i for i, line in enumerate(lines) if behaviour_of(line) is Behaviour.COMPLETION])
            slip = _slip(lines[position], rng)
            lines[position : position + 1] = [slip, f"{PREFIXES[Behaviour.CORRECTION]} {lines[position]}"]
        if Behaviour.EVALUATION in behaviours:
            lines.append(f"{PREFIXES[Behaviour.EVALUATION]} {problem.reference.value[-1]}")
        opening = []
        if Behaviour.ANALYSIS in behaviours:
            opening.append(f"{PREFIXES[Behaviour.ANALYSIS]} {len(view.public['numbers'])} numbers")
        if Behaviour.DECOMPOSITION in behaviours:
            count = len(problem.reference.value)
            opening.append(f"{PREFIXES[Behaviour.DECOMPOSITION]} {count} step{'s' * (count > 1)}")
        lines = [*opening, *lines, f"{MARK} {_solution(problem)}"]
        return Trace(tuple(lines), tuple(map(behaviour_of, lines)))

    def impostors(self, problem: Problem, rng: random.Random) -> Iterator[str]:
        right, target = _solution(problem), problem.view.public["target"]
        number = rng.choice(problem.view.public["numbers"])
        yield ""
        yield f"{MARK}"
        yield f"{MARK} {target}"
        yield f"{MARK} {target}={target}"
        yield f"{MARK} {right}+{number}-{number}"
        yield f"{MARK} {right}*1"
        yield f"{MARK} ({right}"
        yield f"{MARK} {right}={target + 1}"
        yield f"{MARK} {right} or {target}"
        yield f"{MARK} {right})#"
        yield f"{MARK} {target}\n{MARK} {right}"
        yield f"{MARK} int('{target}')"
        yield f"{MARK} 9**9**9**9"
        yield f"{MARK} {'(' * 5_000}{right}{')' * 5_000}"
        yield f"The expression is {right}."


def _build(numbers: Sequence[int], level: _Level, rng: random.Random) -> list[str] | None:
    """Random operations until one number is left; None when it is out of range."""
    left = _start(numbers)
    steps: list[str] = []
    while len(left) > 1:
        first = 0 if steps and level.chain else rng.randrange(len(left))
        second = rng.choice([i for i in range(len(left)) if i != first])
        pair = (left[min(first, second)].value, left[max(first, second)].value)  # one order only: less to learn
        options = [line for line in _results(*pair) if 0 < _result(line) <= level.most and _worthwhile(line, pair)]
        line = _list_left(left, rng.choice(options)) if options else ""
        after = _apply(left, line)
        if after is None:
            return None
        steps.append(line)
        left = after
    return steps if left[0].value <= _LARGEST_TARGET else None


def _worthwhile(line: str, pair: tuple[int, int]) -> bool:
    """Not a result that was there before, as 5*1=5 is: puzzles full of them are all alike."""
    return _result(line) not in pair


def _results(a: int, b: int) -> list[str]:
    """`a op b=c` for every operation whose result is whole and not negative."""
    big, small = max(a, b), min(a, b)
    lines = [f"{a}+{b}={a + b}", f"{big}-{small}={big - small}", f"{a}*{b}={a * b}"]
    lines += [f"{p}/{q}={p // q}" for p, q in {(a, b), (b, a)} if q and p % q == 0]
    return lines


def _result(line: str) -> int:
    return int(line.rpartition("=")[2])


def _operations(left: Sequence[_Item]) -> list[str]:
    """Every legal step, each once."""
    pairs = itertools.combinations([item.value for item in left], 2)
    return list(dict.fromkeys(_list_left(left, line) for a, b in pairs for line in _results(a, b)))


def _list_left(left: Sequence[_Item], line: str) -> str:
    after = _apply(left, line)
    if after is None or len(after) == 1:
        return line
    return f"{line} left {' '.join(str(item.value) for item in after)}"


def _start(numbers: Sequence[int]) -> tuple[_Item, ...]:
    return tuple(_Item(number, str(number)) for number in numbers)


def _apply(left: Sequence[_Item], line: str) -> tuple[_Item, ...] | None:
    """What is left after a step, its result first; None when the step is not right."""
    match = _STEP.fullmatch(line)
    if match is None:
        return None
    a, op, b, result, listed = int(match[1]), match[2], int(match[3]), int(match[4]), match[5] or match[6]
    rest = list(left)
    taken: list[_Item] = []
    for value in (a, b):
        item = next((item for item in rest if item.value == value), None)
        if item is None:
            return None
        rest.remove(item)
        taken.append(item)
    if op == "/":
        right = b != 0 and a == b * result
    else:
        right = result == (a + b if op == "+" else a - b if op == "-" else a * b)
    if not right:
        return None
    x, y = (item.text if item.text.isdigit() else f"({item.text})" for item in taken)
    after = (_Item(result, f"{x}{op}{y}"), *rest)
    if listed is not None and tuple(sorted(map(int, listed.split()))) != _values_of(after):
        return None
    return after


def _states(numbers: Sequence[int], steps: Sequence[str]) -> list[tuple[_Item, ...]]:
    """What was left at the start and after every step that stands; wrong lines and mere talk are passed over."""
    states = [_start(numbers)]
    for step in steps:
        behaviour = behaviour_of(step)
        if behaviour is Behaviour.EVALUATION or behaviour in _TALK:
            continue
        after = _apply(states[0] if behaviour is Behaviour.ALTERNATIVE else states[-1], strip_behaviour(step))
        if after is not None:
            states.append(after)
    return states


def _left(numbers: Sequence[int], steps: Sequence[str]) -> tuple[_Item, ...]:
    return _states(numbers, steps)[-1]


def _values_of(left: Sequence[_Item]) -> tuple[int, ...]:
    return tuple(sorted(item.value for item in left))


def _solution(problem: Problem) -> str:
    return _left(problem.view.public["numbers"], problem.reference.value)[0].text


def _detour(family: Countdown, view: View, right: str, rng: random.Random) -> str:
    """A first step that loses the target where there is one, else any other first step."""
    others = [line for line in family.legal_steps(view, ()) if line != right]
    lost = [line for line in others if family.potential(view, (line,)) == 0.0]
    return rng.choice(lost or others)


def _slip(line: str, rng: random.Random) -> str:
    """The same step with a wrong result, carried over to what is left."""
    equation, _, left = line.partition(" left ")
    head, _, result = equation.rpartition("=")
    wrong = str(rng.choice([int(result) + miss for miss in _MISSES if int(result) + miss > 0]))
    return f"{head}={wrong}" + (f" left {wrong}{left[len(result) :]}" if left else "")


def _check_equation(line: str) -> StepVerdict:
    left, _, right = line.partition("=")
    values = evaluate(left), evaluate(right)
    if None in values:
        return StepVerdict.UNPARSABLE
    return StepVerdict.REDUNDANT if values[0] == values[1] else StepVerdict.INVALID


def _judge(view: View, response: str) -> Verdict:
    answer = extract_answer(response)
    if answer is None:
        return no_answer()
    target = view.public["target"]
    expression, equals, claimed = answer.partition("=")
    value = parse(expression)
    if value is None or (equals and evaluate(claimed) is None):
        reason = "not one expression of numbers, + - * / and brackets"
        return reject(answer[:80], method="substitution", reason=reason, status=Status.UNPARSABLE)
    if sorted(value.literals) != sorted(view.public["numbers"]):
        return reject(answer, method="substitution", reason="not each given number exactly once")
    if value.constant != target or (equals and evaluate(claimed) != target):
        return reject(answer, method="substitution", reason=f"it does not equal {target}")
    return accept(answer, method="substitution")


@functools.lru_cache(maxsize=1 << 15)
def _reaches(numbers: tuple[Fraction, ...], target: Fraction) -> bool:
    """Whether some expression that uses each of up to six numbers once equals the target.

    The last operation joins two groups of numbers: the smaller group's values are listed, and the larger one must reach
    what is missing. So no list is ever longer than the values of three numbers.
    """
    if len(numbers) <= 3:
        return target in _values(numbers)
    for small, rest in _splits(numbers):
        for value in _values(small):
            if not value and not target:  # 0 times anything
                return True
            if any(_reaches(rest, missing) for missing in _missing(value, target)):
                return True
    return False


def _missing(value: Fraction, target: Fraction) -> Iterator[Fraction]:
    """Every x with `value op x` or `x op value` equal to the target."""
    yield target - value
    yield value - target
    yield target + value
    if value:
        yield target / value
        yield target * value
        if target:
            yield value / target


@functools.lru_cache(maxsize=1 << 13)
def _values(numbers: tuple[Fraction, ...]) -> frozenset[Fraction]:
    """Values of all expressions that use each number once."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for left, right in _splits(numbers):
        for a, b in itertools.product(_values(left), _values(right)):
            found |= {a + b, a - b, b - a, a * b}
            found |= {p / q for p, q in ((a, b), (b, a)) if q}
    return frozenset(found)


def _splits(numbers: tuple[Fraction, ...]) -> set[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]:
    """Every way to part the numbers in two groups, the first no larger than the second; each group in rising order."""
    found = set()
    for size in range(1, len(numbers) // 2 + 1):
        for chosen in itertools.combinations(range(len(numbers)), size):
            rest = tuple(number for i, number in enumerate(numbers) if i not in chosen)
            found.add((tuple(numbers[i] for i in chosen), rest))
    return found
