"""The step that changes the weights."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.optimisation import gradient_step

_BATCHES = normal(7, 2, 6, 3)


def _step_probe(scale: float, max_grad_norm: float, stale_gradient: bool = False, special: str = "") -> Probe:
    """Two plain steps on a tiny network: the returned lengths, what happened, and the weights afterwards."""

    def loss_of(policy: nn.Module, batch: int) -> Tensor:
        return scale * (policy(_BATCHES[batch]) - 1).square().mean()

    def make() -> tuple[Tensor, nn.Module, torch.optim.Optimizer, float]:
        torch.default_generator.manual_seed(7)
        policy = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        if stale_gradient:
            policy(_BATCHES[0]).sum().backward()  # something left over from before
        return loss_of(policy, 0), policy, torch.optim.SGD(policy.parameters(), lr=0.1), max_grad_norm

    def look(function: Callable[..., Any], inputs: tuple[Any, ...]) -> Outcome:
        loss, policy, optimizer, limit = inputs
        happened: list[str] = []
        optimizer.register_step_pre_hook(lambda *_: happened.append("step"))
        loss.register_hook(lambda _: happened.append("backward"))
        norms = [_number(function(loss, policy, optimizer, limit))]
        order = ", then ".join(happened) or "neither backward nor step"
        norms.append(_number(function(loss_of(policy, 1), policy, optimizer, limit)))
        weights = torch.cat([p.detach().flatten() for p in policy.parameters()])
        return {"what happens": order, "result": norms[0], "length in the second step": norms[1], "weights": weights}

    return Probe(make=make, look=look, special=special)


def _number(norm: Any) -> Any:
    """A length may come as a tensor or as a plain number."""
    return torch.tensor(norm) if isinstance(norm, float) else norm


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
    number="11.2",
    node="O",
    function=gradient_step,
    difficulty=2,
    minutes=6,
    probes=(
        _step_probe(1.0, 0.5),
        _step_probe(1.0, 0.5, stale_gradient=True, special="a gradient left over from before"),
        _step_probe(30.0, 0.5),
        _step_probe(1.0, 1e3, special="a gradient that is short enough"),
        _step_probe(1e-4, 0.5, special="a tiny gradient"),
    ),
    mistakes=(
        Mistake(name="forgetting zero_grad", wrong=_ordered("backward clip step"),
                advice="backward() adds to the gradients that are there. Where do those of the last mini-batch go?"),
        Mistake(name="zero_grad between backward and step", wrong=_ordered("backward zero step norm"),
                advice="You wipe out the gradient before it is used. What does the step do then?"),
        Mistake(name="a step along the whole gradient (not shortened, or only after the step)",
                wrong=_ordered("zero backward norm step"),
                advice="After backward(), clip_grad_norm_(policy.parameters(), max_grad_norm) shortens it in place."),
        Mistake(name="shortening before backward", wrong=_ordered("zero clip backward step"),
                advice="Before backward() there is no gradient to shorten."),
        Mistake(name="shortening each parameter by itself", wrong=_ordered("zero backward clip-each step"),
                advice="One length for all parameters keeps the direction; hand over policy.parameters() as a whole."),
        Mistake(
            name="clipping each number of the gradient (clip_grad_value_)",
            wrong=_ordered("zero backward clip-value step"),
            advice="That bends the direction. clip_grad_norm_ shortens the whole gradient and keeps its direction.",
        ),
        Mistake(name="forgetting the step", wrong=_ordered("zero backward clip"),
                advice="The gradients are ready. Who changes the weights?"),
        Mistake(name="forgetting backward", wrong=_ordered("zero clip step"),
                advice="zero_grad() forgets the old gradients. Who works out the new ones?"),
        Mistake(name="stepping before backward", wrong=_ordered("zero step backward clip"),
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
        "optimizer.zero_grad()\n"
        "total_loss.backward()\n"
        "grad_norm = torch.nn.utils.clip_grad_norm_(\n"
        "    policy.parameters(), max_grad_norm\n"
        ")\n"
        "optimizer.step()\n"
        "return grad_norm",
    ),
)  # fmt: skip
