"""Dice, added one after the other: `3+5=8`, then `8+6=14`, then `Answer: 14`."""

import random
import re
from collections.abc import Sequence

from reasonrl.envs.core import Content, Problem, View
from reasonrl.envs.derivation import Derivation
from reasonrl.verifiers.core import Verdict
from reasonrl.verifiers.math import verify_number

State = tuple[int, int]  # dice that are counted, pips
Move = tuple[int, int, int]  # pips so far, the next die, pips together
LINE = re.compile(r"([0-9]{1,3})\+([0-9]{1,3})=([0-9]{1,3})")


class Dice(Derivation[State, Move]):
    name = "dice"
    domain = "math"
    difficulties = range(1, 6)
    default_difficulty = 2
    max_prompt_chars = 64
    max_choices = 3
    instructions = "Add one die a line, such as 3+5=8. Finish with a line 'Answer: ' and the number of pips."

    def sample(self, rng: random.Random, difficulty: int) -> Content:
        dice = [rng.randint(1, 6) for _ in range(difficulty + 2)]
        return Content(f"Dice {' '.join(map(str, dice))}. How many pips?", {"dice": dice}, str(sum(dice)))

    def start(self, view: View) -> State:
        return 1, view.public["dice"][0]

    def read(self, line: str) -> Move | None:
        found = LINE.fullmatch(line)
        return None if found is None else (int(found[1]), int(found[2]), int(found[3]))

    def apply(self, view: View, state: State, move: Move) -> State | None:
        dice, (count, pips) = view.public["dice"], state
        follows = count < len(dice) and move == (pips, dice[count], pips + dice[count])
        return (count + 1, move[2]) if follows else None

    def moves(self, view: View, state: State, rng: random.Random) -> Sequence[str]:
        die = view.public["dice"][state[0]]
        return [f"{state[1]}+{die}={state[1] + die}"]

    def slips(self, view: View, state: State, line: str) -> Sequence[str]:
        left, _, pips = line.partition("=")
        return [f"{left}={int(pips) + 1}", f"{left}={int(pips) - 1}"]

    def answer(self, view: View, state: State) -> str | None:
        return str(state[1]) if state[0] == len(view.public["dice"]) else None

    def judge(self, view: View, state: State, answer: str) -> Verdict:
        return verify_number(str(sum(view.public["dice"])), f"Answer: {answer}")

    def value(self, view: View, state: State) -> float:
        return state[0] / len(view.public["dice"])

    def wrong(self, problem: Problem, rng: random.Random) -> str:
        return str(int(problem.reference.value) + 1)
