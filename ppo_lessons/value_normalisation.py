"""A critic that learns returns in units of their running spread, so that the scale of the rewards does not matter.

The network's values are then normalised ones. They are turned back into rewards before the advantages are worked out,
and returns are normalised before the critic learns them; MAPPO calls this value normalisation. The statistics stay
with the network, as `return_statistics`: mean, mean square and weight, each a moving average that began at 0.
"""

import torch
from torch import Tensor

from ppo_lessons.buffer import Rows

DECAY = 0.99
"""Of the moving average, for each rollout: a memory of about 100 of them."""
EPS = 1e-8


def follow_returns(statistics: Tensor, returns: Tensor) -> Tensor:
    """Return the running statistics after the returns of one more rollout.

    Args:
        statistics: Moving averages of 1 (the weight comes last), float64: mean, mean square, weight, (3,).
        returns: Of all rows of the rollout, (B,).

    Returns:
        The statistics, (3,); the old ones are not changed.
    """
    now = returns.double()
    new = torch.stack((now.mean(), now.square().mean(), torch.ones((), dtype=torch.float64)))
    return DECAY * statistics + (1 - DECAY) * new


def mean_and_std(statistics: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the standard deviation of the returns that were followed, debiased.

    The averages began at 0 and would be too small for long; dividing by the weight makes up for it, as in Adam.

    Args:
        statistics: Mean, mean square and weight, float64, (3,).

    Returns:
        Two float32 scalars; 0 and 0 as long as nothing was followed.

    References:
        Kingma and Ba (2015), section 3 (bias correction), https://arxiv.org/abs/1412.6980
    """
    mean, mean_square = statistics[:2] / statistics[2] if statistics[2] > 0 else statistics[:2]
    return mean.float(), (mean_square - mean.square()).clamp(min=0).sqrt().float()


def normalise_values(values: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return values or returns in units of the spread: (v - mean) / (std + 1e-8).

    Args:
        values: In rewards, any shape.
        mean: Running mean of the returns, a scalar.
        std: Their standard deviation, a scalar.

    Returns:
        The same shape.

    References:
        van Hasselt et al. (2016), section 2, https://arxiv.org/abs/1602.07714
    """
    return (values - mean) / (std + EPS)


def denormalise_values(values: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Undo `normalise_values`: (std + 1e-8) v + mean.

    Args:
        values: In units of the spread, any shape.
        mean: Running mean of the returns, a scalar.
        std: Their standard deviation, a scalar.

    Returns:
        In rewards, the same shape.
    """
    return values * (std + EPS) + mean


def rows_in_units(rows: Rows, returns: Tensor, std: Tensor) -> Rows:
    """Return the rows with these normalised returns, and with advantages in the same units.

    So that returns - advantages are still the old values. The actor does not notice: its advantages are normalised.

    Args:
        rows: B rows, in rewards.
        returns: Normalised, (B,).
        std: The unit, a scalar.
    """
    return rows._replace(returns=returns, advantages=rows.advantages / (std + EPS))
