"""The pictures of lesson 04: the lengths are those of autograd, and "none" is not 0."""

import math

import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.interactive import gradient_figures as figures


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
    lengths = figures.gradient_lengths(policy, losses)
    losses["value"].backward()
    gradient = torch.cat([p.grad.flatten() for p in policy.critic_trunk.parameters()])
    assert lengths["value"]["critic_trunk"] == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert lengths["value"]["critic_head"] == pytest.approx(
        float(torch.cat([p.grad.flatten() for p in policy.critic_head.parameters()]).norm()), rel=1e-5
    )


def test_nothing_is_left_behind():
    policy, losses = policy_and_losses(shared_trunk=True)
    first = figures.gradient_lengths(policy, losses)
    assert all(parameter.grad is None for parameter in policy.parameters())
    again = figures.gradient_lengths(policy, losses)
    assert first["actor"] == again["actor"], "the graphs are kept"


def test_none_is_not_zero():
    policy, losses = policy_and_losses(shared_trunk=False)
    lengths = figures.gradient_lengths(policy, losses)
    assert lengths["silent"]["actor_head"] == 0.0
    assert math.isnan(lengths["silent"]["critic_head"])
    assert all(math.isnan(length) for length in lengths["data"].values())
    text = figures.show_gradient_xray(lengths).text
    assert "silent: actor_trunk 0.000, actor_head 0.000" in text
    assert text.endswith("data: reaches nothing")


def test_a_shared_trunk_stands_once():
    policy, losses = policy_and_losses(shared_trunk=True)
    lengths = figures.gradient_lengths(policy, losses)
    assert lengths["value"]["critic_trunk"] is None
    assert lengths["value"]["actor_trunk"] > 0
    text = figures.show_gradient_xray(lengths).text
    assert "critic_trunk" not in text
    assert f"value: actor_trunk {lengths['value']['actor_trunk']:.3f}, critic_head" in text


def test_line_breaks_stay_in_the_picture():
    policy, losses = policy_and_losses(shared_trunk=True)
    text = figures.show_gradient_xray(figures.gradient_lengths(policy, {"value,\nreturns": losses["value"]})).text
    assert text.startswith("value, returns: ") and "\n" not in text


def test_false_progress_is_told_from_progress():
    falls = figures.show_false_progress([1.0, 0.5, 0.25], [0.8, 0.3, -0.1]).text
    assert falls == (
        "3 gradient steps; actor_loss falls in each: True; "
        "explained_variance above 0.5 at first: True, below 0 at last: True"
    )
    assert "falls in each: False" in figures.show_false_progress([1.0, 1.5, 0.2], [0.8, 0.9, 0.9]).text
    assert "below 0 at last: False" in figures.show_false_progress([1.0, 1.5, 0.2], [0.8, 0.9, 0.9]).text
