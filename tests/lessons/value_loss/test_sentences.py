"""What the lesson says in words, held against the recording and the package."""

import numpy as np
import pytest
import torch

from ppo_lessons.advantages import estimate_advantages
from ppo_lessons.losses import value_loss
from ppo_lessons.shipped.recording import load_recording


def advantages_of_one_step(value_of_what_follows: float, gae_lambda: float) -> float:
    """Two steps, reward 0 and then 1, after which it is over; the critic is right about everything but the middle."""
    column = lambda *numbers: torch.tensor(numbers).view(2, 1, 1)  # noqa: E731
    over = torch.tensor([False, True]).view(2, 1, 1)
    values, no, zero = column(1.0, value_of_what_follows), torch.zeros(2, 1, 1, dtype=torch.bool), torch.zeros(2, 1, 1)
    last = torch.zeros(1, 1)
    numbers = estimate_advantages(column(0.0, 1.0), values, over, no, zero, last, 1.0, gae_lambda)
    return float(numbers[0])


def test_a_poor_critic_biases_advantages_unless_lambda_is_one():
    """Nothing is random here: what differs from 0 is no noise."""
    assert advantages_of_one_step(1.0, 0.8) == pytest.approx(0)
    assert advantages_of_one_step(3.0, 0.8) == pytest.approx(0.4)
    assert advantages_of_one_step(3.0, 0.0) == pytest.approx(2)
    assert advantages_of_one_step(3.0, 1.0) == pytest.approx(0)


def test_our_row_is_old_news_to_the_critic():
    recording = load_recording()
    rows, data = recording.buffer.get(), recording.buffer.data
    (ours,) = recording.rows_of([(6, 0, 0)])
    value = recording.policy.estimate_values(rows.obs)[ours]
    assert f"{value:.2f} {rows.returns[ours]:.2f}" == "0.78 0.74"
    assert data.terminated[6, 0, 0] and data.rewards[6, 0, 0] == pytest.approx(-0.2)
    assert (data.rewards[9, 0] == 1.0).all(), "in step 9 the mates banish a spirit"


def test_pulls_with_pen_and_paper():
    values = torch.tensor([1.13, 0.78, 0.40, -1.58, 0.89, 0.60], requires_grad=True)
    returns = torch.tensor([0.35, 0.74, -0.70, -0.21, 3.50, 0.84])
    (pull,) = torch.autograd.grad(value_loss(values, returns), values)
    assert f"{pull[1]:.3f} {pull[4]:.2f}" == "0.013 -0.87"
    assert round(abs(float(pull[4] / pull[1]))) == 65


@pytest.mark.parametrize(("vf_coef", "degrees"), [(0, 0), (0.125, 45), (0.5, 76), (8, 89)])
def test_two_arrows_in_a_plane(vf_coef: float, degrees: int):
    total = np.array([1.0, 0.0]) + vf_coef * np.array([0.0, 8.0])
    assert round(np.degrees(np.arccos(total[0] / np.linalg.norm(total)))) == degrees
