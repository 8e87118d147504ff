"""Exercise 10.2: the step that changes the weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.steps import gradient_step


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


def _ordered(order: str) -> Callable[..., Tensor]:
    """The parts of a gradient step in any order, for the table of mistakes."""

    def wrong(loss: Tensor, policy: nn.Module, optimizer: torch.optim.Optimizer, limit: float) -> Tensor:
        norm = torch.tensor(0.0)
        for word in order.split():
            if word == "zero":
                optimizer.zero_grad()
            elif word == "backward":
                loss.backward()
            elif word == "step":
                optimizer.step()
            elif word == "clip":
                norm = nn.utils.clip_grad_norm_(policy.parameters(), limit)
            elif word == "clip-each":
                norm = torch.stack([nn.utils.clip_grad_norm_(p, limit) for p in policy.parameters()]).norm()
            else:
                norm = nn.utils.get_total_norm([p.grad for p in policy.parameters() if p.grad is not None])
            if word == "clip-value":
                nn.utils.clip_grad_value_(policy.parameters(), limit)
        return norm

    return wrong


EXERCISE = Exercise(
    number="10.2",
    node="O",
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
        Mistake(name="forgetting zero_grad", wrong=_ordered("backward clip step"),
                advice="backward() adds to the gradients that are there. Where do those of the last mini-batch go?"),
        Mistake(name="zero_grad between backward and step", wrong=_ordered("backward zero step norm"),
                advice="You wipe out the gradient before it is used. What does the step do then?"),
        Mistake(name="not shortening the gradient", wrong=_ordered("zero backward norm step"),
                advice="After backward(), clip_grad_norm_(policy.parameters(), max_grad_norm) shortens it in place."),
        Mistake(name="shortening before backward", wrong=_ordered("zero clip backward step"),
                advice="Before backward() there is no gradient to shorten."),
        Mistake(name="shortening after the step", wrong=_ordered("zero backward step clip"),
                advice="The step has been taken by then; the shorter gradient is never used."),
        Mistake(name="shortening each parameter by itself", wrong=_ordered("zero backward clip-each step"),
                advice="One length for all parameters keeps the direction; hand over policy.parameters() as a whole."),
        Mistake(
            name="clipping each number of the gradient (clip_grad_value_)",
            wrong=_ordered("zero backward clip-value step"),
            advice="That bends the direction. clip_grad_norm_ shortens the whole gradient and keeps its direction.",
        ),
        Mistake(name="forgetting the step", wrong=_ordered("zero backward clip"),
                advice="The gradients are ready. Who changes the weights?"),
        Mistake(name="stepping before backward", wrong=_ordered("step zero backward clip"),
                advice="The optimizer steps along gradients that backward() has yet to fill in."),
        Mistake(
            name="returning the loss",
            wrong=lambda loss, *others: gradient_step(loss, *others) * 0 + loss.detach(),
            advice="Asked for is the gradient's length, which clip_grad_norm_ returns: a diagnostic worth watching.",
        ),
    ),
    hints=(
        "What is still in the gradients from the mini-batch before, and when is the right moment to shorten?",
        "Forget old gradients, work out new ones, shorten them together to max_grad_norm, step. Return the length.",
        "optimizer.zero_grad(); total_loss.backward(); "
        "grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm); optimizer.step(); return grad_norm",
    ),
)  # fmt: skip
