"""The step: gradients are not added up, shortened as a whole, and go the way that the loss asks for."""

import pytest
import torch

from ppo_lessons import losses
from ppo_lessons.optimisation import annealed, gradient_step, make_optimizer


class GradientKeeper(torch.optim.SGD):
    """Keeps a copy of the gradient it is given, and changes nothing."""

    def __init__(self, parameters):
        super().__init__(parameters, lr=0.0)
        self.seen = []

    def step(self, closure=None):
        gradients = [p.grad.flatten() for group in self.param_groups for p in group["params"]]
        self.seen.append(torch.cat(gradients).clone())


def loss_of(policy):
    obs = torch.randn(20, policy.obs_size, generator=torch.Generator().manual_seed(0))
    logits, values = policy(obs)
    return logits.square().mean() + 3 * values.square().mean()


def test_gradients_of_one_mini_batch_are_not_added_to_the_next(make_policy):
    """Fact 29: two identical mini-batches, identical gradients."""
    policy = make_policy()
    keeper = GradientKeeper(policy.parameters())
    for _ in range(2):
        gradient_step(loss_of(policy), policy, keeper, 1e9)
    assert torch.equal(keeper.seen[0], keeper.seen[1])
    assert keeper.seen[0].abs().max() > 0


def test_the_gradient_is_shortened_as_a_whole(make_policy):
    """Fact 30: all parameters together, between backward and step; the direction stays, the old length is returned."""
    policy = make_policy(shared_trunk=False)
    keeper = GradientKeeper(policy.parameters())
    length = gradient_step(loss_of(policy), policy, keeper, 1e9)
    shortened = gradient_step(loss_of(policy), policy, keeper, 0.01)
    full, short = keeper.seen
    assert length == shortened
    assert float(length) == pytest.approx(float(full.norm()), rel=1e-5)
    assert float(full.norm()) > 0.1
    assert float(short.norm()) == pytest.approx(0.01, rel=1e-3)
    assert float(torch.cosine_similarity(full, short, dim=0)) == pytest.approx(1, abs=1e-6)


def test_one_step_with_the_entropy_alone_makes_the_policy_less_decided(make_policy, make_config):
    """Fact 27: more entropy is rewarded, not punished."""
    policy = make_policy()
    obs = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    actions = torch.zeros(50, dtype=torch.int64)
    before = policy.evaluate_actions(obs, actions)[1].mean()
    zero = torch.zeros(())
    total = losses.total_loss(zero, zero, before, 0.5, 1.0)
    gradient_step(total, policy, make_optimizer(policy, make_config(learning_rate=1e-2)), 0.5)
    assert policy.evaluate_actions(obs, actions)[1].mean() > before + 1e-4


def test_annealed_is_the_straight_line():
    """Fact 31."""
    assert [annealed(0.4, cycle, 4) for cycle in range(6)] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0, 0])
