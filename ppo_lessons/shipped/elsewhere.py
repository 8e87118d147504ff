"""Teams in three worlds that others wrote, and how they learned there.

Made by `python -m ppo_lessons.shipped.elsewhere` with the settings below. The file holds arrays only, no pickle.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from pettingzoo import ParallelEnv

from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.arrays import random_actions
from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.episodes import EpisodeMeter
from ppo_lessons.training import TrainingRun, train

PATH = Path(__file__).parent / "data" / "elsewhere.npz"
SEEDS = (50, 51, 52)
POINTS = 30
"""Points of a learning curve."""
RANDOM_STEPS = 600
"""Steps of random play in each copy."""


def cartpole() -> gymnasium.Env:
    """Return a cart that balances a pole (Gymnasium): a team of one."""
    return gymnasium.make("CartPole-v1")


def spread() -> ParallelEnv:
    """Return three agents that spread over three landmarks, and are paid alike (MPE2)."""
    _quiet_pygame()
    from mpe2 import simple_spread_v3

    return simple_spread_v3.parallel_env()


def knights() -> ParallelEnv:
    """Return two archers and two knights against zombies (PettingZoo): whoever is touched falls."""
    _quiet_pygame()
    from pettingzoo.butterfly.knights_archers_zombies.knights_archers_zombies import parallel_env

    return parallel_env()


def _quiet_pygame() -> None:
    """Keep pygame from greeting, and from looking for a screen."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")


class Elsewhere(NamedTuple):
    """A world, and the settings with which a team learns in it."""

    make_team: Callable[[int], Copies]
    """Number of copies -> the team."""
    config: PPOConfig
    cycles: int


TO_BALANCE = PPOConfig(
    num_envs=8,
    num_steps=128,
    epochs=6,
    minibatch_size=256,
    learning_rate=3e-3,
    anneal_cycles=66,
    gamma=0.99,
    gae_lambda=0.95,
    vf_coef=0.5,
    ent_coef=0.0,
    hidden_size=32,
    shared_trunk=False,
    value_normalisation=True,
)
TO_SPREAD = PPOConfig(
    num_envs=16,
    num_steps=50,
    epochs=8,
    minibatch_size=600,
    learning_rate=2e-3,
    gae_lambda=0.9,
    ent_coef=0.005,
    value_normalisation=True,
)
TO_HOLD_THE_FIELD = PPOConfig(
    num_envs=8,
    num_steps=128,
    minibatch_size=512,
    learning_rate=1e-3,
    gamma=0.99,
    gae_lambda=0.95,
    ent_coef=0.01,
    value_normalisation=True,
)
WORLDS = {
    "CartPole": Elsewhere(lambda copies: GymnasiumTeam(cartpole, copies), TO_BALANCE, 60),
    "simple_spread": Elsewhere(lambda copies: PettingZooTeam(spread, copies), TO_SPREAD, 150),
    "knights": Elsewhere(lambda copies: PettingZooTeam(knights, copies), TO_HOLD_THE_FIELD, 120),
}
"""Settings chosen on other seeds than `SEEDS`."""


def learned(world: Elsewhere, seed: int, points: int = POINTS) -> np.ndarray:
    """Train one team, and return the mean return of the episodes that ended between two points, (P,).

    Args:
        world: Where, and how.
        seed: Of the team.
        points: Points of the curve.
    """
    config = replace(world.config, seed=seed)
    run = TrainingRun(world.make_team(config.num_envs), config)
    ends: list[Any] = [report.behaviour for report in train(run, world.cycles)]
    pieces = np.array_split(np.arange(world.cycles), points)
    run.env.close()
    return np.array([_mean_return([ends[i] for i in piece]) for piece in pieces])


def _mean_return(episodes: Sequence[Any]) -> float:
    counts = np.array([each.finished for each in episodes])
    if not counts.any():
        return float("nan")
    returns = np.array([each.mean_return if each.finished else 0.0 for each in episodes])
    return float((returns * counts).sum() / counts.sum())


def by_chance(world: Elsewhere, steps: int = RANDOM_STEPS) -> float:
    """Return the mean return of an episode of random play."""
    team = world.make_team(world.config.num_envs)
    team.reset(0)
    meter, rng = EpisodeMeter(team), np.random.default_rng(0)
    for _ in range(steps):
        meter.watch(team, team.step(random_actions(team, rng)).rewards)
    team.close()
    return meter.summary().mean_return


def make_elsewhere(
    path: Path = PATH,
    worlds: Mapping[str, Elsewhere] = WORLDS,
    seeds: Sequence[int] = SEEDS,
    points: int = POINTS,
    random_steps: int = RANDOM_STEPS,
) -> None:
    """Train a team with every seed in every world, and write how they learned.

    Args:
        path: Where to write.
        worlds: Name -> where, and how.
        seeds: Of the teams.
        points: Points of a learning curve.
        random_steps: Steps of random play in each copy.

    Raises:
        FileNotFoundError: If the folder is not there.
    """
    require_folder(path.parent)
    arrays: dict[str, Any] = {}
    for name, world in worlds.items():
        arrays[f"{name}.returns"] = np.array([learned(world, seed, points) for seed in seeds], np.float32)
        arrays[f"{name}.chance"] = np.array(by_chance(world, random_steps))
        pieces = np.array_split(np.arange(world.cycles), points)
        rows = world.config.num_envs * world.config.num_steps * world.make_team(1).num_agents
        arrays[f"{name}.agent_steps"] = np.array([rows * int(piece[-1] + 1) for piece in pieces])
        print(f"{name}: by chance {arrays[f'{name}.chance']:.2f}, {arrays[f'{name}.returns'][:, -1]}", flush=True)
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))


def load_elsewhere(path: Path = PATH) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Return for each world agent-steps (P,), mean returns (S, P), and the mean return of random play."""
    with np.load(path) as file:
        names = [key.removesuffix(".returns") for key in file.files if key.endswith(".returns")]
        return {n: (file[f"{n}.agent_steps"], file[f"{n}.returns"], float(file[f"{n}.chance"])) for n in names}


if __name__ == "__main__":
    make_elsewhere()
