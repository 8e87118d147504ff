"""Exercises of lesson 10: the wiring of a mini-batch, and the step that changes the weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, call_with
from ppo_lessons.config import PPOConfig
from ppo_lessons.losses import approx_kl, clip_fraction
from ppo_lessons.steps import Steps, gradient_step
from ppo_lessons.update import MinibatchLosses, minibatch_losses


def _step_probe(scale: float, max_grad_norm: float, stale_gradient: bool = False) -> Probe:
    """Two steps on a tiny network: returned norms, gradients and weights afterwards."""

    def probe(function: Callable[..., Any]) -> Outcome:
        torch.manual_seed(7)
        policy = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = torch.optim.Adam(policy.parameters(), lr=0.05)
        inputs = torch.randn(2, 6, 3)
        if stale_gradient:
            policy(inputs[0]).sum().backward()  # something left over from before
        norms = []
        for batch in inputs:
            loss = scale * (policy(batch) - 1).square().mean()
            norms.append(function(loss, policy, optimizer, max_grad_norm))
        weights = torch.cat([p.detach().flatten() for p in policy.parameters()])
        gradients = [torch.zeros(0) if p.grad is None else p.grad.flatten() for p in policy.parameters()]
        return {"result": norms[0], "second result": norms[1], "weights": weights, "gradient": torch.cat(gradients)}

    return probe


def _step(
    loss: Tensor,
    policy: nn.Module,
    optimizer: torch.optim.Optimizer,
    max_grad_norm: float,
    *,
    order: str = "zero backward clip step",
    result: str = "norm",
) -> Tensor:
    """The steps of a gradient step in any order, for the table of mistakes."""
    norm = torch.tensor(0.0)
    for word in order.split():
        if word == "zero":
            optimizer.zero_grad()
        elif word == "backward":
            loss.backward()
        elif word == "clip":
            norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
        elif word == "clip-each":
            norm = torch.stack([nn.utils.clip_grad_norm_(p, max_grad_norm) for p in policy.parameters()]).norm()
        elif word == "clip-value":
            norm = nn.utils.get_total_norm([p.grad for p in policy.parameters()])
            nn.utils.clip_grad_value_(policy.parameters(), max_grad_norm)
        elif word == "norm":
            norm = nn.utils.get_total_norm([p.grad for p in policy.parameters() if p.grad is not None])
        elif word == "step":
            optimizer.step()
    return loss.detach() if result == "loss" else norm


def _ordered(order: str, **options: str) -> Callable[..., Tensor]:
    return lambda loss, policy, optimizer, limit: _step(loss, policy, optimizer, limit, order=order, **options)


gradient_step_exercise = Exercise(
    number="10.2",
    function=gradient_step,
    difficulty=2,
    minutes=6,
    probes=(
        _step_probe(1.0, 0.5),
        _step_probe(1.0, 0.5, stale_gradient=True),
        _step_probe(30.0, 0.5),
        _step_probe(1.0, 1e3),
    ),
    mistakes=(
        Mistake(
            name="forgetting zero_grad",
            wrong=_ordered("backward clip step"),
            advice="backward() adds to the gradients that are there. Where do those of the last mini-batch go?",
        ),
        Mistake(
            name="zero_grad between backward and step",
            wrong=_ordered("backward zero step norm"),
            advice="You wipe out the gradient before it is used. What does the step do then?",
        ),
        Mistake(
            name="not shortening the gradient",
            wrong=_ordered("zero backward norm step"),
            advice="After backward(), clip_grad_norm_(policy.parameters(), max_grad_norm) shortens it in place.",
        ),
        Mistake(
            name="shortening before backward",
            wrong=_ordered("zero clip backward step"),
            advice="Before backward() there is no gradient to shorten.",
        ),
        Mistake(
            name="shortening after the step",
            wrong=_ordered("zero backward step clip"),
            advice="The step has been taken by then; the shorter gradient is never used.",
        ),
        Mistake(
            name="shortening each parameter by itself",
            wrong=_ordered("zero backward clip-each step"),
            advice="One length for all parameters keeps the direction; hand over policy.parameters() as a whole.",
        ),
        Mistake(
            name="clipping each number of the gradient (clip_grad_value_)",
            wrong=_ordered("zero backward clip-value step"),
            advice="That bends the direction. clip_grad_norm_ shortens the whole gradient and keeps its direction.",
        ),
        Mistake(
            name="forgetting the step",
            wrong=_ordered("zero backward clip"),
            advice="The gradients are ready. Who changes the weights?",
        ),
        Mistake(
            name="stepping before backward",
            wrong=_ordered("step zero backward clip"),
            advice="The optimizer steps along gradients that backward() has yet to fill in.",
        ),
        Mistake(
            name="returning the loss",
            wrong=_ordered("zero backward clip step", result="loss"),
            advice="Asked for is the gradient's length, which clip_grad_norm_ returns: a diagnostic worth watching.",
        ),
    ),
    hints=(
        "What is still in the gradients from the mini-batch before, and when is the right moment to shorten?",
        "Forget old gradients, work out new ones, shorten them together to max_grad_norm, step. Return the length.",
        "optimizer.zero_grad(); total_loss.backward(); "
        "grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm); optimizer.step(); return grad_norm",
    ),
)


def _advantages(seed: int, rows: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    return scale * torch.randn(rows, generator=torch.Generator().manual_seed(seed)) + shift


normalise_advantages_exercise = Exercise(
    number="10.1",
    function=normalise_advantages,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(torch.tensor([1.0, 2.0, 6.0])),
        call_with(_advantages(1, 5, scale=3.0, shift=-2.0)),
        call_with(torch.tensor([0.5, 0.5, 0.5, 0.5])),
        call_with(torch.tensor([2.5])),
        call_with(_advantages(2, 64, scale=0.01)),
    ),
    mistakes=(
        Mistake(
            name="only taking the mean away",
            wrong=lambda a: a - a.mean() if len(a) > 1 else a,
            advice="The mean is 0 now. What is the standard deviation?",
        ),
        Mistake(
            name="only dividing by the standard deviation",
            wrong=lambda a: a / (a.std() + 1e-8) if len(a) > 1 else a,
            advice="The standard deviation is 1 now. What is the mean?",
        ),
        Mistake(
            name="dividing by the variance",
            wrong=lambda a: (a - a.mean()) / (a.var() + 1e-8) if len(a) > 1 else a,
            advice="The standard deviation is the root of the variance.",
        ),
        Mistake(
            name="the standard deviation with N in place of N - 1",
            wrong=lambda a: (a - a.mean()) / (a.std(correction=0) + 1e-8) if len(a) > 1 else a,
            advice="torch's std() divides by N - 1 unless told otherwise, and so do Stable-Baselines3 and CleanRL.",
        ),
        Mistake(
            name="no small number in the denominator",
            wrong=lambda a: (a - a.mean()) / a.std() if len(a) > 1 else a,
            advice="If all advantages are equal their standard deviation is 0, and 0 / 0 is NaN.",
        ),
        Mistake(
            name="forgetting the mini-batch of one row",
            wrong=lambda a: (a - a.mean()) / (a.std() + 1e-8),
            advice="One row has no spread: its standard deviation is NaN. What should come back then?",
        ),
        Mistake(
            name="taking the mean away and adding it again",
            wrong=lambda a: (a - a.mean()) / (a.std() + 1e-8) + a.mean() if len(a) > 1 else a,
            advice="The result is to have mean 0.",
        ),
        Mistake(
            name="squeezing into 0 ... 1 (smallest and largest)",
            wrong=lambda a: (a - a.min()) / (a.max() - a.min() + 1e-8) if len(a) > 1 else a,
            advice="Asked for are mean 0 and standard deviation 1, so about half of the rows become negative.",
        ),
        Mistake(
            name="a change in place",
            wrong=lambda a: a.sub_(a.mean()).div_(a.std() + 1e-8) if len(a) > 1 else a,
            advice="The result is right, but what was handed in has changed: avoid -=, /= and names with _.",
        ),
    ),
    hints=(
        "What are the mean and the standard deviation of the result to be, whatever came in? And of a single row?",
        "(A - mean) / (standard deviation + 1e-8); one row alone stays as it is.",
        "return advantages if len(advantages) < 2 else (advantages - advantages.mean()) / (advantages.std() + 1e-8)",
    ),
)


def _wiring_probe(seed: int, rows: int, config: PPOConfig) -> Probe:
    """All six numbers of a mini-batch, and the gradient of the total, on a small network that has moved on."""

    def probe(function: Callable[..., Any]) -> Outcome:
        draw = torch.Generator().manual_seed(seed)
        policy = ActorCritic(3, 4, 8, seed=seed)
        obs = torch.randn(rows, 3, generator=draw)
        actions = torch.randint(0, 4, (rows,), generator=draw)
        old_log_probs = -1.4 + 0.3 * torch.randn(rows, generator=draw)
        returns, advantages = 1.0 + torch.randn(rows, generator=draw), 2.0 * torch.randn(rows, generator=draw) + 0.5
        answer = function(policy, Rows(obs, actions, old_log_probs, returns, advantages), config, Steps())
        if answer is None or answer is ...:
            return {"result": answer}
        outcome: Outcome = {"result": type(answer).__name__}
        outcome |= {name: getattr(answer, name, "missing") for name in MinibatchLosses._fields}
        answer.total_loss.backward()
        gradients = [torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in policy.parameters()]
        return outcome | {"gradient of total_loss": torch.cat(gradients)}

    return probe


def _wiring(**wrong: str) -> Callable[..., MinibatchLosses]:
    """The right wiring with one wire changed, for the table of mistakes."""

    def wired(policy: ActorCritic, rows: Rows, config: PPOConfig, steps: Steps) -> MinibatchLosses:
        logits, values = steps.forward_pass(policy, rows.obs)
        new, entropies = steps.log_probs_and_entropy(logits, rows.actions)
        old = rows.old_log_probs
        ratios = steps.importance_ratios(old, new) if "ratios" in wrong else steps.importance_ratios(new, old)
        advantages = rows.returns if "advantages" in wrong else rows.advantages
        if config.normalise_advantages != ("normalise" in wrong):
            advantages = steps.normalise_advantages(advantages)
        actor = steps.clipped_surrogate_loss(ratios, advantages, config.clip_eps)
        if "detached" in wrong:
            actor = actor.detach()
        critic = steps.value_loss(values, rows.advantages if "targets" in wrong else rows.returns)
        entropy = steps.entropy_bonus(entropies)
        coefficients = (config.vf_coef, config.ent_coef)
        total = steps.total_loss(actor, critic, entropy, *(coefficients[::-1] if "swapped" in wrong else coefficients))
        kl = approx_kl(old, new) if "kl" in wrong else approx_kl(new, old)
        result = MinibatchLosses(actor, critic, entropy, total, kl, clip_fraction(ratios, config.clip_eps))
        return result._replace(value_loss=config.vf_coef * critic) if "weighted" in wrong else result

    return wired


minibatch_losses_exercise = Exercise(
    number="10.3",
    function=minibatch_losses,
    difficulty=3,
    minutes=10,
    probes=(
        _wiring_probe(1, 6, PPOConfig()),
        _wiring_probe(2, 9, PPOConfig(normalise_advantages=False, clip_eps=0.1, vf_coef=1.0, ent_coef=0.1)),
        _wiring_probe(3, 16, PPOConfig(vf_coef=0.25, ent_coef=0.0)),
    ),
    mistakes=(
        Mistake(
            name="old and new swapped in the ratios",
            wrong=_wiring(ratios="swapped"),
            advice="A ratio is pi_new / pi_old: the new log-probabilities come first.",
        ),
        Mistake(
            name="normalising exactly when the config says not to, or not when it does",
            wrong=_wiring(normalise="turned"),
            advice="config.normalise_advantages decides whether steps.normalise_advantages is called.",
        ),
        Mistake(
            name="returns where the actor's loss needs advantages",
            wrong=_wiring(advantages="returns"),
            advice="The actor asks whether an action was better than expected; the critic learns the return.",
        ),
        Mistake(
            name="advantages where the critic's loss needs returns",
            wrong=_wiring(targets="advantages"),
            advice="The critic is to foretell the return, not by how much it was wrong.",
        ),
        Mistake(
            name="vf_coef and ent_coef swapped",
            wrong=_wiring(swapped="coefficients"),
            advice="total_loss takes the critic's coefficient first.",
        ),
        Mistake(
            name="old and new swapped in approx_kl",
            wrong=_wiring(kl="swapped"),
            advice="approx_kl(new_log_probs, old_log_probs) estimates KL(old || new).",
        ),
        Mistake(
            name="cutting the actor's loss off from the network",
            wrong=_wiring(detached="actor"),
            advice="The numbers are right, but no gradient reaches the actor's head: no detach(), no no_grad().",
        ),
        Mistake(
            name="reporting the value loss with vf_coef in it",
            wrong=_wiring(weighted="value"),
            advice="vf_coef belongs into the total only; the report shows the plain mean squared error.",
        ),
    ),
    hints=(
        "Go along the map: what does box I give, what does J need of it, what K, L, M, N?",
        "logits, values -> new_log_probs, entropies -> ratios -> actor_loss (advantages normalised if config says so) "
        "-> value_loss with the returns -> mean entropy -> total. Then approx_kl and clip_fraction.",
        "Each line is steps.name(...) with the names of the map; the last is "
        "return MinibatchLosses(actor_loss, value_loss, entropy, total_loss, approx_kl(...), clip_fraction(...))",
    ),
)

EXERCISES = (normalise_advantages_exercise, gradient_step_exercise, minibatch_losses_exercise)
