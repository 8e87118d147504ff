"""The policy gradient and the surrogate, against sums over everything that can happen, autograd and closed forms."""

import itertools
import math

import pytest
import torch
from torch.distributions import Categorical

from ppo_lessons.losses import clipped_surrogate_loss, importance_ratios
from ppo_lessons.policy_gradient import effective_sample_size, policy_gradient_loss, surrogate_loss


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_values_by_hand():
    log_probs, ratios = torch.tensor([-1.0, -2.0, -0.5]), torch.tensor([1.5, 0.875, 0.5])
    advantages = torch.tensor([2.0, -1.0, 0.5])
    assert float(policy_gradient_loss(log_probs, advantages)) == pytest.approx(-(-2 + 2 - 0.25) / 3)
    assert float(surrogate_loss(ratios, advantages)) == pytest.approx(-(3 - 0.875 + 0.25) / 3)


def test_over_everything_that_can_happen_its_gradient_is_that_of_the_expected_reward():
    """One decision among 4 actions, each as often as it is likely: an independent truth by autograd on the sum."""
    logits, rewards = draw(4).requires_grad_(), draw(4, seed=1)
    expected = (logits.softmax(dim=0) * rewards).sum()
    (truth,) = torch.autograd.grad(expected, logits)
    counts = torch.tensor([3, 1, 4, 2])
    with torch.no_grad():
        logits.copy_((counts / counts.sum()).log())
    expected = (logits.softmax(dim=0) * rewards).sum()
    (truth,) = torch.autograd.grad(expected, logits)
    actions = torch.arange(4).repeat_interleave(counts)
    log_probs = logits.log_softmax(dim=0)[actions]
    for baseline in (0.0, 7.0):
        loss = policy_gradient_loss(log_probs, rewards[actions] - baseline)
        (found,) = torch.autograd.grad(loss, logits, retain_graph=True)
        torch.testing.assert_close(found, -truth)


@pytest.mark.parametrize("seed", [0, 5])
def test_at_ratio_1_all_three_losses_have_the_same_gradient(seed: int):
    logits, actions, advantages = draw(32, 5, seed=seed).requires_grad_(), torch.arange(32) % 5, draw(32, seed=9)
    new = Categorical(logits=logits).log_prob(actions)
    ratios = importance_ratios(new, new.detach())
    losses = (
        policy_gradient_loss(new, advantages),
        surrogate_loss(ratios, advantages),
        clipped_surrogate_loss(ratios, advantages, 0.2),
    )
    found = [torch.autograd.grad(loss, logits, retain_graph=True)[0] for loss in losses]
    assert found[0].abs().max() > 0
    for one, other in itertools.pairwise(found):
        torch.testing.assert_close(one, other)
    moved = importance_ratios(new, new.detach() + 0.5)
    (elsewhere,) = torch.autograd.grad(surrogate_loss(moved, advantages), logits)
    assert not torch.allclose(elsewhere, found[0]), "and at no other"


def test_the_surrogate_is_the_clipped_one_without_a_limit():
    ratios, advantages = draw(50).exp(), draw(50, seed=1)
    torch.testing.assert_close(surrogate_loss(ratios, advantages), clipped_surrogate_loss(ratios, advantages, 1e9))
    assert surrogate_loss(ratios, advantages) < clipped_surrogate_loss(ratios, advantages, 0.2)


def test_effective_sample_size_by_hand():
    assert float(effective_sample_size(torch.tensor([1.0, 1.0, 1.0]))) == 1
    assert float(effective_sample_size(torch.tensor([3.0, 1.0]))) == pytest.approx(16 / 10 / 2)
    assert float(effective_sample_size(torch.tensor([0.25] * 4))) == 1, "equal ratios, whatever they are"
    assert float(effective_sample_size(torch.tensor([1e6, 1e-3, 1e-3, 1e-3]))) == pytest.approx(1 / 4, rel=1e-6)
    assert effective_sample_size(torch.ones(3)).shape == ()


def test_effective_sample_size_is_that_of_two_coins():
    """1 / mean of w^2, worked out exactly, in as many throws as show it."""
    heads = torch.tensor([True] * 2 + [False] * 8)
    weights = torch.where(heads, 0.5 / 0.2, 0.5 / 0.8)
    assert float(effective_sample_size(weights)) == pytest.approx(1 / (0.5**2 / 0.2 + 0.5**2 / 0.8))


def test_it_says_how_the_variance_of_a_weighted_mean_grows():
    """Payoffs that have nothing to do with the weights: the variance grows by 1 / share."""
    generator = torch.Generator().manual_seed(3)
    weights = torch.exp(torch.randn(200, generator=generator))
    means = [float((weights * torch.randn(200, generator=generator)).sum() / weights.sum()) for _ in range(4000)]
    variance = sum(mean**2 for mean in means) / len(means)
    assert variance * 200 * float(effective_sample_size(weights)) == pytest.approx(1, abs=0.12)


def test_a_diagnostic_carries_no_graph_and_a_loss_does():
    ratios = torch.ones(4).requires_grad_()
    assert not effective_sample_size(ratios).requires_grad
    assert surrogate_loss(ratios, torch.ones(4)).requires_grad
    assert policy_gradient_loss(ratios, torch.ones(4)).requires_grad


@pytest.mark.parametrize("loss", [policy_gradient_loss, surrogate_loss])
def test_different_shapes_are_refused(loss):
    """(B,) with (B, 1) would broadcast to (B, B)."""
    with pytest.raises(ValueError, match="same shape"):
        loss(torch.ones(4), torch.ones(4, 1))


def test_the_loss_of_rows_that_are_sure_is_their_number():
    """log 1 = 0: a decision that could not be otherwise teaches nothing."""
    assert float(policy_gradient_loss(torch.zeros(3), torch.tensor([1.0, 2.0, 3.0]))) == 0
    assert math.isclose(float(policy_gradient_loss(torch.tensor([-2.0]), torch.tensor([3.0]))), 6.0)
