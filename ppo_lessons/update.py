"""The PPO update, nodes E to O of the flowchart: the heart of the house, in the order of the flowchart."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, require_trainable
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.guards.threads import one_thread
from ppo_lessons.guards.undo import Undo, keep_generator, keep_weights
from ppo_lessons.losses import approx_kl, clip_fraction, explained_variance, should_stop
from ppo_lessons.seams import checked
from ppo_lessons.steps import Steps

DEFAULT_STEPS = Steps()
RUINOUS_KL, RUINOUS_ENTROPY = 10.0, 1e-12
"""Beyond these a run is not trained but ruined, in nats."""


class MinibatchLosses(NamedTuple):
    """What one mini-batch says before the step, each a scalar tensor; `total_loss` carries the graph."""

    actor_loss: Tensor
    value_loss: Tensor
    entropy: Tensor
    total_loss: Tensor
    approx_kl: Tensor
    clip_fraction: Tensor


@dataclass(frozen=True, kw_only=True)
class UpdateReport:
    """What one update did. Losses and diagnostics are means over its mini-batches."""

    actor_loss: float
    value_loss: float
    entropy: float
    total_loss: float
    approx_kl: float
    clip_fraction: float
    grad_norm: float
    """Length of the gradient before it was shortened to max_grad_norm."""
    explained_variance: float
    """Of the critic as it was in the rollout."""
    num_rows: int
    """Decisions of living agents that were learned from."""
    num_gradient_steps: int
    """How often the weights were changed."""
    stopped_early: bool
    """Whether target_kl ended the update."""

    @property
    def ruined(self) -> str | None:
        """Why nothing more can be learned although every number is finite, in a sentence; None for a sane run.

        Runs that still learn stay away from both limits: with every setting of the atlas, learning_rate up to 0.02, 20
        epochs or mini-batches of 256 rows, approx_kl was at most 3 nats and the entropy at least 2e-8.
        """
        if self.approx_kl > RUINOUS_KL:
            return f"The policy went {self.approx_kl:.2g} nats away in one update: learning_rate is far too large."
        if self.entropy < RUINOUS_ENTROPY:
            return f"The entropy is {self.entropy:.2g}: no other action is ever tried, so that nothing can be learned."
        return None


def make_optimizer(policy: ActorCritic, config: PPOConfig) -> torch.optim.Optimizer:
    """Return Adam as PPO uses it: eps 1e-5 (not torch's 1e-8), all steps in one fused kernel."""
    return torch.optim.Adam(policy.parameters(), lr=config.learning_rate, eps=1e-5, fused=True)


@one_thread
@torch.inference_mode(False)  # which switches gradients on, too, should they be off
def ppo_update(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    generator: torch.Generator,
    *,
    steps: Steps = DEFAULT_STEPS,
    on_minibatch: Callable[[Tensor, MinibatchLosses, Tensor], None] | None = None,
) -> UpdateReport:
    """Improve the policy and the value function on one rollout.

    An update happens as a whole or not at all: whatever breaks it off, an error or Ctrl-C, weights, optimizer and
    generator are then those from before.

    Args:
        policy: Its weights are changed in place.
        optimizer: Changes them.
        rows: What `SharedBuffer.get` returned, B rows.
        config: epochs, minibatch_size, clip_eps and the coefficients are read here.
        generator: Draws the shuffles.
        steps: Every node of the flowchart, replaceable by name.
        on_minibatch: Called after each step with the row numbers (b,), the losses and the gradient's length.

    Returns:
        The losses and diagnostics.

    Raises:
        NonFiniteError: If a loss or the gradient is NaN or infinite.
        ValueError: If a step of your own returns something else than the step that it replaces, if there is no
            mini-batch to learn from, or if the policy cannot be trained (see `require_trainable`).

    References:
        Schulman et al. (2017), algorithm 1, https://arxiv.org/abs/1707.06347
    """
    require_trainable(policy)
    steps = checked(steps)
    history: list[Tensor] = []
    stopped_early = False
    with Undo(keep_weights(policy, optimizer), keep_generator(generator)):
        rows = steps.detach_rows(rows)  # E
        for _ in steps.epochs(config.epochs):  # F
            order = steps.shuffle_rows(len(rows.actions), generator)  # G
            for index in steps.split_rows(order, config.minibatch_size):  # H
                minibatch = Rows(*(tensor.index_select(0, index) for tensor in rows))
                losses = minibatch_losses(policy, minibatch, config, steps)  # I to N
                if should_stop(float(losses.approx_kl), config.target_kl):
                    stopped_early = True
                    break
                grad_norm = steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)  # O
                history.append(torch.stack((*losses, grad_norm)).detach())
                if not bool(torch.isfinite(history[-1]).all()):
                    raise NonFiniteError(_name_non_finite(history))
                if on_minibatch is not None:
                    on_minibatch(index, losses, grad_norm)
            if stopped_early:
                break
        if not history and not stopped_early:
            sizes = f"{len(rows.actions)} rows, minibatch_size {config.minibatch_size}, {config.epochs} epochs"
            raise ValueError(f"An update needs a mini-batch to learn from (nodes F to H). Got none from {sizes}")
        return _report(history, rows, stopped_early)


def minibatch_losses(
    policy: ActorCritic, minibatch: Rows, config: PPOConfig, steps: Steps = DEFAULT_STEPS
) -> MinibatchLosses:
    """Work out the losses of one mini-batch under the current policy, nodes I to N; nothing is changed.

    Args:
        policy: The current policy.
        minibatch: b rows.
        config: clip_eps, vf_coef, ent_coef and normalise_advantages are read here.
        steps: Every node of the flowchart, replaceable by name.

    Returns:
        The losses and diagnostics; `total_loss` is what the gradient is taken of.
    """
    logits, values = steps.forward_pass(policy, minibatch.obs)  # I
    new_log_probs, entropies = steps.log_probs_and_entropy(logits, minibatch.actions)  # J
    ratios = steps.importance_ratios(new_log_probs, minibatch.old_log_probs)  # K
    advantages = minibatch.advantages
    if config.normalise_advantages:
        advantages = steps.normalise_advantages(advantages)
    actor_loss = steps.clipped_surrogate_loss(ratios, advantages, config.clip_eps)  # L
    critic_loss = steps.value_loss(values, minibatch.returns)  # M
    entropy = steps.entropy_bonus(entropies)
    total_loss = steps.total_loss(actor_loss, critic_loss, entropy, config.vf_coef, config.ent_coef)  # N
    kl = approx_kl(new_log_probs, minibatch.old_log_probs)
    return MinibatchLosses(actor_loss, critic_loss, entropy, total_loss, kl, clip_fraction(ratios, config.clip_eps))


NAMES = (*MinibatchLosses._fields, "grad_norm")


def _report(history: list[Tensor], rows: Rows, stopped_early: bool) -> UpdateReport:
    means = torch.stack(history).mean(dim=0).tolist() if history else [math.nan] * len(NAMES)
    return UpdateReport(
        **dict(zip(NAMES, means, strict=True)),
        explained_variance=explained_variance(rows.returns - rows.advantages, rows.returns),
        num_rows=len(rows.actions),
        num_gradient_steps=len(history),
        stopped_early=stopped_early,
    )


def _name_non_finite(history: list[Tensor]) -> str:
    bad = [
        f"{name} = {value}" for name, value in zip(NAMES, history[-1].tolist(), strict=True) if not math.isfinite(value)
    ]
    where = f"in mini-batch {len(history)}; the weights were restored"
    return f"Losses and gradient must be finite. Got {', '.join(bad)} {where}"
