"""What a team takes along from one run to the next: weights, the critic or not, the optimizer's moments or not."""

import copy
from collections.abc import Callable
from typing import Any

import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.optimisation import set_learning_rate
from ppo_lessons.training import TrainingRun


@torch.no_grad()
def carry_over(old: ActorCritic, new: ActorCritic, critic: bool) -> None:
    """Give a new network the weights of an old one.

    Args:
        old: The team that has learned; it is not changed.
        new: Of the same sizes; its weights are changed in place. The two share no memory afterwards.
        critic: True: everything. False: all but the critic (its head, and its trunk if that is its own).
    """
    weights = dict(old.named_parameters())
    for name, weight in new.named_parameters():
        if critic or not _is_critics(name):
            weight.copy_(weights[name])


def _is_critics(name: str) -> bool:
    """Say whether a weight is the critic's, in whichever network of a team."""
    return "critic_" in name


def next_run(
    run: TrainingRun,
    env: Any,
    config: PPOConfig | None = None,
    *,
    critic: bool = True,
    moments: bool = True,
    carry_over: Callable[[ActorCritic, ActorCritic, bool], None] = carry_over,
) -> TrainingRun:
    """Return a new run for the team of an old one, in another world, from cycle 0.

    Args:
        run: The run so far; it is not changed.
        env: The next world, or what `as_team_env` takes for one.
        config: The next settings; None: those of the old run.
        critic: Whether the critic goes along; if not, it begins anew.
        moments: Whether the optimizer's moments go along; if not, Adam begins anew. Those of a new critic always do.
        carry_over: The function that gives the new network the weights.

    Returns:
        The new run.

    Raises:
        ValueError: If the team does not fit the world, or the config asks for another kind of network.
    """
    after = TrainingRun(env, config or run.config)
    old, new = run.policy, after.policy
    kinds = [{name: list(weight.shape) for name, weight in policy.named_parameters()} for policy in (old, new)]
    if kinds[0] != kinds[1]:
        raise ValueError(f"A team goes on in a network of its own sizes. Got weights {kinds[0]} for {kinds[1]}")
    carry_over(old, new, critic)
    if critic and old.value_normalisation and new.value_normalisation:
        new.return_statistics.copy_(old.return_statistics)
    if moments:
        after.optimizer.load_state_dict(copy.deepcopy(run.optimizer.state_dict()))  # torch would share the tensors
        set_learning_rate(after.optimizer, after.config.learning_rate)
        for name, weight in new.named_parameters():
            if not critic and _is_critics(name):
                after.optimizer.state.pop(weight, None)
    return after
