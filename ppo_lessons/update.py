"""The PPO update, nodes E to O of the flowchart, as a whole or not at all; its course itself stands in `steps`."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, require_trainable
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.guards.threads import one_thread
from ppo_lessons.guards.undo import Undo, keep_generator, keep_weights
from ppo_lessons.seams import checked
from ppo_lessons.steps import DEFAULT_STEPS, MinibatchLosses, Steps, detach_rows

RUINOUS_KL, RUINOUS_ENTROPY = 10.0, 1e-12
"""Beyond these a run is not trained but ruined, in nats."""


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
    planned_gradient_steps: int
    """How often they would have been, had nothing ended the update early."""
    stopped_early: bool
    """Whether target_kl ended the update."""
    parameters_reached: int
    """How many of the network's parameters (weights and biases, each as a whole) the first step's gradient reached."""
    kl_after: float
    """approx_kl of the policy after the update, over all rows: how far it went. The last step is in it."""
    effective_sample_size: float
    """Of all rows under the policy after the update, as a share of them."""
    silent_fraction: float
    """The share of all rows that the clipped loss no longer pushes after the update."""
    surrogate_loss: float
    """The actor's loss without the clip, after the update, over all rows; about 0 before it if normalised."""

    @property
    def ruined(self) -> str | None:
        """Why nothing more can be learned although every number is finite, in a sentence; None for a sane run.

        Runs that still learn stay away from both limits: with every setting of the atlas, learning_rate up to 0.02, 20
        epochs or mini-batches of 256 rows, approx_kl was at most 3 nats and the entropy at least 2e-8.
        """
        if self.approx_kl > RUINOUS_KL:
            return f"The policy went {self.approx_kl:.2g} nats away in one update: learning_rate is far too large."
        if 0 <= self.entropy < RUINOUS_ENTROPY:  # that of real numbers may be below 0
            return f"The entropy is {self.entropy:.2g}: no other action is ever tried, so that nothing can be learned."
        return None


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
        ValueError: If a step of your own returns something else than the step that it replaces, or would ignore
            value_clip; if there is no mini-batch to learn from, or if the policy cannot be trained (see
            `require_trainable`).

    References:
        Schulman et al. (2017), algorithm 1, https://arxiv.org/abs/1707.06347
    """
    require_trainable(policy)
    steps = _fitting(steps, config).fitted(policy)
    stops: list[bool] = []

    def should_stop(kl: float, target_kl: float | None) -> bool:
        stops.append(steps.should_stop(kl, target_kl))
        return stops[-1]

    asked = replace(steps, should_stop=should_stop)
    history: list[Tensor] = []
    undo = Undo(keep_weights(policy, optimizer), keep_generator(generator))
    with undo, masking_by(policy, steps), _first_gradient(policy, optimizer, steps) as reached:
        for index, losses, grad_norm in steps.update_policy(policy, optimizer, rows, config, generator, asked):
            history.append(torch.stack((*losses, grad_norm)).detach())
            if not bool(torch.isfinite(history[-1]).all()):
                raise NonFiniteError(_name_non_finite(history))
            if on_minibatch is not None:
                on_minibatch(index, losses, grad_norm)
        stopped_early = any(stops)
        if not history and not stopped_early:
            sizes = f"{len(rows.actions)} rows, minibatch_size {config.minibatch_size}, {config.epochs} epochs"
            raise ValueError(f"An update needs a mini-batch to learn from (nodes F to H). Got none from {sizes}")
        means = torch.stack(history).mean(dim=0).tolist() if history else [math.nan] * len(NAMES)
        return UpdateReport(
            **dict(zip(NAMES, means, strict=True)),
            **_look_back(policy, rows, config, steps),
            num_gradient_steps=len(history),
            stopped_early=stopped_early,
            parameters_reached=len(reached),
        )


@contextmanager
def masking_by(policy: ActorCritic, steps: Steps) -> Iterator[None]:
    """Let a policy take away what is not legal by these steps' function, in the rollout as in the update."""
    before, policy.only_legal = policy.only_legal, steps.only_legal
    try:
        yield
    finally:
        policy.only_legal = before


def _fitting(steps: Steps, config: PPOConfig) -> Steps:
    steps = checked(steps)
    if config.value_clip is not None and steps.minibatch_losses is not DEFAULT_STEPS.minibatch_losses:
        raise ValueError("value_clip is read by the package's own minibatch_losses (node N). Got another function")
    return steps


@contextmanager
def _first_gradient(policy: ActorCritic, optimizer: torch.optim.Optimizer, steps: Steps) -> Iterator[list[str]]:
    """Note whom the first gradient reaches, before its step: whoever wrote `gradient_step` may forget it afterwards."""
    reached: list[str] = []

    def note(*_: Any) -> None:
        reached.extend(steps.reached_by_gradient(policy))
        hook.remove()

    hook = optimizer.register_step_pre_hook(note)
    try:
        yield reached
    finally:
        hook.remove()


def _look_back(policy: ActorCritic, rows: Rows, config: PPOConfig, steps: Steps) -> dict[str, Any]:
    """Look at all rows once more: what they were, and what the update has made of them."""
    rows = detach_rows(rows)
    with torch.no_grad():  # only here: a step of one's own may ask for gradients of its inputs
        logits, _ = steps.forward_pass(policy, rows.obs)
    own = torch.stack((steps.log_probs_of(logits, rows.actions).detach(), *rows[2:]), dim=-1)
    new_log_probs, old_log_probs, returns, raw = steps.of_all_ranks(own).T.contiguous()
    ratios = steps.importance_ratios(new_log_probs, old_log_probs)
    advantages = steps.normalise_advantages(raw) if config.advantage_normalisation else raw
    pushed = steps.still_pushed(ratios, advantages, config.clip_eps)
    return {
        "num_rows": len(raw),
        "planned_gradient_steps": steps.count_gradient_steps(len(raw), config.minibatch_size, config.epochs),
        "explained_variance": float(steps.explained_variance(returns - raw, returns)),
        "kl_after": float(steps.approx_kl(new_log_probs, old_log_probs)),
        "effective_sample_size": float(steps.effective_sample_size(ratios)),
        "silent_fraction": 1 - float(pushed.float().mean()),
        "surrogate_loss": float(steps.surrogate_loss(ratios, advantages)),
    }


NAMES = (*MinibatchLosses._fields, "grad_norm")


def _name_non_finite(history: list[Tensor]) -> str:
    bad = [
        f"{name} = {value}" for name, value in zip(NAMES, history[-1].tolist(), strict=True) if not math.isfinite(value)
    ]
    where = f"in mini-batch {len(history)}; the weights were restored"
    return f"Losses and gradient must be finite. Got {', '.join(bad)} {where}"
