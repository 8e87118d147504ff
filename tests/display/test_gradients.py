"""The lengths are those of autograd, and "none" is not 0."""

import math

import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.display.gradients import gradient_lengths


def policy_and_losses(shared_trunk):
    policy = ActorCritic(3, 4, 6, shared_trunk=shared_trunk, seed=1)
    obs = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    log_probs, _, values = policy.evaluate_actions(obs, torch.arange(7) % 4)
    losses = {
        "actor": -(log_probs * torch.arange(7.0)).mean(),
        "value": values.square().mean(),
        "silent": torch.exp(log_probs - log_probs).mean(),
        "data": values.square().mean().detach(),
    }
    return policy, losses


def test_lengths_are_those_of_backward():
    policy, losses = policy_and_losses(shared_trunk=False)
    lengths = gradient_lengths(policy, losses)
    losses["value"].backward()
    gradient = torch.cat([p.grad.flatten() for p in policy.critic_trunk.parameters()])
    assert lengths["value"]["critic_trunk"] == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert lengths["value"]["critic_head"] == pytest.approx(
        float(torch.cat([p.grad.flatten() for p in policy.critic_head.parameters()]).norm()), rel=1e-5
    )


def test_nothing_is_left_behind():
    policy, losses = policy_and_losses(shared_trunk=True)
    first = gradient_lengths(policy, losses)
    assert all(parameter.grad is None for parameter in policy.parameters())
    again = gradient_lengths(policy, losses)
    assert first["actor"] == again["actor"], "the graphs are kept"


def test_none_is_not_zero():
    policy, losses = policy_and_losses(shared_trunk=False)
    lengths = gradient_lengths(policy, losses)
    assert lengths["silent"]["actor_head"] == 0.0
    assert math.isnan(lengths["silent"]["critic_head"])
    assert all(math.isnan(length) for length in lengths["data"].values())
