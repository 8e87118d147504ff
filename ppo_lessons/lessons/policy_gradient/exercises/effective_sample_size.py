"""Which share of the rows still counts."""

import torch

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.policy_gradient.exercises.rows import RATIOS, random_ratios
from ppo_lessons.policy_gradient import effective_sample_size

EXERCISE = Exercise(
    number="4.3",
    node="K",
    function=effective_sample_size,
    difficulty=2,
    minutes=5,
    probes=(
        call_with(RATIOS),
        call_with(torch.tensor([3.0, 3.0, 3.0, 3.0]), special="equal ratios"),
        call_with(random_ratios(8, 5)[0]),
        call_with(random_ratios(9, 12)[0]),
        call_with(random_ratios(10, 1)[0], special="a single row"),
    ),
    mistakes=(
        Mistake(name="rows instead of a share of the rows", wrong=lambda r: r.sum().square() / r.square().sum(),
                advice="That many rows are as good as all of them. Divide by the number of rows."),
        Mistake(name="a plain number instead of a tensor (item or float)",
                wrong=lambda r: (r.sum().square() / r.square().sum() / len(r)).item(),
                advice="Diagnostics of the update stay tensors, so that they can be stacked."),
        Mistake(name="the fraction upside down", wrong=lambda r: len(r) * r.square().sum() / r.sum().square(),
                advice="Equal ratios give 1, and everything else less than 1."),
        Mistake(name="the square forgotten in the numerator", wrong=lambda r: r.sum() / r.square().sum() / len(r),
                advice="Twice all ratios must give the same share: the sum is squared too."),
        Mistake(name="the same sum above and below", wrong=lambda r: r.sum().square() / r.sum().square() / len(r),
                advice="Above stands the square of the sum (sum first), below the sum of the squares (square first)."),
        Mistake(name="the mean ratio", wrong=lambda r: r.mean(),
                advice="The ratios of old rows are 1 on average, however unequal they are. Their squares tell."),
        Mistake(name="the share of the rows whose ratio is 1 or more", wrong=lambda r: (r >= 1).float().mean(),
                advice="It is not a count of rows, but of how unequal their weights are."),
        Mistake(name="the largest ratio's share of all weights", wrong=lambda r: r.max() / r.sum(),
                advice="All weights count here, not the largest alone."),
        Mistake(name="one minus the variance of the ratios", wrong=lambda r: 1 - r.var(correction=0),
                advice="Near to it when the mean ratio is 1 and the spread small, but it can fall below 0."),
        Mistake(name="1 over one plus the variance of the ratios", wrong=lambda r: 1 / (1 + r.var(correction=0)),
                advice="Right if the mean of the ratios is exactly 1. Divide the variance by the squared mean."),
    ),
    hints=(
        "Two numbers: what all weights sum to, and what their squares sum to. When is the first, squared, as large as "
        "it can be beside the second?",
        "(sum of r)^2 / (sum of r^2), divided by the number of rows.",
        "return ratios.sum() ** 2 / (ratios ** 2).sum() / len(ratios)",
    ),
)  # fmt: skip
