"""How far the policy has moved."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.ratios.exercises.rows import NOW, THEN, random_probe
from ppo_lessons.losses import approx_kl


def _k3(log_ratios: Tensor) -> Tensor:
    return log_ratios.exp() - 1 - log_ratios


def _quiet(function: Callable[[Tensor], Any]) -> Callable[[Tensor, Tensor], Any]:
    """A function of the log-ratios, without a graph as the package's."""
    return lambda new, old: function((new - old).detach())


EXERCISE = Exercise(
    number="7.3",
    node="K",
    function=approx_kl,
    difficulty=2,
    minutes=5,
    probes=(
        call_with(NOW[:3], THEN[:3], gradients=(0,)),
        call_with(NOW, THEN, gradients=(0,)),
        call_with(THEN, THEN),
        random_probe(4, 1, 0.5),
        random_probe(5, 8, 1.0),
        call_with(THEN + 0.3, THEN),
        call_with(THEN - 0.3, THEN),
        call_with(torch.tensor([-0.1, -5.2]), torch.tensor([-5.2, -0.1]), special="log-ratios of about 5"),
    ),
    mistakes=(
        Mistake(
            name="k1, the mean of old minus new",
            wrong=_quiet(lambda log_ratios: (-log_ratios).mean()),
            advice="Right on average over many samples, but on the table it is below 0; no KL is. What does k3 add?",
        ),
        Mistake(name="k1 with the other sign, the mean of new minus old",
                wrong=_quiet(lambda log_ratios: log_ratios.mean()),
                advice="This is minus an estimate of the KL, on average. And k3 has two terms more."),
        Mistake(
            name="k1 cut off at 0",
            wrong=_quiet(lambda log_ratios: (-log_ratios).mean().clamp(min=0)),
            advice="Cutting off hides the negative estimates and makes it too large on average. k3 needs no cutting.",
        ),
        Mistake(name="the mean size of the log-ratios (abs)", wrong=_quiet(lambda log_ratios: log_ratios.abs().mean()),
                advice="That is 0 only when nothing moved, too, but it is no estimate of the KL."),
        Mistake(name="r ln r, an estimate of the other direction", wrong=_quiet(lambda d: (d.exp() * d).mean()),
                advice="k3 needs no factor r: r - 1 is one part, ln r the other."),
        Mistake(name="r ln r - (r - 1), the other direction's k3",
                wrong=_quiet(lambda d: (d.exp() * d - d.exp() + 1).mean()),
                advice="Sampled by the old policy, the estimate of KL(old || new) has no factor r at ln r."),
        Mistake(name="the mean of the log-ratios put into k3, not the mean of k3",
                wrong=_quiet(lambda d: _k3(d.mean())),
                advice="First k3 of each row, then the mean."),
        Mistake(name="the square root of k3", wrong=_quiet(lambda d: _k3(d).mean().sqrt()),
                advice="Asked for is the mean itself."),
        Mistake(name="the mean square of the log-ratios", wrong=_quiet(lambda d: d.square().mean()),
                advice="Half of it would be k2. k3 is (r - 1) - ln r."),
        Mistake(name="the size of k1 (abs)", wrong=_quiet(lambda log_ratios: log_ratios.mean().abs()),
                advice="Rows that rise and rows that fall would cancel, however far both went."),
        Mistake(name="k2, half the mean square of the log-ratios",
                wrong=_quiet(lambda log_ratios: 0.5 * log_ratios.square().mean()),
                advice="Close for small changes, and never negative, but not right on average. k3 is."),
        Mistake(
            name="only r - 1",
            wrong=_quiet(lambda log_ratios: (log_ratios.exp() - 1).mean()),
            advice="On average over the old policy's actions this is 0, however far the policy went. What is missing?",
        ),
        Mistake(name="r - ln r, without the - 1",
                wrong=_quiet(lambda log_ratios: (log_ratios.exp() - log_ratios).mean()),
                advice="With no change at all this gives 1. The distance of a policy to itself is 0."),
        Mistake(name="(r - 1) + ln r", wrong=_quiet(lambda log_ratios: (log_ratios.exp() - 1 + log_ratios).mean()),
                advice="With this sign every row that falls counts below 0. ln r is taken away."),
        Mistake(name="the other direction: old and new have changed places", wrong=lambda new, old: approx_kl(old, new),
                advice="Our rows were drawn from the old policy, so r is new over old, as in importance_ratios."),
        Mistake(name="the sum instead of the mean", wrong=_quiet(lambda log_ratios: _k3(log_ratios).sum()),
                advice="Twice as many rows would give twice the distance."),
        Mistake(name="one number for each row", wrong=_quiet(_k3),
                advice="Asked for is one number for the mini-batch: the mean."),
        Mistake(name="the right number with a minus sign", wrong=lambda new, old: -approx_kl(new, old),
                advice="It is a distance to be watched, not a loss to be turned round."),
        Mistake(name="the root mean square of the log-ratios",
                wrong=_quiet(lambda log_ratios: log_ratios.square().mean().sqrt()),
                advice="A sensible length, but not in nats of KL. The formula has r - 1 and ln r."),
        Mistake(
            name="p ln(p / q) of the taken actions only",
            wrong=lambda new, old: (old.exp() * (old - new)).mean().detach(),
            advice="The rows were drawn with probability p: their mean weighs them with p already. You do it twice.",
        ),
        Mistake(
            name="the right number with a graph",
            wrong=lambda new, old: _k3(new - old).mean(),
            advice="It is only watched, never minimised here. Keep it out of the graph: torch.no_grad or detach().",
        ),
        Mistake(name="a plain number instead of a tensor (item or float)",
                wrong=lambda new, old: approx_kl(new, old).item(),
                advice="The update stacks all its diagnostics into one tensor. Leave it a tensor, without a graph."),
    ),
    cautions=(
        call_with(torch.tensor([-200.0]), torch.tensor([-201.0]), special="log-probabilities of -200"),
    ),
    hints=(
        "Which of the terms for a row can be negative: r - 1? -ln r? Their sum?",
        "k3 = mean((r - 1) - ln r), with ln r = new - old, and no graph.",
        "log_ratios = (new_log_probs - old_log_probs).detach()\n"
        "return (log_ratios.exp() - 1 - log_ratios).mean()",
    ),
)  # fmt: skip
