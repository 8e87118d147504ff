"""CPU time in turns, ratios, and growth: whatever drifts on the machine meets every contestant alike."""

import gc
import math
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import linear_regression, median
from typing import NamedTuple, TypeVar

import torch

T = TypeVar("T")


class Ratio(NamedTuple):
    """How two contestants compare, over the rounds in which both had their turn."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the median and, in brackets, the lowest and the highest round."""
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def one_core() -> None:
    """Keep torch to one thread. CPU time sums over threads, so a second one could not hide, only get in the way."""
    torch.set_num_threads(1)


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU time that `work` takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(contestants: Mapping[str, Callable[[], T]], rounds: int, *, warm_up: int = 1) -> dict[str, list[T]]:
    """Let every contestant have one turn a round, in an order that is turned round each time (A B, B A, ...).

    What the last one left behind is collected between the turns, so that nobody pays for another's rubbish.

    Args:
        contestants: Name -> one turn, which returns what it measured.
        rounds: How many rounds count, 1 or more.
        warm_up: Rounds before, which do not count.

    Returns:
        Name -> what was measured, one entry a round.
    """
    measured: dict[str, list[T]] = {name: [] for name in contestants}
    for number in range(-warm_up, rounds):
        order = list(contestants) if number % 2 == 0 else list(reversed(contestants))
        for name in order:
            gc.collect()
            value = contestants[name]()
            if number >= 0:
                measured[name].append(value)
    return measured


def ratio(above: Sequence[float], below: Sequence[float]) -> Ratio:
    """Return the median, lowest and highest of above / below, round by round."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return p of the best fit costs = c * sizes^p (a straight line through the logarithms): 1 is linear."""
    return linear_regression([math.log(s) for s in sizes], [math.log(c) for c in costs]).slope
