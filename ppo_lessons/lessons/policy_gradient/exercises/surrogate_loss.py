"""The surrogate loss without a clip."""

import torch

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.policy_gradient.exercises.rows import ADVANTAGES, RATIOS, random_ratios
from ppo_lessons.policy_gradient import surrogate_loss

EXERCISE = Exercise(
    number="4.2",
    node="L",
    function=surrogate_loss,
    difficulty=1,
    minutes=3,
    probes=(
        call_with(RATIOS, ADVANTAGES),
        call_with(RATIOS, ADVANTAGES, gradients=(0,)),
        call_with(*random_ratios(4, 5), gradients=(0,)),
        call_with(*random_ratios(5, 8)),
        call_with(torch.ones(4), random_ratios(6, 4)[1], gradients=(0,), special="ratios of 1"),
        call_with(*random_ratios(7, 1), special="a single row"),
    ),
    mistakes=(
        Mistake(name="the sign turned: what you return is to be made larger", wrong=lambda r, a: (r * a).mean(),
                advice="Equation 6 is maximised. An optimizer makes a loss smaller."),
        Mistake(name="the sum instead of the mean", wrong=lambda r, a: -(r * a).sum(),
                advice="With twice the rows the gradient would be twice as long."),
        Mistake(name="one number for each row", wrong=lambda r, a: -(r * a),
                advice="A loss is one number: the mean over the rows."),
        Mistake(name="the log-ratio in the place of the ratio", wrong=lambda r, a: -(r.log() * a).mean(),
                advice="The weight of a row is how much likelier it is now, r itself. Their gradients agree at "
                       "r = 1 only."),
        Mistake(name="a clip that nobody asked for (at 0.8 and 1.2)",
                wrong=lambda r, a: -torch.min(r * a, r.clamp(0.8, 1.2) * a).mean(),
                advice="That is what comes later. This is the surrogate before it."),
        Mistake(name="the ratio upside down (old / new)", wrong=lambda r, a: -(a / r).mean(),
                advice="What is likelier now counts more: multiply by new / old."),
        Mistake(name="a weighted mean (divided by the sum of the ratios)",
                wrong=lambda r, a: -(r * a).sum() / r.sum(),
                advice="That is another estimator, the self-normalised one. The surrogate divides by the "
                       "number of rows."),
        Mistake(name="how far the ratio is from 1 in the place of the ratio", wrong=lambda r, a: -((r - 1) * a).mean(),
                advice="Its gradient is the same, its value differs by the mean advantage. Equation 6 has r."),
        Mistake(name="the ratio alone, without the advantage", wrong=lambda r, a: -r.mean(),
                advice="Without A nothing says which rows were good."),
        Mistake(name="the two means multiplied", wrong=lambda r, a: -r.mean() * a.mean(),
                advice="Each row has its own advantage: multiply row by row, then take the mean."),
        Mistake(name="the right number without its graph (ratios detached)",
                wrong=lambda r, a: -(r.detach() * a).mean(),
                advice="The gradient goes through the ratios to the network: no detach(), item() or numpy() on them."),
    ),
    hints=(
        "How much does an old row count for the new policy, and what is to be averaged with this weight?",
        "r A for each row, the mean over the rows, and a minus in front.",
        "return -(ratios * advantages).mean()",
    ),
)  # fmt: skip
