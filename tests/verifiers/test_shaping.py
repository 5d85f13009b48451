"""Shaping by a potential changes neither returns by more than a constant, nor gradients, nor optima; imitations do.

On random token trees small enough to enumerate: every sequence of a policy that is a table of logits, with exact
gradients. Token 0 ends an answer (terminated); answers of full length are truncated, and the learner bootstraps there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from reasonrl.verifiers.shaping import (
    discounted_return,
    per_step_bonus_not_invariant,
    progress_bonus_not_invariant,
    shaping,
    shaping_along,
    shaping_without_last_step_not_invariant,
)
from torch import Tensor

STOP, TOKENS, LONGEST = 0, 3, 3
TREES = 200

Row = NDArray[np.float64]
Bonus = Callable[[Row, bool, float], Row]
"""([S + 1] potentials of a path, terminated, gamma) -> [S] what is added to its rewards."""


class Path(NamedTuple):
    tokens: tuple[int, ...]
    terminated: bool
    outcome: float
    """Paid at the last step."""
    value: float
    """What the learner expects behind a truncation; 0 behind the end."""
    phi: Row
    """[S + 1] Phi of the states on it, terminal ones too: whoever pays that is found out."""


def grow(seed: int) -> list[Path]:
    """V = 3, T = 3: seven answers that end and eight that are cut off."""
    rng = np.random.default_rng(seed)
    phi: dict[tuple[int, ...], float] = {}
    paths, stack = [], [()]
    while stack:
        prefix: tuple[int, ...] = stack.pop()
        phi[prefix] = float(rng.normal())
        terminated = bool(prefix) and prefix[-1] == STOP
        if terminated or len(prefix) == LONGEST:
            along = np.array([phi[prefix[:length]] for length in range(len(prefix) + 1)])
            outcome = float(rng.random()) if terminated else 0.0
            paths.append(Path(prefix, terminated, outcome, 0.0 if terminated else float(rng.random()), along))
        else:
            stack += [(*prefix, token) for token in range(TOKENS)]  # type: ignore[misc]
    assert len(paths) == 15
    assert sum(path.terminated for path in paths) == 7
    return paths


def nothing(phi: Row, terminated: bool, gamma: float) -> Row:
    return np.zeros(len(phi) - 1)


def right(phi: Row, terminated: bool, gamma: float) -> Row:
    return shaping_along(phi, gamma=gamma, terminated=terminated)


def no_last_step(phi: Row, terminated: bool, gamma: float) -> Row:
    ends = np.arange(1, len(phi)) == len(phi) - 1
    return shaping_without_last_step_not_invariant(phi[:-1], phi[1:], gamma=gamma, terminated=ends & terminated)


def terminal_potential(phi: Row, terminated: bool, gamma: float) -> Row:
    return shaping_along(phi, gamma=gamma, terminated=False)


def dropped_on_truncation(phi: Row, terminated: bool, gamma: float) -> Row:
    return shaping_along(phi, gamma=gamma, terminated=True)


def of_the_reset(phi: Row, terminated: bool, gamma: float) -> Row:
    """A vector environment that resets in the same step shows the next episode's first state."""
    return shaping_along(np.append(phi[:-1], phi[0]), gamma=gamma, terminated=terminated)


def other_gamma(phi: Row, terminated: bool, gamma: float) -> Row:
    return shaping_along(phi, gamma=0.9 * gamma, terminated=terminated)


def per_step(phi: Row, terminated: bool, gamma: float) -> Row:
    return per_step_bonus_not_invariant(np.abs(phi[1:]), bonus=0.2)


def progress(phi: Row, terminated: bool, gamma: float) -> Row:
    return progress_bonus_not_invariant(phi[:-1], phi[1:], weight=1.0)


WRONG = [no_last_step, terminal_potential, dropped_on_truncation, of_the_reset, other_gamma, per_step, progress]


def returns(paths: list[Path], bonus: Bonus, *, gamma: float, bootstrap: bool = True) -> Row:
    """[15] discounted returns; at a truncation the learner adds what it expects, and that is shaped too: V - Phi."""
    found = []
    for path in paths:
        rewards = bonus(path.phi, path.terminated, gamma).copy()
        rewards[-1] += path.outcome
        total = discounted_return(rewards, gamma=gamma)
        if bootstrap and not path.terminated:
            expected = path.value - (0.0 if bonus in (nothing, per_step) else path.phi[-1])
            total += gamma ** len(rewards) * expected
        found.append(total)
    return np.array(found)


def gradient(paths: list[Path], returns_B: Row, logits_NV: Tensor) -> Tensor:
    """Of the expected return, through the probabilities of all sequences."""
    rows = {prefix: n for n, prefix in enumerate(sorted({p.tokens[:t] for p in paths for t in range(len(p.tokens))}))}
    table_NV = torch.log_softmax(logits_NV, dim=-1)
    logprobs_B = torch.stack(
        [torch.stack([table_NV[rows[p.tokens[:t]], token] for t, token in enumerate(p.tokens)]).sum() for p in paths]
    )
    assert logprobs_B.exp().sum().item() == pytest.approx(1.0)
    return torch.autograd.grad((logprobs_B.exp() * torch.from_numpy(returns_B)).sum(), logits_NV)[0]


def same_gradient(bonus: Bonus, *, gamma: float, seed: int = 0, bootstrap: bool = True) -> bool:
    """Whether the expected return with and without the bonus has the same gradient, to 1e-9."""
    paths = grow(seed)
    rng = torch.Generator().manual_seed(seed)
    logits_NV = torch.randn(7, TOKENS, generator=rng, dtype=torch.float64).requires_grad_()
    plain, shaped = (
        gradient(paths, returns(paths, each, gamma=gamma, bootstrap=bootstrap), logits_NV) for each in (nothing, bonus)
    )
    assert float(plain.abs().max()) > 1e-3
    return float((plain - shaped).abs().max()) < 1e-9


def same_optimum(bonus: Bonus, *, gamma: float, seed: int) -> bool:
    """Whether the best path is the same."""
    paths = grow(seed)
    plain, shaped = (returns(paths, each, gamma=gamma) for each in (nothing, bonus))
    return int(plain.argmax()) == int(shaped.argmax())


@pytest.mark.parametrize("gamma", [1.0, 0.95])
def test_the_shaped_return_is_the_return_less_the_potential_of_the_start(gamma: float) -> None:
    for seed in range(20):
        for path in grow(seed):
            kept = 0.0 if path.terminated else gamma ** len(path.tokens) * path.phi[-1]
            found = discounted_return(right(path.phi, path.terminated, gamma), gamma=gamma)
            assert found == pytest.approx(-path.phi[0] + kept, abs=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 0.95])
def test_the_exact_gradient_does_not_change(gamma: float) -> None:
    assert all(same_gradient(right, gamma=gamma, seed=seed) for seed in range(10))


@pytest.mark.parametrize("gamma", [1.0, 0.95])
@pytest.mark.parametrize("wrong", WRONG)
def test_the_same_test_finds_each_way_to_do_it_wrong(wrong: Bonus, gamma: float) -> None:
    assert not any(same_gradient(wrong, gamma=gamma, seed=seed) for seed in range(10))


@pytest.mark.parametrize("gamma", [1.0, 0.95])
def test_a_learner_that_does_not_bootstrap_must_take_a_truncation_for_the_end(gamma: float) -> None:
    assert all(same_gradient(dropped_on_truncation, gamma=gamma, seed=seed, bootstrap=False) for seed in range(10))
    assert not any(same_gradient(right, gamma=gamma, seed=seed, bootstrap=False) for seed in range(10))


OPTIMA: dict[Bonus, tuple[int, int]] = {
    right: (200, 200),
    no_last_step: (35, 36),
    terminal_potential: (33, 33),
    dropped_on_truncation: (29, 20),
    of_the_reset: (32, 39),
    other_gamma: (101, 113),
    per_step: (76, 71),
    progress: (33, 32),
}
"""Of 200 trees, in how many the optimum stays: at gamma = 1 and 0.95. The table of `docs/rewards.md`."""


@pytest.mark.parametrize("bonus", [right, *WRONG])
def test_how_often_the_optimum_survives(bonus: Bonus) -> None:
    found = tuple(sum(same_optimum(bonus, gamma=gamma, seed=seed) for seed in range(TREES)) for gamma in (1.0, 0.95))
    assert found == OPTIMA[bonus]


def test_a_potential_that_is_nan_in_terminal_states_is_not_read() -> None:
    found = shaping([0.5, 0.25], [float("nan"), 1.0], gamma=0.5, terminated=[True, False])
    np.testing.assert_array_equal(found, [-0.5, 0.25])


def test_progress_as_a_bonus_keeps_the_optimum_where_the_terminal_value_is_the_outcome() -> None:
    """At gamma = 1 it adds V(s_T) - V(s_0): with V(s_T) the outcome that is the outcome once more."""
    for seed in range(20):
        ended = [path for path in grow(seed) if path.terminated]
        outcomes = np.array([path.outcome for path in ended])
        bonus = []
        for path in ended:
            value = np.append(path.phi[:-1], path.outcome)
            bonus.append(float(progress_bonus_not_invariant(value[:-1], value[1:], weight=0.7).sum()))
        assert int((outcomes + np.array(bonus)).argmax()) == int(outcomes.argmax())
        np.testing.assert_allclose(outcomes + np.array(bonus), 1.7 * outcomes - 0.7 * ended[0].phi[0], atol=1e-12)


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="gamma"):
        shaping(0.0, 0.0, gamma=1.1, terminated=False)
    with pytest.raises(ValueError, match="one row"):
        shaping_along([[0.0]], gamma=1.0, terminated=True)
    assert shaping_along([1.0], gamma=1.0, terminated=True).shape == (0,)
