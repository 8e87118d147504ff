"""Numbers for probes: drawn at random, and the same in every run."""

import torch
from torch import Tensor


def generator(seed: int) -> torch.Generator:
    """Return a generator of its own, which leaves the global random numbers alone."""
    return torch.Generator().manual_seed(seed)


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return standard normal numbers of that shape."""
    return torch.randn(shape, generator=generator(seed), dtype=dtype)
