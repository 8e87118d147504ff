"""Who acts, in rollouts in which some agents fall."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator


def random_acting(seed: int, shape: tuple[int, int, int]) -> Tensor:
    """Return who acts, (T, E, A) bool, as in a real rollout: some agents fall, and stay out."""
    falls = torch.randint(1, shape[0] + 2, shape[1:], generator=generator(seed))  # (E, A)
    return torch.arange(shape[0])[:, None, None] < falls


TINY = torch.tensor([[[True, True, True]], [[True, False, True]]])  # T = 2, E = 1, A = 3: agent 1 falls in step 0
MANY = random_acting(1, (5, 2, 3))
LONG = random_acting(2, (4, 3, 2))
