"""Exercises of lesson 09: entropy and the combined loss."""

import math
from collections.abc import Callable
from typing import Any

import torch

from ppo_lessons.actor_critic import entropy_of
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, alike, call_with
from ppo_lessons.losses import entropy_bonus, total_loss


def _policy_probe(logits: torch.Tensor) -> Probe:
    """Log-probabilities made of logits; the gradient is followed back to the logits, as in the network."""
    given = torch.log_softmax(logits, dim=-1)

    def probe(function: Callable[..., Any]) -> Outcome:
        leaf = logits.clone().requires_grad_()
        all_log_probs = torch.log_softmax(leaf, dim=-1)
        result = function(all_log_probs)
        outcome: Outcome = {"result": result}
        if not alike(all_log_probs, given):
            outcome["argument 1 after the call"] = all_log_probs.detach()
        if isinstance(result, torch.Tensor):
            cut = "none: the result is cut off from its inputs"
            outcome["gradient"] = torch.autograd.grad(result.sum(), leaf)[0] if result.requires_grad else cut
        return outcome

    probe.inputs = (given,)  # type: ignore[attr-defined]
    return probe


def _random_logits(seed: int, rows: int, actions: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return 2 * torch.randn(rows, actions, generator=torch.Generator().manual_seed(seed), dtype=dtype)


entropy_of_exercise = Exercise(
    number="9.1",
    function=entropy_of,
    difficulty=2,
    minutes=5,
    probes=(
        _policy_probe(torch.tensor([[0.6, 0.3, 0.1], [0.25, 0.25, 0.5]]).log()),
        _policy_probe(torch.zeros(2, 5)),
        _policy_probe(_random_logits(1, 7, 5)),
        _policy_probe(_random_logits(2, 1, 4)),
        _policy_probe(_random_logits(3, 3, 3, torch.float64)),
    ),
    mistakes=(
        Mistake(
            name="the minus sign forgotten",
            wrong=lambda lp: (lp.exp() * lp).sum(dim=-1),
            advice="Log-probabilities are 0 or less. Entropy is 0 or more.",
        ),
        Mistake(
            name="bits for nats (logarithm to base 2)",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1) / math.log(2),
            advice="All of this course counts in nats: the natural logarithm, which you were given.",
        ),
        Mistake(
            name="the mean over the actions for the sum",
            wrong=lambda lp: -(lp.exp() * lp).mean(dim=-1),
            advice="p already weighs the actions. Five equally likely ones should give ln 5, not a fifth of it.",
        ),
        Mistake(
            name="summing over the rows for the actions (wrong axis)",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=0),
            advice="One number for each row is wanted: B of them. Along which axis do the actions lie?",
        ),
        Mistake(
            name="one number for all rows: their mean",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1).mean(),
            advice="The mean over the rows is the next exercise. Here each row keeps its own.",
        ),
        Mistake(
            name="forgetting to weigh by p (the plain sum of the log-probabilities)",
            wrong=lambda lp: -lp.sum(dim=-1),
            advice="An action that is hardly ever taken should hardly count. What is its weight?",
        ),
        Mistake(
            name="the mean of -ln p over the actions, each with the same weight",
            wrong=lambda lp: -lp.mean(dim=-1),
            advice="Right for equally likely actions only. How often does each really happen?",
        ),
        Mistake(
            name="taking log-probabilities for probabilities",
            wrong=lambda lp: -(lp * lp.log()).sum(dim=-1),
            advice="You were given ln p, and the logarithm of a negative number is NaN. How do you get p back?",
        ),
        Mistake(
            name="the softmax taken twice",
            wrong=lambda lp: -(lp.exp().softmax(dim=-1) * lp.exp().log_softmax(dim=-1)).sum(dim=-1),
            advice="exp of the log-probabilities are the probabilities; a second softmax makes them nearly equal.",
        ),
        Mistake(
            name="the surprise of the likeliest action only",
            wrong=lambda lp: -lp.max(dim=-1).values,
            advice="Entropy is the *expected* surprise, over all actions.",
        ),
        Mistake(
            name="dividing by ln N, so that the largest entropy is 1",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1) / math.log(lp.shape[-1]),
            advice="A handy scale, but not the one that ent_coef is made for: leave it in nats.",
        ),
        Mistake(
            name="the number of equally likely actions (perplexity, exp of the entropy)",
            wrong=lambda lp: (-(lp.exp() * lp).sum(dim=-1)).exp(),
            advice="You went one exp too far.",
        ),
        Mistake(
            name="1 minus the sum of squared probabilities (Gini)",
            wrong=lambda lp: 1 - lp.exp().square().sum(dim=-1),
            advice="Also a measure of being undecided, but not Shannon's: weigh -ln p by p.",
        ),
        Mistake(
            name="keeping the summed axis, shape (B, 1)",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1, keepdim=True),
            advice="(B, 1) will broadcast to (B, B) sooner or later. One number for each row: (B,).",
        ),
        Mistake(
            name="the right numbers without their graph (detached)",
            wrong=lambda lp: -(lp.exp() * lp).sum(dim=-1).detach(),
            advice="Unlike the old log-probabilities this is not data: its gradient is what keeps the team curious.",
        ),
        Mistake(
            name="detaching the probabilities and keeping the logarithms",
            wrong=lambda lp: -(lp.exp().detach() * lp).sum(dim=-1),
            advice="The numbers are right, the gradient is not (it is 0): p is a function of the weights as well.",
        ),
    ),
    hints=(
        "How surprised are you by an action of probability p, and how often does this surprise happen?",
        "-sum over the actions of p ln p, with p = exp(ln p); one number for each row.",
        "return -(all_log_probs.exp() * all_log_probs).sum(dim=-1)",
    ),
)


def _bonus_probe(*numbers: float, dtype: torch.dtype = torch.float32) -> Probe:
    return call_with(torch.tensor(numbers, dtype=dtype), gradients=(0,))


entropy_bonus_exercise = Exercise(
    number="9.2",
    function=entropy_bonus,
    difficulty=1,
    minutes=2,
    probes=(
        _bonus_probe(1.6, 0.2, 0.9),
        _bonus_probe(0.7),
        _bonus_probe(1.1, 1.3, 0.0, 0.4, 1.5, 0.8),
        _bonus_probe(0.3, 1.2, dtype=torch.float64),
    ),
    mistakes=(
        Mistake(
            name="a minus sign too early",
            wrong=lambda entropy: -entropy.mean(),
            advice="Here it is still the entropy itself. The minus sign comes in the total, once.",
        ),
        Mistake(
            name="the sum over the rows",
            wrong=lambda entropy: entropy.sum(),
            advice="Twice as many rows would make the team twice as curious. What should the size not change?",
        ),
        Mistake(
            name="the largest entropy",
            wrong=lambda entropy: entropy.max(),
            advice="Then only one row of the mini-batch would be pulled. All rows count alike.",
        ),
        Mistake(
            name="the smallest entropy",
            wrong=lambda entropy: entropy.min(),
            advice="Then only one row of the mini-batch would be pulled. All rows count alike.",
        ),
        Mistake(
            name="the median",
            wrong=lambda entropy: entropy.median(),
            advice="Then only the middle row would be pulled. All rows count alike.",
        ),
        Mistake(
            name="the right number without its graph (detached)",
            wrong=lambda entropy: entropy.mean().detach(),
            advice="A number without a gradient is no bonus: nothing would be pulled.",
        ),
        Mistake(
            name="dividing by ln 5, so that the largest is 1",
            wrong=lambda entropy: entropy.mean() / math.log(5),
            advice="ent_coef is meant for nats, and the function does not know how many actions there are.",
        ),
        Mistake(
            name="the coefficient put in here (0.02)",
            wrong=lambda entropy: 0.02 * entropy.mean(),
            advice="The weight comes in the total. Inside here it would count twice.",
        ),
        Mistake(
            name="no mean: the rows as they came",
            wrong=lambda entropy: 1 * entropy,
            advice="One number for the whole mini-batch is wanted.",
        ),
        Mistake(
            name="a float for a tensor (item)",
            wrong=lambda entropy: entropy.mean().item(),
            advice="A float has forgotten where it came from: backward() needs the tensor.",
        ),
    ),
    hints=(
        "Each row has an entropy. What should not change when the mini-batch gets larger?",
        "The mean over the rows; sign and weight come later.",
        "return entropy.mean()",
    ),
)


def _loss_probe(actor: float, critic: float, entropy: float, vf_coef: float, ent_coef: float) -> Probe:
    scalars = (torch.tensor(actor), torch.tensor(critic), torch.tensor(entropy))
    return call_with(*scalars, vf_coef, ent_coef, gradients=(0, 1, 2))


total_loss_exercise = Exercise(
    number="9.3",
    function=total_loss,
    difficulty=1,
    minutes=4,
    probes=(
        _loss_probe(-0.02, 0.5, 1.5, 0.5, 0.01),
        _loss_probe(0.3, 2.0, 0.7, 1.0, 0.1),
        _loss_probe(-0.1, 0.2, 1.6, 0.25, 0.0),
        _loss_probe(0.05, 1.2, 0.1, 0.0, 0.02),
    ),
    mistakes=(
        Mistake(
            name="entropy with a plus sign",
            wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic + ent * entropy,
            advice="We minimise. If more entropy made the loss larger, what would the team lose?",
        ),
        Mistake(
            name="the value loss with a minus sign",
            wrong=lambda actor, critic, entropy, vf, ent: actor - vf * critic - ent * entropy,
            advice="The critic's error is to become smaller, so it counts with a plus.",
        ),
        Mistake(
            name="the actor's loss with a minus sign",
            wrong=lambda actor, critic, entropy, vf, ent: -actor + vf * critic - ent * entropy,
            advice="clipped_surrogate_loss has its minus sign inside already: it is a loss.",
        ),
        Mistake(
            name="the two coefficients swapped",
            wrong=lambda actor, critic, entropy, vf, ent: actor + ent * critic - vf * entropy,
            advice="vf_coef belongs to the value function, ent_coef to the entropy.",
        ),
        Mistake(
            name="forgetting vf_coef",
            wrong=lambda actor, critic, entropy, vf, ent: actor + critic - ent * entropy,
            advice="Change vf_coef in your head to 0: does the critic still count?",
        ),
        Mistake(
            name="forgetting ent_coef",
            wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic - entropy,
            advice="Change ent_coef in your head to 0: does the entropy still count?",
        ),
        Mistake(
            name="leaving out the entropy",
            wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic,
            advice="There are three terms. What keeps the team curious?",
        ),
        Mistake(
            name="leaving out the critic",
            wrong=lambda actor, critic, entropy, vf, ent: actor - ent * entropy,
            advice="There are three terms. Who teaches the critic?",
        ),
        Mistake(
            name="the right number without its graph (detached, or made into a float)",
            wrong=lambda actor, critic, entropy, vf, ent: (actor + vf * critic - ent * entropy).detach(),
            advice="backward() has to find its way from the total to the network: no detach(), item() or no_grad().",
        ),
    ),
    hints=(
        "Which of the three do we want small, and which one large?",
        "total = actor + vf_coef * critic - ent_coef * entropy",
        "return actor_loss + vf_coef * critic_loss - ent_coef * entropy",
    ),
)

EXERCISES = (entropy_of_exercise, entropy_bonus_exercise, total_loss_exercise)
