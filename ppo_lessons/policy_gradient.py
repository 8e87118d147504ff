"""The losses that the clipped one comes from: the policy gradient, and the surrogate without a clip. B rows."""

import torch
from torch import Tensor

from ppo_lessons.losses import require_same_shape


def policy_gradient_loss(log_probs: Tensor, advantages: Tensor) -> Tensor:
    """Return the loss whose gradient is, with a minus sign, an estimate of the policy gradient.

    Only its gradient means something, and only for rows that this very policy has played: the value says nothing of
    how good the policy is.

    Args:
        log_probs: Log-probability of the taken actions under the current policy, in nats, (B,).
        advantages: Their advantages, without gradient, (B,).

    Returns:
        -mean(log_prob * A), a scalar to minimise.

    Raises:
        ValueError: If the shapes differ.

    References:
        Schulman et al. (2017), equation 2 with the sign turned, https://arxiv.org/abs/1707.06347
    """
    require_same_shape(log_probs=log_probs, advantages=advantages)
    return -(log_probs * advantages).mean()


def surrogate_loss(ratios: Tensor, advantages: Tensor) -> Tensor:
    """Return the surrogate loss without a clip: rows of the old policy, weighted for the new one.

    Where all ratios are 1 its gradient is that of `policy_gradient_loss`.

    Args:
        ratios: pi_new / pi_old of the taken actions, (B,).
        advantages: Their advantages, without gradient, (B,).

    Returns:
        -mean(r A), a scalar to minimise.

    Raises:
        ValueError: If the shapes differ.

    References:
        Schulman et al. (2017), equation 6 (L^CPI) with the sign turned, https://arxiv.org/abs/1707.06347
    """
    require_same_shape(ratios=ratios, advantages=advantages)
    return -(ratios * advantages).mean()


@torch.no_grad()
def effective_sample_size(ratios: Tensor) -> Tensor:
    """Return which share of the rows still counts when each is weighted by its ratio.

    The variance of a weighted mean is about that of a plain mean over so many rows, if the weights have little to do
    with what is averaged.

    Args:
        ratios: pi_new / pi_old, all of them above 0, (B,).

    Returns:
        (sum r)^2 / (B * sum r^2), a scalar: 1 if all ratios are equal (whatever they are), 1 / B if one outweighs all.

    References:
        Kong (1992), A note on importance sampling using standardized weights, University of Chicago, technical
        report 348
    """
    return ratios.sum().square() / ratios.square().sum() / len(ratios)
