"""Rows of a rollout with ends."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator


def column(*numbers: float) -> Tensor:
    """Return the numbers of one agent in one copy, (T, 1, 1)."""
    return torch.tensor(numbers).reshape(-1, 1, 1)


def flags(steps: tuple[int, ...], length: int) -> Tensor:
    """Return (length, 1, 1) bool, True at the steps."""
    return column(*(t in steps for t in range(length)))


def random_rows(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return rewards, values, terminated, truncated, final_values and last_values with many ends, the last row open."""
    draw = generator(seed)
    numbers = [torch.randn(shape, generator=draw) for _ in range(3)]
    terminated, truncated = (torch.rand(shape, generator=draw) < 0.25 for _ in range(2))
    terminated[-1].logical_and_(torch.rand(shape[1:], generator=draw) < 0.3)
    truncated[-1].logical_and_(torch.rand(shape[1:], generator=draw) < 0.3)
    return *numbers[:2], terminated, truncated, numbers[2], torch.randn(shape[1:], generator=draw)
