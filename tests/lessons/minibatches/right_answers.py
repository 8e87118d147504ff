"""Right answers to the lesson's exercises, written differently from the package."""

import math

import numpy as np
import torch


def _shuffle_by_swapping(num_rows, generator):
    order = list(range(num_rows))
    for last in range(num_rows - 1, 0, -1):
        other = int(torch.randint(last + 1, (1,), generator=generator))
        order[last], order[other] = order[other], order[last]
    return torch.tensor(order)


def _split_by_loop(order, minibatch_size):
    pieces, start = [], 0
    while start < len(order):
        stop = start + minibatch_size
        if len(order) - stop == 1:
            stop += 1
        pieces.append(order[start:stop])
        start = stop
    return pieces


def _split_by_numpy(order, minibatch_size):
    cuts = [cut for cut in range(minibatch_size, len(order), minibatch_size) if len(order) - cut != 1]
    return tuple(torch.from_numpy(piece) for piece in np.split(order.numpy(), cuts))


def _count_by_loop(num_rows, minibatch_size, epochs):
    steps, left = 0, num_rows
    while left > 0:
        steps, left = steps + 1, left - minibatch_size
        if left == 1:
            left = 0
    return steps * epochs


def _count_by_ceil(num_rows, minibatch_size, epochs):
    single = num_rows % minibatch_size == 1 and num_rows > 1
    return epochs * (math.ceil(num_rows / minibatch_size) - single)


def _minibatches_in_a_list(num_rows, config, generator, steps):
    pieces = []
    for _ in range(config.epochs):
        pieces += steps.split_rows(steps.shuffle_rows(num_rows, generator), config.minibatch_size)
    return pieces


def _minibatches_by_hand(num_rows, config, generator, steps):
    """All orders first, then the pieces one by one."""
    orders = [steps.shuffle_rows(num_rows, generator) for _ in range(config.epochs)]
    for order in orders:
        for piece in steps.split_rows(order, minibatch_size=config.minibatch_size):
            yield piece.clone()


RIGHT = {
    "6.4": [
        _minibatches_in_a_list,
        _minibatches_by_hand,
        lambda num_rows, config, generator, steps: (
            piece
            for _ in range(config.epochs)
            for piece in steps.split_rows(steps.shuffle_rows(num_rows, generator), config.minibatch_size)
        ),
    ],
    "6.1": [
        _shuffle_by_swapping,
        lambda num_rows, generator: torch.rand(num_rows, generator=generator).argsort(),
        lambda num_rows, generator: torch.multinomial(torch.ones(num_rows), num_rows, generator=generator),
    ],
    "6.2": [
        _split_by_loop,
        _split_by_numpy,
        lambda order, size: order.split(
            [size] * (len(order) // size - (len(order) % size == 1 and len(order) > 1))
            + (
                [size + 1]
                if len(order) % size == 1 and len(order) > 1
                else [len(order) % size] * (len(order) % size > 0)
            )
        ),
    ],
    "6.3": [
        _count_by_loop,
        _count_by_ceil,
        lambda num_rows, size, epochs: epochs * max(1, (num_rows + size - 2) // size),
    ],
}
