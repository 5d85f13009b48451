"""A family of three names is an environment; what it lacks is said in a sentence by whatever needs it."""

from __future__ import annotations

import pickle
import random
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from reasonrl.envs.abilities import CHOICES, PROMPT_CHARS, Ability, Completed, abilities, complete, plain_of, require
from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.families import FAMILIES, get_family
from reasonrl.envs.mdp import MDP, Level, State
from reasonrl.envs.play import NO_MENU, play
from reasonrl.envs.registry import open_source, register_family, rules_of
from reasonrl.envs.sources import only
from reasonrl.envs.vocabulary import get_vocabulary
from reasonrl.envs.wrappers import family_potential
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.math import verify_number


class Dice:
    """Add the eyes of two dice."""

    name = "dice"

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        first, second = rng.randint(1, 6), rng.randint(1, 60)
        return Content(f"Two dice show {first} and {second}. Their sum?", {}, str(first + second))

    def verify(self, problem: Problem, answer: str) -> Verdict:
        return verify_number(problem.reference.value, answer)


class Menu(Dice):
    """The same with a menu and a potential."""

    name = "menu"

    def legal_steps(self, view: View, steps: Any) -> list[str]:
        return ["Answer: 7", "hm"]

    def potential(self, view: View, steps: Any) -> float:
        return 0.5


@pytest.fixture
def dice(registries: None) -> str:
    return register_family(Dice)


def make(id: str, **options: Any) -> ReasonEnv:
    env = gym.make(id, **options).unwrapped
    assert isinstance(env, ReasonEnv)
    return env


def test_shipped_families_can_do_everything_and_are_themselves() -> None:
    for name in FAMILIES.shipped:
        assert abilities(get_family(name)) == frozenset(Ability)
        assert not isinstance(get_family(name), Completed)
    assert open_source("math").levels == tuple(Level)


def test_what_a_family_does_not_say_has_a_default() -> None:
    family = complete(Dice())
    assert abilities(family) == frozenset()
    assert (family.domain, family.version, family.default_difficulty) == ("other", 0, 1)
    assert list(family.difficulties) == [1]
    assert (family.max_prompt_chars, family.max_choices) == (PROMPT_CHARS, 0)
    assert "Answer:" in family.instructions
    problem = only(family).problem("train", 0)
    assert family.verify(problem, f"Answer: {problem.reference.value}").correct
    assert family.check_step(problem.view, (), "hm") is None
    assert family.check_answer(problem.view, "Answer: 1") is None
    assert list(family.impostors(problem, random.Random(0))) == []
    assert family.is_final("Answer: 3")
    assert not family.is_final("so 3")
    assert isinstance(plain_of(family), Dice)


def test_what_a_family_says_is_kept() -> None:
    family = complete(Menu())
    assert abilities(family) == {Ability.MENU, Ability.POTENTIAL}
    assert family.max_choices == CHOICES
    assert family.potential(None, ()) == 0.5
    again = pickle.loads(pickle.dumps(family))
    assert abilities(again) == abilities(family)
    assert complete(get_family("countdown")) is get_family("countdown")


@pytest.mark.parametrize("level", ["token", "step", "solution"])
@pytest.mark.filterwarnings("error")
def test_it_can_be_played_at_each_level_without_a_menu(dice: str, level: str) -> None:
    env = make(dice, level=level, render_mode="ansi")
    check_env(env)
    env.reset(seed=1)
    assert env.problem is not None
    assert env.menu() == ()
    text = f"so\nAnswer: {env.problem.reference.value}"
    actions: list[Any] = env.vocabulary.encode(text + "\n") if level == "token" else [text]
    for action in actions:
        _, reward, terminated, _, info = env.step(action)
    assert (reward, terminated, info["status"]) == (1.0, True, "correct")
    assert "so\n" in str(env.render())  # a line of which nothing is known has no mark
    many = gym.make_vec(dice, num_envs=2, level=level)
    many.reset(seed=0)
    assert many.unwrapped.menus() == [(), ()]  # type: ignore[attr-defined]


def test_the_choice_level_names_the_menu_that_is_missing(dice: str) -> None:
    assert open_source(dice).levels == ("token", "step", "solution")
    with pytest.raises(ValueError, match=r"the choice level needs a menu of next lines, and dice has none: give it"):
        make(dice, level="choice")
    rules = MDP(open_source(dice), level="step", vocabulary=get_vocabulary("char"))
    with pytest.raises(ValueError, match="a choice needs a menu of next lines"):
        rules.menu(State(open_source(dice).problem("train", 0).view))


def test_shaping_names_the_potential_that_is_missing_and_takes_another(dice: str) -> None:
    with pytest.raises(ValueError, match="needs a potential, and dice has none: give it potential"):
        make(dice, reward="potential")
    with pytest.raises(ValueError, match="shaping by a family's potential needs a potential"):
        family_potential(open_source(dice))
    env = make(dice, level="step", reward="potential", potential=lambda view, steps: 0.25 * len(steps))
    env.reset(seed=0)
    assert env.step("hm")[1] == 0.25


def test_demonstrations_that_are_missing_are_named(dice: str) -> None:
    with pytest.raises(ValueError, match="learning from demonstrations needs demonstrations, and dice has none"):
        get_family("dice").demonstrate(open_source(dice).problem("train", 0), random.Random(0), frozenset())
    require(get_family("countdown"), Ability.DEMONSTRATIONS, "learning")


def test_a_menu_or_a_prompt_longer_than_its_family_says_is_told(registries: None) -> None:
    class Long(Menu):
        name = "long"
        max_choices = 1

        def sample(self, rng: random.Random, difficulty: int) -> Content:
            return Content(f"{rng.random()}" + "?" * (PROMPT_CHARS if rng.random() < 0.5 else 0), {}, "1")

    id = register_family(Long)
    env = make(id, level="choice")
    with pytest.raises(ValueError, match=r"a menu of long has 2 lines, more than the 1 that it may have: give the fam"):
        [env.reset(seed=seed) for seed in range(9)]
    with pytest.raises(ValueError, match=r"a prompt of long has \d+ characters, more than the 1000.*max_prompt_chars"):
        [open_source(id).problem("train", index) for index in range(30)]


def test_a_mixture_has_the_abilities_that_all_its_families_have(registries: None) -> None:
    register_family(Dice)
    assert open_source("math", family="dice").levels == ("token", "step", "solution")
    assert abilities(open_source("math")) == frozenset(Ability)
    assert abilities(only(complete(Menu()))) == {Ability.MENU, Ability.POTENTIAL}


def test_it_is_played_by_hand_without_marks_or_menu(dice: str) -> None:
    env = make(dice, level="step")
    said: list[str] = []
    env.reset(options={"index": 0})
    assert env.problem is not None
    script = ["?", "hm", f"Answer: {env.problem.reference.value}"]
    assert play(env, script, said.append, reset={"options": {"index": 0}}) == "correct"
    assert NO_MENU in said
    assert not any(mark in line for line in said for mark in ("useful", "redundant", "unparsable", "None"))


def test_its_rules_are_found_from_a_problem(dice: str) -> None:
    rules = rules_of(open_source(dice).problem("test", 3).view)
    assert rules is get_family("dice")
    assert rules.instructions
