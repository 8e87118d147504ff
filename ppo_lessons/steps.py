"""The steps of the flowchart, A to P, each under its name, to be replaced by functions of your own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons import losses, rollout
from ppo_lessons.actor_critic import ActorCritic, log_probs_and_entropy
from ppo_lessons.advantages import gae, normalise_advantages
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.guards.fields import suggest_names
from ppo_lessons.minibatches import shuffle_rows, split_rows


def extract(buffer: SharedBuffer) -> Rows:
    """Pull the rows of living agents out of a finished buffer."""
    return buffer.get()


def detach_rows(rows: Rows) -> Rows:
    """Freeze the rollout: the same numbers, without a graph. They are data now, not functions of the weights.

    Args:
        rows: Flat rows of the buffer, each field (B, ...).

    Returns:
        The same rows; no field requires a gradient.
    """
    return Rows(*(tensor.detach() for tensor in rows))


def forward_pass(policy: ActorCritic, obs: Tensor) -> tuple[Tensor, Tensor]:
    """Let the current policy look at stored observations (B, D) again: logits (B, N) and values (B,), with a graph."""
    return policy(obs)


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


def clear(buffer: SharedBuffer) -> None:
    """Empty the buffer: the next rollout is the new policy's own."""
    buffer.clear()


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Steps:
    """One function for every node of the flowchart; the package's own unless you give another.

    `Steps(importance_ratios=mine)` gives the update with your ratios. A replacement takes and returns what the
    original does.
    """

    play_step: Callable[..., Any] = rollout.play_step
    """A. Collect experience for all agents."""
    store: Callable[..., None] = rollout.store
    """B. Store experiences in the shared buffer."""
    is_full: Callable[..., bool] = rollout.is_full
    """C. Is the buffer full?"""
    gae: Callable[..., Tensor] = gae
    """D. Advantages, from which the returns follow."""
    extract: Callable[[SharedBuffer], Rows] = extract
    """D. Extract (states, actions, old_log_probs, returns, advantages)."""
    detach_rows: Callable[[Rows], Rows] = detach_rows
    """E. Detach all tensors."""
    epochs: Callable[[int], Iterable[int]] = range
    """F. For each epoch."""
    shuffle_rows: Callable[[int, torch.Generator], Tensor] = shuffle_rows
    """G. Shuffle data."""
    split_rows: Callable[[Tensor, int], Iterable[Tensor]] = split_rows
    """H. Split into mini-batches."""
    forward_pass: Callable[..., tuple[Tensor, Tensor]] = forward_pass
    """I. Forward pass through the policy."""
    log_probs_and_entropy: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = log_probs_and_entropy
    """J. Compute new log_probs and entropy."""
    importance_ratios: Callable[[Tensor, Tensor], Tensor] = losses.importance_ratios
    """K. Compute importance sampling ratios."""
    normalise_advantages: Callable[[Tensor], Tensor] = normalise_advantages
    """L. Advantages of the mini-batch to mean 0 and standard deviation 1, before the loss."""
    clipped_surrogate_loss: Callable[[Tensor, Tensor, float], Tensor] = losses.clipped_surrogate_loss
    """L. Compute the clipped surrogate actor loss."""
    value_loss: Callable[[Tensor, Tensor], Tensor] = losses.value_loss
    """M. Compute the critic's value loss."""
    entropy_bonus: Callable[[Tensor], Tensor] = losses.entropy_bonus
    """N. The mean entropy, which is rewarded."""
    total_loss: Callable[..., Tensor] = losses.total_loss
    """N. Combine actor + critic - entropy loss."""
    gradient_step: Callable[..., Tensor] = gradient_step
    """O. Backpropagation and optimizer step."""
    clear: Callable[[SharedBuffer], None] = clear
    """P. Clear the buffer."""
