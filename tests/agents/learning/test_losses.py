"""Losses against exact gradients on a token tree small enough to enumerate."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import pytest
import torch
from reasonrl.agents.learning.credit import group_mean, return_to_go
from reasonrl.agents.learning.losses import (
    KLEstimator,
    clipped,
    kl,
    kl_estimate,
    reinforce,
    sequence_clipped,
)
from torch import Tensor

STOP, TOKENS, LONGEST = 0, 3, 3
WIDE = {"clip_low": 0.2, "clip_high": 0.2}


class Tree(NamedTuple):
    """Every sequence of a policy that is a table of logits, one row for each prefix."""

    logits_NV: Tensor
    row_BT: Tensor
    tokens_BT: Tensor
    mask_BT: Tensor
    rewards_B: Tensor

    def logprobs_BT(self, logits_NV: Tensor | None = None) -> Tensor:
        table_NV = torch.log_softmax(self.logits_NV if logits_NV is None else logits_NV, dim=-1)
        return table_NV[self.row_BT, self.tokens_BT]

    def probabilities_B(self, logits_NV: Tensor | None = None) -> Tensor:
        return torch.where(self.mask_BT, self.logprobs_BT(logits_NV), 0.0).sum(dim=1).exp()


@pytest.fixture
def tree() -> Tree:
    """V = 3, T = 3, one token stops: 15 sequences of different lengths."""
    rng = torch.Generator().manual_seed(0)
    sequences: list[tuple[int, ...]] = []
    stack: list[tuple[int, ...]] = [()]
    while stack:
        prefix = stack.pop()
        if prefix and (prefix[-1] == STOP or len(prefix) == LONGEST):
            sequences.append(prefix)
        else:
            stack += [(*prefix, token) for token in range(TOKENS)]
    rows: dict[tuple[int, ...], int] = {}
    row_BT = torch.zeros(len(sequences), LONGEST, dtype=torch.long)
    tokens_BT = torch.zeros(len(sequences), LONGEST, dtype=torch.long)
    mask_BT = torch.zeros(len(sequences), LONGEST, dtype=torch.bool)
    for b, sequence in enumerate(sequences):
        for t, token in enumerate(sequence):
            row_BT[b, t] = rows.setdefault(sequence[:t], len(rows))
            tokens_BT[b, t] = token
            mask_BT[b, t] = True
    logits_NV = torch.randn(len(rows), TOKENS, generator=rng, dtype=torch.float64).requires_grad_()
    rewards_B = torch.rand(len(sequences), generator=rng, dtype=torch.float64).round(decimals=1)
    assert len(sequences) == 15
    return Tree(logits_NV, row_BT, tokens_BT, mask_BT, rewards_B)


class PolicyLoss(NamedTuple):
    """Sums over an update."""

    loss: Tensor
    clipped: Tensor


def policy_loss(
    logprobs_BT: Tensor, old_BT: Tensor, credit_B: Tensor, mask_BT: Tensor, *, normaliser: float, **bounds: float
) -> PolicyLoss:
    """The clipped loss of answers with one credit each, summed."""
    found = clipped(logprobs_BT, old_BT, credit_B[:, None], mask_BT, **bounds)
    return PolicyLoss(found.loss_BT.sum() / normaliser, found.cut_BT.sum())


def kl_loss(*args: Tensor, estimator: KLEstimator, normaliser: float) -> Tensor:
    return kl(*args, estimator=estimator).sum() / normaliser


def gradient(loss: Tensor, of: Tensor) -> Tensor:
    return torch.autograd.grad(loss, of)[0]


def exact_gradient(tree: Tree) -> Tensor:
    """Of the expected reward, through the probabilities of all sequences."""
    return gradient((tree.probabilities_B() * tree.rewards_B).sum(), tree.logits_NV)


@pytest.mark.parametrize("group", [2, 3])
def test_the_expected_gradient_over_all_groups_is_the_exact_one_up_to_its_known_factor(tree: Tree, group: int) -> None:
    members_PG = torch.tensor(list(itertools.product(range(len(tree.rewards_B)), repeat=group)))
    chance_P = tree.probabilities_B().detach()[members_PG].prod(dim=1)
    advantages_PG = group_mean(tree.rewards_B[members_PG], torch.ones_like(members_PG, dtype=torch.bool))
    flat_B = members_PG.reshape(-1)
    logprobs_BT = tree.logprobs_BT()[flat_B]
    normaliser = group * LONGEST
    loss = policy_loss(
        logprobs_BT,
        logprobs_BT.detach(),
        (chance_P[:, None] * advantages_PG).reshape(-1),  # the loss is linear in the advantages: weigh by chance
        tree.mask_BT[flat_B],
        **WIDE,
        normaliser=normaliser,
    ).loss
    expected = -(group - 1) / group * exact_gradient(tree) / LONGEST
    torch.testing.assert_close(gradient(loss, tree.logits_NV), expected, rtol=1e-10, atol=1e-12)


def test_importance_ratios_correct_for_samples_of_an_older_policy(tree: Tree) -> None:
    """Without clip, for one-token sequences, where the per-token ratio is the whole ratio."""
    first = tree.mask_BT.clone()
    first[:, 1:] = False
    old_NV = tree.logits_NV.detach() + 0.3 * torch.randn(
        tree.logits_NV.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    chance_B = tree.probabilities_B(old_NV)
    loss = policy_loss(
        tree.logprobs_BT(),
        tree.logprobs_BT(old_NV),
        chance_B * tree.rewards_B,
        first,
        clip_low=0.9,
        clip_high=9.0,
        normaliser=1.0,
    ).loss
    # the value of a first token is the mean reward of the old policy's continuations
    value = torch.zeros(TOKENS, dtype=torch.float64)
    value.index_add_(0, tree.tokens_BT[:, 0], chance_B * tree.rewards_B)
    old_first = torch.log_softmax(old_NV, -1)[tree.row_BT[0, 0]].exp()
    row = torch.log_softmax(tree.logits_NV, -1)[tree.row_BT[0, 0]]
    expected = -gradient((row.exp() * value / old_first).sum(), tree.logits_NV)
    torch.testing.assert_close(gradient(loss, tree.logits_NV), expected, rtol=1e-10, atol=1e-12)


def test_the_clip_stops_the_gradient_only_where_going_further_would_gain() -> None:
    logprobs_BT = torch.tensor([[0.3], [0.3], [-0.3], [-0.3]], requires_grad=True)
    advantages_B = torch.tensor([1.0, -1.0, 1.0, -1.0])
    result = policy_loss(
        logprobs_BT, torch.zeros(4, 1), advantages_B, torch.ones(4, 1, dtype=torch.bool), **WIDE, normaliser=1.0
    )
    up, down = math.exp(0.3), math.exp(-0.3)
    assert gradient(result.loss, logprobs_BT).flatten().tolist() == pytest.approx([0.0, up, -down, 0.0])
    assert result.clipped.item() == 2
    assert result.loss.item() == pytest.approx(-1.2 + up - down + 0.8)


def test_clip_low_and_clip_high_are_not_confused() -> None:
    logprobs_BT = torch.tensor([[0.25], [-0.25]], requires_grad=True)
    loss = policy_loss(
        logprobs_BT,
        torch.zeros(2, 1),
        torch.tensor([1.0, -1.0]),
        torch.ones(2, 1, dtype=torch.bool),
        clip_low=0.1,
        clip_high=0.3,
        normaliser=1.0,
    ).loss
    assert gradient(loss, logprobs_BT).flatten().tolist() == pytest.approx([-math.exp(0.25), 0.0])


@pytest.mark.parametrize("estimator", ["k2", "ratio_k3"])
def test_kl_gradients_equal_the_enumerated_kl_at_the_visited_states(tree: Tree, estimator: KLEstimator) -> None:
    rng = torch.Generator().manual_seed(2)
    reference_NV = tree.logits_NV.detach() + torch.randn(tree.logits_NV.shape, generator=rng, dtype=torch.float64)
    # as if the sequence b came up with its own probability: one row of the loss each, weighed by chance
    chance_B = tree.probabilities_B().detach()
    logprobs_BT = tree.logprobs_BT()
    expected_loss = torch.zeros((), dtype=torch.float64)
    for b, chance in enumerate(chance_B):
        row = slice(b, b + 1)
        expected_loss = expected_loss + chance * kl_loss(
            logprobs_BT[row],
            logprobs_BT[row].detach(),
            tree.logprobs_BT(reference_NV)[row],
            tree.mask_BT[row],
            estimator=estimator,
            normaliser=1.0,
        )
    visits_N = torch.zeros(len(tree.logits_NV), dtype=torch.float64)
    visits_N.index_add_(0, tree.row_BT[tree.mask_BT], chance_B[:, None].expand_as(tree.mask_BT)[tree.mask_BT])
    log_policy_NV, log_reference_NV = torch.log_softmax(tree.logits_NV, -1), torch.log_softmax(reference_NV, -1)
    kl_N = (log_policy_NV.exp() * (log_policy_NV - log_reference_NV)).sum(dim=1)
    exact = gradient((visits_N * kl_N).sum(), tree.logits_NV)
    torch.testing.assert_close(gradient(expected_loss, tree.logits_NV), exact, rtol=1e-9, atol=1e-11)


def test_ratio_k3_is_right_for_samples_of_an_older_policy_and_its_value_is_the_kl() -> None:
    rng = torch.Generator().manual_seed(3)
    logits_V, old_V, reference_V = torch.randn(3, 5, generator=rng, dtype=torch.float64)
    logits_V.requires_grad_()
    log_policy, log_old, log_reference = (torch.log_softmax(each, -1) for each in (logits_V, old_V, reference_V))
    loss = torch.zeros((), dtype=torch.float64)
    for token, chance in enumerate(log_old.exp()):
        now, old, reference = (each[token].reshape(1, 1) for each in (log_policy, log_old, log_reference))
        mask = torch.ones(1, 1, dtype=torch.bool)
        loss = loss + chance * kl_loss(now, old, reference, mask, estimator="ratio_k3", normaliser=1.0)
    kl = (log_policy.exp() * (log_policy - log_reference)).sum()
    assert loss.item() == pytest.approx(kl.item(), rel=1e-10)
    found, exact = (torch.autograd.grad(each, logits_V, retain_graph=True)[0] for each in (loss, kl))
    torch.testing.assert_close(found, exact, rtol=1e-10, atol=1e-12)


def test_the_kl_that_is_watched_is_the_kl_in_expectation(tree: Tree) -> None:
    reference_NV = torch.zeros_like(tree.logits_NV)
    root = tree.row_BT[0, 0]
    log_policy = torch.log_softmax(tree.logits_NV, -1)[root].detach()
    log_reference = torch.log_softmax(reference_NV, -1)[root]
    one = torch.ones(1, 1, dtype=torch.bool)
    watched = sum(
        p.exp() * kl_estimate(p.reshape(1, 1), r.reshape(1, 1), one)
        for p, r in zip(log_policy, log_reference, strict=True)
    )
    assert float(watched) == pytest.approx((log_policy.exp() * (log_policy - log_reference)).sum().item())


def test_an_unknown_estimator_is_refused() -> None:
    one = torch.zeros(1, 1)
    with pytest.raises(ValueError, match="use 'k2' or 'ratio_k3'"):
        kl_loss(one, one, one, one.bool(), estimator="k1", normaliser=1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", ["k2", "ratio_k3"])
def test_padding_full_of_nan_changes_neither_loss_nor_gradient(tree: Tree, estimator: KLEstimator) -> None:
    mask_BT = tree.mask_BT
    results = []
    for padding in (0.0, float("nan")):
        logprobs_BT = torch.where(mask_BT, tree.logprobs_BT().detach(), padding).requires_grad_()
        old_BT = torch.where(mask_BT, tree.logprobs_BT().detach() - 0.1, padding)
        loss = policy_loss(logprobs_BT, old_BT, tree.rewards_B, mask_BT, **WIDE, normaliser=7.0).loss
        loss = loss + kl_loss(logprobs_BT, old_BT, old_BT + 0.2, mask_BT, estimator=estimator, normaliser=7.0)
        results.append((loss.item(), gradient(loss, logprobs_BT)))
    (clean, clean_gradient), (poisoned, poisoned_gradient) = results
    assert math.isfinite(poisoned)
    assert poisoned == clean
    assert torch.equal(poisoned_gradient, clean_gradient)
    assert (poisoned_gradient[~mask_BT] == 0).all()


def test_micro_batches_and_order_do_not_change_the_gradient(tree: Tree) -> None:
    advantages_B = tree.rewards_B - tree.rewards_B.mean()

    def total(*parts: list[int]) -> Tensor:
        loss = torch.zeros((), dtype=torch.float64)
        for rows in parts:
            logprobs_BT = tree.logprobs_BT()[rows]
            loss = (
                loss
                + policy_loss(
                    logprobs_BT, logprobs_BT.detach(), advantages_B[rows], tree.mask_BT[rows], **WIDE, normaliser=45.0
                ).loss
            )
        return gradient(loss, tree.logits_NV)

    order = list(range(15))
    torch.testing.assert_close(total(order[:4], order[4:]), total(order))
    torch.testing.assert_close(total(order[::-1]), total(order))


def test_the_score_function_loss_has_the_exact_gradient_in_expectation(tree: Tree) -> None:
    chance_B = tree.probabilities_B().detach()
    loss = reinforce(tree.logprobs_BT(), (chance_B * tree.rewards_B)[:, None], tree.mask_BT).sum()
    torch.testing.assert_close(gradient(loss, tree.logits_NV), -exact_gradient(tree), rtol=1e-10, atol=1e-12)


def test_credit_per_token_is_the_policy_gradient_theorem(tree: Tree) -> None:
    """A reward on each token, credited to the tokens up to it: the gradient of the expected sum of all rewards."""
    rng = torch.Generator().manual_seed(5)
    rewards_BT = torch.rand(tree.mask_BT.shape, generator=rng, dtype=torch.float64)
    # what a token earns may hang on the sequence up to it, so equal prefixes earn the same
    table: dict[tuple[int, ...], Tensor] = {}
    for b, t in itertools.product(range(len(rewards_BT)), range(LONGEST)):
        prefix = tuple(tree.tokens_BT[b, : t + 1].tolist())
        rewards_BT[b, t] = table.setdefault(prefix, rewards_BT[b, t].clone())
    total_B = torch.where(tree.mask_BT, rewards_BT, 0.0).sum(dim=1)
    exact = gradient((tree.probabilities_B() * total_B).sum(), tree.logits_NV)
    chance_B1 = tree.probabilities_B().detach()[:, None]
    found_BT = reinforce(tree.logprobs_BT(), chance_B1 * return_to_go(rewards_BT, tree.mask_BT), tree.mask_BT)
    torch.testing.assert_close(gradient(found_BT.sum(), tree.logits_NV), -exact, rtol=1e-10, atol=1e-12)


def test_a_sequence_is_cut_as_a_whole_and_its_ratio_is_the_geometric_mean() -> None:
    logprobs_BT = torch.tensor([[0.3, 0.1, 9.0], [0.02, 0.0, 0.01]], dtype=torch.float64, requires_grad=True)
    mask_BT = torch.tensor([[True, True, False], [True, True, True]])
    credit_BT = torch.tensor([[2.0], [1.0]], dtype=torch.float64)
    found = sequence_clipped(
        logprobs_BT, torch.zeros(2, 3, dtype=torch.float64), credit_BT, mask_BT, clip_low=0.1, clip_high=0.1
    )
    assert found.cut_BT.tolist() == [[True, True, False], [False, False, False]]
    assert found.loss_BT.sum(dim=1).tolist() == pytest.approx([-1.1 * 2.0, -math.exp(0.01)])
    expected = [[0.0] * 3, [-math.exp(0.01) / 3] * 3]
    torch.testing.assert_close(gradient(found.loss_BT.sum(), logprobs_BT), torch.tensor(expected, dtype=torch.float64))


def test_the_gradient_of_a_sequence_ratio_is_that_of_the_formula_in_the_paper() -> None:
    rng = torch.Generator().manual_seed(7)
    logprobs_BT = torch.randn(4, 5, generator=rng, dtype=torch.float64).requires_grad_()
    old_BT = torch.randn(4, 5, generator=rng, dtype=torch.float64)
    mask_BT = torch.arange(5) < torch.tensor([[1], [3], [5], [2]])
    credit_B1 = torch.tensor([[1.0], [-1.0], [0.5], [-2.0]], dtype=torch.float64)
    ratio_B = (torch.where(mask_BT, logprobs_BT - old_BT, 0.0).sum(dim=1) / mask_BT.sum(dim=1)).exp()
    bounded_B = ratio_B.clamp(0.8, 1.3)
    written = -torch.minimum(ratio_B * credit_B1[:, 0], bounded_B * credit_B1[:, 0]).sum()
    found = sequence_clipped(logprobs_BT, old_BT, credit_B1, mask_BT, clip_low=0.2, clip_high=0.3).loss_BT.sum()
    assert found.item() == pytest.approx(written.item())
    torch.testing.assert_close(gradient(found, logprobs_BT), gradient(written, logprobs_BT))


@pytest.mark.parametrize("loss", ["reinforce", "sequence_clipped"])
def test_padding_full_of_nan_is_not_looked_at(tree: Tree, loss: str) -> None:
    found = []
    for padding in (0.0, float("nan")):
        logprobs_BT = torch.where(tree.mask_BT, tree.logprobs_BT().detach(), padding).requires_grad_()
        credit_BT = torch.where(tree.mask_BT, tree.rewards_B[:, None], padding)
        if loss == "reinforce":
            value = reinforce(logprobs_BT, credit_BT, tree.mask_BT)
        else:
            old_BT = torch.where(tree.mask_BT, tree.logprobs_BT().detach() - 0.1, padding)
            value = sequence_clipped(logprobs_BT, old_BT, credit_BT, tree.mask_BT, **WIDE).loss_BT
        found.append((value.sum().item(), gradient(value.sum(), logprobs_BT)))
    assert math.isfinite(found[1][0])
    assert found[0][0] == found[1][0]
    assert torch.equal(found[0][1], found[1][1])
