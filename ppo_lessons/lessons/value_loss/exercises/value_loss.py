"""The value loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.value_loss.exercises.rows import random_rows
from ppo_lessons.losses import value_loss

_SMALL = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([3.0, 2.5, 3.0])


def _loss_probe(values: Tensor, returns: Tensor) -> Probe:
    """Looks only at the gradient to the values: returns carry none in an update, and detaching them is right too."""
    return call_with(values, returns, gradients=(0,))


EXERCISE = Exercise(
    number="9.1",
    node="M",
    function=value_loss,
    difficulty=1,
    minutes=4,
    probes=(
        _loss_probe(*_SMALL),
        call_with(*_SMALL),
        _loss_probe(torch.tensor([0.5]), torch.tensor([2.5])),
        _loss_probe(*random_rows(1, 7)),
        _loss_probe(*random_rows(2, 64)),
        _loss_probe(*random_rows(3, 5, torch.float64)),
        call_with(torch.tensor([0.0, 30.0, 1.0]), torch.tensor([25.0, 0.0, 1.0]), special="errors above 10"),
    ),
    mistakes=(
        Mistake(name="the mean absolute error", wrong=lambda values, returns: (values - returns).abs().mean(),
                advice="The distances are right. What is done to each of them before the mean?"),
        Mistake(name="the sum for the mean", wrong=lambda values, returns: (values - returns).square().sum(),
                advice="Twice as many rows would give twice the loss. What should a mini-batch's size not change?"),
        Mistake(name="half the mean squared error, CleanRL's convention",
                wrong=lambda values, returns: 0.5 * (values - returns).square().mean(),
                advice="In this house the whole weight stands in vf_coef; a half inside would count twice."),
        Mistake(name="every value compared with every return, (B, 1) against (B,)",
                wrong=lambda values, returns: (values.unsqueeze(1) - returns).square().mean(),
                advice="Print the shape of the difference: B rows should give B errors, not B x B."),
        Mistake(name="the root of the mean squared error",
                wrong=lambda values, returns: (values - returns).square().mean().sqrt(),
                advice="Its unit is nicer, but it is another loss: its gradient does not grow with the error."),
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
        Mistake(name="the mean error without the square, returns minus values",
                wrong=lambda values, returns: (returns - values).mean(),
                advice="This can be negative, and smaller for ever. What makes every error count as positive?"),
        Mistake(name="the mean error without the square, values minus returns",
                wrong=lambda values, returns: (values - returns).mean(),
                advice="This can be negative, and smaller for ever. What makes every error count as positive?"),
        Mistake(name="the mean squared error with a minus sign",
                wrong=lambda values, returns: -(values - returns).square().mean(),
                advice="A loss is made smaller. What would the critic do to make yours smaller?"),
        Mistake(name="one squared error a row, without the mean",
                wrong=lambda values, returns: (values - returns).square(),
                advice="backward() wants one number for the whole mini-batch."),
        Mistake(name="the variance of the errors", wrong=lambda values, returns: (values - returns).var(correction=0),
                advice="A critic that is 7 too high everywhere would look perfect. Is the mean error to be forgiven?"),
        Mistake(name="the difference of the squares for the square of the difference",
                wrong=lambda values, returns: (values.square() - returns.square()).mean(),
                advice="Subtract first, then square: a value of -2 for a return of +2 is a large error."),
        Mistake(
            name="a Huber loss (smooth_l1_loss)",
            wrong=lambda values, returns: F.smooth_l1_loss(values, returns),
            advice="MAPPO's code uses one of these. Here large errors count in full: the plain mean squared error.",
        ),
        Mistake(name="subtracting in place, which changes what you were given",
                wrong=lambda values, returns: values.sub_(returns).square().mean(),
                advice="`values -= returns` writes into the tensor of the caller. Use values - returns."),
        Mistake(name="a float for a tensor (item)",
                wrong=lambda values, returns: (values - returns).square().mean().item(),
                advice="A float has forgotten where it came from: backward() needs the tensor."),
    ),
    hints=(
        "For each row: how far off was the critic? And how do 0.1 too high and 2 too low get one common number?",
        "mean over the rows of (values - returns)^2; no half, the weight is vf_coef.",
        "return (values - returns).square().mean()",
    ),
)  # fmt: skip
