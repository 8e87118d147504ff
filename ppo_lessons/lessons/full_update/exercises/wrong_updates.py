"""Updates that go wrong as a whole, for the table of mistakes."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any, NamedTuple

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


class Given(NamedTuple):
    """What an update is given, in order."""

    policy: ActorCritic
    optimizer: torch.optim.Optimizer
    rows: Rows
    config: PPOConfig
    generator: torch.Generator
    steps: Steps


def _as_update(course: Callable[[Given], Course]) -> Callable[..., Course]:
    """Return a course as a function of the six arguments."""
    return wraps(course)(lambda *given: course(Given(*given)))


@_as_update
def one_epoch(given: Given) -> Course:
    """Stop when all rows were used once."""
    return update_policy(*given._replace(config=replace(given.config, epochs=1)))


@_as_update
def in_one_go(given: Given) -> Course:
    """Take one step on all rows."""
    policy, optimizer, rows, config, _, steps = given
    rows = steps.detach_rows(rows)
    losses = steps.minibatch_losses(policy, rows, config, steps)
    if not steps.should_stop(float(losses.approx_kl), config.target_kl):
        length = steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)
        yield torch.arange(len(rows.actions)), losses, length


@_as_update
def whole_rollout(given: Given) -> Course:
    """Use all rows in every step, whatever the mini-batch."""
    everything = given.steps.detach_rows(given.rows)

    def losses_of_all(policy: ActorCritic, minibatch: Rows, *more: Any) -> MinibatchLosses:
        return given.steps.minibatch_losses(policy, everything, *more)

    own = replace(given.steps, minibatch_losses=losses_of_all, detach_rows=lambda rows: everything)
    return update_policy(*given._replace(steps=own))


@_as_update
def of_old(given: Given) -> Course:
    """Ask the present policy for the old log-probabilities."""
    steps = given.steps

    def losses(policy: ActorCritic, minibatch: Rows, *more: Any) -> MinibatchLosses:
        with torch.no_grad():
            now = steps.log_probs_of(steps.forward_pass(policy, minibatch.obs)[0], minibatch.actions)
        return steps.minibatch_losses(policy, minibatch._replace(old_log_probs=now), *more)

    return update_policy(*given._replace(steps=replace(steps, minibatch_losses=losses)))


@_as_update
def after_the_step(given: Given) -> Course:
    """Ask whether it is too far when the step has been taken."""
    without_end = replace(given.steps, should_stop=lambda *numbers: False)
    for index, losses, length in update_policy(*given._replace(steps=without_end)):
        yield index, losses, length
        if given.steps.should_stop(float(losses.approx_kl), given.config.target_kl):
            return


@_as_update
def next_one(given: Given) -> Course:
    """Leave out the mini-batches that are too far, one by one."""
    policy, optimizer, rows, config, generator, steps = given
    rows = steps.detach_rows(rows)
    for index in steps.each_minibatch(len(rows.actions), config, generator, steps):
        losses = steps.minibatch_losses(policy, Rows(*(tensor[index] for tensor in rows)), config, steps)
        if steps.should_stop(float(losses.approx_kl), config.target_kl):
            continue
        yield index, losses, steps.gradient_step(losses.total_loss, policy, optimizer, config.max_grad_norm)


@_as_update
def losses_anew(given: Given) -> Course:
    """Hand on what the losses are after the step."""
    for index, _, length in update_policy(*given):
        minibatch = Rows(*(tensor.detach()[index] for tensor in given.rows))
        yield index, given.steps.minibatch_losses(given.policy, minibatch, given.config, given.steps), length
