"""Rows with ends, and ways to get wrong what comes after a row."""

import torch
from torch import Tensor

from ppo_lessons.advantages import next_values
from ppo_lessons.classroom.draws import generator


def flags(steps: tuple[int, ...], length: int) -> Tensor:
    """Return (length,) bool, True at the steps."""
    return torch.tensor([t in steps for t in range(length)])


def random_rows(seed: int, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return rewards, values, terminated, truncated, final_values and last_values with many ends, the last row open."""
    draw = generator(seed)
    numbers = [torch.randn(shape, generator=draw) for _ in range(3)]
    terminated, truncated = (torch.rand(shape, generator=draw) < 0.25 for _ in range(2))
    terminated[-1].logical_and_(torch.rand(shape[1:], generator=draw) < 0.3)
    truncated[-1].logical_and_(torch.rand(shape[1:], generator=draw) < 0.3)
    return *numbers[:2], terminated, truncated, numbers[2], torch.randn(shape[1:], generator=draw)


def truncation_as_death(values: Tensor, over: Tensor, cut: Tensor, final: Tensor, last: Tensor) -> Tensor:
    """Nothing comes after a truncation."""
    return next_values(values, over | cut, cut, final, last)


def on_after_termination(values: Tensor, over: Tensor, cut: Tensor, final: Tensor, last: Tensor) -> Tensor:
    """A termination is not seen."""
    return next_values(values, over & False, cut, final, last)


def row_below_after_truncation(values: Tensor, over: Tensor, cut: Tensor, final: Tensor, last: Tensor) -> Tensor:
    """A truncation is not seen."""
    return next_values(values, over, cut & False, final, last)


def nothing_after_the_last_row(values: Tensor, over: Tensor, cut: Tensor, final: Tensor, last: Tensor) -> Tensor:
    """`last_values` is not read."""
    return next_values(values, over, cut, final, torch.zeros_like(last))


def only_after_termination(values: Tensor, over: Tensor, cut: Tensor, final: Tensor, last: Tensor) -> Tensor:
    """A flag turned round: only terminated rows have a future."""
    return next_values(values, ~over, cut & False, final, last)
