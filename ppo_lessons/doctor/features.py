"""What of a run's readings is compared with healthy and ill runs: a few numbers that do not depend on its length."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

EARLY, LATE = 0.1, 0.5
"""The first tenth of a run, and its second half."""
FLOORS = {"approx_kl": 1e-6, "first_ratio": 1e-4, "actor_grad": 1e-6, "critic_grad": 1e-6, "step_grad": 1e-3}
"""Readings that are compared by their order of magnitude, and what counts as 0."""
ENOUGH = 15
"""Fewer readings have no trend that one could judge."""


def features_of(values: Mapping[str, np.ndarray], num_actions: int | None = None) -> dict[str, float]:
    """Return the features of a run; NaN where a reading is missing.

    Args:
        values: Standard name of a reading -> (P,), NaN where it is missing.
        num_actions: Choices of an agent; None: the entropy is compared with its own highest.

    Returns:
        Name of a feature, "reading, when" -> number.
    """
    found: dict[str, float] = {}
    for name in FLOORS:
        series = _magnitude(name, values)
        found[f"{name}, early"], found[f"{name}, late"] = _early(series), _late(series)
    for name in ("clip_fraction", "explained_variance", "rows_used", "survival"):
        series = _series(name, values)
        found[f"{name}, early"], found[f"{name}, late"] = _early(series), _late(series)
    entropy = _series("entropy", values)
    top = math.log(num_actions) if num_actions else _or_nan(np.nanmax, entropy)
    found["entropy, early"], found["entropy, late"] = _early(entropy) / top, _late(entropy) / top
    found["entropy, lowest"] = _or_nan(np.nanmin, entropy) / top
    found["explained_variance, highest"] = _or_nan(np.nanmax, _series("explained_variance", values))
    found["rows_used, lowest"] = _or_nan(np.nanmin, _series("rows_used", values))
    found["rows_used, left out"] = _or_nan(np.nanmax, np.log10(np.maximum(1 - _series("rows_used", values), 1e-3)))
    found["step_grad, beyond 1"] = _or_nan(np.nanmax, np.maximum(_magnitude("step_grad", values), 0))
    found["approx_kl, change"] = found["approx_kl, late"] - found["approx_kl, early"]
    found["actor_grad, change"] = found["actor_grad, late"] - found["actor_grad, early"]
    found["mean_return, trend"] = _trend(_series("mean_return", values))
    return found


def _series(name: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.asarray(values.get(name, [math.nan]), np.float64)


def _magnitude(name: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.log10(np.maximum(_series(name, values), FLOORS[name]))


def _early(series: np.ndarray) -> float:
    return _median(series[: max(1, round(EARLY * len(series)))])


def _late(series: np.ndarray) -> float:
    return _median(series[int(LATE * len(series)) :])


def _median(series: np.ndarray) -> float:
    known = series[np.isfinite(series)]
    return float(np.median(known)) if len(known) else math.nan


def _or_nan(end: Callable[[np.ndarray], Any], series: np.ndarray) -> float:
    return float(end(series)) if np.isfinite(series).any() else math.nan


def _trend(series: np.ndarray) -> float:
    """Return whether a reading rises: the correlation of its ranks with time, -1 to 1."""
    known = series[np.isfinite(series)]
    if len(known) < ENOUGH or np.ptp(known) == 0:
        return math.nan
    ranks = np.argsort(np.argsort(known))
    return float(np.corrcoef(ranks, np.arange(len(known)))[0, 1])
