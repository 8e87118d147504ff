"""How much of the returns the critic foresaw."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.value_loss.exercises.rows import random_rows
from ppo_lessons.losses import explained_variance


def _share_probe(values: list[float], returns: list[float], special: str = "") -> Probe:
    return call_with(torch.tensor(values), torch.tensor(returns), special=special)


def _guarded(share: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], float]:
    """A wrong share with the right answer where the returns do not vary."""
    return lambda values, returns: float("nan") if _var(returns) == 0 else float(share(values, returns))


def _correlation(values: Tensor, returns: Tensor) -> Tensor:
    v, r = values - values.mean(), returns - returns.mean()
    return (v * r).sum() / (v.square().sum() * r.square().sum() + 1e-12).sqrt()


def _var(numbers: Tensor) -> Tensor:
    return numbers.var(correction=0)


def _right(values: Tensor, returns: Tensor) -> Tensor:
    """The right share, unguarded."""
    return 1 - _var(returns - values) / _var(returns)


EXERCISE = Exercise(
    number="9.2",
    node="M",
    function=explained_variance,
    difficulty=2,
    minutes=6,
    probes=(
        _share_probe([1.0, 2.0, 6.0], [2.0, 3.0, 10.0]),
        _share_probe([1.0, 2.0, 6.0], [4.0, 4.0, 4.0], "returns that do not vary"),
        _share_probe([4.0, 4.0, 4.0], [4.0, 4.0, 4.0], "returns that do not vary"),
        _share_probe([7.0, 7.0, 7.0], [1.0, 2.0, 6.0], "values that do not vary"),
        _share_probe([8.0, 9.0, 13.0], [1.0, 2.0, 6.0]),
        _share_probe([-1.0, -2.0, -6.0], [1.0, 2.0, 6.0]),
        call_with(*random_rows(4, 50)),
        call_with(*random_rows(6, 7)),
        call_with(*random_rows(5, 9, torch.float64)),
    ),
    mistakes=(
        Mistake(
            name="the correlation of values and returns",
            wrong=_guarded(_correlation),
            advice="It does not notice a critic whose values are all ten times too large. Look at the errors instead.",
        ),
        Mistake(name="the squared correlation",
                wrong=_guarded(lambda values, returns: _correlation(values, returns).square()),
                advice="It cannot be negative, yet a critic can be worse than none. Look at the errors instead."),
        Mistake(name="the mean squared error over the variance, without centring the errors",
                wrong=_guarded(lambda values, returns: 1 - (returns - values).square().mean() / _var(returns)),
                advice="A critic 7 too high everywhere foresees all of the spread. Take the variance of the errors."),
        Mistake(
            name="the spread of the values over that of the returns",
            wrong=_guarded(lambda values, returns: _var(values) / _var(returns)),
            advice="Wild values spread a lot, foresee nothing. What is left of the returns when values are taken off?",
        ),
        Mistake(name="values and returns swapped", wrong=lambda values, returns: explained_variance(returns, values),
                advice="Whose spread is to be explained? That one stands below the line."),
        Mistake(name="no guard for returns that do not vary",
                wrong=lambda values, returns: float(_right(values, returns)),
                advice="Equal returns have no spread to explain: return float('nan') before you divide by 0."),
        Mistake(
            name="0 where the returns do not vary",
            wrong=lambda values, returns: 0.0 if _var(returns) == 0 else explained_variance(values, returns),
            advice="0 would say: no better than a constant. But nothing was asked of the critic; say float('nan').",
        ),
        Mistake(
            name="a tensor for a float",
            wrong=lambda values, returns: _right(values, returns) if _var(returns) > 0 else torch.tensor(float("nan")),
            advice="It is a diagnostic to print and store, nothing to differentiate: wrap it in float(...).",
        ),
        Mistake(name="the share that was *not* foreseen (1 minus is missing)",
                wrong=_guarded(lambda values, returns: _var(returns - values) / _var(returns)),
                advice="Yours is 0 for a perfect critic. Turn it round."),
        Mistake(name="mean sizes (abs) in place of variances",
                wrong=_guarded(lambda v, r: 1 - (r - v).abs().mean() / (r - r.mean()).abs().mean()),
                advice="Variances are mean squares of what is left after the mean is taken off."),
        Mistake(name="the errors' variance over n, the returns' over n - 1",
                wrong=_guarded(lambda v, r: 1 - (r - v).var(correction=0) / r.var()),
                advice="Both variances over the same number, or the share is wrong by n / (n - 1)."),
        Mistake(name="the variance of the values over that of the returns, 1 minus",
                wrong=_guarded(lambda v, r: 1 - v.var(correction=0) / r.var(correction=0)),
                advice="What counts is what is left when the values are taken off the returns."),
        Mistake(name="standard deviations for variances",
                wrong=_guarded(lambda values, returns: 1 - _var(returns - values).sqrt() / _var(returns).sqrt()),
                advice="Variances add up, standard deviations do not: .var(), not .std()."),
        Mistake(name="one variance over n - 1 and the other over n",
                wrong=_guarded(lambda values, returns: 1 - (returns - values).var() / _var(returns)),
                advice="torch's var() divides by n - 1 unless told correction=0. Ask for the same in both."),
        Mistake(
            name="mean squares for variances",
            wrong=_guarded(lambda v, r: 1 - (r - v).square().mean() / r.square().mean().clamp(min=1e-9)),
            advice="Add 100 to all values and returns: nothing has become easier to foresee. Does your number stay?",
        ),
        Mistake(name="cutting off what is below 0",
                wrong=_guarded(lambda values, returns: _right(values, returns).clamp(min=0)),
                advice="Below 0 is news: worse than any constant. Let it show."),
    ),
    hints=(
        "What is left of the returns when the critic's values are taken off, and how much does that still vary?",
        "1 - Var(returns - values) / Var(returns); NaN if Var(returns) is 0; a float.",
        "spread = returns.var(correction=0)\n"
        "if spread == 0:\n"
        '    return float("nan")\n'
        "return float(1 - (returns - values).var(correction=0) / spread)",
    ),
)  # fmt: skip
