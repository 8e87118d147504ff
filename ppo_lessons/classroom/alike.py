"""When two results count as the same: values up to rounding, and the kind only as far as it was asked for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

RELATIVE = 1e-4
"""Two numbers may differ by this share of themselves, ..."""
OF_THE_LARGEST = 1e-6
"""... by this share of the largest number beside them, ..."""
ROUNDING = 1e-7
"""... and by what float32 loses near 1."""

_isclose, _largest, _equal = (
    torch.isclose,
    torch.amax,
    torch.equal,
)  # held here: what a learner puts in their place does not judge


def alike(got: Any, want: Any) -> bool:
    """Say whether what came, or a part of it, is what was wanted.

    Shape and dtype count; but one number in a tensor may have any floating dtype, a whole number does for a float, and
    numpy's numbers do for Python's.

    Args:
        got: What came.
        want: What was wanted.

    Returns:
        Whether they are the same.
    """
    try:
        return _alike(got, want, depth=20)
    except Exception:
        return False  # kinds that cannot be compared are not what was wanted


def _alike(got: Any, want: Any, depth: int) -> bool:
    if got is want:
        return True
    if depth == 0:  # a list that holds itself; no right result does
        return True
    if isinstance(got, Mapping) and isinstance(want, Mapping):
        return got.keys() == want.keys() and all(_alike(got[key], want[key], depth - 1) for key in want)
    if isinstance(got, (tuple, list)) and isinstance(want, (tuple, list)):
        same_length = len(got) == len(want)
        return same_length and all(_alike(a, b, depth - 1) for a, b in zip(got, want, strict=True))
    if isinstance(got, torch.Tensor) and isinstance(want, torch.Tensor):
        one_number = want.dim() == 0 and got.is_floating_point() and want.is_floating_point()
        return got.shape == want.shape and (got.dtype == want.dtype or one_number) and _close(got, want)
    if isinstance(got, np.ndarray) and isinstance(want, np.ndarray):
        if got.shape != want.shape or got.dtype != want.dtype:
            return False
        if got.dtype.kind not in "biuf":
            return bool(np.array_equal(got, want))
        return _close(torch.from_numpy(got.copy()), torch.from_numpy(want.copy()))
    if callable(got) and callable(want):  # a method without its () is another object each time
        return getattr(got, "__name__", got) == getattr(want, "__name__", want)
    return _same_plain(_plain(got), _plain(want))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same_plain(got: Any, want: Any) -> bool:
    if isinstance(want, float) and isinstance(got, (int, float)) and not isinstance(got, bool):
        return _close(torch.tensor(float(got), dtype=torch.float64), torch.tensor(want, dtype=torch.float64))
    by_identity = type(got).__eq__ is object.__eq__  # two of a kind that cannot be told apart
    return type(got) is type(want) and (by_identity or bool(got == want))


def _close(got: torch.Tensor, want: torch.Tensor) -> bool:
    got, want = got.detach().to_dense(), want.detach().to_dense()
    if not want.is_floating_point():
        return _equal(got, want)
    got = got.to(want.dtype)
    finite = want[want.isfinite()].abs()
    slack = ROUNDING + OF_THE_LARGEST * (float(_largest(finite)) if finite.numel() else 0.0)
    return bool(_isclose(got, want, rtol=RELATIVE, atol=slack, equal_nan=True).all())
