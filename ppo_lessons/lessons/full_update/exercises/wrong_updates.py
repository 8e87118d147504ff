"""Updates that go wrong as a whole, for the table of mistakes."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import MinibatchLosses, Steps, update_policy

Course = Iterator[tuple[Tensor, MinibatchLosses, Tensor]]


def with_own(**own: Callable[..., Any]) -> Callable[..., Course]:
    """Return the right update with other steps; one with a parameter `own` gets the steps that were given."""

    def wrong(*given: Any) -> Course:
        steps = given[-1]
        changed = {name: _handing(function, steps) for name, function in own.items()}
        return update_policy(*given[:-1], replace(steps, **changed))

    return wrong


def _handing(function: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    if "own" not in inspect.signature(function).parameters:
        return function
    return lambda *given: function(*given, own=steps)


graph_kept = with_own(detach_rows=lambda rows: rows)


def one_epoch(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Stop when all rows were used once."""
    return update_policy(policy, optimizer, rows, replace(config, epochs=1), given, steps)


def in_one_go(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Take one step on all rows."""
    rows = steps.detach_rows(rows)
    losses = steps.minibatch_losses(policy, rows, config, steps)
    if not steps.should_stop(float(losses.approx_kl), config.target_kl):
        length = steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)
        yield torch.arange(len(rows.actions)), losses, length


def whole_rollout(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Use all rows in every step, whatever the mini-batch."""
    everything = steps.detach_rows(rows)

    def losses_of_all(policy: ActorCritic, minibatch: Rows, *more: Any) -> MinibatchLosses:
        return steps.minibatch_losses(policy, everything, *more)

    own = replace(steps, minibatch_losses=losses_of_all, detach_rows=lambda rows: everything)
    return update_policy(policy, optimizer, rows, config, given, own)


def of_old(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Ask the present policy for the old log-probabilities."""

    def losses(policy: ActorCritic, minibatch: Rows, *more: Any) -> MinibatchLosses:
        with torch.no_grad():
            now = steps.log_probs_of(steps.forward_pass(policy, minibatch.obs)[0], minibatch.actions)
        return steps.minibatch_losses(policy, minibatch._replace(old_log_probs=now), *more)

    return update_policy(policy, optimizer, rows, config, given, replace(steps, minibatch_losses=losses))


def after_the_step(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Ask whether it is too far when the step has been taken."""
    for index, losses, length in update_policy(
        policy, optimizer, rows, config, given, replace(steps, should_stop=lambda *given: False)
    ):
        yield index, losses, length
        if steps.should_stop(float(losses.approx_kl), config.target_kl):
            return


def next_one(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Leave out the mini-batches that are too far, one by one."""
    rows = steps.detach_rows(rows)
    for index in steps.each_minibatch(len(rows.actions), config, given, steps):
        losses = steps.minibatch_losses(policy, Rows(*(tensor[index] for tensor in rows)), config, steps)
        if steps.should_stop(float(losses.approx_kl), config.target_kl):
            continue
        yield index, losses, steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)


def losses_anew(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    given: torch.Generator,
    steps: Steps,
) -> Course:
    """Hand on what the losses are after the step."""
    for index, _, length in update_policy(policy, optimizer, rows, config, given, steps):
        minibatch = Rows(*(tensor.detach()[index] for tensor in rows))
        yield index, steps.minibatch_losses(policy, minibatch, config, steps), length
