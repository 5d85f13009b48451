"""What every family promises, for each shipped family by name: the contract of all, and what ours promise beyond it."""

from __future__ import annotations

import random

import pytest
from reasonrl.envs.behaviours import Behaviour
from reasonrl.envs.contract import CHECKS
from reasonrl.envs.core import Family
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.generation import generate
from reasonrl.envs.testing import check_family


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return get_family(request.param)


def test_a_family_keeps_every_promise(family: Family) -> None:
    report = check_family(family)
    assert report.passed == tuple(CHECKS), report  # ours can do everything: nothing is skipped


def test_difficulties_one_to_five_exist(family: Family) -> None:
    assert set(range(1, 6)) <= set(family.difficulties)


def test_demonstrations_show_the_behaviours_asked_for(family: Family) -> None:
    shown = {
        behaviour
        for level in family.difficulties
        for index in range(3)
        for behaviour in family.demonstrate(
            generate(family, "train", index, level), random.Random(1), frozenset(Behaviour)
        ).behaviours
    }
    assert {Behaviour.COMPLETION, Behaviour.ANALYSIS, Behaviour.EVALUATION, Behaviour.CORRECTION} <= shown


def test_there_are_impostors_of_many_kinds(family: Family) -> None:
    for level in family.difficulties:
        impostors = list(family.impostors(generate(family, "train", 0, level), random.Random(0)))
        assert len(set(impostors)) >= 5
