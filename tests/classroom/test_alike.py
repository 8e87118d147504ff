"""What counts as the same result: values up to rounding; the kind as far as it was asked for."""

import math

import numpy as np
import pytest
import torch

from ppo_lessons.classroom.alike import alike

ITSELF: list = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (torch.tensor([1.0, math.nan]), torch.tensor([1.00001, math.nan])),
        (torch.tensor(2.0, dtype=torch.float64), torch.tensor(2.0)),
        (np.float32(math.nan), math.nan),
        (np.float64(0.003), 0.003),
        (0, 0.0),
        (np.bool_(True), True),
        ([1, 2.0], (1, 2.0)),
        ({"a": torch.ones(2)}, {"a": torch.ones(2)}),
        (1e-8, 0.0),
        (torch.tensor([1e-8]), torch.tensor([0.0])),
        (ITSELF, ITSELF),
        (torch.Tensor.mean, torch.Tensor.mean),
    ],
)
def test_alike(got: object, want: object):
    assert alike(got, want)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (torch.tensor([1.0]), torch.tensor([1.001])),
        (torch.tensor([1.0], dtype=torch.float64), torch.tensor([1.0])),
        (torch.tensor([[1.0]]), torch.tensor([1.0])),
        (torch.tensor([1.0, math.nan]), torch.tensor([1.0, 0.0])),
        (torch.tensor(1), torch.tensor(1.0)),
        (0.000301, 0.000300),
        (1e-6 * torch.tensor([1.0, 2.0]), 1e-6 * torch.tensor([1.0, 1.0])),
        (6.0, 6),
        (True, 1.0),
        (1, True),
        (torch.tensor(True), True),
        (np.ones(2), np.ones(2, np.float32)),
        ([1], [1, 1]),
        ("1", 1),
        (ITSELF, [1.0]),
        (torch.eye(2).to_sparse(), 1.0),
        (None, 0.0),
    ],
)
def test_not_alike(got: object, want: object):
    assert not alike(got, want)


def test_large_numbers_are_compared_by_their_own_size():
    assert alike(torch.tensor([1e6, 1.0]), torch.tensor([1e6 + 10, 1.0]))
    assert not alike(torch.tensor([1e-3, 2e-3]), torch.tensor([1.1e-3, 2e-3])), "no absolute slack for small numbers"
