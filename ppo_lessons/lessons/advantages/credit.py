"""How much of a team's later rewards reaches the row of a fall, by the length of the rollout."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import with_team_credit
from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.display.tables import Note, Table
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_world.env import SpiritWorld

COPIES, LONG = 128, 512
"""Copies of the world, and steps that are played in each."""


def mean_credit(policy: ActorCritic, gamma: float, lengths: Sequence[int], seed: int = 0) -> dict[int, float]:
    """Play many cases, and credit the falls in them as if the rollout were cut after every so many steps.

    Args:
        policy: Plays 128 copies of the standard case for 512 steps.
        gamma: Discount, 0 to 1.
        lengths: Lengths T of a rollout; each divides 512.
        seed: Of the cases and of the draws.

    Returns:
        T -> mean over all falls of what is added to the row of the fall.
    """
    world = SpiritWorld("standard", COPIES)
    world.reset(seed)
    buffer = SharedBuffer(LONG, COPIES, world.num_agents, world.obs_size)
    collect(world, policy, buffer, torch.Generator().manual_seed(seed))
    data = buffer.data
    fell = data.acting & data.terminated & ~data.episode_over.unsqueeze(-1)
    columns = data.rewards, data.acting, data.episode_over
    return {steps: float(_added(*columns, gamma, steps)[fell].mean()) for steps in lengths}


def _added(rewards: Tensor, acting: Tensor, episode_over: Tensor, gamma: float, steps: int) -> Tensor:
    """Return the credit of every row if each rollout has so many steps, (T, E, A)."""
    pieces = zip(*(column.split(steps) for column in (rewards, acting, episode_over)), strict=True)
    return torch.cat([with_team_credit(*piece, gamma) for piece in pieces]) - rewards


def show_mean_credit(credits: Mapping[int, float]) -> Note:
    """Show the mean credit of a fall for each length of the rollout."""
    cells = [["steps T of a rollout", "mean credit of a fall"]]
    cells += [[str(steps), f"{credit:.2f}"] for steps, credit in credits.items()]
    return Note(Table(cells), "mean credits of this run")
