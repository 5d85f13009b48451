"""How an episode looks to a person: as text, as a picture, or printed as it goes on.

    ansi        the prompt, each finished line with what it is worth, the unfinished line, and how it ended
    rgb_array   the same as a picture, [528, 800, 3] uint8: always of one size, so that it can be filmed
    human       prints each line to the terminal when it is finished

A line's worth is the family's `check_step`, which knows no reference. The ending shows the judge's status, which does.
Families that have a board (`Drawn`) show it below the lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from reasonrl.envs.core import View
from reasonrl.envs.episodes import EpisodeStart
from reasonrl.envs.font import HEIGHT, WIDTH, ink
from reasonrl.envs.mdp import MDP, Level, Speaker, State, Stop, Turn

RENDER_MODES = ("ansi", "rgb_array", "human")

_SCALE, _MARGIN = 2, 16
_SIZE = 528, 800
"""Height and width in pixels: both can be divided by 16, as video formats like."""
_COLUMNS = (_SIZE[1] - 2 * _MARGIN) // (WIDTH * _SCALE)
_ROWS = (_SIZE[0] - 2 * _MARGIN) // (HEIGHT * _SCALE)
_HEAD = 8
"""Rows of the prompt that stay in view when the rest is longer than the picture."""

_PAPER, _INK = (250, 250, 247), (32, 33, 36)
_GREY, _GREEN, _RED, _AMBER = (120, 122, 126), (24, 128, 56), (197, 34, 31), (176, 96, 0)
_COLOURS = {"useful": _GREEN, "redundant": _AMBER, "invalid": _RED, "correct": _GREEN}


@runtime_checkable
class Drawn(Protocol):
    """A family whose problems have a board to look at."""

    def board(self, view: View, steps: Sequence[str]) -> str: ...


class Shown(NamedTuple):
    """One line of a rendering."""

    text: str
    mark: str = ""
    """What the line is worth, or how the episode ended."""

    def __str__(self) -> str:
        return "  ".join(part for part in (self.text, f"[{self.mark}]" if self.mark else "") if part)


def finished(mdp: MDP, state: State) -> Iterator[Shown]:
    """Prompt, earlier attempts with the feedback on each, and the finished lines."""
    yield from map(Shown, state.view.prompt.split("\n"))
    for speaker, text in (*state.turns, Turn(Speaker.POLICY, state.answer)):
        if speaker is Speaker.ENVIRONMENT:
            yield Shown(text)
        elif text:
            lines = text.split("\n")
            for number, line in enumerate(lines):
                worth = mdp.source.rules_of(state.view).check_step(state.view, lines[:number], line)
                yield Shown(line, "" if worth is None else worth.value)


def ending(episode: EpisodeStart, state: State) -> Iterator[Shown]:
    """The board, if there is one, and how the episode ended."""
    family = episode.rules
    if isinstance(family, Drawn):
        yield from map(Shown, ["", *family.board(state.view, state.steps).split("\n")])
    if state.stop in (Stop.ANSWER, Stop.END):
        yield Shown("", f"{state.stop.value}: {episode.judge(state.answer).status.value}")
    elif state.stop:
        yield Shown("", state.stop.value)


def lines_of(mdp: MDP, episode: EpisodeStart, state: State) -> list[Shown]:
    unfinished = mdp.unfinished(state) if mdp.level is Level.TOKEN else ""
    tail = list(ending(episode, state))
    return [*finished(mdp, state), *([Shown(unfinished)] if unfinished or not tail else []), *tail]


def render_text(mdp: MDP, episode: EpisodeStart, state: State) -> str:
    """The episode as plain text. Where a line is unfinished, the text ends with it."""
    return "\n".join(map(str, lines_of(mdp, episode, state))) + ("\n" if state.stop else "")


class Printer:
    """Prints what is new since it was last asked: finished lines, then the board or the ending."""

    def __init__(self) -> None:
        self._shown: tuple[list[str], Stop] = [], Stop.RUNNING

    def show(self, mdp: MDP, episode: EpisodeStart, state: State) -> None:
        before, lines = self._shown, [str(line) for line in finished(mdp, state)]
        if (lines, state.stop) == before:
            return
        known = len(before[0]) if lines[: len(before[0])] == before[0] else 0  # an undone line: all is said again
        print(*lines[known:], *map(str, ending(episode, state)), sep="\n", flush=True)
        self._shown = lines, state.stop


def render_picture(mdp: MDP, episode: EpisodeStart, state: State) -> NDArray[np.uint8]:
    """[528, 800, 3]: the newest lines, below the beginning of the prompt where all of them do not fit."""
    rows: list[tuple[str, tuple[int, int, int]]] = []
    prompt_rows = 0
    for number, line in enumerate(lines_of(mdp, episode, state)):
        wrapped = textwrap.wrap(
            str(line), _COLUMNS, drop_whitespace=False, replace_whitespace=True, break_on_hyphens=False
        ) or [""]  # fmt: skip
        rows += [(row, _colour(line)) for row in wrapped]
        if number < state.view.prompt.count("\n") + 1:
            prompt_rows = len(rows)
    if len(rows) > _ROWS:
        head = min(prompt_rows, _HEAD)
        rows = [*rows[:head], ("...", _GREY), *rows[len(rows) - (_ROWS - head - 1) :]]
    picture = np.full((*_SIZE, 3), _PAPER, np.uint8)
    for number, (row, colour) in enumerate(rows):
        drawn = ink(row[:_COLUMNS]).repeat(_SCALE, 0).repeat(_SCALE, 1)
        top = _MARGIN + number * HEIGHT * _SCALE
        picture[top : top + drawn.shape[0], _MARGIN : _MARGIN + drawn.shape[1]][drawn] = colour
    return picture


def _colour(line: Shown) -> tuple[int, int, int]:
    """By the line's worth; an ending that is not right is red."""
    if not line.mark:
        return _INK
    return _COLOURS.get(line.mark.rpartition(" ")[2], _GREY if line.text else _RED)
