"""What makes the update of many ranks equal that of one process: pure functions of what each rank has told the others.

R is the number of ranks. A wrong one of these raises no error and trains, only not what was meant.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ppo_lessons.guards.fields import suggest_names
from ppo_lessons.losses import should_stop


def seeds_of_rank(common: Tensor, own: Tensor) -> Tensor:
    """Return the four seeds of a rank: which it shares with all others, and which are its own.

    In the order of `TrainingRun`: the worlds, the first weights, the actions, the shuffles. All ranks begin with the
    same weights and go through the same mini-batches; what they play must differ, or R ranks collect one rollout R
    times.

    Args:
        common: Four seeds that are the same on every rank, int64, (4,).
        own: Four seeds that no other rank has, int64, (4,).

    Returns:
        The seeds, int64, (4,).
    """
    return torch.stack((own[0], common[1], own[2], common[3]))


def rank_weights(rows: Tensor) -> Tensor:
    """Return how much each rank counts in a mean over all rows, when each has told the mean of its own.

    Args:
        rows: How many rows of the mini-batch each rank has, float64, (R,); some may have none, not all.

    Returns:
        rows / sum of rows, (R,). With weights 1 / R, a row on a rank with few of them would count for more.
    """
    return rows / rows.sum()


def normalise_by_all(advantages: Tensor, counts: Tensor, means: Tensor, squares: Tensor) -> Tensor:
    """Return a rank's own advantages, normalised by the mean and the spread of all ranks' rows together.

    Args:
        advantages: This rank's rows of the mini-batch, (b,).
        counts: How many rows each rank has, (R,).
        means: The mean of each rank's advantages, (R,).
        squares: The sum of squared deviations of each rank's advantages from its own mean, (R,).

    Returns:
        (A - mean) / (std + 1e-8) with the (unbiased) standard deviation of all B rows, (b,); as they are if B is 1.

    References:
        Chan et al. (1983), https://doi.org/10.1080/00031305.1983.10483115 (pairwise means and squares)
    """
    total = counts.sum()
    if total < 2:
        return advantages
    mean = (counts * means).sum() / total
    variance = (squares + counts * (means - mean) ** 2).sum() / (total - 1)
    return (advantages - mean) / (variance.sqrt() + 1e-8)


def stop_on_all(kls: Tensor, rows: Tensor, target_kl: float | None) -> bool:
    """Say whether the update ends before its next step: on all ranks, or on none.

    Args:
        kls: approx_kl of each rank's rows of the mini-batch, in nats, (R,).
        rows: How many rows each rank has, float64, (R,).
        target_kl: How far is wanted; None: no limit.

    Returns:
        Whether approx_kl over all rows is above 1.5 times the target. A rank that decided by its own rows alone would
        leave, and the others would wait for its gradient.
    """
    return should_stop(float((kls * rows).sum() / rows.sum()), target_kl)


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Sharing:
    """What the ranks make of what they tell each other; the package's own functions unless you give others."""

    seeds_of_rank: Callable[[Tensor, Tensor], Tensor] = seeds_of_rank
    """Before the first rollout."""
    rank_weights: Callable[[Tensor], Tensor] = rank_weights
    """For the losses and the gradient of each mini-batch."""
    normalise_by_all: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = normalise_by_all
    """For the advantages of each mini-batch."""
    stop_on_all: Callable[[Tensor, Tensor, float | None], bool] = stop_on_all
    """Before each step."""


DEFAULT_SHARING = Sharing()


def moments(advantages: Tensor) -> Tensor:
    """Return what a rank tells of its advantages (b,): how many, their mean, their squared deviations summed, (3,)."""
    count = torch.tensor(float(len(advantages)), dtype=advantages.dtype)
    mean = advantages.sum() / count.clamp(min=1)
    return torch.stack((count, mean, (advantages - mean).square().sum()))
