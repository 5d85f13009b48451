"""Whether a reward can be farmed: chains of steps that say nothing new must not earn more than the honest ones.

The step level is played with shaping (gamma 1) where there is a potential, else for the outcome alone. The return of
the demonstration is the measure. Every chain below is legal and useless: steps said twice or many times, moves of the
menu between them, talk, blank lines, a line in two halves, and chains that never answer until they are cut off.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from reasonrl.envs.abilities import Ability, abilities
from reasonrl.envs.behaviours import PREFIXES
from reasonrl.envs.core import END, Problem, Source
from reasonrl.envs.mdp import MDP
from reasonrl.envs.vocabulary import get_vocabulary

MAX_STEPS = 64
_TOLERANCE = 1e-9


def farming(source: Source, problem: Problem, gold: str, rng: random.Random) -> Iterator[tuple[str, Callable[[], str]]]:
    """(label, what finds out whether this chain earns too much) for every chain.

    Args:
        gold: the demonstration, one step a line.
    """
    shaped = Ability.POTENTIAL in abilities(source)
    mdp = MDP(
        source, level="step", vocabulary=get_vocabulary("char"), shaped=shaped, max_tokens=100_000, max_steps=MAX_STEPS
    )
    honest = gold.split("\n")
    *body, last = honest
    talk = [f"{prefix} one moment" for prefix in PREFIXES.values()]

    def compare(chain: Callable[[], Sequence[str]], *, answers: bool = True) -> Callable[[], str]:
        def run() -> str:
            earned, fair = _return(mdp, problem, chain(), answers), _return(mdp, problem, honest, True)
            return f"it earns {earned:.3f}, the demonstration {fair:.3f}" if earned > fair + _TOLERANCE else ""

        return run

    yield "each step twice", compare(lambda: [*_times(body, 2), last])
    yield "each step five times", compare(lambda: [*_times(body, 5), last])
    yield "all steps twice over", compare(lambda: [*body, *body, last])
    yield "each step in two halves", compare(lambda: [*(half for line in body for half in _halves(line)), last])
    yield (
        "talk between the steps",
        compare(lambda: [each for line in body for each in (rng.choice(talk), line)] + [last]),
    )
    yield "blanks added to each step", compare(lambda: [*(f"{line}  " for line in body), last])
    yield "moves of the menu before", compare(lambda: [*_menu_moves(mdp, problem, (), 4, rng), *honest])
    yield "moves of the menu after", compare(lambda: [*body, *_menu_moves(mdp, problem, body, 4, rng), last])
    yield "the first step for ever", compare(lambda: _times(honest[:1], MAX_STEPS), answers=False)
    yield "all steps for ever", compare(lambda: (body or honest) * MAX_STEPS, answers=False)
    yield "talk for ever", compare(lambda: talk * MAX_STEPS, answers=False)
    yield "all steps, then talk for ever", compare(lambda: [*body, *talk * MAX_STEPS], answers=False)
    yield "moves of the menu for ever", compare(lambda: _menu_moves(mdp, problem, (), MAX_STEPS, rng), answers=False)


def _return(mdp: MDP, problem: Problem, chain: Sequence[str], answers: bool) -> float:
    """The sum of rewards of a chain; with `answers`, the last step finishes it."""
    judge = mdp.source.rules_of(problem.view)
    state, total = mdp.initial(problem.view), 0.0
    for position, line in enumerate(chain):
        if state.done:
            break
        final = answers and position == len(chain) - 1
        move = mdp.step(state, line + END if final else line, lambda answer: judge.verify(problem, answer))
        state, total = move.state, total + move.reward
    return total


def _times(lines: Sequence[str], count: int) -> list[str]:
    return [line for line in lines for _ in range(count)]


def _halves(line: str) -> tuple[str, str]:
    return line[: len(line) // 2], line[len(line) // 2 :]


def _menu_moves(mdp: MDP, problem: Problem, steps: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Up to `count` legal lines in a row that do not finish the answer."""
    family = mdp.source.rules_of(problem.view)
    if Ability.MENU not in abilities(family):
        return []
    found: list[str] = []
    for _ in range(count):
        menu = family.legal_steps(problem.view, [*steps, *found])
        open_ = [line for line in menu if not line.endswith(END) and not family.is_final(line)]
        if not open_:
            break
        found.append(rng.choice(open_))
    return found
