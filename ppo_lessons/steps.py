"""The boxes of the flowchart, A to P, each under its name, to be replaced by your own; and how they are wired."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ppo_lessons import (
    action_kinds,
    actor_critic,
    advantages,
    buffer,
    losses,
    minibatches,
    optimisation,
    policy_gradient,
    rollout,
    team_view,
    value_normalisation,
)
from ppo_lessons.action_kinds import LookUp, look_up
from ppo_lessons.actor_critic import ActorCritic, log_probabilities
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.fields import suggest_names

LOWEST = -80.0
"""The log-probability of an illegal action as an entropy of one's own gets it: its exponential is a number still."""


class MinibatchLosses(NamedTuple):
    """What one mini-batch says before the step, each a scalar tensor; `total_loss` carries the graph."""

    actor_loss: Tensor
    value_loss: Tensor
    entropy: Tensor
    total_loss: Tensor
    approx_kl: Tensor
    clip_fraction: Tensor


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


def each_minibatch(num_rows: int, config: PPOConfig, generator: torch.Generator, steps: "Steps") -> Iterator[Tensor]:
    """Go over the rows again and again: in every epoch all of them, shuffled anew and split.

    Args:
        num_rows: How many rows there are.
        config: epochs and minibatch_size are read here.
        generator: Draws the shuffles.
        steps: shuffle_rows (G) and split_rows (H) are called here.

    Yields:
        The row numbers of each mini-batch, int64, (b,).
    """
    for _ in range(config.epochs):
        order = steps.shuffle_rows(num_rows, generator)
        yield from steps.split_rows(order, config.minibatch_size)


def minibatch_losses(
    policy: ActorCritic, minibatch: Rows, config: PPOConfig, steps: "Steps | None" = None
) -> MinibatchLosses:
    """Work out the losses of one mini-batch under the current policy, nodes I to N; nothing is changed.

    Args:
        policy: The current policy.
        minibatch: b rows.
        config: clip_eps, value_clip, vf_coef, ent_coef and advantage_normalisation are read here.
        steps: The boxes; None: the package's own.

    Returns:
        The losses and diagnostics; `total_loss` is what the gradient is taken of.
    """
    steps = steps or DEFAULT_STEPS.fitted(policy)
    logits, values = steps.forward_pass(policy, minibatch.obs)  # I
    new_log_probs = steps.log_probs_of(logits, minibatch.actions)  # J
    entropies = steps.entropy_of(log_probabilities(logits))
    ratios = steps.importance_ratios(new_log_probs, minibatch.old_log_probs)  # K
    advantages = minibatch.advantages
    if config.advantage_normalisation:
        advantages = steps.normalise_advantages(advantages)
    actor_loss = steps.clipped_surrogate_loss(ratios, advantages, config.clip_eps)  # L
    if config.value_clip is None:
        critic_loss = steps.value_loss(values, minibatch.returns)  # M
    else:
        old_values = minibatch.returns - minibatch.advantages
        critic_loss = steps.clipped_value_loss(values, old_values, minibatch.returns, config.value_clip)  # M
    entropy = steps.entropy_bonus(entropies)
    total_loss = steps.total_loss(actor_loss, critic_loss, entropy, config.vf_coef, config.ent_coef)  # N
    kl = steps.approx_kl(new_log_probs, minibatch.old_log_probs)
    outside = steps.clip_fraction(ratios, config.clip_eps)
    return MinibatchLosses(actor_loss, critic_loss, entropy, total_loss, kl, outside)


def update_policy(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    generator: torch.Generator,
    steps: "Steps",
) -> Iterator[tuple[Tensor, MinibatchLosses, Tensor]]:
    """Go through nodes E to O: the PPO update as the flowchart draws it. `ppo_update` watches over it.

    Args:
        policy: Its weights are changed in place.
        optimizer: Changes them.
        rows: B rows of a rollout.
        config: epochs, minibatch_size, clip_eps and the coefficients are read in here.
        generator: Draws the shuffles.
        steps: The boxes.

    Yields:
        After each gradient step: the row numbers (b,), the losses before the step, the gradient's length.

    References:
        Schulman et al. (2017), algorithm 1, https://arxiv.org/abs/1707.06347
    """
    rows = steps.detach_rows(rows)  # E
    for index in steps.each_minibatch(len(rows.actions), config, generator, steps):  # F, G, H
        minibatch = Rows(*(tensor.index_select(0, index) for tensor in rows))
        losses = steps.minibatch_losses(policy, minibatch, config, steps)  # I to N
        if steps.should_stop(float(losses.approx_kl), config.target_kl):
            return
        grad_norm = steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)  # O
        yield index, losses, grad_norm


@dataclass(frozen=True)
class OtherLoss:
    """A loss of the actor in the place of the clipped one."""

    name: str
    """Of its own box."""
    loss: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
        """Return the loss of (B,) ratios and advantages, a scalar."""
        if self.name == "policy_gradient_loss":  # ln(ratio) is the log-probability less a constant: the same gradient
            return self.loss(ratios.log(), advantages)
        return self.loss(ratios, advantages)


@suggest_names
@dataclass(frozen=True, kw_only=True)
class Steps:
    """One function for every box of the flowchart; the package's own unless you give another.

    `Steps(importance_ratios=mine)` gives the update with your ratios. A replacement takes and returns what the
    original does.
    """

    play_step: Callable[..., Any] = rollout.play_step
    """A. Collect experience for all agents."""
    store: Callable[..., None] = buffer.store
    """B. Store experiences in the shared buffer."""
    is_full: Callable[..., bool] = buffer.is_full
    """C. Is the buffer full?"""
    denormalise_values: Callable[[Tensor, Tensor, Tensor], Tensor] = value_normalisation.denormalise_values
    """D. The critic's values in rewards again, before the advantages (`value_normalisation=True`)."""
    with_team_credit: Callable[..., Tensor] = advantages.with_team_credit
    """D. Rewards, with what the team gains after an agent's own fall."""
    next_values: Callable[..., Tensor] = advantages.next_values
    """D. What the critic expects after each step."""
    td_errors: Callable[..., Tensor] = advantages.td_errors
    """D. By how much each step beat the expectation."""
    gae: Callable[..., Tensor] = advantages.gae
    """D. Advantages, from which the returns follow."""
    flatten_rows: Callable[[Tensor, Tensor], Tensor] = buffer.flatten_rows
    """D. Extract (states, actions, old_log_probs, returns, advantages): of living agents only."""
    mean_and_std: Callable[[Tensor], tuple[Tensor, Tensor]] = value_normalisation.mean_and_std
    """D. Mean and spread of the returns so far (`value_normalisation=True`)."""
    normalise_values: Callable[[Tensor, Tensor, Tensor], Tensor] = value_normalisation.normalise_values
    """D. Returns in units of their spread, for the critic to learn (`value_normalisation=True`)."""
    badges_of: Callable[[Tensor], Tensor] = buffer.badges_of
    """D. Whose row is whose, for the report."""
    mean_over_acting: Callable[[Tensor, Tensor], Tensor] = buffer.mean_over_acting
    """D. The mean reward, for the report."""
    detach_rows: Callable[[Rows], Rows] = detach_rows
    """E. Detach all tensors."""
    each_minibatch: Callable[..., Iterable[Tensor]] = each_minibatch
    """F. For each epoch, for each mini-batch."""
    shuffle_rows: Callable[[int, torch.Generator], Tensor] = minibatches.shuffle_rows
    """G. Shuffle data."""
    split_rows: Callable[[Tensor, int], Iterable[Tensor]] = minibatches.split_rows
    """H. Split into mini-batches."""
    count_gradient_steps: Callable[[int, int, int], int] = minibatches.count_gradient_steps
    """H. How many steps are planned, for the report."""
    team_obs: Callable[[Tensor, Tensor], Tensor] = team_view.team_obs
    """I. What a critic of the whole team sees besides (`critic="team"`)."""
    forward_pass: Callable[..., tuple[Tensor, Tensor]] = forward_pass
    """I. Forward pass through the policy."""
    only_legal: Callable[[Tensor, Tensor], Tensor] = action_kinds.only_legal
    """I. Actions that are not legal get no probability (worlds with action masks)."""
    log_probs_of: Callable[[Tensor, Tensor], Tensor] = actor_critic.log_probs_of
    """J. Compute new log_probs of the stored actions."""
    gaussian_log_probs: Callable[[Tensor, Tensor, Tensor], Tensor] = action_kinds.gaussian_log_probs
    """J. The same for real-valued actions (worlds that ask for them)."""
    entropy_of: Callable[[Tensor], Tensor] = actor_critic.entropy_of
    """J. Compute the entropy of each row."""
    importance_ratios: Callable[[Tensor, Tensor], Tensor] = losses.importance_ratios
    """K. Compute importance sampling ratios."""
    approx_kl: Callable[[Tensor, Tensor], Tensor] = losses.approx_kl
    """K. How far the policy has moved."""
    effective_sample_size: Callable[[Tensor], Tensor] = policy_gradient.effective_sample_size
    """K. What the old rows are still worth after the update, for the report."""
    normalise_advantages: Callable[[Tensor], Tensor] = advantages.normalise_advantages
    """L. Advantages of the mini-batch to mean 0 and standard deviation 1, before the loss."""
    clipped_surrogate_loss: Callable[[Tensor, Tensor, float], Tensor] = losses.clipped_surrogate_loss
    """L. Compute the clipped surrogate actor loss."""
    surrogate_loss: Callable[[Tensor, Tensor], Tensor] = policy_gradient.surrogate_loss
    """L. The same without the clip: for the report, and to train by (see `with_actor_loss`)."""
    policy_gradient_loss: Callable[[Tensor, Tensor], Tensor] = policy_gradient.policy_gradient_loss
    """L. The loss of the plain policy gradient, to train by (see `with_actor_loss`)."""
    clip_fraction: Callable[[Tensor, float], Tensor] = losses.clip_fraction
    """L. The share of rows outside the interval."""
    still_pushed: Callable[[Tensor, Tensor, float], Tensor] = losses.still_pushed
    """L. Which rows the loss still pushes after the update, for the report."""
    value_loss: Callable[[Tensor, Tensor], Tensor] = losses.value_loss
    """M. Compute the critic's value loss."""
    clipped_value_loss: Callable[..., Tensor] = losses.clipped_value_loss
    """M. The same with a clip (`value_clip`)."""
    explained_variance: Callable[[Tensor, Tensor], float] = losses.explained_variance
    """M. What the critic foresaw, for the report."""
    entropy_bonus: Callable[[Tensor], Tensor] = losses.entropy_bonus
    """N. The mean entropy, which is rewarded."""
    total_loss: Callable[..., Tensor] = losses.total_loss
    """N. Combine actor + critic - entropy loss."""
    minibatch_losses: Callable[..., MinibatchLosses] = minibatch_losses
    """N. The wiring of I to N."""
    gradient_step: Callable[..., Tensor] = optimisation.gradient_step
    """O. Backpropagation and optimizer step."""
    should_stop: Callable[[float, float | None], bool] = losses.should_stop
    """O. Whether the update ends before this step."""
    annealed: Callable[[float, int, int], float] = optimisation.annealed
    """O. The step size of a cycle, if it is to shrink."""
    reached_by_gradient: Callable[[nn.Module], list[str]] = actor_critic.reached_by_gradient
    """O. Whom the gradient has reached, for the report."""
    update_policy: Callable[..., Iterable[tuple[Tensor, MinibatchLosses, Tensor]]] = update_policy
    """O. The wiring of E to O: the whole update."""
    clear: Callable[[SharedBuffer], None] = buffer.clear
    """P. Clear the buffer."""

    def with_actor_loss(self, name: str) -> "Steps":
        """Return steps that train by another loss of the actor, in the place of the clipped one.

        Args:
            name: "surrogate" or "policy_gradient". The latter is meant for one step on all rows: its gradient is that
                of the return where the policy is still the one that played.

        Raises:
            ValueError: If there is no such loss.
        """
        if name not in ("surrogate", "policy_gradient"):
            raise ValueError(f"An actor loss must be 'surrogate' or 'policy_gradient'. Got {name!r}")
        return replace(self, clipped_surrogate_loss=OtherLoss(f"{name}_loss", getattr(self, f"{name}_loss")))

    def of_all_ranks(self, quantity: Tensor) -> Tensor:
        """Return what all processes of a run have of a quantity, (B, ...) one under the other: here is only one."""
        return quantity

    def fitted(self, policy: ActorCritic) -> "Steps":
        """Return steps that look actions up as this policy means them; these very steps for one choice out of N.

        For several choices `log_probs_of` and `entropy_of` are asked for each; for real numbers there is nothing to ask
        them, and `gaussian_log_probs` is.
        """
        entropy_of = self.entropy_of
        if policy.action_kind.masked and entropy_of is not actor_critic.entropy_of:
            # p ln p is 0 at p = 0, but whoever takes the logarithm of p has no slope there
            entropy_of = lambda all_log_probs: self.entropy_of(all_log_probs.clamp(min=LOWEST))  # noqa: E731
        one = LookUp(self.log_probs_of, entropy_of)
        look = look_up(policy.action_kind, policy.log_std, one, log_probabilities, self.gaussian_log_probs)
        return self if look == (self.log_probs_of, self.entropy_of) else replace(self, **look._asdict())


DEFAULT_STEPS = Steps()
