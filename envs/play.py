"""Solving a problem by hand: `reasonrl play`. Shows what each step is worth, and goes back when asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import gymnasium as gym
import tyro
from reasonrl.envs.core import END
from reasonrl.envs.environment import ReasonEnv
from reasonrl.envs.mdp import State
from reasonrl.envs.registry import environment_id
from reasonrl.envs.render import Drawn
from reasonrl.verifiers.core import StepVerdict

HELP = "commands: ? menu of legal steps (its number says one) | u undo | e end the answer | h how to answer | q quit"
NO_MENU = "there is no menu here"
_COLOURS = {
    StepVerdict.USEFUL: "green",
    StepVerdict.REDUNDANT: "yellow",
    StepVerdict.INVALID: "red",
    StepVerdict.UNPARSABLE: "magenta",
}


@dataclass(frozen=True)
class PlayConfig:
    """Solve one problem in the terminal, one line of reasoning at a time.

    Examples: `reasonrl play reasonrl/Sudoku4-v0 --difficulty 1`; a family of your own: `reasonrl play my.py:Family`
    """

    env: Annotated[str, tyro.conf.Positional] = "MathReason-v0"
    """Environment id (see `reasonrl list`), or a family of your own: my.py:Family."""
    difficulty: int | None = None
    """Level of difficulty; the family's own default when left out."""
    index: int | None = None
    """Which problem; drawn by the seed when left out."""
    seed: int | None = None
    """Seeds the choice of the problem."""
    split: str = "train"
    """train, validation or test."""
    attempts: int = 1
    """Answers allowed before the episode ends."""
    data: str | None = None
    """Path of the file, for data sets."""


def play(env: ReasonEnv, lines: Iterable[str], say: Callable[[str], Any], *, reset: dict[str, Any]) -> str:
    """Plays one episode with lines from a person (or a test) and returns its final status, "" when it was left."""
    env.reset(**reset)
    view, family = env.view, env.rules
    assert view is not None
    assert family is not None
    say(f"[bold]{_plain(view.prompt)}[/bold]\n[dim]{_plain(family.instructions)}\n{HELP}[/dim]")
    show_board(env, say)
    past: list[State] = []
    for raw in lines:
        line, state = raw.rstrip("\n"), env.get_state()
        menu = env.menu()
        if line.strip().isdecimal() and 1 <= int(line) <= len(menu):
            line = menu[int(line) - 1]
            say(_plain(f"  {line.removesuffix(END)}"))
        if line == "q":
            return ""
        if line == "?":
            say("\n".join(_plain(f"{n:4}  {step.removesuffix(END)}") for n, step in enumerate(menu, 1)) or NO_MENU)
        elif line == "h":
            say(_plain(family.instructions))
        elif line == "u":
            if past:
                env.set_state(past.pop())
            say(_plain(env.get_state().transcript))
            show_board(env, say)
        elif line == "e" or line.strip():
            past.append(state)
            if line != "e":
                verdict = family.check_step(view, state.steps, line.removesuffix(END))
                if verdict is not None:
                    say(f"[{_COLOURS.get(verdict, 'white')}]  {verdict.value}[/]")
            _, _, terminated, truncated, info = env.step(END if line == "e" else line)
            if terminated or truncated:
                outcome = info["status"] if terminated else f"out of {info['stop_reason']}"
                why = f": {_plain(info['reason'])}" if info["reason"] else ""
                colour = "green" if info["outcome"] == 1.0 else "red"
                say(f"[bold {colour}]{outcome}[/]{why} (reward {info['outcome']:g})")
                return str(info["status"])
            if info["status"]:
                say("[red]not correct, try again[/]")
            show_board(env, say)
    return ""


def show_board(env: ReasonEnv, say: Callable[[str], Any]) -> None:
    """The board as it stands, where the family has one."""
    if isinstance(env.rules, Drawn):
        state = env.get_state()
        say(_plain(env.rules.board(state.view, state.steps)))


def main(config: PlayConfig) -> None:
    from rich.console import Console

    id = environment_id(config.env)  # an unknown id is an error that lists what there is
    console = Console(highlight=False)
    options: dict[str, Any] = {
        "level": "step",
        "difficulty": config.difficulty,
        "split": config.split,
        "attempts": config.attempts,
    }
    if config.data is not None:
        options["data"] = config.data
    env = gym.make(id, **options, max_tokens=4096, max_steps=200).unwrapped
    assert isinstance(env, ReasonEnv)
    reset = {"seed": config.seed, "options": {} if config.index is None else {"index": config.index}}
    play(env, _typed(), console.print, reset=reset)


def _typed() -> Iterable[str]:
    """Lines from the terminal, with a prompt mark where a person sits."""
    while True:
        if sys.stdin.isatty():
            try:
                yield input("> ")
            except EOFError:
                return
        else:
            line = sys.stdin.readline()
            if not line:
                return
            yield line


def _plain(text: str) -> str:
    """Text that rich shows as it stands."""
    return text.replace("[", "\\[")
