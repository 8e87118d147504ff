"""Exercises of lesson 08: the value loss, and how much of the returns the critic foresaw."""

import torch
from torch.nn import functional as F

from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.losses import explained_variance, value_loss


def _rows(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers)


def _random(seed: int, rows: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    returns = 2 * torch.randn(rows, generator=generator, dtype=dtype)
    values = 0.6 * returns + torch.randn(rows, generator=generator, dtype=dtype) + 0.8
    return values, returns


def _loss_probe(values: torch.Tensor, returns: torch.Tensor) -> Probe:
    """Looks only at the gradient to the values: returns carry none in an update, and detaching them is right too."""
    return call_with(values, returns, gradients=(0,))


value_loss_exercise = Exercise(
    number="8.1",
    function=value_loss,
    difficulty=1,
    minutes=4,
    probes=(
        _loss_probe(_rows(1.0, 2.0, 4.0), _rows(3.0, 2.5, 3.0)),
        call_with(_rows(1.0, 2.0, 4.0), _rows(3.0, 2.5, 3.0)),
        _loss_probe(_rows(0.5), _rows(2.5)),
        _loss_probe(*_random(1, 7)),
        _loss_probe(*_random(2, 64)),
        _loss_probe(*_random(3, 5, torch.float64)),
    ),
    mistakes=(
        Mistake(
            name="the mean absolute error",
            wrong=lambda values, returns: (values - returns).abs().mean(),
            advice="The distances are right. What is done to each of them before the mean?",
        ),
        Mistake(
            name="the sum for the mean",
            wrong=lambda values, returns: (values - returns).square().sum(),
            advice="Twice as many rows would give twice the loss. What should a mini-batch's size not change?",
        ),
        Mistake(
            name="half the mean squared error, CleanRL's convention",
            wrong=lambda values, returns: 0.5 * (values - returns).square().mean(),
            advice="In this house the whole weight stands in vf_coef; a half inside would count twice.",
        ),
        Mistake(
            name="every value compared with every return, (B, 1) against (B,)",
            wrong=lambda values, returns: (values.unsqueeze(1) - returns).square().mean(),
            advice="Print the shape of the difference: B rows should give B errors, not B x B.",
        ),
        Mistake(
            name="the root of the mean squared error",
            wrong=lambda values, returns: (values - returns).square().mean().sqrt(),
            advice="Its unit is nicer, but it is another loss: its gradient does not grow with the error.",
        ),
        Mistake(
            name="the right number without its graph (values detached, or all made into data)",
            wrong=lambda values, returns: (values.detach() - returns).square().mean(),
            advice="The critic learns through `values`. Which of the two is data, which a function of the weights?",
        ),
        Mistake(
            name="the square of the mean error",
            wrong=lambda values, returns: (values - returns).mean().square(),
            advice="Too high in one row and too low in another cancel out here. Which comes first, square or mean?",
        ),
        Mistake(
            name="the mean error without the square, returns minus values",
            wrong=lambda values, returns: (returns - values).mean(),
            advice="This can be negative, and smaller for ever. What makes every error count as positive?",
        ),
        Mistake(
            name="the mean error without the square, values minus returns",
            wrong=lambda values, returns: (values - returns).mean(),
            advice="This can be negative, and smaller for ever. What makes every error count as positive?",
        ),
        Mistake(
            name="the mean squared error with a minus sign",
            wrong=lambda values, returns: -(values - returns).square().mean(),
            advice="A loss is made smaller. What would the critic do to make yours smaller?",
        ),
        Mistake(
            name="one squared error a row, without the mean",
            wrong=lambda values, returns: (values - returns).square(),
            advice="backward() wants one number for the whole mini-batch.",
        ),
        Mistake(
            name="the variance of the errors",
            wrong=lambda values, returns: (values - returns).var(correction=0),
            advice="A critic that is 7 too high everywhere would look perfect. Is the mean error to be forgiven?",
        ),
        Mistake(
            name="the difference of the squares for the square of the difference",
            wrong=lambda values, returns: (values.square() - returns.square()).mean(),
            advice="Subtract first, then square: a value of -2 for a return of +2 is a large error.",
        ),
        Mistake(
            name="a Huber loss (smooth_l1_loss)",
            wrong=lambda values, returns: F.smooth_l1_loss(values, returns),
            advice="MAPPO's code uses one of these. Here large errors count in full: the plain mean squared error.",
        ),
        Mistake(
            name="subtracting in place, which changes what you were given",
            wrong=lambda values, returns: values.sub_(returns).square().mean(),
            advice="`values -= returns` writes into the tensor of the caller. Use values - returns.",
        ),
        Mistake(
            name="a float for a tensor (item)",
            wrong=lambda values, returns: (values - returns).square().mean().item(),
            advice="A float has forgotten where it came from: backward() needs the tensor.",
        ),
    ),
    hints=(
        "For each row: how far off was the critic? And how do 0.1 too high and 2 too low get one common number?",
        "mean over the rows of (values - returns)^2; no half, the weight is vf_coef.",
        "return (values - returns).square().mean()",
    ),
)


def _share_probe(values: list[float], returns: list[float]) -> Probe:
    return call_with(torch.tensor(values), torch.tensor(returns))


def _guarded(share):
    """A wrong share with the right answer where the returns do not vary."""
    return lambda values, returns: float("nan") if returns.var(correction=0) == 0 else float(share(values, returns))


def _correlation(values: torch.Tensor, returns: torch.Tensor) -> torch.Tensor:
    v, r = values - values.mean(), returns - returns.mean()
    return (v * r).sum() / (v.square().sum() * r.square().sum() + 1e-12).sqrt()


def _var(numbers: torch.Tensor) -> torch.Tensor:
    return numbers.var(correction=0)


explained_variance_exercise = Exercise(
    number="8.2",
    function=explained_variance,
    difficulty=2,
    minutes=6,
    probes=(
        _share_probe([1.0, 2.0, 6.0], [2.0, 3.0, 10.0]),
        _share_probe([1.0, 2.0, 6.0], [4.0, 4.0, 4.0]),
        _share_probe([4.0, 4.0, 4.0], [4.0, 4.0, 4.0]),
        _share_probe([7.0, 7.0, 7.0], [1.0, 2.0, 6.0]),
        _share_probe([8.0, 9.0, 13.0], [1.0, 2.0, 6.0]),
        _share_probe([-1.0, -2.0, -6.0], [1.0, 2.0, 6.0]),
        call_with(*_random(4, 50)),
        call_with(*_random(5, 9, torch.float64)),
    ),
    mistakes=(
        Mistake(
            name="the correlation of values and returns",
            wrong=_guarded(_correlation),
            advice="It does not notice a critic whose values are all ten times too large. Look at the errors instead.",
        ),
        Mistake(
            name="the squared correlation",
            wrong=_guarded(lambda values, returns: _correlation(values, returns).square()),
            advice="It cannot be negative, yet a critic can be worse than none. Look at the errors instead.",
        ),
        Mistake(
            name="the mean squared error over the variance, without centring the errors",
            wrong=_guarded(lambda values, returns: 1 - (returns - values).square().mean() / _var(returns)),
            advice="A critic 7 too high everywhere foresees all of the spread. Take the variance of the errors.",
        ),
        Mistake(
            name="the spread of the values over that of the returns",
            wrong=_guarded(lambda values, returns: _var(values) / _var(returns)),
            advice="Wild values spread a lot, foresee nothing. What is left of the returns when values are taken off?",
        ),
        Mistake(
            name="values and returns swapped",
            wrong=lambda values, returns: (
                float("nan") if _var(values) == 0 else float(1 - _var(returns - values) / _var(values))
            ),
            advice="Whose spread is to be explained? That one stands below the line.",
        ),
        Mistake(
            name="no guard for returns that do not vary",
            wrong=lambda values, returns: float(1 - _var(returns - values) / _var(returns)),
            advice="Equal returns have no spread to explain: return float('nan') before you divide by 0.",
        ),
        Mistake(
            name="0 where the returns do not vary",
            wrong=lambda values, returns: (
                0.0 if _var(returns) == 0 else float(1 - _var(returns - values) / _var(returns))
            ),
            advice="0 would say: no better than a constant. But nothing was asked of the critic; say float('nan').",
        ),
        Mistake(
            name="a tensor for a float",
            wrong=lambda values, returns: (
                torch.tensor(float("nan")) if _var(returns) == 0 else 1 - _var(returns - values) / _var(returns)
            ),
            advice="It is a diagnostic to print and store, nothing to differentiate: wrap it in float(...).",
        ),
        Mistake(
            name="the share that was *not* foreseen (1 minus is missing)",
            wrong=_guarded(lambda values, returns: _var(returns - values) / _var(returns)),
            advice="Yours is 0 for a perfect critic. Turn it round.",
        ),
        Mistake(
            name="standard deviations for variances",
            wrong=_guarded(lambda values, returns: 1 - _var(returns - values).sqrt() / _var(returns).sqrt()),
            advice="Variances add up, standard deviations do not: .var(), not .std().",
        ),
        Mistake(
            name="one variance over n - 1 and the other over n",
            wrong=_guarded(lambda values, returns: 1 - (returns - values).var() / _var(returns)),
            advice="torch's var() divides by n - 1 unless told correction=0. Ask for the same in both.",
        ),
        Mistake(
            name="mean squares for variances",
            wrong=_guarded(
                lambda values, returns: 1 - (returns - values).square().mean() / returns.square().mean().clamp(min=1e-9)
            ),
            advice="Add 100 to all values and returns: nothing has become easier to foresee. Does your number stay?",
        ),
        Mistake(
            name="cutting off what is below 0",
            wrong=_guarded(lambda values, returns: (1 - _var(returns - values) / _var(returns)).clamp(min=0)),
            advice="Below 0 is news: worse than any constant. Let it show.",
        ),
    ),
    hints=(
        "What is left of the returns when the critic's values are taken off, and how much does that still vary?",
        "1 - Var(returns - values) / Var(returns); NaN if Var(returns) is 0; a float.",
        "return float(1 - (returns - values).var(correction=0) / returns.var(correction=0)), after the guard",
    ),
)

EXERCISES = (value_loss_exercise, explained_variance_exercise)
