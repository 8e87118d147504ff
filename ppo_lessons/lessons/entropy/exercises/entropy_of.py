"""How undecided the policy is."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.actor_critic import entropy_of
from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe


def _to_the_logits(result: Tensor, all_log_probs: Tensor) -> Tensor:
    """The gradient goes on to the logits of which the log-probabilities were made."""
    logits = all_log_probs.grad_fn.next_functions[0][0].variable  # type: ignore[union-attr]
    return torch.autograd.grad(result.sum(), logits)[0]


def _policy_probe(logits: Tensor) -> Probe:
    """Log-probabilities made of logits; the gradient is followed back to the logits, as in the network."""
    given = logits.log_softmax(dim=-1)

    def look(function: Callable[..., Any], inputs: tuple[Tensor]) -> Outcome:
        (all_log_probs,) = inputs
        result = function(all_log_probs)
        outcome: Outcome = {"result": result}
        if not alike(all_log_probs, given):
            outcome["argument 1 after the call"] = all_log_probs.detach()
        if isinstance(result, Tensor):
            cut = "none: the result is cut off from its inputs"
            outcome["gradient"] = _to_the_logits(result, all_log_probs) if result.requires_grad else cut
        return outcome

    def make() -> tuple[Tensor]:
        return (logits.clone().requires_grad_().log_softmax(dim=-1),)

    return Probe(make=make, look=look)


EXERCISE = Exercise(
    number="10.1",
    node="J",
    function=entropy_of,
    difficulty=2,
    minutes=5,
    probes=(
        _policy_probe(torch.tensor([[0.6, 0.3, 0.1], [0.25, 0.25, 0.5]]).log()),
        _policy_probe(torch.zeros(2, 5)),
        _policy_probe(2 * normal(1, 7, 5)),
        _policy_probe(2 * normal(2, 1, 4)),
        _policy_probe(2 * normal(3, 3, 3, dtype=torch.float64)),
    ),
    mistakes=(
        Mistake(name="the minus sign forgotten", wrong=lambda lp: (lp.exp() * lp).sum(dim=-1),
                advice="Log-probabilities are 0 or less. Entropy is 0 or more."),
        Mistake(name="bits for nats (logarithm to base 2)", wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1) / math.log(2),
                advice="All of this course counts in nats: the natural logarithm, which you were given."),
        Mistake(name="the mean over the actions for the sum", wrong=lambda lp: -(lp.exp() * lp).mean(dim=-1),
                advice="p already weighs the actions. Five equally likely ones should give ln 5, not a fifth of it."),
        Mistake(name="summing over the rows for the actions (wrong axis)", wrong=lambda lp: -(lp.exp() * lp).sum(dim=0),
                advice="One number for each row is wanted: B of them. Along which axis do the actions lie?"),
        Mistake(name="one number for all rows: their mean", wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1).mean(),
                advice="The mean over the rows is the next exercise. Here each row keeps its own."),
        Mistake(name="forgetting to weigh by p (the plain sum of the log-probabilities)",
                wrong=lambda lp: -lp.sum(dim=-1),
                advice="An action that is hardly ever taken should hardly count. What is its weight?"),
        Mistake(name="the mean of -ln p over the actions, each with the same weight", wrong=lambda lp: -lp.mean(dim=-1),
                advice="Right for equally likely actions only. How often does each really happen?"),
        Mistake(name="taking log-probabilities for probabilities", wrong=lambda lp: -(lp * lp.log()).sum(dim=-1),
                advice="You were given ln p, and the logarithm of a negative number is NaN. How do you get p back?"),
        Mistake(name="the softmax taken twice",
                wrong=lambda lp: -(lp.exp().softmax(dim=-1) * lp.exp().log_softmax(dim=-1)).sum(dim=-1),
                advice="exp of the log-probabilities are the probabilities; a second softmax makes them nearly equal."),
        Mistake(name="the surprise of the likeliest action only", wrong=lambda lp: -lp.max(dim=-1).values,
                advice="Entropy is the *expected* surprise, over all actions."),
        Mistake(name="dividing by ln N, so that the largest entropy is 1",
                wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1) / math.log(lp.shape[-1]),
                advice="A handy scale, but not the one that ent_coef is made for: leave it in nats."),
        Mistake(name="the number of equally likely actions (perplexity, exp of the entropy)",
                wrong=lambda lp: (-(lp.exp() * lp).sum(dim=-1)).exp(), advice="You went one exp too far."),
        Mistake(name="1 minus the sum of squared probabilities (Gini)",
                wrong=lambda lp: 1 - lp.exp().square().sum(dim=-1),
                advice="Also a measure of being undecided, but not Shannon's: weigh -ln p by p."),
        Mistake(name="keeping the summed axis, shape (B, 1)",
                wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1, keepdim=True),
                advice="(B, 1) will broadcast to (B, B) sooner or later. One number for each row: (B,)."),
        Mistake(
            name="the right numbers without their graph (detached)",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1).detach(),
            advice="Unlike the old log-probabilities this is not data: its gradient is what keeps the team curious.",
        ),
        Mistake(name="detaching the probabilities and keeping the logarithms",
                wrong=lambda lp: -(lp.exp().detach() * lp).sum(dim=-1),
                advice="The numbers are right, the gradient is not (it is 0): p is a function of the weights as well."),
    ),
    hints=(
        "How surprised are you by an action of probability p, and how often does this surprise happen?",
        "-sum over the actions of p ln p, with p = exp(ln p); one number for each row.",
        "return -(all_log_probs.exp() * all_log_probs).sum(dim=-1)",
    ),
)  # fmt: skip
