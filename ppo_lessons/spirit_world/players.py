"""Who can play the Spirit world: a trained team, chance, and two scripts that show what the rules reward.

A player looks at a `SpiritWorld` and returns one action for each detective, int64, (E, A).
"""

from collections.abc import Callable

import numpy as np
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.guards.fields import whole
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.rules import MOVES

Player = Callable[[SpiritWorld], np.ndarray]


def policy_player(policy: ActorCritic, *, seed: int = 0, greedy: bool = False) -> Player:
    """Let a policy play, with random numbers of its own.

    Args:
        policy: The team's network.
        seed: Seeds the draws of the actions.
        greedy: True: always the likeliest action, no draws.

    Returns:
        A player.
    """
    generator = torch.Generator().manual_seed(whole("seed", seed, 0))

    def play(world: SpiritWorld) -> np.ndarray:
        return policy.choose_actions(torch.from_numpy(world.obs), generator, greedy=greedy).numpy()

    return play


def random_player(seed: int = 0) -> Player:
    """Draw every action evenly: chaos."""
    rng = np.random.default_rng(whole("seed", seed, 0))
    return lambda world: rng.integers(0, world.num_actions, (world.num_envs, world.num_agents))


def scripted_player(actions: np.ndarray) -> Player:
    """Repeat recorded actions, step by step.

    Args:
        actions: int64, (T, E, A).

    Returns:
        A player for T steps.
    """
    script = iter(actions)
    return lambda world: next(script)


def cautious_player(world: SpiritWorld) -> np.ndarray:
    """Keep away from every spirit: survival. Of the five moves, the one that ends farthest from the nearest spirit."""
    away = _distance_after_moves(world)  # (E, A, 5, S)
    away = np.where(world.state.banished[:, None, None, :], 99, away)
    return np.minimum(away.min(axis=3), 4).argmax(axis=2)


def cooperative_player(world: SpiritWorld) -> np.ndarray:
    """Gather first, strike together: mastery.

    The team goes for its least tough spirit, waits two steps away from it until as many detectives as its toughness
    asks for are there, and steps up all at once; everyone keeps from standing next to any other spirit.
    """
    state = world.state
    toughness = np.array(world.case.toughness)
    alive = state.health > 0  # (E, A)
    rank = np.where(state.banished, 99, toughness)  # (E, S)
    target = rank.argmin(axis=1)  # (E,)
    steps = _distance_after_moves(world)  # (E, A, 5, S)
    copies = np.arange(world.num_envs)
    to_target = steps[copies, :, :, target]  # (E, A, 5)
    gathered = ((to_target[:, :, 0] <= 2) & alive).sum(axis=1)  # action 0 is to stay
    strike = (gathered >= toughness[target])[:, None, None]

    danger = (steps <= 1) & ~state.banished[:, None, None, :]
    danger[copies, :, :, target] &= ~strike
    approach = np.where(strike, to_target, np.abs(to_target - 2))
    return (approach + 10 * danger.sum(axis=3)).argmin(axis=2)


def _distance_after_moves(world: SpiritWorld) -> np.ndarray:
    """Steps from each spirit if a detective takes each of the five moves, (E, A, 5, S)."""
    state = world.state
    after = np.clip(state.detectives[:, :, None] + MOVES, 0, world.case.size - 1)  # (E, A, 5, 2)
    return np.abs(after[:, :, :, None] - state.spirits[:, None, None]).sum(axis=-1)
