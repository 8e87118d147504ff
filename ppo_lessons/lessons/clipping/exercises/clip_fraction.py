"""The share of rows outside the interval."""

import torch

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.clipping.exercises.rows import RATIOS, random_rows
from ppo_lessons.losses import clip_fraction

_EDGES = torch.tensor([0.75, 1.25, 0.5, 1.5, 1.0])
"""With epsilon 0.25 the first two lie exactly on the ends, in binary numbers as well."""


EXERCISE = Exercise(
    number="8.2",
    node="L",
    function=clip_fraction,
    difficulty=1,
    minutes=3,
    probes=(
        call_with(RATIOS, 0.2, gradients=(0,)),
        call_with(_EDGES, 0.25, special="ratios at the ends of the interval"),
        call_with(random_rows(6, 9, shift=0.2)[0], 0.1),
        call_with(random_rows(7, 9, shift=-0.3)[0], 0.4),
        call_with(torch.ones(3), 0.2),
        call_with(torch.tensor([3.0, 0.1]), 0.2),
    ),
    mistakes=(
        Mistake(name="the upper side only", wrong=lambda r, eps: (r - 1 > eps).float().mean(),
                advice="Rows 1 and 2 have a ratio of 0.7. Are they inside?"),
        Mistake(name="the lower side only", wrong=lambda r, eps: (1 - r > eps).float().mean(),
                advice="Rows 5 and 6 have a ratio of 1.3. Are they inside?"),
        Mistake(name="the share inside instead of outside", wrong=lambda r, eps: ((r - 1).abs() <= eps).float().mean(),
                advice="Before the first step every ratio is 1, and clip_fraction has to be 0."),
        Mistake(name="counting the ends of the interval as outside (>= for >)",
                wrong=lambda r, eps: ((r - 1).abs() >= eps).float().mean(),
                advice="A ratio of exactly 1 + eps is not changed by clipping."),
        Mistake(name="the number of rows instead of their share",
                wrong=lambda r, eps: ((r - 1).abs() > eps).float().sum(),
                advice="Asked for is a number from 0 to 1, whatever the size of the mini-batch."),
        Mistake(name="a share in per cent", wrong=lambda r, eps: 100 * ((r - 1).abs() > eps).float().mean(),
                advice="Asked for is a number from 0 to 1."),
        Mistake(name="yes and no for each row, without the mean", wrong=lambda r, eps: (r - 1).abs() > eps,
                advice="You know which rows are outside. What share of all rows is that?"),
        Mistake(name="the mean of yes and no, which torch refuses", wrong=lambda r, eps: ((r - 1).abs() > eps).mean(),
                advice="Make floats of the booleans first: .float()."),
        Mistake(name="above and below at once (and for or)",
                wrong=lambda r, eps: ((r > 1 + eps) & (r < 1 - eps)).float().mean(),
                advice="No ratio is on both sides at once. One of the two is enough."),
        Mistake(name="the distance from 0 instead of from 1", wrong=lambda r, eps: (r.abs() > eps).float().mean(),
                advice="A ratio of 1 means: nothing has changed. Measure from there."),
        Mistake(name="how far the rows are outside instead of how many are",
                wrong=lambda r, eps: ((r - 1).abs() - eps).clamp(min=0).mean().detach(),
                advice="A row counts 1 or 0, however far it went."),
        Mistake(name="the log-ratio compared with epsilon", wrong=lambda r, eps: (r.log().abs() > eps).float().mean(),
                advice="The clip works on the ratio itself: 1 - eps ... 1 + eps."),
        Mistake(name="epsilon 0.2 written in, clip_eps unused",
                wrong=lambda r, eps: ((r - 1).abs() > 0.2).float().mean(),
                advice="Right on the table, but the interval is the caller's to choose."),
        Mistake(name="a plain number instead of a tensor (item or float)",
                wrong=lambda r, eps: ((r - 1).abs() > eps).float().mean().item(),
                advice="The update stacks all its diagnostics into one tensor. Leave it a tensor."),
    ),
    hints=(
        "How far is a ratio from the value that means: nothing has changed?",
        "The mean over the rows of [|r - 1| > eps], counted 1 or 0.",
        "return ((ratios - 1).abs() > clip_eps).float().mean()",
    ),
)  # fmt: skip
