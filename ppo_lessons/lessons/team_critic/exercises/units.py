"""Values and a spread for the two exercises on normalised values."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import normal

MEAN, STD = torch.tensor(2.0), torch.tensor(4.0)
GIVEN: tuple[tuple[Tensor, Tensor, Tensor], ...] = (
    (torch.tensor([2.0, 6.0, -2.0]), MEAN, STD),
    (torch.tensor([1.0, 0.5, -3.0]), torch.tensor(-1.5), torch.tensor(0.25)),
    (3 * normal(1, 7) + 1, torch.tensor(1.0), torch.tensor(3.0)),
    (normal(2, 4, 3), torch.tensor(0.3), torch.tensor(1.7)),
    (50 * normal(3, 2, 2, 2), torch.tensor(-20.0), torch.tensor(0.6)),
)
"""Values, mean and standard deviation."""
NO_SPREAD = (torch.tensor([0.5, -2.0]), torch.tensor(0.0), torch.tensor(0.0))
EPS = 1e-8
