"""One case in the fog, moment by moment: what two critics say of it, and what really came."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.critics import SHOWN, load_case, load_judge
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import Replay
from ppo_lessons.spirit_world.rules import WorldState, observe
from ppo_lessons.team_view import team_obs

PLACES = ("where it is", "beside her", "just out of her sight", "far away")
"""Where a mate can be put."""


class Judged(NamedTuple):
    """Values of F moments for A detectives."""

    own: Tensor
    """By the critic that sees what its detective sees, (F, A)."""
    team: Tensor
    """By the critic that sees the whole team, (F, A)."""


@lru_cache(maxsize=1)
def judges() -> tuple[ActorCritic, ActorCritic]:
    """Return one actor with two critics: an own one, and the team's. Not to be changed."""
    return load_judge("own"), load_judge("team")


@lru_cache(maxsize=1)
def played_case() -> Replay:
    """Return the case that is looked at, as the team of both judges has played it. Not to be changed."""
    return load_case()


def views_of(states: WorldState) -> tuple[Tensor, Tensor]:
    """Return what everybody sees in some states of the case, (F, A, D), and who is alive, (F, A)."""
    return torch.from_numpy(observe(CASES[SHOWN], states)), torch.from_numpy(states.health > 0)


def judge(states: WorldState) -> Judged:
    """Ask both critics about some states, each array with F moments in place of E copies."""
    own, team = judges()
    obs, acting = views_of(states)
    rows = torch.cat((obs, team_obs(obs, acting)), dim=-1)
    return Judged(own.estimate_values(obs), team.estimate_values(rows))


def what_came(rewards: np.ndarray, gamma: float = PPOConfig.gamma) -> np.ndarray:
    """Return the discounted rewards from each step to the end of the case.

    Args:
        rewards: (F - 1, A).
        gamma: Discount of a reward one step later.

    Returns:
        (F - 1, A).
    """
    came = np.zeros_like(rewards)
    later = np.zeros(rewards.shape[1], rewards.dtype)
    for t in reversed(range(len(rewards))):
        came[t] = later = rewards[t] + gamma * later
    return came


def put_mate(state: WorldState, detective: int, mate: int, where: str) -> WorldState:
    """Return a state in which a mate stands elsewhere.

    Args:
        state: One copy.
        detective: Whose mate.
        mate: Which one.
        where: One of `PLACES`.

    Returns:
        The state; all else is as it was.
    """
    if where == PLACES[0]:
        return state
    case = CASES[SHOWN]
    assert case.sight is not None
    size = case.size
    cells = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=-1).reshape(-1, 2)
    steps = np.abs(cells - state.detectives[0, detective]).sum(axis=1)
    wanted = {PLACES[1]: 1, PLACES[2]: case.sight + 1, PLACES[3]: steps.max()}[where]
    there = cells[steps == wanted]
    to_spirits = np.abs(there[:, None] - state.spirits[0][~state.banished[0]]).sum(axis=-1)
    alone = (to_spirits > 1).all(axis=1)  # beside a spirit that she sees it would be counted, and so be seen after all
    detectives = state.detectives.copy()
    detectives[0, mate] = there[alone][0] if alone.any() else there[0]
    return state._replace(detectives=detectives)
