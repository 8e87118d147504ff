"""What a critic said and what came, drawn at random."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator


def random_rows(seed: int, rows: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Return values and returns, each (rows,): a critic that foresees a part."""
    draw = generator(seed)
    returns = 2 * torch.randn(rows, generator=draw, dtype=dtype)
    return 0.6 * returns + torch.randn(rows, generator=draw, dtype=dtype) + 0.8, returns
