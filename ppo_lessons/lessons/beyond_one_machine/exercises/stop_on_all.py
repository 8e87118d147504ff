"""All stop, or none."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.data_parallel.sharing import stop_on_all


def _plain(result: Any) -> Any:
    """A tensor that says True or False will do."""
    one = isinstance(result, Tensor) and result.dim() == 0 and result.dtype == torch.bool
    return bool(result) if one else result


def _probe(kls: list[float], rows: list[float], target: float | None, special: str = "") -> Probe:
    told = torch.tensor(kls, dtype=torch.float64), torch.tensor(rows, dtype=torch.float64)
    return call_with(*told, target, special=special, seen=_plain)


FACTORS = (0.2, 0.5, 0.75, 0.97, 1.03, 1.2, 1.45, 1.7, 2.1, 3.5, 8.0, 50.0)
"""Targets, in the ones at which the update just goes on."""


def _drawn(seed: int, factor: float) -> Probe:
    rng = numbers(seed)
    kls, rows = rng.uniform(0.001, 0.05, 4), rng.integers(1, 900, 4)
    mean = float((kls * rows).sum() / rows.sum())
    return _probe(kls.tolist(), rows.tolist(), factor * mean / 1.5)


def _kl(k: Tensor, n: Tensor) -> float:
    return float((k * n).sum() / n.sum())


EXERCISE = Exercise(
    number="18.6",
    node="O",
    function=stop_on_all,
    difficulty=2,
    minutes=6,
    used="It ends the update on all ranks at once, wherever my_sharing() takes part.",
    probes=(
        _probe([0.04, 0.01], [10, 30], 0.01),
        _probe([0.04, 0.01], [10, 30], 0.012),
        _probe([0.01, 0.04], [10, 30], 0.02),
        _probe([0.01, 0.04], [10, 30], 0.022),
        _probe([0.03, 0.02, 0.001], [100, 300, 200], 0.009),
        *(_drawn(seed, factor) for seed in range(3) for factor in FACTORS),
        _probe([0.5, 0.0], [4, 0], 0.4, special="a rank without a row"),
        _probe([3.0, 2.0], [5, 5], None, special="no target"),
        _probe([-0.3, -0.5], [5, 6], 0.01, special="estimates below 0"),
    ),
    mistakes=(
        Mistake(name="one rank is enough (any, or the largest)",
                wrong=lambda k, n, t: t is not None and bool((k > 1.5 * t).any()),
                advice="A single rank's rows are few and may lie far out. One process would look at all rows: the mean "
                "over them decides."),
        Mistake(name="every rank must be too far (all, or the smallest)",
                wrong=lambda k, n, t: t is not None and bool((k > 1.5 * t).all()),
                advice="One process would look at the mean over all rows, not at the most careful rank."),
        Mistake(name="the mean of the ranks, not weighted by their rows",
                wrong=lambda k, n, t: t is not None and float(k.mean()) > 1.5 * t,
                advice="Each rank tells the mean over its own rows: weight by rows."),
        Mistake(name="the first rank decides", wrong=lambda k, n, t: t is not None and float(k[0]) > 1.5 * t,
                advice="They would agree, but on the rows of one. The mean over all rows decides."),
        Mistake(name="the last rank decides", wrong=lambda k, n, t: t is not None and float(k[-1]) > 1.5 * t,
                advice="They would agree, but on the rows of one. The mean over all rows decides."),
        Mistake(name="the rank with the most rows decides",
                wrong=lambda k, n, t: t is not None and float(k[n.argmax()]) > 1.5 * t,
                advice="The mean over all rows decides."),
        Mistake(name="the median of the ranks", wrong=lambda k, n, t: t is not None and float(k.median()) > 1.5 * t,
                advice="The mean over all rows decides."),
        Mistake(name="the sum of the ranks", wrong=lambda k, n, t: t is not None and float(k.sum()) > 1.5 * t,
                advice="The more ranks, the sooner it would stop. Take the mean, weighted by rows."),
        Mistake(name="weighted, but not divided by all rows",
                wrong=lambda k, n, t: t is not None and float((k * n).sum()) > 1.5 * t,
                advice="The weights of a mean add up to 1: divide by the sum of rows."),
        Mistake(name="the factor 1.5 forgotten", wrong=lambda k, n, t: t is not None and _kl(k, n) > t,
                advice="The update ends above 1.5 times target_kl, as for one process."),
        Mistake(name="divided by 1.5, not multiplied", wrong=lambda k, n, t: t is not None and _kl(k, n) > t / 1.5,
                advice="Above 1.5 *times* the target."),
        Mistake(name="below in the place of above", wrong=lambda k, n, t: t is not None and _kl(k, n) < 1.5 * t,
                advice="It stops when the policy has gone too *far*."),
        Mistake(name="the size of the mean, without its sign",
                wrong=lambda k, n, t: t is not None and abs(_kl(k, n)) > 1.5 * t,
                advice="Below 0 is not far: an estimate that can be negative says nothing by being very negative."),
        Mistake(name="no target not foreseen", wrong=lambda k, n, t: _kl(k, n) > 1.5 * t,
                advice="target_kl may be None: then the update never ends early."),
        Mistake(name="without a target it stops at once", wrong=lambda k, n, t: t is None or _kl(k, n) > 1.5 * t,
                advice="None means no limit: False."),
        Mistake(name="the mean itself", wrong=lambda k, n, t: _kl(k, n), advice="True or False is asked for."),
        Mistake(name="always going on", wrong=lambda k, n, t: False, advice="When is the update to end?"),
        Mistake(name="one answer for each rank", wrong=lambda k, n, t: (
                torch.zeros_like(k).bool() if t is None else k > 1.5 * t),
                advice="One answer for all: they stop together or not at all."),
    ),
    hints=(
        "What would one process with all rows look at? And who must hear the answer?",
        "sum(kls * rows) / sum(rows) > 1.5 * target_kl; False without a target",
        "if target_kl is None:\n"
        "    return False\n"
        "kl = (kls * rows).sum() / rows.sum()\n"
        "return bool(kl > 1.5 * target_kl)",
    ),
)  # fmt: skip
