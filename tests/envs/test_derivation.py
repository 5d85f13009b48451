"""One line means one thing in every line-by-line family, and the page about them holds."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
from reasonrl.envs.behaviours import PREFIXES, Behaviour, strip_behaviour
from reasonrl.envs.core import Frozen, View
from reasonrl.envs.derivation import Derivation, _standing
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.families.math.chain_sum import ChainSum
from reasonrl.envs.generation import generate
from reasonrl.envs.testing import check_family
from reasonrl.verifiers.core import StepVerdict
from reasonrl.verifiers.registry import Registry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "families.md").read_text(encoding="utf-8")
NAMES = ("chain_sum", "linear_equation", "countdown", "entailment", "knights_knaves", "sudoku4")
USEFUL, REDUNDANT = StepVerdict.USEFUL, StepVerdict.REDUNDANT
INVALID, UNPARSABLE = StepVerdict.INVALID, StepVerdict.UNPARSABLE


def family_of(name: str) -> Derivation[Any, Any]:
    family = get_family(name)
    assert isinstance(family, Derivation)
    return family


def view(name: str, **public: Any) -> View:
    return View(name, 0, 0, "train", 1, "", Frozen(public))


VIEWS = {
    "chain_sum": view("chain_sum", terms=[23, 45, -12]),
    "linear_equation": view("linear_equation", equation="5x+3=2x+15"),
    "countdown": view("countdown", numbers=[2, 3, 5, 7], target=24),
    "entailment": view("entailment", premises=["A>B", "B>C", "A"], goal="C", max_lines=3),
    # A: B and C are knights. B: A is a knave. C: A and B are alike.
    "knights_knaves": view(
        "knights_knaves", names="ABC", statements=[["both knights", "BC"], ["knave", "A"], ["alike", "AB"]]
    ),
    "sudoku4": view("sudoku4", givens="12../..../..../...1"),
}
FOLLOWS = {
    "chain_sum": ("23+45=68", "68-12=56"),
    "linear_equation": ("3x+3=15", "3x=12"),
    "countdown": ("3*7=21 left 21 2 5", "21+5=26 left 26 2"),
    "entailment": ("4 B MP 1 3", "5 C MP 2 4"),
    "knights_knaves": ("Say A knave", "B: B knight"),
    "sudoku4": ("r1c3=3", "r2c1=3"),
}
"""Two lines, the second of which follows only from the first, or after it."""
WRONG = {
    "chain_sum": "23+45=69",
    "linear_equation": "3x=13",
    "countdown": "3*7=22",
    "entailment": "4 C MP 2 3",
    "knights_knaves": "C: C knight",
    "sudoku4": "r1c3=2",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_line_that_follows_is_useful_and_worth_nothing_when_said_again(name: str) -> None:
    first, second = FOLLOWS[name]
    family, where = family_of(name), VIEWS[name]
    assert family.check_step(where, (), first) is USEFUL
    assert family.check_step(where, (first,), second) is USEFUL
    assert family.check_step(where, (first,), first) is REDUNDANT
    assert family.check_step(where, (first, second), first) is REDUNDANT
    assert family.check_step(where, (first,), f"Wait: {first}") is REDUNDANT


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_follow_is_invalid_and_passed_over(name: str) -> None:
    first, second = FOLLOWS[name]
    family, where = family_of(name), VIEWS[name]
    for prefix in ("", "Wait: ", "Or: "):
        assert family.check_step(where, (), prefix + WRONG[name]) is INVALID
        assert family.standing(where, (prefix + WRONG[name],)).state == family.start(where)
    assert family.check_step(where, (WRONG[name], first), second) is USEFUL
    assert family.check_step(where, (WRONG[name],), f"Wait: {first}") is USEFUL
    assert family.check_step(where, (WRONG[name],), f"Or: {first}") is USEFUL
    assert family.check_step(where, (), "I do not know") is UNPARSABLE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("talk", ["Given:", "Plan:"])
def test_talk_is_redundant_and_changes_nothing_whatever_it_says(name: str, talk: str) -> None:
    family, where = family_of(name), VIEWS[name]
    for line in (*FOLLOWS[name], WRONG[name], "two steps", ""):
        assert family.check_step(where, (), f"{talk} {line}") is REDUNDANT
        assert family.standing(where, (f"{talk} {line}",)) == family.standing(where, ())


@pytest.mark.parametrize("name", NAMES)
def test_a_check_is_redundant_where_it_says_what_stands_and_never_changes_it(name: str) -> None:
    first, second = FOLLOWS[name]
    family, where = family_of(name), VIEWS[name]
    assert family.check_step(where, (first, second), f"Check: {first}") is REDUNDANT
    assert family.check_step(where, (first, second), f"Check: {second}") is REDUNDANT
    assert family.check_step(where, (first, second), f"Check: {WRONG[name]}") is INVALID
    assert family.check_step(where, (), "Check: hm") is UNPARSABLE
    for line in (first, WRONG[name], "hm"):
        assert family.standing(where, (f"Check: {line}",)) == family.standing(where, ())


@pytest.mark.parametrize("name", ["entailment", "knights_knaves", "sudoku4"])
def test_a_check_of_what_does_not_stand_yet_is_invalid(name: str) -> None:
    assert family_of(name).check_step(VIEWS[name], (), f"Check: {FOLLOWS[name][0]}") is INVALID


@pytest.mark.parametrize(
    ("name", "steps", "line", "same_as"),
    [
        ("countdown", ("3*7=21 left 21 2 5", "21+5=26 left 26 2"), "Or: 21-2=19 left 19 5", ("3*7=21", "21-2=19")),
        ("countdown", ("3*7=21 left 21 2 5", "21+5=26 left 26 2"), "Or: 2*5=10 left 10 3 7", ("2*5=10",)),
        ("countdown", ("3*7=21",), "Or: 2+5=7", ("2+5=7",)),
        ("countdown", ("3*7=21",), "Wait: 2+5=7", ("3*7=21", "2+5=7")),
        ("countdown", ("3*7=21", "2+5=8"), "Or: 2+5=7", ("3*7=21", "2+5=7")),
        ("entailment", ("4 A|B OI 3", "5 A&A AI 3 3"), "Wait: 4 B MP 1 3", ("4 B MP 1 3",)),
        ("entailment", ("4 A|B OI 3", "5 A&A AI 3 3"), "Or: 4 B MP 1 3", ("4 B MP 1 3",)),
        ("entailment", ("4 A|B OI 3",), "Or: 5 B MP 1 3", ("4 A|B OI 3", "5 B MP 1 3")),
        ("knights_knaves", ("Say A knight", "A: B knight"), "Or: Say A knave", ("Say A knave",)),
        ("sudoku4", ("r1c3=4", "r2c1=3"), "Wait: r1c3=3", ("r1c3=3",)),
        ("sudoku4", ("r1c3=4",), "Or: r2c1=3", ("r2c1=3",)),
        ("sudoku4", ("r1c3=4",), "Wait: r2c1=3", ("r1c3=4", "r2c1=3")),
        ("sudoku4", ("r1c3=4", "r2c1=2"), "Or: r2c1=3", ("r1c3=4", "r2c1=3")),
    ],
)
def test_wait_and_or_take_back_to_where_the_line_fits(
    name: str, steps: tuple[str, ...], line: str, same_as: tuple[str, ...]
) -> None:
    """`Wait:` looks at what stands first, `Or:` at what stood before the last line."""
    family, where = family_of(name), VIEWS[name]
    assert family.check_step(where, steps, line) is USEFUL
    assert family.standing(where, (*steps, line)).state == family.standing(where, same_as).state
    assert family.potential(where, (*steps, line)) == family.potential(where, same_as)


@pytest.mark.parametrize("name", NAMES)
def test_going_to_and_fro_between_states_is_useful_once(name: str) -> None:
    family, where = family_of(name), VIEWS[name]
    lines = [line for line in family.legal_steps(where, ()) if family.check_step(where, (), line) is USEFUL][:2]
    steps = [*lines[:1], *(f"Or: {line}" for line in [*lines[::-1]] * 3)]
    worth = [family.check_step(where, steps[:at], step) for at, step in enumerate(steps)]
    assert worth.count(USEFUL) <= len(lines)


def random_response(name: str, seed: int) -> tuple[View, list[str]]:
    """Lines of menus and demonstrations in any order, with any prefix."""
    family, rng = family_of(name), random.Random(seed)
    problem = generate(family, "train", seed, rng.choice(family.difficulties))
    pool = list(family.demonstrate(problem, rng, frozenset(Behaviour)).steps)
    steps: list[str] = []
    for _ in range(12):
        pool += family.legal_steps(problem.view, steps)[:2]
        line = strip_behaviour(rng.choice(pool))
        steps.append(line if rng.random() < 0.5 else f"{rng.choice(list(PREFIXES.values()))} {line}")
    return problem.view, [step for step in steps if not family.is_final(step)]


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_does_not_hang_on_what_was_asked_before(name: str) -> None:
    """Kept prefixes are the same as reading every line anew, also of a response longer than is kept."""
    family = family_of(name)
    for seed in range(8):
        where, steps = random_response(name, seed)
        kept = [family.potential(where, steps[:at]) for at in range(len(steps) + 1)]
        worth = [family.check_step(where, steps[:at], step) for at, step in enumerate(steps)]
        _standing.cache_clear()
        assert [family.check_step(where, list(steps[:at]), step) for at, step in enumerate(steps)] == worth
        _standing.cache_clear()
        assert [family.potential(where, steps[:at]) for at in reversed(range(len(steps) + 1))] == kept[::-1]
        assert family.potential(where, ["Plan: a long way"] * 100 + steps) == kept[-1]


@pytest.mark.parametrize("name", NAMES)
def test_only_a_line_that_stands_or_takes_back_changes_the_state(name: str) -> None:
    family = family_of(name)
    for seed in range(12):
        where, steps = random_response(name, seed)
        for at, step in enumerate(steps):
            before, after = (family.standing(where, steps[:end]) for end in (at, at + 1))
            verdict = family.check_step(where, steps[:at], step)
            if verdict in (INVALID, UNPARSABLE) or step.startswith(("Check:", "Plan:", "Given:")):
                assert after.state == before.state, (steps[:at], step)
            if verdict is USEFUL:
                assert family.key(where, after.state) not in before.seen


@pytest.mark.parametrize("name", NAMES)
def test_a_text_of_many_lines_is_read_in_time(name: str) -> None:
    """What stands before a line is kept, but no number of lines that change nothing makes it long."""
    first, second = FOLLOWS[name]
    family, where = family_of(name), VIEWS[name]
    steps = [first, second, *[WRONG[name], second, f"Or: {WRONG[name]}"] * 2000]
    start = time.process_time()
    assert len(family.standing(where, steps).trail) <= 6
    family.check_answer(where, "\n".join((*steps, "Answer: 1")))
    assert time.process_time() - start < 10.0


class Mute(ChainSum):
    """A family that knows no wrong lines."""

    def slips(self, view: View, state: Any, line: str) -> tuple[str, ...]:
        return ()


def test_a_family_without_slips_corrects_nothing() -> None:
    problem = generate(Mute(), "train", 0)
    trace = Mute().demonstrate(problem, random.Random(0), frozenset(Behaviour))
    assert Behaviour.CORRECTION not in trace.behaviours
    assert Mute().verify(problem, trace.text).correct


@pytest.mark.parametrize("name", NAMES)
def test_each_family_keeps_the_contract(name: str) -> None:
    report = check_family(family_of(name), problems=2)
    assert not [check for check in report.skipped if "exact" not in check and "potential" not in check], str(report)


def test_a_family_that_does_not_say_enough_is_told_what_is_missing() -> None:
    class Empty(Derivation[int, int]):
        name = "empty"

    with pytest.raises(TypeError, match="abstract methods answer, apply"):
        Empty()  # type: ignore[abstract]


def test_the_example_of_the_page_runs_and_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/families.md", "exec"), names)  # our own page, not a model's text
    assert len(blocks[0].strip().split("\n")) <= 60
    said = capsys.readouterr().out
    assert "checks passed" in said
    assert re.search(r"^invalid \d+=2\*\d+\+[01]\nuseful Wait: ", said, re.MULTILINE)
    assert said.rstrip().split("\n")[-1].startswith("useful Answer: ")


def test_every_shipped_family_of_lines_is_in_these_tests() -> None:
    assert isinstance(FAMILIES, Registry)
    assert set(NAMES) == {name for name in FAMILIES if isinstance(get_family(name), Derivation)}


class Deaf(ChainSum):
    """A changed copy with the same name."""

    def read(self, line: str) -> None:
        return None


def test_two_families_of_one_name_do_not_share_what_is_kept() -> None:
    where, line = VIEWS["chain_sum"], FOLLOWS["chain_sum"][0]
    assert [family.potential(where, (line,)) for family in (ChainSum(), Deaf(), ChainSum())] == [0.5, 0.0, 0.5]
