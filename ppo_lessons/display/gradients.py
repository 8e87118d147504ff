"""How long a gradient each loss sends into each part of the network, in numbers that several lessons show."""

import torch
from torch import Tensor, nn

GROUPS = ("actor_trunk", "critic_trunk", "actor_head", "critic_head")
"""The parts of an `ActorCritic`, in the order of its layers."""
NOT_THERE, NOT_REACHED = None, float("nan")
"""A part that the network does not have (a shared trunk); a part that no path of the graph leads to."""


def gradient_lengths(policy: nn.Module, losses: dict[str, Tensor]) -> dict[str, dict[str, float | None]]:
    """Return how long a gradient each loss sends into each part of the network.

    The gradients that the parameters hold are left alone, and so are the graphs.

    Args:
        policy: An `ActorCritic`.
        losses: Name -> scalar; one without a graph reaches nothing.

    Returns:
        Name of the loss -> part -> length of the gradient; NaN where no path leads, None where there is no such part.
    """
    parts: dict[str, list[nn.Parameter]] = {group: [] for group in GROUPS}
    for name, parameter in policy.named_parameters():  # a shared trunk is named once, as the actor's
        parts[name.split(".")[0]].append(parameter)
    return {
        name: {group: _length(loss, parameters) for group, parameters in parts.items()} for name, loss in losses.items()
    }


def _length(loss: Tensor, parameters: list[nn.Parameter]) -> float | None:
    if not parameters:
        return NOT_THERE
    if not loss.requires_grad:
        return NOT_REACHED
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    lengths = [grad.norm() for grad in found if grad is not None]
    return float(torch.stack(lengths).norm()) if lengths else NOT_REACHED
