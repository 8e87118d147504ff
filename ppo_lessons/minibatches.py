"""One shuffled pass over the rows: a permutation, and its split into mini-batches."""

import torch
from torch import Tensor


def shuffle_rows(num_rows: int, generator: torch.Generator) -> Tensor:
    """Return the row numbers 0 ... num_rows - 1 in random order, int64, (num_rows,).

    Args:
        num_rows: How many rows there are.
        generator: Draws the order; the global random numbers are not touched.
    """
    return torch.randperm(num_rows, generator=generator, device="cpu")


def split_rows(order: Tensor, minibatch_size: int) -> tuple[Tensor, ...]:
    """Split the shuffled row numbers into mini-batches; each row is in exactly one.

    The last mini-batch is smaller when the rows do not divide evenly. If it would have a single row, which has no
    spread to normalise by, that row joins the mini-batch before.

    Args:
        order: Row numbers, (rows,).
        minibatch_size: Rows in a mini-batch, 1 or more.

    Returns:
        The row numbers of each mini-batch, each (B,).

    Raises:
        ValueError: If minibatch_size is below 1.
    """
    if minibatch_size < 1:
        raise ValueError(f"minibatch_size must be 1 or more. Got {minibatch_size}")
    pieces = order.split(minibatch_size)
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        pieces = (*pieces[:-2], torch.cat(pieces[-2:]))
    return pieces


def count_gradient_steps(num_rows: int, minibatch_size: int, epochs: int) -> int:
    """Return how many gradient steps an update takes.

    Args:
        num_rows: Rows of the rollout.
        minibatch_size: Rows of a mini-batch.
        epochs: Passes over the rows.

    Returns:
        epochs * ceil(num_rows / minibatch_size); one less per epoch where a single last row joins the one before it.
    """
    per_epoch = -(-num_rows // minibatch_size)  # rounded up
    last = num_rows - (per_epoch - 1) * minibatch_size
    if last == 1 and per_epoch > 1:
        per_epoch -= 1
    return epochs * per_epoch
