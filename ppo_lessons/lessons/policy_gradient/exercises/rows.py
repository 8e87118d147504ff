"""Rows for all exercises of the lesson."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator

# Probabilities, advantages and ratios of which no two usual mistakes give the same number.
LOG_PROBS = torch.tensor([0.2, 0.8, 0.5]).log()
RATIOS = torch.tensor([1.5, 0.875, 0.5])
ADVANTAGES = torch.tensor([2.0, -1.0, 0.5])


def random_log_probs(seed: int, rows: int) -> tuple[Tensor, Tensor]:
    """Return log-probabilities and advantages, each (rows,)."""
    draw = generator(seed)
    return (0.05 + 0.9 * torch.rand(rows, generator=draw)).log(), torch.randn(rows, generator=draw)


def random_ratios(seed: int, rows: int) -> tuple[Tensor, Tensor]:
    """Return ratios and advantages, each (rows,)."""
    draw = generator(seed)
    return torch.exp(0.6 * torch.randn(rows, generator=draw)), torch.randn(rows, generator=draw)
