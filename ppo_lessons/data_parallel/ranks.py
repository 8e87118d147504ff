"""The ranks of a run, and what they can tell each other."""

from typing import Any, Protocol

import torch
from torch import Tensor


class RankError(RuntimeError):
    """The ranks of a run do not agree, or one of them did not come: which, to what, and in which cycle."""


class Ranks(Protocol):
    """One rank's view of all: who it is, how many there are, and three ways to tell. All ranks call alike."""

    rank: int
    """Which one this is, from 0."""
    num_ranks: int
    """R."""
    cycle: int
    """The cycle under way, for messages."""

    def all_of(self, quantity: Tensor, what: str) -> Tensor:
        """Return what every rank has of a quantity, of the same shape everywhere, one above the other, (R, ...)."""

    def add_up(self, quantity: Tensor, what: str) -> None:
        """Put the sum over all ranks into this tensor, the same bits everywhere."""

    def objects(self, own: Any, what: str) -> list[Any]:
        """Return what every rank has, plain data of any size, a list of R."""


def rows_of_all(ranks: Ranks, quantity: Tensor, what: str) -> Tensor:
    """Return all ranks' rows of a quantity under each other; each may have another number of rows.

    Args:
        ranks: All of them.
        quantity: (b, ...), the first axis of any length; numbers or bool.
        what: Its name, for messages.

    Returns:
        (B, ...), the rows of rank 0 first.
    """
    counts = ranks.all_of(torch.tensor(len(quantity)), f"number of {what}")
    padded = quantity.new_zeros((int(counts.max()), *quantity.shape[1:]))
    padded[: len(quantity)] = quantity
    told = ranks.all_of(padded, what)
    return torch.cat([rows[:count] for rows, count in zip(told, counts.tolist(), strict=True)])
