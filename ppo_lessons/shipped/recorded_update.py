"""The update of the recorded rollout, kept step by step, so that explorers can stand still at any of them."""

import copy
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.recording import CONFIG, Recording, load_recording
from ppo_lessons.steps import MinibatchLosses
from ppo_lessons.update import ppo_update

SEED = 0
"""Of the shuffles."""


class GradientStep(NamedTuple):
    """One gradient step of an update."""

    index: Tensor
    """Row numbers of its mini-batch, (b,)."""
    losses: MinibatchLosses
    """Before the step, detached."""
    grad_norm: float
    """Length of the gradient before it was shortened."""
    policy: ActorCritic
    """After the step; not to be changed."""


@lru_cache(maxsize=1)
def recording() -> Recording:
    """Return the recorded rollout that all explorers share; not to be changed."""
    return load_recording()


@lru_cache(maxsize=1)
def recorded_rows() -> Rows:
    """Return its rows, B of them."""
    return recording().buffer.get()


@lru_cache(maxsize=1)
def one_pass() -> tuple[Tensor, ...]:
    """Return the row numbers of each mini-batch of one shuffled pass."""
    order = shuffle_rows(len(recorded_rows().actions), torch.Generator().manual_seed(SEED))
    return split_rows(order, CONFIG.minibatch_size)


@lru_cache(maxsize=1)
def normalised_rows() -> Rows:
    """Return the rows with advantages as the loss gets them: mean 0 and standard deviation 1 in each mini-batch."""
    rows = recorded_rows()
    advantages = torch.empty_like(rows.advantages)
    for piece in one_pass():
        advantages[piece] = normalise_advantages(rows.advantages[piece])
    return rows._replace(advantages=advantages)


@lru_cache(maxsize=2)
def first_policy(shared_trunk: bool, /) -> ActorCritic:
    """Return the recorded policy; not to be changed. With separate trunks, both are copies of its one."""
    recorded = recording().policy
    if shared_trunk:
        return recorded
    policy = ActorCritic(recorded.obs_size, recorded.num_actions, recorded.hidden_size, shared_trunk=False)
    policy.load_state_dict(recorded.state_dict())
    return policy


@lru_cache(maxsize=32)  # 16 steps take 1 MB
def recorded_update(config: PPOConfig, /) -> tuple[GradientStep, ...]:
    """Update a copy of the recorded policy on the recorded rows, and keep every step.

    Args:
        config: As for `ppo_update`; `shared_trunk` says which `first_policy` is updated.

    Returns:
        One entry for each gradient step.
    """
    policy, kept = copy.deepcopy(first_policy(config.shared_trunk)), []

    def keep(index: Tensor, losses: MinibatchLosses, grad_norm: Tensor) -> None:
        numbers = MinibatchLosses(*(loss.detach() for loss in losses))
        kept.append(GradientStep(index, numbers, float(grad_norm), copy.deepcopy(policy)))

    optimizer, generator = make_optimizer(policy, config), torch.Generator().manual_seed(SEED)
    ppo_update(policy, optimizer, recorded_rows(), config, generator, on_minibatch=keep)
    return tuple(kept)


def policy_after(steps: int, config: PPOConfig = CONFIG) -> ActorCritic:
    """Return the recorded policy after so many gradient steps of `recorded_update`; not to be changed."""
    return recorded_update(config)[steps - 1].policy if steps else first_policy(config.shared_trunk)


@torch.no_grad()
def log_probs_under(policy: ActorCritic, rows: Rows) -> Tensor:
    """Return the log-probability of the stored action of each row under a policy, (B,)."""
    return policy.evaluate_actions(rows.obs, rows.actions)[0]
