"""A mean over real decisions."""

import math

import torch
from torch import Tensor

from ppo_lessons.buffer import mean_over_acting
from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.shared_buffer.exercises.acting import LONG, MANY, TINY


def _mean_probe(seed: int, acting: Tensor, poison: float) -> Probe:
    return call_with(normal(seed, *acting.shape).masked_fill(~acting, poison), acting, gradients=(0,))


def _mean_of_means(quantity: Tensor, acting: Tensor, axis: int) -> Tensor:
    pairs = zip(quantity.unbind(axis), acting.unbind(axis), strict=True)
    return torch.stack([mean_over_acting(*pair) for pair in pairs]).nanmean()


EXERCISE = Exercise(
    number="2.3",
    node="D",
    function=mean_over_acting,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(
            torch.tensor([[[1.0, 3.0, 5.0]], [[7.0, math.nan, 12.0]]]),
            TINY,
            gradients=(0,),
        ),
        _mean_probe(1, MANY, 0.0),
        _mean_probe(2, MANY, math.nan),
        _mean_probe(3, LONG, 1e6),
        call_with(torch.tensor([[[4.0, 2.0]]]), torch.tensor([[[False, False]]]), special="nobody who acts"),
        call_with(
            torch.tensor([[[1.0, math.nan, 5.0]]]), TINY[:1], special="NaN in a row of the living"
        ),
    ),
    mistakes=(
        Mistake(name="multiplying by the mask", wrong=lambda quantity, acting: (quantity * acting).sum() / acting.sum(),
                advice="What the fallen hold may be NaN, and 0 x NaN is NaN. Select first."),
        Mistake(name="dividing by all rows", wrong=lambda quantity, acting: quantity[acting].sum() / quantity.numel(),
                advice="Right sum. How many rows did it come from?"),
        Mistake(name="a mean over all rows, those of fallen agents too", wrong=lambda quantity, acting: quantity.mean(),
                advice="acting was not asked."),
        Mistake(
            name="leaving out what is NaN instead of who has fallen",
            wrong=lambda quantity, acting: quantity.nanmean(),
            advice="A fallen agent's row may hold any number, a million too; and a living agent's NaN should be seen.",
        ),
        Mistake(name="a mean over the fallen", wrong=lambda quantity, acting: quantity[~acting].mean(),
                advice="acting is True for the rows that are wanted."),
        Mistake(name="the sum", wrong=lambda quantity, acting: quantity[acting].sum(),
                advice="A mean does not grow with the number of rows."),
        Mistake(name="a mean of each agent's own mean",
                wrong=lambda quantity, acting: _mean_of_means(quantity, acting, -1),
                advice="Who fell early made few decisions. Here every decision counts the same, not every agent."),
        Mistake(name="a mean of each step's own mean",
                wrong=lambda quantity, acting: _mean_of_means(quantity, acting, 0),
                advice="In some steps fewer agents act. Here every decision counts the same, not every step."),
        Mistake(name="a mean for each agent, (E, A), not yet one number",
                wrong=lambda quantity, acting: torch.where(acting, quantity, 0.0).sum(0) / acting.sum(0),
                advice="Asked for is one number over all rows of the living."),
        Mistake(name="the median",
                wrong=lambda quantity, acting: quantity[acting].median() if acting.any() else quantity.sum() * math.nan,
                advice="That is the middle one of the sorted numbers. Asked for is their mean."),
        Mistake(name="0 where nobody acted",
                wrong=lambda quantity, acting: quantity[acting].sum() / acting.sum().clamp(min=1),
                advice="A 0 looks like a result. The mean of nothing is NaN, and this is what you want to see."),
        Mistake(name="a plain number: float or item()", wrong=lambda quantity, acting: quantity[acting].mean().item(),
                advice="Asked for is a scalar tensor, so that a gradient can still find its way."),
        Mistake(name="the right number without its graph (detached)",
                wrong=lambda quantity, acting: quantity[acting].mean().detach(),
                advice="This mean is also used in losses: no detach() in here."),
        Mistake(name="one number with an axis, (1,)",
                wrong=lambda quantity, acting: quantity[acting].mean(dim=0, keepdim=True),
                advice="A scalar has no axes: shape ()."),
    ),
    hints=(
        "What should the answer be if a fallen agent's row holds NaN?",
        "The sum of `quantity` over the acting rows, divided by the number of acting rows.",
        "return quantity[acting].mean()",
    ),
)  # fmt: skip
