"""Mean and spread out of running averages that began at 0."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.value_normalisation import follow_returns, mean_and_std


def _probe(statistics: list[float], special: str = "") -> Probe:
    """Look at the pair as plain numbers: whether they are float32 or float64 does not matter."""

    def numbers(result: Any) -> Any:
        pair = isinstance(result, (tuple, list)) and len(result) == 2
        if not pair or not all(isinstance(part, (Tensor, float, int)) for part in result):
            return result
        return tuple(torch.as_tensor(part, dtype=torch.float32) for part in result)

    return call_with(torch.tensor(statistics, dtype=torch.float64), seen=numbers, special=special)


def _followed(*rollouts: list[float]) -> list[float]:
    statistics = torch.zeros(3, dtype=torch.float64)
    for returns in rollouts:
        statistics = follow_returns(statistics, torch.tensor(returns))
    return statistics.tolist()


def _wrong(of: Callable[[float, float, float], tuple[float, float]]) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A mistake that treats the weight 0 as it should."""

    def wrong(statistics: Tensor) -> tuple[Tensor, Tensor]:
        mean, square, weight = statistics.tolist()
        pair = of(mean, square, weight) if weight > 0 else (0.0, 0.0)
        return torch.tensor(pair[0]), torch.tensor(pair[1])

    return wrong


def _in_float32(statistics: Tensor) -> tuple[Tensor, Tensor]:
    mean, square, weight = statistics.float()
    if weight == 0:
        return weight, weight
    return mean / weight, (square / weight - (mean / weight) ** 2).clamp(min=0).sqrt()


def _root(number: float) -> float:
    return max(number, 0.0) ** 0.5


EXERCISE = Exercise(
    number="15.2",
    node="D",
    function=mean_and_std,
    difficulty=2,
    minutes=7,
    probes=(
        _probe([0.03, 0.13, 0.01]),
        _probe(_followed([1.0, 2.0, 6.0])),
        _probe(_followed([3.0, 3.5], [4.0, 6.0, -2.0])),
        _probe(_followed(*([0.1 * k, 2.0, -1.0] for k in range(20)))),
        _probe([0.6, 2.0, 0.5]),
        _probe([-1.5, 9.0, 0.9]),
        _probe([2.0, 5.0, 1.0], "a weight of 1"),
        _probe([0.002, 0.005, 0.001], "a weight of 0.001"),
        _probe([0.3 * 3000.37, 0.3 * (3000.37**2 + 0.25), 0.3], "returns of about 3000 that hardly differ"),
        _probe([0.1, 0.04 - 1e-12, 0.25], "a variance that rounding has made negative"),
        _probe([0.0, 0.0, 0.0], "a weight of 0"),
        *beyond(lambda rng: (_probe(_followed(*rng.normal(1, 2, (4, 3)).tolist())) for _ in range(3))),
    ),
    mistakes=(
        Mistake(name="not dividing by the weight", wrong=_wrong(lambda m, s, w: (m, _root(s - m * m))),
                advice="The averages began at 0 and are too small. Divide both by the weight first."),
        Mistake(name="only the mean divided by the weight, not the mean square",
                wrong=_wrong(lambda m, s, w: (m / w, _root(s - (m / w) ** 2))),
                advice="Both averages began at 0: the mean square needs the weight as well."),
        Mistake(name="only the mean square divided by the weight, not the mean",
                wrong=_wrong(lambda m, s, w: (m, _root(s / w - m * m))),
                advice="Both averages began at 0: the mean needs the weight as well."),
        Mistake(name="the right spread, but the mean not divided by the weight",
                wrong=_wrong(lambda m, s, w: (m, _root(s / w - (m / w) ** 2))),
                advice="The mean that is returned needs the weight, too."),
        Mistake(name="dividing by the weight at the end, after the variance",
                wrong=_wrong(lambda m, s, w: (m / w, _root((s - m * m) / w))),
                advice="The square of the mean would be too small by the weight squared. Divide first, then take the "
                "variance."),
        Mistake(name="the variance in place of the standard deviation",
                wrong=_wrong(lambda m, s, w: (m / w, max(s / w - (m / w) ** 2, 0.0))),
                advice="The standard deviation is the root of the variance."),
        Mistake(name="the mean square in place of the variance",
                wrong=_wrong(lambda m, s, w: (m / w, _root(s / w))),
                advice="Take the square of the mean away: the spread is around the mean, not around 0."),
        Mistake(name="the mean in place of its square", wrong=_wrong(lambda m, s, w: (m / w, _root(s / w - m / w))),
                advice="variance = mean square less the *square* of the mean."),
        Mistake(name="the square added, not taken away",
                wrong=_wrong(lambda m, s, w: (m / w, _root(s / w + (m / w) ** 2))),
                advice="variance = mean square *less* the square of the mean."),
        Mistake(name="multiplying by the weight", wrong=_wrong(lambda m, s, w: (m * w, _root(s * w - (m * w) ** 2))),
                advice="A weight of 0.01 says that the averages are a hundred times too small. Divide."),
        Mistake(name="dividing by 1 - weight", wrong=_wrong(
                lambda m, s, w: (m / (1 - w + 1e-12), _root(s / (1 - w + 1e-12) - (m / (1 - w + 1e-12)) ** 2))),
                advice="In Adam one divides by 1 - decay to the power of t; that *is* the weight here."),
        Mistake(name="worked out in float32, where the difference of two large squares is lost", wrong=_in_float32,
                advice="The statistics come in float64 for a reason: with a mean of 3000 and a spread of 0.5 the "
                "two squares agree in their first seven digits. Round at the end."),
        Mistake(name="tensors of shape (1,)", wrong=lambda s: tuple(part.reshape(1) for part in mean_and_std(s)),
                advice="Scalars are asked for, shape (): a slice s[:1] keeps its axis, s[0] does not."),
        Mistake(name="the standard deviation first, then the mean", wrong=lambda s: mean_and_std(s)[::-1],
                advice="The numbers are right. The mean comes first."),
        Mistake(name="the mean alone", wrong=lambda s: mean_and_std(s)[0], advice="Return both: mean and spread."),
        Mistake(name="a weight of 0 not foreseen", wrong=lambda s: (
                (s[0] / s[2]).float(), (s[1] / s[2] - (s[0] / s[2]) ** 2).clamp(min=0).sqrt().float()),
                advice="At the beginning nothing was followed, and 0 / 0 is NaN. Both are 0 then."),
        Mistake(name="a variance below 0 not foreseen", wrong=_wrong(
                lambda m, s, w: (m / w, (s / w - (m / w) ** 2) ** 0.5 if s / w >= (m / w) ** 2 else float("nan"))),
                advice="Rounding can make it -1e-17, and the root of that is NaN: clamp(min=0)."),
        Mistake(name="a standard deviation of 1 while nothing is known", wrong=lambda s: (
                mean_and_std(s) if s[2] > 0 else (torch.tensor(0.0), torch.tensor(1.0))),
                advice="As long as nothing was followed both are 0: who knows nothing expects nothing."),
    ),
    hints=(
        "What is the mean of the returns if the average is 0.03 and the weight 0.01? And the mean of the squares?",
        "mean = statistics[0] / weight, square = statistics[1] / weight; the root of square - mean^2, at least 0. All "
        "0 if the weight is 0.",
        "if statistics[2] == 0:\n"
        "    return torch.tensor(0.0), torch.tensor(0.0)\n"
        "mean, square = statistics[:2] / statistics[2]\n"
        "return mean.float(), (square - mean**2).clamp(min=0).sqrt().float()",
    ),
)  # fmt: skip
