"""Log-probabilities then and now."""

import torch

from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Probe, call_with

# The lesson's table: probability of the taken action then and now. Rows that rise and fall by different amounts.
THEN = torch.tensor([0.50, 0.25, 0.10, 0.80, 0.50, 0.20]).log()
NOW = torch.tensor([0.60, 0.20, 0.20, 0.60, 0.50, 0.30]).log()


def random_probe(seed: int, rows: int, spread: float) -> Probe:
    """Return a probe of rows that have moved by about `spread`."""
    draw = generator(seed)
    old = -2 * torch.rand(rows, generator=draw) - 0.05
    return call_with(old + spread * torch.randn(rows, generator=draw), old, gradients=(0,))
