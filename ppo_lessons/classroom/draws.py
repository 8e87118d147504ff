"""Numbers for probes: drawn at random, and the same in every run; to grade a class, others than a learner sees."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Item = TypeVar("Item")
_SET = [0]
"""Which set of inputs is drawn; 0 is the learner's."""
_FAR = 1_000_003
"""Seeds of two sets are this far apart: no seed of one is a seed of another."""


def generator(seed: int) -> torch.Generator:
    """Return a generator of its own, which leaves the global random numbers alone."""
    return torch.Generator().manual_seed(seed + _FAR * _SET[0])


def numbers(seed: int) -> np.random.Generator:
    """Return numpy's kind of generator."""
    return np.random.default_rng(seed + _FAR * _SET[0])


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return standard normal numbers of that shape."""
    return torch.randn(shape, generator=generator(seed), dtype=dtype)


def beyond(draw: Callable[[np.random.Generator], Iterable[Item]]) -> tuple[Item, ...]:
    """Return what is looked at besides when a class is graded, where the learner's inputs are chosen and not drawn.

    Args:
        draw: Makes it of random numbers. It is not asked for the learner's own set.
    """
    return tuple(draw(numbers(0))) if _SET[0] else ()


@contextmanager
def other_inputs(which: int) -> Iterator[None]:
    """Let everything be drawn from other seeds.

    Args:
        which: Number of the set of inputs; 0 is the one that a learner's checks use.
    """
    before = _SET[0]
    _SET[0] = which
    try:
        yield
    finally:
        _SET[0] = before
