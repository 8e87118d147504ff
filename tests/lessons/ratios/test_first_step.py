"""Adam's first step against its equation, and the numbers of the sidebar."""

from itertools import pairwise

import pytest
import torch
from torch.nn.utils import parameters_to_vector

from ppo_lessons import Rows
from ppo_lessons.lessons.ratios.first_step import first_adam_step
from ppo_lessons.shipped.recorded_update import one_pass, policy_after, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import minibatch_losses


def by_hand(scale: float) -> torch.Tensor:
    """|g| / (|g| + eps), with the gradient shortened to max_grad_norm."""
    policy = recording().policy
    minibatch = Rows(*(tensor[one_pass()[0]] for tensor in recorded_rows()))
    loss = scale * minibatch_losses(policy, minibatch, CONFIG).total_loss
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(policy.parameters()))]).abs()
    gradient *= min(1, CONFIG.max_grad_norm / float(gradient.norm()))
    return gradient / (gradient + 1e-5)


@pytest.mark.parametrize("scale", [100, 1, 0.01, 1e-4])
def test_each_weight_moves_as_the_equation_says(scale: float):
    assert torch.allclose(first_adam_step(scale), by_hand(scale), atol=1e-3)


@pytest.mark.parametrize(("scale", "most", "mean"), [(1, 0.70, 0.75), (0.01, 0.19, 0.48), (1e-4, 0.0, 0.05)])
def test_the_numbers_of_the_sidebar(scale: float, most: float, mean: float):
    moved = first_adam_step(scale)
    assert float((moved > 0.9).float().mean()) == pytest.approx(most, abs=0.005)
    assert float(moved.mean()) == pytest.approx(mean, abs=0.005)
    assert float((moved == 0).float().mean()) == pytest.approx(0.2, abs=0.005)


def test_a_larger_loss_is_shortened_to_the_same_step():
    assert torch.allclose(first_adam_step(100), first_adam_step(1), atol=1e-3)
    assert torch.equal(first_adam_step(1), first_adam_step(1)), "the recorded policy is left alone"


def test_the_first_step_of_the_update_is_the_longest():
    weights = [parameters_to_vector(policy_after(steps).parameters()).detach() for steps in range(17)]
    first, *later = [float((now - before).norm()) for before, now in pairwise(weights)]
    assert first == pytest.approx(0.28, abs=0.01) and first > 1.5 * max(later)
