import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from ppo_lessons.losses import (
    approx_kl,
    clip_fraction,
    clipped_surrogate_loss,
    clipped_value_loss,
    entropy_bonus,
    explained_variance,
    importance_ratios,
    should_stop,
    still_pushed,
    total_loss,
    value_loss,
)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradient(loss, tensor):
    return torch.autograd.grad(loss, tensor)[0]


def test_ratios_are_new_over_old():
    """Fact 19."""
    new, old = torch.tensor([0.5, 0.2, 0.9]), torch.tensor([0.25, 0.4, 0.9])
    torch.testing.assert_close(importance_ratios(new.log(), old.log()), torch.tensor([2.0, 0.5, 1.0]))
    assert torch.equal(importance_ratios(old.log(), old.log()), torch.ones(3))


def test_the_first_gradient_is_the_plain_policy_gradient():
    """Fact 20: at ratio 1, the gradient of the clipped surrogate is that of -log pi * A."""
    logits, actions, advantages = draw(32, 5).requires_grad_(), torch.arange(32) % 5, draw(32, seed=1)
    new = Categorical(logits=logits).log_prob(actions)
    ppo = clipped_surrogate_loss(importance_ratios(new, new.detach()), advantages, 0.2)
    plain = -(new * advantages).mean()
    slope = torch.autograd.grad(plain, logits, retain_graph=True)[0]
    torch.testing.assert_close(gradient(ppo, logits), slope)
    assert slope.abs().max() > 0


def test_an_old_log_prob_with_a_graph_would_cancel_the_gradient():
    """Fact 21, the negative control: why old log-probabilities are detached."""
    logits, actions = draw(8, 5).requires_grad_(), torch.arange(8) % 5
    new = Categorical(logits=logits).log_prob(actions)
    loss = clipped_surrogate_loss(importance_ratios(new, new), draw(8, seed=1), 0.2)
    assert gradient(loss, logits).abs().max() == 0


@pytest.mark.parametrize(
    ("ratio", "advantage", "slope"),
    [(0.7, 1, -1), (0.7, -1, 0), (1.0, 1, -1), (1.0, -1, 1), (1.3, 1, 0), (1.3, -1, 1)],
)
def test_clipping_by_cases(ratio, advantage, slope):
    """Fact 22: outside the interval two of the four cases still have a gradient."""
    ratios = torch.tensor([ratio], requires_grad=True)
    loss = clipped_surrogate_loss(ratios, torch.tensor([float(advantage)]), 0.2)
    assert gradient(loss, ratios).item() == slope
    pessimist = min(ratio * advantage, min(max(ratio, 0.8), 1.2) * advantage)
    assert loss.item() == pytest.approx(-pessimist)


def test_clipped_loss_is_the_mean_over_rows():
    """Fact 22: -mean(min) = mean(max of the negatives), and a very large eps clips nothing."""
    ratios, advantages = draw(50).exp(), draw(50, seed=1)
    loss = clipped_surrogate_loss(ratios, advantages, 0.2)
    other = torch.max(-ratios * advantages, -ratios.clamp(0.8, 1.2) * advantages).mean()
    torch.testing.assert_close(loss, other)
    torch.testing.assert_close(clipped_surrogate_loss(ratios, advantages, 1e9), -(ratios * advantages).mean())
    assert loss > -(ratios * advantages).mean()


def test_value_loss_is_the_mean_squared_error():
    """Fact 25: MSE without a half; the weight is vf_coef."""
    values, returns = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True), torch.tensor([2.0, 2.0, 1.0, 0.0])
    loss = value_loss(values, returns)
    assert loss.item() == (1 + 0 + 4 + 16) / 4
    assert torch.equal(gradient(loss, values), 2 * (values - returns).detach() / 4)


def test_clipped_value_loss_takes_the_larger_error_of_each_row():
    """Fact 26, by hand, c = 0.5: (1) went past its return, (2) on its way, near, (3) on its way, far, (4) away."""
    old, returns = torch.tensor([0.0, 0.0, 0.0, 0.0]), torch.tensor([0.2, 2.0, 2.0, -1.0])
    values = torch.tensor([1.0, 0.3, 1.0, 1.0], requires_grad=True)
    loss = clipped_value_loss(values, old, returns, 0.5)
    assert loss.item() == pytest.approx((0.8**2 + 1.7**2 + 1.5**2 + 2.0**2) / 4)
    slopes = torch.tensor([2 * 0.8, -2 * 1.7, 0.0, 2 * 2.0]) / 4
    torch.testing.assert_close(gradient(loss, values), slopes)


def test_a_huge_value_clip_changes_nothing():
    values, old, returns = torch.randn(3, 9, generator=torch.Generator().manual_seed(0))
    assert clipped_value_loss(values, old, returns, 1e9) == value_loss(values, returns)
    assert clipped_value_loss(values, old, returns, 0.1) > value_loss(values, returns)
    with pytest.raises(ValueError, match="same shape"):
        clipped_value_loss(values, old[:, None], returns, 0.1)


def test_entropy_bonus_is_the_mean():
    """Fact 27."""
    assert entropy_bonus(torch.tensor([1.0, 2.0, 6.0])) == 3
    assert entropy_bonus(Categorical(logits=torch.zeros(7, 5)).entropy()).item() == pytest.approx(math.log(5))


def test_total_loss_and_its_slopes_in_the_coefficients():
    """Facts 27, 28: actor + vf * critic - ent * entropy, by finite differences."""
    actor, critic, entropy = (torch.tensor(x, dtype=torch.float64) for x in (0.3, 2.0, 1.2))
    at = lambda vf, ent: float(total_loss(actor, critic, entropy, vf, ent))  # noqa: E731
    assert at(0.5, 0.01) == pytest.approx(0.3 + 0.5 * 2.0 - 0.01 * 1.2, abs=1e-12)
    assert (at(0.5 + 1e-4, 0.01) - at(0.5 - 1e-4, 0.01)) / 2e-4 == pytest.approx(2.0, abs=1e-8)
    assert (at(0.5, 0.01 + 1e-4) - at(0.5, 0.01 - 1e-4)) / 2e-4 == pytest.approx(-1.2, abs=1e-8)
    leaf = actor.clone().requires_grad_()
    assert gradient(total_loss(leaf, critic, entropy, 0.5, 0.01), leaf) == 1


@pytest.mark.parametrize("function", [importance_ratios, value_loss, lambda a, b: clipped_surrogate_loss(a, b, 0.2)])
def test_refuses_a_column_that_would_broadcast(function):
    """Fact 25: (B,) with (B, 1) would be (B, B), and the loss another number."""
    with pytest.raises(ValueError, match=r"^All must have the same shape \(B,\)\. Got .*\(4,\).*\(4, 1\)"):
        function(torch.ones(4), torch.ones(4, 1))


# ---- diagnostics


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_kl_is_never_negative(dtype):
    """Fact 33: not for any row, large or tiny, in any precision."""
    size = torch.logspace(-12, 1.5, 4001, dtype=dtype)
    for sign in (-1, 1):
        rows = torch.stack([approx_kl(x.expand(16), torch.zeros(16, dtype=dtype)) for x in sign * size])
        assert (rows >= 0).all()
        assert (rows[size > 0.01] > 0).all()
        assert approx_kl(sign * size, size * 0) >= 0


def test_kl_is_near_the_true_one():
    """Fact 33: against the exact categorical KL(old || new); the sign and the direction matter."""
    old = Categorical(logits=draw(1, 5))
    new = Categorical(logits=draw(1, 5) + 0.4 * draw(1, 5, seed=3))
    generator = torch.Generator().manual_seed(0)
    actions = torch.multinomial(old.probs[0], 200_000, replacement=True, generator=generator)
    k3 = approx_kl(new.log_prob(actions), old.log_prob(actions))
    exact, reverse = kl_divergence(old, new), kl_divergence(new, old)
    assert float(k3) == pytest.approx(float(exact), rel=0.02)
    assert abs(float(exact) - float(reverse)) > 0.02 * float(exact)


def test_kl_formula_on_one_row():
    """(r - 1) - ln r for r = 2: 1 - ln 2."""
    assert float(approx_kl(torch.tensor([math.log(2.0)]), torch.zeros(1))) == pytest.approx(1 - math.log(2), abs=1e-6)


def test_diagnostics_carry_no_graph():
    new = torch.zeros(4, requires_grad=True)
    assert not approx_kl(new, torch.ones(4)).requires_grad
    assert not clip_fraction(new.exp(), 0.2).requires_grad


def test_clip_fraction_counts_both_sides():
    ratios = torch.tensor([0.5, 0.81, 1.0, 1.19, 1.5])
    assert clip_fraction(ratios, 0.2).item() == pytest.approx(0.4)
    assert clip_fraction(torch.ones(5), 0.2) == 0


def test_explained_variance():
    """Fact 34: 1 for a perfect critic, 0 for any constant one, below 0 for a worse one, NaN if undefined."""
    returns = torch.tensor([1.0, 2.0, 3.0, 6.0])
    assert explained_variance(returns, returns) == 1
    assert explained_variance(torch.full((4,), 7.0), returns) == 0
    assert explained_variance(-returns, returns) == pytest.approx(-3)
    assert explained_variance(returns / 2, returns) == pytest.approx(0.75)
    assert math.isnan(explained_variance(returns, torch.ones(4)))


def test_should_stop_above_one_and_a_half_times_the_target():
    """Fact 33."""
    assert should_stop(0.0301, 0.02)
    assert not should_stop(0.0299, 0.02)
    assert not should_stop(1e9, None)


def test_still_pushed_is_where_the_gradient_is():
    """Fact 22: of the four outside cases two keep a gradient; autograd is the judge."""
    ratios = torch.linspace(0.5, 1.5, 41, dtype=torch.float64).repeat(3).requires_grad_()
    advantages = torch.tensor([1.0, -2.0, 0.0], dtype=torch.float64).repeat_interleave(41)
    (gradient,) = torch.autograd.grad(clipped_surrogate_loss(ratios, advantages, 0.2), ratios)
    edge = ((ratios.detach() - 1).abs() - 0.2).abs() < 1e-9  # on the edge itself the gradient is a convention
    pushed = still_pushed(ratios, advantages, 0.2)
    assert torch.equal(pushed[~edge], (gradient != 0)[~edge])
    assert pushed.any() and not pushed.all()
