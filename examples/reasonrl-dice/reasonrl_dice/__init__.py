"""Dice for reasonrl: a family, a data set, a search and a guide, in a package of their own."""

from __future__ import annotations


def register() -> None:
    """What the entry point calls: names and places, so that nothing is imported before somebody asks for it."""
    from reasonrl import register_dataset, register_family, register_guide, register_search

    register_family("dice", "reasonrl_dice.family:Dice")
    register_dataset("dice_rolls", "reasonrl_dice.dataset:DiceRolls")
    register_search("agree", "reasonrl_dice.search:agree", select="votes", summary="sample until enough answers agree")
    register_guide("spread", "reasonrl_dice.guide:Spread")
