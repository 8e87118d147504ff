"""The optimizer and its step: box O."""

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig


def gradient_step(
    total_loss: Tensor, policy: nn.Module, optimizer: torch.optim.Optimizer, max_grad_norm: float
) -> Tensor:
    """Backpropagate the loss, shorten the gradient if it is too long, and change the weights.

    Args:
        total_loss: A scalar with a graph.
        policy: Its parameters are changed.
        optimizer: Changes them.
        max_grad_norm: The gradient of all parameters together is shortened to this length.

    Returns:
        The length of the gradient before it was shortened, a scalar.
    """
    optimizer.zero_grad()
    total_loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
    optimizer.step()
    return grad_norm


def make_optimizer(policy: ActorCritic, config: PPOConfig) -> torch.optim.Optimizer:
    """Return Adam with eps 1e-5, as in Stable-Baselines3 and CleanRL (not torch's 1e-8), in one fused kernel."""
    return torch.optim.Adam(policy.parameters(), lr=config.learning_rate, eps=1e-5, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Give all parameters this step size."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def annealed(learning_rate: float, cycle: int, anneal_cycles: int) -> float:
    """Return the step size of a cycle: it falls in a straight line and stays at 0 once it is there.

    Args:
        learning_rate: The step size of cycle 0.
        cycle: From 0.
        anneal_cycles: The cycle at which 0 is reached.

    Returns:
        learning_rate * (1 - cycle / anneal_cycles), never below 0.
    """
    return learning_rate * max(0.0, 1 - cycle / anneal_cycles)
