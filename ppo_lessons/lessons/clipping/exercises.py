"""Exercises of lesson 07: the clipped surrogate loss, the share of rows outside, and who is still pushed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.losses import clip_fraction, clipped_surrogate_loss, still_pushed

# Lesson 07's table: no two of the usual mistakes give the same loss on it.
_RATIOS = torch.tensor([0.7, 0.7, 1.0, 1.1, 1.3, 1.3])
_ADVANTAGES = torch.tensor([1.0, -1.0, 1.0, -1.0, 3.0, -2.0])


def _random_rows(seed: int, rows: int, shift: float = 0.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ratios = torch.exp(0.5 * torch.randn(rows, generator=generator) + shift)
    return ratios, torch.randn(rows, generator=generator)


def _surrogate_probe(seed: int, rows: int, clip_eps: float, shift: float = 0.0) -> Probe:
    return call_with(*_random_rows(seed, rows, shift), clip_eps, gradients=(0,))


def _smaller(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    return torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages)


def _clamped_in_place(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    unclipped = ratios * advantages
    clipped = ratios.clamp_(1 - clip_eps, 1 + clip_eps) * advantages
    return -torch.min(unclipped, clipped).mean()


clipped_surrogate_loss_exercise = Exercise(
    number="7.1",
    function=clipped_surrogate_loss,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(_RATIOS, _ADVANTAGES, 0.2),
        call_with(_RATIOS, _ADVANTAGES, 0.2, gradients=(0,)),
        _surrogate_probe(1, 5, 0.2),
        _surrogate_probe(2, 8, 0.1, shift=0.4),
        _surrogate_probe(3, 8, 0.3, shift=-0.4),
        _surrogate_probe(4, 1, 0.2),
        call_with(torch.ones(4), _random_rows(5, 4)[1], 0.2, gradients=(0,)),
    ),
    mistakes=(
        Mistake(
            name="the larger of the two (max for min)",
            wrong=lambda r, a, eps: -torch.max(r * a, r.clamp(1 - eps, 1 + eps) * a).mean(),
            advice="Row 6 gives -2.4 then; a pessimist would say -2.6.",
        ),
        Mistake(
            name="the clipped term only",
            wrong=lambda r, a, eps: -(r.clamp(1 - eps, 1 + eps) * a).mean(),
            advice="Row 6 rose although it was bad. Clipped alone it has no gradient, so nothing would bring it back.",
        ),
        Mistake(
            name="no clipping at all",
            wrong=lambda r, a, eps: -(r * a).mean(),
            advice="Row 5 has gone up far enough and counts 3.9 with you. Where does clip_eps come in?",
        ),
        Mistake(
            name="clamping the product instead of the ratio",
            wrong=lambda r, a, eps: -torch.min(r * a, (r * a).clamp(1 - eps, 1 + eps)).mean(),
            advice="1 - eps ... 1 + eps is an interval for ratios. First clip the ratio, then multiply.",
        ),
        Mistake(
            name="the sign turned: what you return is to be made larger",
            wrong=lambda r, a, eps: _smaller(r, a, eps).mean(),
            advice="Equation 7 is maximised. An optimizer makes a loss smaller.",
        ),
        Mistake(
            name="the sum instead of the mean",
            wrong=lambda r, a, eps: -_smaller(r, a, eps).sum(),
            advice="A mini-batch twice as large would push twice as hard.",
        ),
        Mistake(
            name="one number for each row",
            wrong=lambda r, a, eps: -_smaller(r, a, eps),
            advice="A loss is one number: the mean over the rows.",
        ),
        Mistake(
            name="an interval around 0 instead of around 1",
            wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(-eps, eps) * a).mean(),
            advice="A ratio of 1 means: nothing has changed. The interval lies around that.",
        ),
        Mistake(
            name="only the upper end of the interval",
            wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(max=1 + eps) * a).mean(),
            advice="Row 2 is bad and has gone down far enough. Where does it stop with you?",
        ),
        Mistake(
            name="only the lower end of the interval",
            wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(min=1 - eps) * a).mean(),
            advice="Row 5 is good and has gone up far enough. Where does it stop with you?",
        ),
        Mistake(
            name="dropping every row outside the interval",
            wrong=lambda r, a, eps: -(r * a * ((r - 1).abs() <= eps)).mean(),
            advice="Rows 1 and 6 are outside on the wrong side and have to come back. Compare two numbers per row.",
        ),
        Mistake(
            name="the mean first and the smaller afterwards",
            wrong=lambda r, a, eps: -torch.min((r * a).mean(), (r.clamp(1 - eps, 1 + eps) * a).mean()),
            advice="Each row is compared by itself; the mean comes last.",
        ),
        Mistake(
            name="epsilon 0.2 written in, clip_eps unused",
            wrong=lambda r, a, eps: -_smaller(r, a, 0.2).mean(),
            advice="Right on the table, but the interval is the caller's to choose.",
        ),
        Mistake(
            name="advantages normalised inside the loss",
            wrong=lambda r, a, eps: -_smaller(r, (a - a.mean()) / (a.std() + 1e-8), eps).mean(),
            advice="That is a step of its own, before this one. Here they are taken as they come.",
        ),
        Mistake(
            name="the right number without its graph (ratios detached)",
            wrong=lambda r, a, eps: -_smaller(r.detach(), a, eps).mean(),
            advice="The gradient goes through the ratios to the network: no detach(), item() or numpy() on them.",
        ),
        Mistake(
            name="clamping the ratios in place (clamp_)",
            wrong=_clamped_in_place,
            advice="clamp_ overwrites the caller's ratios, and autograd refuses. clamp without the underscore is safe.",
        ),
    ),
    hints=(
        "There are two numbers for each row, clipped and not. Which would a pessimist report?",
        "min(r A, clip(r, 1 - eps, 1 + eps) A), averaged over the rows, and we *minimise*.",
        "return -torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages).mean()",
    ),
)


_EDGES = torch.tensor([0.75, 1.25, 0.5, 1.5, 1.0])
"""With epsilon 0.25 the first two lie exactly on the ends, in binary numbers as well."""

clip_fraction_exercise = Exercise(
    number="7.2",
    function=clip_fraction,
    difficulty=1,
    minutes=3,
    probes=(
        call_with(_RATIOS, 0.2, gradients=(0,)),
        call_with(_EDGES, 0.25),
        call_with(_random_rows(6, 9, shift=0.2)[0], 0.1),
        call_with(_random_rows(7, 9, shift=-0.3)[0], 0.4),
        call_with(torch.ones(3), 0.2),
        call_with(torch.tensor([3.0, 0.1]), 0.2),
    ),
    mistakes=(
        Mistake(
            name="the upper side only",
            wrong=lambda r, eps: (r - 1 > eps).float().mean(),
            advice="Rows 1 and 2 have a ratio of 0.7. Are they inside?",
        ),
        Mistake(
            name="the lower side only",
            wrong=lambda r, eps: (1 - r > eps).float().mean(),
            advice="Rows 5 and 6 have a ratio of 1.3. Are they inside?",
        ),
        Mistake(
            name="the share inside instead of outside",
            wrong=lambda r, eps: ((r - 1).abs() <= eps).float().mean(),
            advice="Before the first step every ratio is 1, and clip_fraction has to be 0.",
        ),
        Mistake(
            name="counting the ends of the interval as outside (>= for >)",
            wrong=lambda r, eps: ((r - 1).abs() >= eps).float().mean(),
            advice="A ratio of exactly 1 + eps is not changed by clipping.",
        ),
        Mistake(
            name="the number of rows instead of their share",
            wrong=lambda r, eps: ((r - 1).abs() > eps).float().sum(),
            advice="Asked for is a number from 0 to 1, whatever the size of the mini-batch.",
        ),
        Mistake(
            name="a share in per cent",
            wrong=lambda r, eps: 100 * ((r - 1).abs() > eps).float().mean(),
            advice="Asked for is a number from 0 to 1.",
        ),
        Mistake(
            name="yes and no for each row, without the mean",
            wrong=lambda r, eps: (r - 1).abs() > eps,
            advice="You know which rows are outside. What share of all rows is that?",
        ),
        Mistake(
            name="the mean of yes and no, which torch refuses",
            wrong=lambda r, eps: ((r - 1).abs() > eps).mean(),
            advice="Make floats of the booleans first: .float().",
        ),
        Mistake(
            name="above and below at once (and for or)",
            wrong=lambda r, eps: ((r > 1 + eps) & (r < 1 - eps)).float().mean(),
            advice="No ratio is on both sides at once. One of the two is enough.",
        ),
        Mistake(
            name="the distance from 0 instead of from 1",
            wrong=lambda r, eps: (r.abs() > eps).float().mean(),
            advice="A ratio of 1 means: nothing has changed. Measure from there.",
        ),
        Mistake(
            name="how far the rows are outside instead of how many are",
            wrong=lambda r, eps: ((r - 1).abs() - eps).clamp(min=0).mean().detach(),
            advice="A row counts 1 or 0, however far it went.",
        ),
        Mistake(
            name="the log-ratio compared with epsilon",
            wrong=lambda r, eps: (r.log().abs() > eps).float().mean(),
            advice="The clip works on the ratio itself: 1 - eps ... 1 + eps.",
        ),
        Mistake(
            name="epsilon 0.2 written in, clip_eps unused",
            wrong=lambda r, eps: ((r - 1).abs() > 0.2).float().mean(),
            advice="Right on the table, but the interval is the caller's to choose.",
        ),
        Mistake(
            name="a plain number instead of a tensor (item or float)",
            wrong=lambda r, eps: ((r - 1).abs() > eps).float().mean().item(),
            advice="The update stacks all its diagnostics into one tensor. Leave it a tensor.",
        ),
    ),
    hints=(
        "How far is a ratio from the value that means: nothing has changed?",
        "The mean over the rows of [|r - 1| > eps], counted 1 or 0.",
        "return ((ratios - 1).abs() > clip_eps).float().mean()",
    ),
)


def _gradients(r: Tensor, a: Tensor, eps: float) -> Tensor:
    """The gradient of each row's surrogate: the advantage, or 0."""
    inside = (r - 1).abs() <= eps
    back = ((r > 1 + eps) & (a < 0)) | ((r < 1 - eps) & (a > 0))
    return torch.where(inside | back, a, torch.zeros_like(a))


def _stopped(r: Tensor, a: Tensor, eps: float) -> Tensor:
    return ((r > 1 + eps) & (a > 0)) | ((r < 1 - eps) & (a < 0))


def _pushed(rule: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[[Tensor, Tensor, float], Any]:
    """A wrong rule that at least knows that a row with advantage 0 is not pushed."""
    return lambda r, a, eps: rule(r, a, eps) & (a != 0)


still_pushed_exercise = Exercise(
    number="7.3",
    function=still_pushed,
    difficulty=3,
    minutes=7,
    probes=(
        call_with(_RATIOS, _ADVANTAGES, 0.2),
        call_with(torch.tensor([1.0, 0.7, 1.3]), torch.tensor([0.0, 0.0, 0.0]), 0.2),
        call_with(torch.tensor([0.75, 1.25, 0.75, 1.25]), torch.tensor([-1.0, 2.0, 1.0, -3.0]), 0.25),
        call_with(*_random_rows(8, 12), 0.1),
        call_with(*_random_rows(9, 12), 0.4),
        call_with(torch.tensor([1.3]), torch.tensor([1.0]), 0.2),
    ),
    mistakes=(
        Mistake(
            name="outside means no",
            wrong=_pushed(lambda r, a, eps: (r - 1).abs() <= eps),
            advice="Row 1 is good and has become rarer. Would you leave it there? Of the four cases outside, two push.",
        ),
        Mistake(
            name="stopping above the interval, whatever the advantage",
            wrong=_pushed(lambda r, a, eps: r <= 1 + eps),
            advice="Row 6 is bad and has become likelier. Which way should it go?",
        ),
        Mistake(
            name="stopping below the interval, whatever the advantage",
            wrong=_pushed(lambda r, a, eps: r >= 1 - eps),
            advice="Row 1 is good and has become rarer. Which way should it go?",
        ),
        Mistake(
            name="stopping good rows on both sides",
            wrong=_pushed(lambda r, a, eps: ~(((r - 1).abs() > eps) & (a > 0))),
            advice="A good row below the interval wants to come back up; a bad one there has gone far enough.",
        ),
        Mistake(
            name="stopping bad rows on both sides",
            wrong=_pushed(lambda r, a, eps: ~(((r - 1).abs() > eps) & (a < 0))),
            advice="A bad row above the interval has to come down; a good one there has gone far enough.",
        ),
        Mistake(
            name="only good rows stop",
            wrong=_pushed(lambda r, a, eps: ~((r > 1 + eps) & (a > 0))),
            advice="Row 2 is bad and has gone down far enough.",
        ),
        Mistake(
            name="only bad rows stop",
            wrong=_pushed(lambda r, a, eps: ~((r < 1 - eps) & (a < 0))),
            advice="Row 5 is good and has gone up far enough.",
        ),
        Mistake(
            name="the two sides exchanged",
            wrong=_pushed(lambda r, a, eps: ~_stopped(r, -a, eps)),
            advice="A row stops when it has gone far the way its advantage asked for. You stop those on the way back.",
        ),
        Mistake(
            name="pushing only the rows that come back from outside",
            wrong=lambda r, a, eps: _stopped(r, -a, eps),
            advice="Inside the interval every row pushes: rows 3 and 4.",
        ),
        Mistake(
            name="the answer turned round: who has stopped",
            wrong=_stopped,
            advice="True is for rows that still push.",
        ),
        Mistake(
            name="rows with advantage 0 pushed too",
            wrong=lambda r, a, eps: ~_stopped(r, a, eps),
            advice="What is the gradient of r A when A is 0?",
        ),
        Mistake(
            name="the ends of the interval counted as outside (>= for >)",
            wrong=_pushed(lambda r, a, eps: ~(((r >= 1 + eps) & (a > 0)) | ((r <= 1 - eps) & (a < 0)))),
            advice="With a ratio of exactly 1 + eps nothing is clipped yet.",
        ),
        Mistake(
            name="asking only for the sign of the advantage",
            wrong=lambda r, a, eps: a > 0,
            advice="Bad rows are pushed as well: down. Where does the ratio come in?",
        ),
        Mistake(
            name="every row whose advantage is not 0",
            wrong=lambda r, a, eps: a != 0,
            advice="That is so before the first step. Later rows 2 and 5 have gone far enough.",
        ),
        Mistake(
            name="the gradient itself instead of yes or no",
            wrong=_gradients,
            advice="A good way to find out. Now say of each whether it is not 0.",
        ),
        Mistake(
            name="ones and zeros instead of True and False",
            wrong=lambda r, a, eps: (_gradients(r, a, eps) != 0).float(),
            advice="The answer is right; leave it as booleans, so that it can select rows.",
        ),
        Mistake(
            name="the share of pushed rows",
            wrong=lambda r, a, eps: (_gradients(r, a, eps) != 0).float().mean(),
            advice="One answer for each row is asked for.",
        ),
    ),
    hints=(
        "In which direction does a row with a positive advantage want its ratio to go, and when is it far enough?",
        "Stopped: (r > 1 + eps and A > 0) or (r < 1 - eps and A < 0). All others push, unless A is 0.",
        "return ~(((ratios > 1 + clip_eps) & (advantages > 0)) | ((ratios < 1 - clip_eps) & (advantages < 0))) "
        "& (advantages != 0)",
    ),
)

EXERCISES = (clipped_surrogate_loss_exercise, clip_fraction_exercise, still_pushed_exercise)
