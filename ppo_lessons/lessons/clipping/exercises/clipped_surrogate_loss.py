"""The clipped surrogate loss."""

import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.clipping.exercises.rows import ADVANTAGES, RATIOS, random_rows
from ppo_lessons.losses import clipped_surrogate_loss


def _surrogate_probe(seed: int, rows: int, clip_eps: float, shift: float = 0.0) -> Probe:
    return call_with(*random_rows(seed, rows, shift), clip_eps, gradients=(0,))


def _smaller(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    return torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages)


EXERCISE = Exercise(
    number="8.1",
    node="L",
    function=clipped_surrogate_loss,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(RATIOS, ADVANTAGES, 0.2),
        call_with(RATIOS, ADVANTAGES, 0.2, gradients=(0,)),
        _surrogate_probe(1, 5, 0.2),
        _surrogate_probe(2, 8, 0.1, shift=0.4),
        _surrogate_probe(3, 8, 0.3, shift=-0.4),
        _surrogate_probe(4, 1, 0.2),
        call_with(torch.ones(4), random_rows(5, 4)[1], 0.2, gradients=(0,)),
    ),
    mistakes=(
        Mistake(name="the larger of the two (max for min)",
                wrong=lambda r, a, eps: -torch.max(r * a, r.clamp(1 - eps, 1 + eps) * a).mean(),
                advice="Row 6 gives -2.4 then; a pessimist would say -2.6."),
        Mistake(
            name="the clipped term only",
            wrong=lambda r, a, eps: -(r.clamp(1 - eps, 1 + eps) * a).mean(),
            advice="Row 6 rose although it was bad. Clipped alone it has no gradient, so nothing would bring it back.",
        ),
        Mistake(name="two things at once: max for min, and no minus sign",
                wrong=lambda r, a, eps: torch.max(r * a, r.clamp(1 - eps, 1 + eps) * a).mean(),
                advice="A pessimist takes the smaller of the two; and what is to grow is minimised with a "
                       "minus in front."),
        Mistake(name="no clipping at all", wrong=lambda r, a, eps: -(r * a).mean(),
                advice="Row 5 has gone up far enough and counts 3.9 with you. Where does clip_eps come in?"),
        Mistake(name="the smaller of the two ratios, and only then the advantage",
                wrong=lambda r, a, eps: -(torch.min(r, r.clamp(1 - eps, 1 + eps)) * a).mean(),
                advice="With a negative advantage the smaller ratio gives the larger product. Multiply "
                       "first, then compare."),
        Mistake(name="the larger of the two ratios, and only then the advantage",
                wrong=lambda r, a, eps: -(torch.max(r, r.clamp(1 - eps, 1 + eps)) * a).mean(),
                advice="Multiply both with the advantage first, then take the smaller product."),
        Mistake(name="an interval for the log-ratio",
                wrong=lambda r, a, eps: -torch.min(r * a, r.log().clamp(-eps, eps).exp() * a).mean(),
                advice="1 - eps ... 1 + eps is an interval for the ratio itself."),
        Mistake(name="clamping the product instead of the ratio",
                wrong=lambda r, a, eps: -torch.min(r * a, (r * a).clamp(1 - eps, 1 + eps)).mean(),
                advice="1 - eps ... 1 + eps is an interval for ratios. First clip the ratio, then multiply."),
        Mistake(name="the sign turned: what you return is to be made larger",
                wrong=lambda r, a, eps: _smaller(r, a, eps).mean(),
                advice="Equation 7 is maximised. An optimizer makes a loss smaller."),
        Mistake(name="the sum instead of the mean", wrong=lambda r, a, eps: -_smaller(r, a, eps).sum(),
                advice="A mini-batch twice as large would push twice as hard."),
        Mistake(name="one number for each row", wrong=lambda r, a, eps: -_smaller(r, a, eps),
                advice="A loss is one number: the mean over the rows."),
        Mistake(name="an interval around 0 instead of around 1",
                wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(-eps, eps) * a).mean(),
                advice="A ratio of 1 means: nothing has changed. The interval lies around that."),
        Mistake(name="only the upper end of the interval",
                wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(max=1 + eps) * a).mean(),
                advice="Row 2 is bad and has gone down far enough. Where does it stop with you?"),
        Mistake(name="only the lower end of the interval",
                wrong=lambda r, a, eps: -torch.min(r * a, r.clamp(min=1 - eps) * a).mean(),
                advice="Row 5 is good and has gone up far enough. Where does it stop with you?"),
        Mistake(
            name="dropping every row outside the interval",
            wrong=lambda r, a, eps: -(r * a * ((r - 1).abs() <= eps)).mean(),
            advice="Rows 1 and 6 are outside on the wrong side and have to come back. Compare two numbers per row.",
        ),
        Mistake(name="the mean first and the smaller afterwards",
                wrong=lambda r, a, eps: -torch.min((r * a).mean(), (r.clamp(1 - eps, 1 + eps) * a).mean()),
                advice="Each row is compared by itself; the mean comes last."),
        Mistake(name="epsilon 0.2 written in, clip_eps unused", wrong=lambda r, a, eps: -_smaller(r, a, 0.2).mean(),
                advice="Right on the table, but the interval is the caller's to choose."),
        Mistake(name="advantages normalised inside the loss",
                wrong=lambda r, a, eps: -_smaller(r, (a - a.mean()) / (a.std() + 1e-8), eps).mean(),
                advice="That is a step of its own, before this one. Here they are taken as they come."),
        Mistake(name="the right number without its graph (ratios detached)",
                wrong=lambda r, a, eps: -_smaller(r.detach(), a, eps).mean(),
                advice="The gradient goes through the ratios to the network: no detach(), item() or numpy() on them."),
        Mistake(
            name="clamping the ratios in place (clamp_)",
            wrong=lambda r, a, eps: -torch.min(r * a, r.clamp_(1 - eps, 1 + eps) * a).mean(),
            advice="clamp_ overwrites the caller's ratios, and autograd refuses. clamp without the underscore is safe.",
        ),
    ),
    hints=(
        "There are two numbers for each row, clipped and not. Which would a pessimist report?",
        "min(r A, clip(r, 1 - eps, 1 + eps) A), averaged over the rows, and we *minimise*.",
        "clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps)\n"
        "return -torch.min(ratios * advantages, clipped * advantages).mean()",
    ),
)  # fmt: skip
