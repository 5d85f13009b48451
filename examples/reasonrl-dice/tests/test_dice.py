"""The promises of the package: its family keeps the contract of all, its rows can be read, its search stops."""

from __future__ import annotations

from reasonrl.envs.contract import CHECKS
from reasonrl.envs.testing import check_family
from reasonrl_dice.dataset import DiceRolls
from reasonrl_dice.family import Dice


def test_the_family_keeps_every_promise() -> None:
    assert check_family(Dice).passed == tuple(CHECKS)


def test_every_row_accepts_its_own_answer_and_no_other() -> None:
    source = DiceRolls.open(None)
    for index in range(6):
        problem = source.problem("test", index)
        rules = source.rules_of(problem.view)
        assert rules.verify(problem, f"Answer: {problem.reference.value}").correct
        assert not rules.verify(problem, "Answer: 1000").correct
