"""Chains of steps: verdicts, aggregations, GSM8K's annotations, and the potentials of prefixes."""

from __future__ import annotations

import functools
import json
import math
import random
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reasonrl.envs.families import get_family
from reasonrl.envs.generation import generate
from reasonrl.verifiers.annotations import Annotation, Calculation, check_annotation, check_step, find_annotations
from reasonrl.verifiers.core import StepVerdict
from reasonrl.verifiers.learned.calibration import auc, ece
from reasonrl.verifiers.potentials import Completable, MonteCarlo, completability, wilson
from reasonrl.verifiers.steps import (
    MAX_STEPS,
    SIGNED,
    Aggregation,
    aggregate,
    first_error,
    judge_steps,
    pad_steps,
    split_steps,
    step_rewards,
    step_values,
)

GSM8K = Path(__file__).resolve().parents[3] / "shared" / "data" / "gsm8k"
USEFUL, REDUNDANT, INVALID, UNPARSABLE = StepVerdict
NAN = float("nan")

# Judging


def test_every_line_is_judged_after_the_lines_before_it() -> None:
    problem = generate(get_family("countdown"), "train", 0, 1)
    a, b = problem.view.public["numbers"]
    answer = f"{a}+{b}={a + b} left {a + b}\n\n{a}+{b}={a + b + 1}\nwhat?\nAnswer: {a}+{b}+1\x03"
    verdicts = judge_steps(answer, functools.partial(get_family("countdown").check_step, problem.view))
    assert verdicts == [USEFUL, INVALID, UNPARSABLE, INVALID]
    assert first_error(verdicts) == 1
    np.testing.assert_array_equal(step_values(verdicts), [1.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(step_values(verdicts, worth=SIGNED), [1.0, -1.0, -1.0, -1.0])


def test_a_checker_that_fails_gives_no_verdict_and_stops_nothing() -> None:
    def check(steps: Sequence[str], step: str) -> StepVerdict:
        if step == "b":
            raise RuntimeError("broken")
        return "nonsense" if step == "c" else USEFUL  # type: ignore[return-value]

    verdicts = judge_steps("a\nb\nc\nd", check)
    assert verdicts == [USEFUL, None, None, USEFUL]
    assert first_error(verdicts) is None
    values = step_values(verdicts)
    np.testing.assert_array_equal(np.isnan(values), [False, True, True, False])
    assert np.isnan([aggregate(values[None], how=how)[0] for how in Aggregation]).all()


def test_no_more_lines_are_judged_than_the_limit() -> None:
    seen = []

    def check(steps: Sequence[str], step: str) -> StepVerdict:
        seen.append(step)
        return USEFUL

    verdicts = judge_steps("x\n" * (MAX_STEPS + 5), check)
    assert len(seen) == MAX_STEPS
    assert verdicts[MAX_STEPS - 1 :] == [USEFUL, *[None] * 5]


@given(st.text(max_size=60))
def test_any_text_splits_into_lines_that_are_not_blank(text: str) -> None:
    steps = split_steps(text)
    assert all(step.strip() and "\n" not in step for step in steps)
    assert split_steps("\n".join(steps)) == steps


# Aggregating

VALUES = [[0.9, 0.5, 0.8], [0.2, NAN, NAN], [NAN, NAN, NAN], [0.5, NAN, 0.25]]
MASK = np.array([[True, True, True], [True, False, False], [False] * 3, [True, False, True]])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("sum", [2.2, 0.2, NAN, 0.75]),
        ("min", [0.5, 0.2, NAN, 0.25]),
        ("last", [0.8, 0.2, NAN, 0.25]),
        ("product", [0.36, 0.2, NAN, 0.125]),
        ("mean", [2.2 / 3, 0.2, NAN, 0.375]),
        ("delta", [0.7, 0.1, NAN, 0.15]),
    ],
)
def test_aggregations_of_hand_computed_chains(how: str, expected: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # masks come before arithmetic: no NaN is ever computed with
        found = aggregate(VALUES, MASK, how=how, start=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


CHAINS = st.lists(st.lists(st.floats(0, 1), max_size=6), min_size=1, max_size=6)


@given(CHAINS, st.sampled_from(list(Aggregation)))
def test_step_rewards_add_up_to_the_aggregate_and_padding_is_not_read(
    chains: list[list[float]], how: Aggregation
) -> None:
    values_BS, mask_BS = pad_steps(chains)
    whole = aggregate(values_BS, mask_BS, how=how, start=0.5)
    rewards_BS = step_rewards(values_BS, mask_BS, how=how, start=0.5)
    poisoned = np.where(mask_BS, values_BS, np.inf)
    np.testing.assert_array_equal(aggregate(poisoned, mask_BS, how=how, start=0.5), whole)
    assert (rewards_BS[~mask_BS] == 0.0).all()
    for chain, total, rewards in zip(chains, whole, rewards_BS, strict=True):
        if not chain:
            assert math.isnan(total)
            continue
        assert total == pytest.approx(rewards.sum(), abs=1e-9)
        alone = {
            Aggregation.SUM: sum(chain),
            Aggregation.MIN: min(chain),
            Aggregation.LAST: chain[-1],
            Aggregation.PRODUCT: math.prod(chain),
            Aggregation.MEAN: sum(chain) / len(chain),
            Aggregation.DELTA: chain[-1] - 0.5,
        }
        assert total == pytest.approx(alone[how], abs=1e-9)


def test_a_line_that_changes_nothing_earns_nothing_by_delta_and_something_by_sum() -> None:
    plain, padded = [[0.2, 0.9]], [[0.2, 0.9, 0.9, 0.9]]
    gains = {how: float((aggregate(padded, how=how) - aggregate(plain, how=how))[0]) for how in Aggregation}
    assert gains[Aggregation.DELTA] == gains[Aggregation.MIN] == gains[Aggregation.LAST] == 0.0
    assert gains[Aggregation.SUM] == pytest.approx(1.8)
    assert gains[Aggregation.MEAN] == pytest.approx(0.175)
    assert gains[Aggregation.PRODUCT] < 0.0


def test_a_nan_inside_the_mask_reaches_the_rewards() -> None:
    assert np.isnan(step_rewards([[0.5, NAN, 0.5]], how="delta")[0, 1:]).all()
    assert np.isnan(step_rewards([[0.5, NAN, 0.5]], how="min")[0, 2])


def test_shapes_and_names_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValueError, match="pad_steps"):
        aggregate([0.5], how="sum")
    with pytest.raises(ValueError, match="the mask is bool"):
        aggregate([[0.5]], [[1]], how="sum")
    with pytest.raises(ValueError, match="choose one of sum, min"):
        aggregate([[0.5]], how="max")
    assert aggregate(np.zeros((2, 0)), how="last").shape == (2,)


# Annotations


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("48/2=24", Calculation.RIGHT),
        (".5*10=5", Calculation.RIGHT),
        ("10/4=2.5=5/2", Calculation.RIGHT),
        ("$1,200/4=300", Calculation.RIGHT),
        ("20%*50=10", Calculation.RIGHT),
        ("560//10=56", Calculation.RIGHT),
        ("7//2=3", Calculation.RIGHT),
        ("5.+1=6", Calculation.RIGHT),
        ("10/3=3.33", Calculation.ROUNDED),
        ("2/3=0.67", Calculation.ROUNDED),
        ("5/3=1.6666666666666665", Calculation.ROUNDED),
        ("1/3*5=1.6666666666666667", Calculation.ROUNDED),
        ("10/3=3", Calculation.WRONG),
        ("0.12345678901234+0=0.12345678901299", Calculation.ROUNDED),  # equal in what is compared, and not exact
        ("10/3=3.34", Calculation.ROUNDED),  # less than one unit of its last place away
        ("10/3=3.35", Calculation.WRONG),
        ("2+2=5", Calculation.WRONG),
        ("5/3=1.6666666666", Calculation.ROUNDED),
        ("5/3=1.66666666660000", Calculation.WRONG),
        ("x+2=5", Calculation.UNREADABLE),
        ("2+3", Calculation.UNREADABLE),
        ("7//0=0", Calculation.UNREADABLE),
        ("1/0=0", Calculation.UNREADABLE),
        ("9**9**9=1", Calculation.UNREADABLE),
        ("__import__('os')=1", Calculation.UNREADABLE),
        ("15%4=3", Calculation.UNREADABLE),
        ("(" * 500 + "=1", Calculation.UNREADABLE),
        ("=", Calculation.UNREADABLE),
        ("", Calculation.UNREADABLE),
    ],
)
def test_annotations(text: str, verdict: Calculation) -> None:
    assert check_annotation(text).verdict is verdict


def test_an_annotation_says_what_it_is_worth() -> None:
    found = find_annotations("He has 48/2 = $<<48/2=24>>24 and <<24+1=26>>26.")
    assert [(each.expression, each.result, each.value, each.holds) for each in found] == [
        ("48/2", "24", Fraction(24), True),
        ("24+1", "26", Fraction(25), False),
    ]


def test_lines_with_annotations_are_steps() -> None:
    answer = "<<1+1=2>>2\nSo he has two.\nAgain <<1+1=2>>2\n<<2+2=5>>5\n<<a+1=2>>\n#### 5"
    assert judge_steps(answer, check_step) == [USEFUL, REDUNDANT, REDUNDANT, INVALID, UNPARSABLE, USEFUL]
    assert judge_steps("<<1+1=3>>" + "x" * 2000, check_step) == [UNPARSABLE]


@given(st.text("<>=0123456789.+-*/()%$, x", max_size=80))
def test_any_annotation_gets_a_verdict(text: str) -> None:
    assert check_annotation(text).verdict in Calculation
    assert check_step((), f"<<{text}>>") in StepVerdict


@pytest.mark.skipif(not GSM8K.is_dir(), reason="needs the published data set")
def test_every_annotation_of_the_data_set_holds_and_few_wrong_solutions_have_one_that_does_not() -> None:
    for name, count in (("train.jsonl", 23716), ("test_first_half.jsonl", 2105)):
        rows = map(json.loads, (GSM8K / name).read_text(encoding="utf-8").splitlines())
        found = [each for row in rows for line in row["answer"].split("\n") for each in find_annotations(line)]
        assert Counter(each.verdict for each in found) == {Calculation.RIGHT: count}
    slips: Counter[tuple[bool, bool]] = Counter()
    for line in (GSM8K / "model_solutions_200.jsonl").read_text(encoding="utf-8").splitlines():
        for solution in (each for each in json.loads(line).values() if isinstance(each, dict)):
            wrong = any(each.verdict is Calculation.WRONG for each in find_annotations_of(solution["solution"]))
            slips[solution["is_correct"], wrong] += 1
    assert slips == {(False, False): 499, (True, False): 295, (False, True): 6}


def find_annotations_of(solution: str) -> list[Annotation]:
    return [each for line in solution.split("\n") for each in find_annotations(line)]


# Potentials of prefixes


def numbers(steps: tuple[str, ...]) -> Sequence[str]:
    return ("1", "2", "3")


def adds_up_to_five(steps: tuple[str, ...]) -> bool | None:
    total = sum(map(int, steps))
    return True if total == 5 else False if total > 5 else None


def test_completability_finds_a_completion_proves_there_is_none_or_says_it_does_not_know() -> None:
    search = functools.partial(completability, menu=numbers, accepts=adds_up_to_five)
    found = search(("1", "1"))
    assert found.status is Completable.YES
    assert adds_up_to_five(("1", "1", *found.steps))
    assert search(("3", "3")).status is Completable.NO
    assert search(("2", "3")) == (Completable.YES, (), 0)
    assert search((), max_steps=1).status is Completable.UNKNOWN
    assert search((), max_nodes=1).status is Completable.UNKNOWN
    assert completability((), menu=lambda steps: (), accepts=lambda steps: None).status is Completable.NO


def test_prefixes_with_one_key_are_looked_at_once() -> None:
    def menu(steps: tuple[str, ...]) -> Sequence[str]:
        return ("1", "2") if len(steps) < 8 else ()

    dead = functools.partial(completability, (), menu=menu, accepts=lambda steps: None)
    assert dead().nodes == 2**9 - 1
    assert dead(key=lambda steps: 0) == (Completable.NO, (), 9)


@pytest.mark.parametrize("name", ["countdown", "sudoku4", "knights_knaves"])
def test_completability_is_the_exact_potential_of_the_families(name: str) -> None:
    family = get_family(name)
    rng = random.Random(0)
    seen = set()
    for index in range(12):
        view = generate(family, "train", index, 1).view
        steps: tuple[str, ...] = ()
        for _ in range(rng.randrange(3)):
            line = rng.choice(family.legal_steps(view, steps))
            if family.is_final(line):
                break
            steps = (*steps, line)

        def accepts(lines: tuple[str, ...], view=view) -> bool | None:  # type: ignore[no-untyped-def]
            if not lines or not family.is_final(lines[-1]):
                return None
            verdict = family.check_answer(view, "\n".join(lines))
            return verdict is not None and verdict.correct

        menu = functools.partial(family.legal_steps, view)
        found = completability(steps, menu=menu, accepts=accepts, max_nodes=4000, max_steps=12)
        assert found.status is not Completable.UNKNOWN or family.potential(view, steps) == 0.0
        if found.status is not Completable.UNKNOWN:
            assert (found.status is Completable.YES) == (family.potential(view, steps) == 1.0)
        seen.add(found.status)
    assert Completable.YES in seen


@pytest.mark.parametrize(
    ("correct", "count", "low", "high"), [(0, 0, 0.0, 1.0), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_wilson_intervals(correct: int, count: int, low: float, high: float) -> None:
    assert wilson(correct, count) == pytest.approx((low, high), abs=1e-4)
    with pytest.raises(ValueError, match="correct must be"):
        wilson(count + 1, count)


def coin(prefixes: Sequence[tuple[str, ...]], keys: Sequence[int]) -> list[bool | None]:
    """Ends right with a chance that grows with the prefix; one in eight is not judged."""
    return [
        None if key % 8 == 0 else random.Random(key).random() < len(prefix) / 4
        for prefix, key in zip(prefixes, keys, strict=True)
    ]


def test_monte_carlo_does_not_depend_on_order_company_or_history() -> None:
    prefixes = [("a",), ("a", "b"), (), ("a", "b", "c"), ("a",)]
    together = MonteCarlo(coin, rollouts=40, seed=1).estimate(prefixes)
    again = MonteCarlo(coin, rollouts=40, seed=1)
    assert [again.estimate([prefix])[0] for prefix in reversed(prefixes)] == together[::-1]
    assert together[0] == together[4]
    assert together != MonteCarlo(coin, rollouts=40, seed=2).estimate(prefixes)
    assert together != MonteCarlo(coin, rollouts=40, seed=1, name="another problem").estimate(prefixes)


def test_monte_carlo_counts_only_what_was_judged() -> None:
    estimate = MonteCarlo(coin, rollouts=80).estimate([("a", "b")])[0]
    assert 0 < estimate.correct < estimate.judged < 80
    assert estimate.low < estimate.mean < estimate.high
    assert (estimate.low, estimate.high) == wilson(estimate.correct, estimate.judged)
    assert estimate.hard == 1.0
    lost = MonteCarlo(lambda prefixes, keys: [None] * len(keys)).estimate([()])[0]
    assert math.isnan(lost.mean)
    assert math.isnan(lost.hard)
    assert (lost.low, lost.high) == (0.0, 1.0)


def test_monte_carlo_agrees_with_the_chance_and_its_intervals_hold() -> None:
    estimates = MonteCarlo(coin, rollouts=100).estimate([(str(i), "b") for i in range(200)])
    inside = sum(estimate.low <= 0.5 <= estimate.high for estimate in estimates)
    assert 180 <= inside <= 199  # 95 % of 200
    assert sum(estimate.mean for estimate in estimates) / 200 == pytest.approx(0.5, abs=0.02)


def test_more_roll_outs_begin_with_those_of_fewer_and_equal_texts_of_other_splits_have_other_keys() -> None:
    few, many = MonteCarlo(coin, rollouts=4), MonteCarlo(coin, rollouts=8)
    assert [few.key(("a",), i) for i in range(4)] == [many.key(("a",), i) for i in range(8)][:4]
    assert len({few.key(prefix, 0) for prefix in [("ab",), ("a", "b"), ("a\nb",), ("b", "a"), ()]}) == 5
    assert isinstance(few.key(("\ud800",), 0), int)


def test_values_along_an_answer_have_one_more_entry_than_steps() -> None:
    values = MonteCarlo(coin, rollouts=400).along(["a", "b", "c", "d"])
    np.testing.assert_allclose(values, [0.0, 0.25, 0.5, 0.75, 1.0], atol=0.08)
    assert MonteCarlo(coin, rollouts=400)(("a", "b")) == values[2]


def test_roll_outs_must_be_as_many_as_asked_for() -> None:
    with pytest.raises(ValueError, match="must return as many"):
        MonteCarlo(lambda prefixes, keys: [True]).estimate([()])
    with pytest.raises(ValueError, match="at least 1"):
        MonteCarlo(coin, rollouts=0)


@pytest.mark.parametrize(("rollouts", "area", "error"), [(4, 0.9, 0.19), (16, 0.994, 0.2)])
def test_how_well_random_roll_outs_value_the_first_lines_of_countdown(rollouts: int, area: float, error: float) -> None:
    """They rank nearly as V* does and are no probabilities of it: the figures of `docs/rewards.md`."""
    family = get_family("countdown")
    values: list[float] = []
    solvable: list[bool] = []
    for index in range(60):
        problem = generate(family, "validation", index, 3)

        def roll_out(prefixes, keys, problem=problem):  # type: ignore[no-untyped-def]
            for prefix, key in zip(prefixes, keys, strict=True):
                rng, steps = random.Random(key), prefix
                while not (steps and family.is_final(steps[-1])):
                    steps = (*steps, rng.choice(family.legal_steps(problem.view, steps)))
                yield family.verify(problem, "\n".join(steps)).correct

        value = MonteCarlo(roll_out, rollouts=rollouts, name=problem.id)
        prefixes = [(line,) for line in family.legal_steps(problem.view, ())]
        values += [estimate.mean for estimate in value.estimate(prefixes)]
        solvable += [family.potential(problem.view, prefix) == 1.0 for prefix in prefixes]
    assert len(values) == 550
    assert auc(values, solvable) == pytest.approx(area, abs=0.0005)
    assert ece(values, solvable) == pytest.approx(error, abs=0.005)
