"""Potential-based shaping, and the bonuses that look like it and are not.

    shaping(before, after, gamma=..., terminated=...)       F = gamma * Phi(s') - Phi(s), with Phi = 0 where it ended
    shaping_along(potentials, gamma=..., terminated=...)    [S] the same along one path of S + 1 states

F changes no optimal policy, and no policy gradient in expectation, whatever Phi is (Ng, Harada, Russell 1999), under
three conditions that are easy to break: Phi is 0 in terminal states; gamma is the learner's own; and on a truncation,
where the learner bootstraps, gamma * Phi(s') is kept. `after` is Phi of the state in which the episode ended, never of
the one that an autoreset put in its place.

A learner that does *not* bootstrap at truncations treats them as the end: for it `terminated` is
`terminated | truncated`, or it is paid gamma^T * Phi for running out of time.

The functions whose names end in `_not_invariant` are in use elsewhere, and they change what is optimal. They are here
to be compared with. All work on numbers and on arrays of one shape.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def shaping(before: ArrayLike, after: ArrayLike, *, gamma: float, terminated: ArrayLike) -> NDArray[np.float64]:
    """F(s, s') = gamma * Phi(s') - Phi(s).

    Args:
        before: Phi(s), any shape.
        after: Phi(s'), same shape; not read where `terminated` is True, so it may be NaN there.
        gamma: the learner's discount, in (0, 1].
        terminated: True where s' is terminal. A truncation is False, unless the learner does not bootstrap.

    >>> float(shaping(0.5, 1.0, gamma=1.0, terminated=False)), float(shaping(0.5, 1.0, gamma=1.0, terminated=True))
    (0.5, -0.5)
    """
    _check_gamma(gamma)
    following = np.where(np.asarray(terminated, np.bool_), 0.0, np.asarray(after, np.float64))
    result: NDArray[np.float64] = gamma * following - np.asarray(before, np.float64)
    return result


def shaping_along(potentials: ArrayLike, *, gamma: float, terminated: bool) -> NDArray[np.float64]:
    """[S] the shaping of each step of one path.

    Args:
        potentials: [S + 1] Phi of its states, the first one before any step.
        gamma: the learner's discount.
        terminated: whether the last state is terminal.

    Their discounted sum telescopes to -Phi(s_0), plus gamma^S * Phi(s_S) where the path was truncated.
    """
    phi = np.asarray(potentials, np.float64)
    if phi.ndim != 1 or len(phi) < 1:
        raise ValueError(f"potentials are those of S + 1 states, one row, got shape {phi.shape}")
    ends = np.zeros(len(phi) - 1, np.bool_)
    ends[-1:] = terminated
    return shaping(phi[:-1], phi[1:], gamma=gamma, terminated=ends)


def discounted_return(rewards: ArrayLike, *, gamma: float) -> float:
    """sum_t gamma^t r_t of one path, [S].

    >>> discounted_return([1.0, 2.0, 4.0], gamma=0.5)
    3.0
    """
    _check_gamma(gamma)
    row = np.asarray(rewards, np.float64)
    return float((row * gamma ** np.arange(len(row))).sum())


def per_step_bonus_not_invariant(values: ArrayLike, *, bonus: float) -> NDArray[np.float64]:
    """`bonus` times each step's own score: a policy earns more by saying more lines that score well."""
    result: NDArray[np.float64] = bonus * np.asarray(values, np.float64)
    return result


def progress_bonus_not_invariant(before: ArrayLike, after: ArrayLike, *, weight: float) -> NDArray[np.float64]:
    """`weight` * (V(s') - V(s)), the progress of a prover policy paid as a bonus (arXiv 2410.08146).

    V(s') is paid in terminal states too and nothing is discounted. At gamma = 1 it adds weight * (V(s_T) - V(s_0)) to
    the return: the optimum stays only if V(s_T) ranks finished answers as the outcome does.
    """
    result: NDArray[np.float64] = weight * (np.asarray(after, np.float64) - np.asarray(before, np.float64))
    return result


def shaping_without_last_step_not_invariant(
    before: ArrayLike, after: ArrayLike, *, gamma: float, terminated: ArrayLike
) -> NDArray[np.float64]:
    """Potential-based shaping that leaves the step out in which the episode ends.

    The sum then stops at gamma^(T-1) * Phi(s_(T-1)): the policy is paid for the state before its last step.
    """
    shaped = shaping(before, after, gamma=gamma, terminated=terminated)
    return np.where(np.asarray(terminated, np.bool_), 0.0, shaped)


def _check_gamma(gamma: float) -> None:
    if not 0.0 < gamma <= 1.0:
        raise ValueError(f"gamma must be in (0, 1], got {gamma}")
